"""The hourly run on recorded half-hours: every answer against a computation that shares nothing.

The gateway replays real 30-minute bars of twelve tickers, daily bars folded from them, and its
clock stands still a few seconds after a bar's end. Two moments run the notebook in its kernel, and
all go through the real client, the real socket and real parquet.
"""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from sellkit.simgateway.clock import parse_instant
from tests.real import recomputed
from tests.real.recomputed import CHOICES, Answer
from tests.real.replayed import Held, Said, by_desk, by_notebook, gateway_beside

EXCHANGES = {
    "AAPL": ("NASDAQ", 265598),
    "JPM": ("NYSE", 1520593),
    "MSFT": ("NASDAQ", 272093),
    "NFLX": ("NASDAQ", 15124833),
    "NVDA": ("NASDAQ", 4815747),
    "ORCL": ("NYSE", 272800),
    "SPY": ("ARCA", 756733),
    "TGT": ("NYSE", 10291),
    "TSLA": ("NASDAQ", 76792991),
    "WEBL": ("ARCA", 392025115),
    "XLE": ("ARCA", 4215217),
    "XOM": ("NYSE", 13977),
}
HOURS_KEPT = 200
# Average costs as shares of the close: above break-even, below it, and to the cent on the close.
COST_SHARES = ("0.8", "1.2", "0.98", "1", "0.7")
STRIDE = 5  # shares no divisor with 28, so that every choice has its turn


@dataclass(frozen=True, slots=True)
class Moment:
    """When, on New York's clock, and how it is run.

    Attributes
    ----------
    offset
        Where in the 28 choices the first ticker begins.
    """

    name: str
    at: str
    offset: int
    anchor: str = "clock"
    by_notebook: bool = False

    @property
    def as_of(self) -> dt.datetime:
        return parse_instant(self.at)


