"""Which bars are held against the present, and which run was due last."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from sellkit.config import Overrides, Settings, load
from sellkit.core.bars import BarSize, SeriesKey
from sellkit.core.custody import Figures
from sellkit.core.instrument import Token
from sellkit.core.run_difference import JournalledDecision
from sellkit.operate.holdings import Holding
from sellkit.wiring.bar_ages import bar_ages
from sellkit.wiring.vitals import last_due
from tests.build import utc

AAPL = 265598
FRESH, STALE = utc("2026-01-28 19:30"), utc("2026-01-20 19:30")
NOW = utc("2026-01-28 20:10")
ASSIGNED = "ticker,type,length,timeframe\nNASDAQ:AAPL,SMA,20,1H\nNYSE:XOM,SMA,20,1D\n"


def settings(folder: Path, more: str = "") -> Settings:
    path = folder / "config" / "sellkit.toml"
    path.parent.mkdir(parents=True)
    path.with_name("assigned.csv").write_text(ASSIGNED, encoding="utf-8")
    own = '[profiles.paper]\nport = 4002\nassignments = "config/assigned.csv"\n'
    path.write_text(own + more, encoding="utf-8")
    return load(Overrides(config=str(path), profile="paper"))


def held(
    token: str = "NASDAQ:AAPL", con_id: int = AAPL, decision: str = "HOLD"
) -> JournalledDecision:
    return JournalledDecision(
        token=token,
        con_id=con_id,
        decision=decision,
        reasons=(),
        average=None,
        quantity="100",
        close=None,
        value=None,
        bar_end=None,
    )


def stored(last: dt.datetime, con_id: int = AAPL, *, rth: bool = True) -> Holding:
    key = SeriesKey(con_id, BarSize.M30, rth=rth)
    return Holding(Figures(key, 900, STALE, last, last, 9, 0), Token.parse("NASDAQ:AAPL"), None)


def test_only_bars_of_positions_are_held_against_the_present(tmp_path: Path) -> None:
    ages = bar_ages(settings(tmp_path), [held()], [stored(FRESH)], NOW)
    assert [(each.label, each.behind) for each in ages.series] == [("NASDAQ:AAPL 30 mins", 0)]
    assert ages.unheld == ("NYSE:XOM",)


def test_a_short_position_needs_no_bars(tmp_path: Path) -> None:
    ages = bar_ages(settings(tmp_path), [held(decision="EXCLUDED")], [], NOW)
    assert (ages.series, ages.unheld) == ((), ("NASDAQ:AAPL", "NYSE:XOM"))


def test_bars_of_a_position_that_are_not_stored_are_missing(tmp_path: Path) -> None:
    (age,) = bar_ages(settings(tmp_path), [held()], [], NOW).series
    assert age.ended_at is None


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("rth", [True, False])
def test_bars_of_other_hours_do_not_stand_for_those_that_are_asked_for(
    tmp_path: Path, rth: bool, is_first: bool
) -> None:
    chosen = settings(tmp_path, f"[history]\nrth = {str(rth).lower()}\n")
    found = [stored(FRESH, rth=rth), stored(STALE, rth=not rth)]
    (age,) = bar_ages(chosen, [held()], found if is_first else found[::-1], NOW).series
    assert age.behind == 0


@pytest.mark.parametrize("former", [1, 999_999_999])
def test_bars_of_a_contract_that_had_the_name_before_do_not_stand_for_the_position(
    tmp_path: Path, former: int
) -> None:
    found = sorted([stored(FRESH), stored(STALE, former)], key=lambda each: each.key.con_id)
    (age,) = bar_ages(settings(tmp_path), [held()], found, NOW).series
    assert age.behind == 0


@pytest.mark.parametrize(
    ("more", "due"),
    [
        ("", "21:00"),
        ('[orders]\nat_close = "before_close"\nbefore_close_minutes = 10\n', "20:50"),
    ],
)
def test_the_last_run_of_a_day_is_due_before_the_close_where_it_is_judged_then(
    tmp_path: Path, more: str, due: str
) -> None:
    assert last_due(settings(tmp_path, more), utc("2026-01-28 23:00")) == utc(f"2026-01-28 {due}")
