"""A session's last bar judged five minutes early at a gateway: sold once, stored never."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Final

import pandas as pd
import pytest

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.bars import BarSize, SeriesKey
from sellkit.core.limits import AtClose
from tests.build import assignment, limits
from tests.faults.catalogue import FAULTS
from tests.faults.desk import Ran
from tests.faults.play import Play, playing

EARLY: Final = dt.datetime(2026, 1, 28, 20, 55, 1, tzinfo=dt.UTC)
BELL: Final = dt.datetime(2026, 1, 28, 21, 0, 20, tzinfo=dt.UTC)
MORNING: Final = dt.datetime(2026, 1, 29, 15, 0, 20, tzinfo=dt.UTC)
RUNNING: Final = pd.Timestamp("2026-01-28 20:30", tz="UTC")
HALVES: Final = SeriesKey(265598, BarSize.M30)


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """Apple with a stop of its own, and Microsoft; the last bar is judged five minutes early."""
    with playing(FAULTS[56], tmp_path) as stage:
        stage.gateway.terminal.set_habits(cancel_after_seconds=0)
        stage.armoury.changes = {"at_close": AtClose.BEFORE_CLOSE}
        yield stage


def at(play: Play, moment: dt.datetime, *, fall: str = "") -> Ran:
    """A live run at a moment, prices having fallen ten minutes before."""
    if fall:
        play.go_to(moment - dt.timedelta(minutes=3))
        play.control.move_price(fall, 0.85)
    play.go_to(moment)
    with closing(play.connect(sends_orders=True)) as broker:
        ran = play.run_live(broker)
    assert ran.error is None
    return ran


def held(play: Play, symbol: str = "AAPL") -> Decimal:
    holdings = play.gateway.exchange.holdings()
    return sum((e.quantity for e in holdings if e.security.symbol == symbol), Decimal(0))


def starts(play: Play) -> pd.Index:
    return ParquetBarStore(play.folder / "data").read(HALVES).index


def test_the_position_is_closed_before_the_bell_on_a_bar_that_says_so(play: Play) -> None:
    ran = at(play, EARLY, fall="AAPL")
    assert ran.words()["AAPL"] == "EXIT ApprovedTicket", ran.reasons("AAPL")
    assert ran.reasons("AAPL").startswith("PROVISIONAL, told 299 s before the bar's end: close ")
    assert ran.sent is not None
    assert ran.sent.states() == {"AAPL": ["DONE"]}
    assert held(play) == 0
    lines = (play.folder / "data" / "logs" / "signals.jsonl").read_text().splitlines()
    assert any("PROVISIONAL" in line and "EXIT" in line for line in lines)


def test_the_running_half_hour_is_not_stored(play: Play) -> None:
    at(play, EARLY, fall="AAPL")
    assert starts(play)[-1] == RUNNING - pd.Timedelta(minutes=30)
    store = ParquetBarStore(play.folder / "data")
    averages = store.read_averages(SeriesKey(265598, BarSize.H1))
    assert averages is not None
    assert averages.index[-1] < pd.Timestamp("2026-01-28 20:00", tz="UTC")


def test_the_bell_acts_no_second_time_on_the_same_bar(play: Play) -> None:
    first = at(play, EARLY, fall="AAPL")
    reference = first.ticket("AAPL")
    play.gateway.terminal.hold("AAPL", Decimal(100), Decimal(100))  # bought anew meanwhile
    again = at(play, EARLY + dt.timedelta(seconds=30))
    assert again.ticket("AAPL") == reference
    bell = at(play, BELL)
    assert bell.ticket("AAPL") == reference
    assert bell.words()["AAPL"] == "EXIT DeniedTicket"
    assert "its session is over" in bell.reasons("AAPL")
    assert play.asked("placeOrder") == 1
    assert held(play) == 100


def test_a_hold_stands_though_the_last_minutes_fall(play: Play) -> None:
    assert at(play, EARLY).words() == {"AAPL": "HOLD", "MSFT": "HOLD"}
    play.control.move_price("AAPL", 0.85)
    bell = at(play, BELL)
    assert bell.words()["AAPL"] == "HOLD"
    assert "told differently since" in bell.reasons("AAPL")
    assert starts(play)[-1] == RUNNING
    assert play.asked("placeOrder") == 0


def test_whoever_awaits_the_last_bar_sees_nothing_of_this(play: Play) -> None:
    play.armoury.changes = {}
    ran = at(play, EARLY, fall="AAPL")
    assert "PROVISIONAL" not in ran.reasons("AAPL")
    assert play.asked("placeOrder") == 0


def test_too_late_for_an_order_nothing_is_sent(play: Play) -> None:
    ran = at(play, BELL - dt.timedelta(seconds=80), fall="AAPL")
    assert ran.words()["AAPL"] == "EXIT DeniedTicket"
    assert "sooner than the margin" in ran.reasons("AAPL")
    assert play.asked("placeOrder") == play.asked("cancelOrder") == 0


def test_the_next_morning_decides_on_completed_bars_again(play: Play) -> None:
    at(play, EARLY)
    ran = at(play, MORNING)
    assert "PROVISIONAL" not in ran.reasons("AAPL")


def test_a_dry_run_says_it_too_and_sends_nothing(play: Play) -> None:
    play.go_to(EARLY - dt.timedelta(minutes=3))
    play.control.move_price("AAPL", 0.85)
    play.go_to(EARLY)
    chosen = limits(
        at_close=AtClose.BEFORE_CLOSE,
        max_shares=Decimal(10_000),
        max_notional=Decimal(1_000_000),
    )
    ran = play.run(limits=chosen)
    assert ran.words()["AAPL"] == "EXIT PreparedTicket", ran.reasons("AAPL")
    assert "PROVISIONAL" in ran.reasons("AAPL")
    assert play.asked("placeOrder") == play.asked("cancelOrder") == 0


def test_the_decision_is_journalled_with_when_it_was_told(play: Play) -> None:
    ran = at(play, EARLY, fall="AAPL")
    with closing(SqliteJournal(play.journal_path)) as journal:
        rows = {each["con_id"]: each for each in journal.decisions(ran.run_id)}
    row = rows[265598]
    assert str(row["fetched_at"]) < str(row["bar_end"])
    assert "PROVISIONAL" in str(row["reasons"])


def test_an_average_of_days_is_held_against_the_day_so_far(play: Play) -> None:
    play.book.save(assignment("SMA 5 1D"))
    ran = at(play, EARLY, fall="AAPL")
    assert ran.decision is not None
    tokens = {str(row.position.instrument.token): row for row in ran.decision.rows}
    proof = tokens["NASDAQ:AAPL"].signal.certificate
    assert proof is not None
    assert (proof.is_provisional, proof.slot.session.date) == (True, dt.date(2026, 1, 28))
    assert ran.sent is not None
    assert ran.sent.states() == {"AAPL": ["DONE"]}