MOMENTS = (
    Moment("an ordinary hour", "2026-03-04T13:00:07", 0, by_notebook=True),
    Moment("the stub to 10:00", "2026-01-21T10:00:05", 24),
    Moment("a session's close", "2026-03-05T16:00:05", 12),
    Moment("a half day's close", "2025-11-28T13:00:05", 8, by_notebook=True),
    Moment("the stub after the clock change", "2025-11-03T10:00:05", 20),
    Moment("the first full hour after the clock change", "2025-11-03T11:00:05", 4),
    Moment("an hour from the opening", "2026-02-11T14:30:05", 16, "session"),
    Moment("a half day's close, hours from the opening", "2025-11-28T13:00:05", 0, "session"),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What had to be said at a moment, and what was said; by symbol.

    `said_by_desk` is `said` itself where no notebook ran; else a second run, on the same store.
    """

    moment: Moment
    held: list[Held]
    wanted: dict[str, Answer]
    readings: dict[str, dict[str, float | None]]
    said: dict[str, Said]
    said_by_desk: dict[str, Said]


@cache
def _runs(path: Path, moment: Moment, choice: str) -> dict[str, recomputed.Run]:
    """The bars of both timeframes that a position with this assignment is judged on."""
    needed = {"1H": HOURS_KEPT, "1D": 0}
    timeframe = choice.split()[2]
    needed[timeframe] = max(needed[timeframe], recomputed.bars_needed(choice))
    halves = recomputed.recorded(path)
    return {
        "1H": recomputed.hours(halves, moment.as_of, moment.anchor, needed["1H"]),
        "1D": recomputed.days(halves, moment.as_of, needed["1D"]),
    }


def _choices(folder: Path, moment: Moment) -> dict[str, str]:
    """Assignments spread over the 28 that the recorded history allows at the moment."""
    days = len(recomputed.days(recomputed.recorded(folder / "AAPL.parquet"), moment.as_of, 0).bars)
    allowed = [each for each in CHOICES if each.endswith("1H") or int(each.split()[1]) <= days]
    return {
        symbol: allowed[STRIDE * (moment.offset + number) % len(allowed)]
        for number, symbol in enumerate(EXCHANGES)
    }


def _held(folder: Path, moment: Moment, choices: dict[str, str]) -> list[Held]:
    held = []
    for number, (symbol, (exchange, con_id)) in enumerate(EXCHANGES.items()):
        choice = choices[symbol]
        run = _runs(folder / f"{symbol}.parquet", moment, choice)[choice.split()[2]]
        close = Decimal(repr(float(run.bars["close"].iloc[-1]))) if len(run.bars) else Decimal(100)
        share = Decimal(COST_SHARES[number % len(COST_SHARES)])
        cost = close if share == 1 else (close * share).quantize(Decimal("0.01"))
        held.append(Held(symbol, exchange, con_id, cost, choice))
    return held


@cache
def _answer(path: Path, moment: Moment, choice: str) -> Answer:
    return recomputed.answer(_runs(path, moment, choice)[choice.split()[2]], choice)


def _wanted(folder: Path, moment: Moment, held: list[Held]) -> dict[str, Answer]:
    return {
        each.symbol: _answer(folder / f"{each.symbol}.parquet", moment, each.choice)
        for each in held
    }


def _readings(folder: Path, moment: Moment, each: Held) -> dict[str, float | None]:
    runs = _runs(folder / f"{each.symbol}.parquet", moment, each.choice)
    return {
        choice: recomputed.average(runs[choice.split()[2]].bars["close"], choice)
        for choice in CHOICES
    }


at_every_moment = pytest.mark.parametrize(
    "judged", MOMENTS, indirect=True, ids=lambda moment: moment.name
)
where_a_notebook_ran = pytest.mark.parametrize(
    "judged",
    [moment for moment in MOMENTS if moment.by_notebook],
    indirect=True,
    ids=lambda moment: moment.name,
)


@pytest.fixture(scope="module")
def judged(
    request: pytest.FixtureRequest, market_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Judged:
    """One moment: run once, looked at by several tests."""
    moment: Moment = request.param
    source, folder = market_data / "intraday_30m", tmp_path_factory.mktemp("moment")
    held = _held(source, moment, _choices(source, moment))
    with gateway_beside(folder, held, {"30m": source}, moment.at, moment.anchor) as chosen:
        by_kernel = by_notebook(chosen, held) if moment.by_notebook else None
        said_by_desk = by_desk(chosen)
    return Judged(
        moment,
        held,
        _wanted(source, moment, held),
        {each.symbol: _readings(source, moment, each) for each in held},
        by_kernel or said_by_desk,
        said_by_desk,
    )


@at_every_moment
def test_every_decision_is_the_recomputed_one(judged: Judged) -> None:
    decisions = {symbol: each.decision for symbol, each in judged.said.items()}
    assert decisions == {symbol: each.decision for symbol, each in judged.wanted.items()}


@at_every_moment
def test_every_deciding_bar_and_its_close_are_the_recomputed_ones(judged: Judged) -> None:
    seen = {
        symbol: (each.close, each.bar_start, each.bar_end, each.bars_used)
        for symbol, each in judged.said.items()
    }
    assert seen == {
        symbol: (each.close, each.bar_start, each.bar_end, each.bars_used)
        for symbol, each in judged.wanted.items()
    }


@at_every_moment
def test_every_assigned_sma_is_exact_and_every_assigned_ema_is_close(judged: Judged) -> None:
    for each in judged.held:
        average, wanted = judged.said[each.symbol].average, judged.wanted[each.symbol].average
        tolerance = 0.0 if each.choice.startswith("SMA") else 1e-12
        assert average == pytest.approx(wanted, rel=tolerance, abs=0), each


@at_every_moment
def test_all_28_averages_are_the_recomputed_ones(judged: Judged) -> None:
    for symbol, wanted in judged.readings.items():
        readings = judged.said[symbol].readings
        exact = {k: v for k, v in wanted.items() if k.startswith("SMA") or v is None}
        assert {label: readings[label] for label in exact} == exact, symbol
        assert readings.keys() == wanted.keys()
        for label in wanted.keys() - exact.keys():
            assert readings[label] == pytest.approx(wanted[label], rel=1e-12, abs=0), symbol


@at_every_moment
def test_break_even_is_the_recomputed_one(judged: Judged) -> None:
    above = {symbol: each.is_above for symbol, each in judged.said_by_desk.items()}
    assert above == {
        each.symbol: judged.wanted[each.symbol].is_above(each.cost) for each in judged.held
    }


@at_every_moment
def test_every_exit_is_prepared_withheld_or_deferred_as_recomputed(judged: Judged) -> None:
    exits = sum(each.decision == "EXIT" for each in judged.wanted.values())
    wanted = {
        each.symbol: recomputed.verdict(
            judged.wanted[each.symbol],
            each.cost,
            judged.moment.as_of,
            exits=exits,
            held=len(judged.held),
        )
        for each in judged.held
    }
    assert {symbol: each.verdict for symbol, each in judged.said.items()} == wanted


@where_a_notebook_ran
def test_a_desk_on_the_notebooks_store_says_what_the_notebook_journalled(judged: Judged) -> None:
    by_desk = {symbol: replace(each, is_above=None) for symbol, each in judged.said_by_desk.items()}
    assert by_desk == judged.said


def test_the_moments_bring_both_answers_both_sides_of_break_even_and_all_28_averages(
    market_data: Path,
) -> None:
    source, choices, cases, verdicts = market_data / "intraday_30m", set(), set(), set()
    for moment in MOMENTS:
        held = _held(source, moment, _choices(source, moment))
        wanted = _wanted(source, moment, held)
        exits = sum(each.decision == "EXIT" for each in wanted.values())
        for each in held:
            said = wanted[each.symbol]
            choices.add(each.choice)
            cases.add((moment.name, said.decision, said.is_above(each.cost)))
            verdicts.add(
                recomputed.verdict(said, each.cost, moment.as_of, exits=exits, held=len(held))
            )
    assert choices == set(CHOICES)
    assert {decision for _, decision, _ in cases} == {"EXIT", "HOLD"}
    for moment in MOMENTS:
        assert {above for name, _, above in cases if name == moment.name} == {True, False}
    assert verdicts == {None, "prepared", "withheld", "deferred"}


# --- a bar taken out ------------------------------------------------------------------------------

TAKEN_OUT = pd.Timestamp("2026-01-14 19:30", tz="UTC")
NAMED = "the bar 2026-01-14 19:00 to 20:00 UTC is incomplete: 1 of 2 half-hours"
HOURLY = [choice for choice in CHOICES if choice.endswith("1H")]


@pytest.fixture(scope="module")
def holed(market_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded half-hours without the one from 14:30 to 15:00 on 2026-01-14."""
    folder = tmp_path_factory.mktemp("holed") / "intraday_30m"
    shutil.copytree(market_data / "intraday_30m", folder, ignore=shutil.ignore_patterns("*.csv"))
    for path in folder.glob("*.parquet"):
        file = pd.read_parquet(path)
        kept = file[file["ts"] != TAKEN_OUT]
        assert len(kept) == len(file) - 1, path
        kept.to_parquet(path, index=False)
    return folder


def _said_over_the_hole(
    holed: Path, moment: Moment, folder: Path
) -> tuple[list[Held], dict[str, Said]]:
    choices = {symbol: HOURLY[number] for number, symbol in enumerate(EXCHANGES)}
    held = _held(holed, moment, choices)
    with gateway_beside(folder, held, {"30m": holed}, moment.at) as chosen:
        return held, by_desk(chosen)


def test_an_hour_without_its_last_half_decides_nothing_and_names_the_bar(
    holed: Path, tmp_path: Path
) -> None:
    moment = Moment("the hour with the hole", "2026-01-14T15:00:05", 0)
    held, said = _said_over_the_hole(holed, moment, tmp_path)
    assert set(said) == {each.symbol for each in held} == set(EXCHANGES)
    for symbol, each in said.items():
        assert each.decision == "UNDECIDED", symbol
        assert NAMED in each.reasons, symbol
        assert each.verdict is None, symbol


def test_after_a_hole_only_the_bars_behind_it_count(holed: Path, tmp_path: Path) -> None:
    moment = Moment("a session after the hole", "2026-01-15T16:00:05", 0)
    held, said = _said_over_the_hole(holed, moment, tmp_path)
    wanted = _wanted(holed, moment, held)
    assert {symbol: each.decision for symbol, each in said.items()} == {
        symbol: each.decision for symbol, each in wanted.items()
    }
    assert [each.decision for each in wanted.values()].count("UNDECIDED") == len(held) - 2
    for symbol, each in wanted.items():
        assert any(each.reason in reason for reason in said[symbol].reasons), symbol
        assert said[symbol].close == each.close, symbol
