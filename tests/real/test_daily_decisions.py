"""Daily decisions on recorded daily bars of 2018 to 2023, against a computation of its own.

The gateway replays daily bars alone: what is assigned to hours cannot be decided there, and must
not keep what is assigned to days from being decided.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from sellkit.simgateway.clock import parse_instant
from tests.real import recomputed
from tests.real.recomputed import CHOICES, Answer
from tests.real.replayed import Held, Said, by_desk, gateway_beside

EXCHANGES = {
    **dict.fromkeys(("AAPL", "MSFT", "NFLX", "NVDA", "SBUX", "TSLA"), "NASDAQ"),
    **dict.fromkeys(("BMY", "C", "CRM", "DHR", "DVN", "GS", "HD", "JNJ", "JPM", "MA"), "NYSE"),
    **dict.fromkeys(("MS", "ORCL", "OXY", "PFE", "TMO", "V", "WMT", "XOM"), "NYSE"),
    "SPY": "ARCA",
}
DAILY = [choice for choice in CHOICES if choice.endswith("1D")]
BY_HOURS = {"GS": "SMA 20 1H", "V": "EMA 200 1H"}
COST_SHARES = ("0.8", "1.2", "0.98", "1", "0.7")

# On New York's clock, and where in the 14 daily choices the first ticker begins.
MOMENTS = {
    "the crash of 2020": ("2020-03-16T16:00:05", 0),
    "a day of 2023": ("2023-06-14T16:00:05", 5),
    "a half day": ("2023-11-24T13:00:05", 9),
    "noon, after the day before": ("2023-12-15T12:00:05", 3),
    "the last day": ("2023-12-29T16:00:05", 12),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What had to be said at a moment, and what was said; by symbol."""

    name: str
    as_of: dt.datetime
    held: list[Held]
    wanted: dict[str, Answer]
    readings: dict[str, dict[str, float | None]]
    said: dict[str, Said]

    @property
    def by_days(self) -> list[Held]:
        """The positions that are assigned to days."""
        return [each for each in self.held if each.symbol not in BY_HOURS]


@cache
def _run(folder: Path, symbol: str, as_of: dt.datetime, choice: str) -> recomputed.Run:
    needed = recomputed.bars_needed(choice) if choice.endswith("1D") else 0
    return recomputed.days(recomputed.recorded_days(folder / f"{symbol}.parquet"), as_of, needed)


@cache
def _answer(folder: Path, symbol: str, as_of: dt.datetime, choice: str) -> Answer:
    return recomputed.answer(_run(folder, symbol, as_of, choice), choice)


def _held(folder: Path, as_of: dt.datetime, offset: int) -> list[Held]:
    held = []
    for number, (symbol, exchange) in enumerate(EXCHANGES.items()):
        choice = BY_HOURS.get(symbol, DAILY[(offset + number) % len(DAILY)])
        close = Decimal(repr(float(_run(folder, symbol, as_of, choice).bars["close"].iloc[-1])))
        share = Decimal(COST_SHARES[number % len(COST_SHARES)])
        cost = close if share == 1 else (close * share).quantize(Decimal("0.01"))
        held.append(Held(symbol, exchange, 1000 + number, cost, choice))
    return held


@pytest.fixture(scope="module", params=MOMENTS)
def judged(
    request: pytest.FixtureRequest, market_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Judged:
    """One moment: run once, looked at by several tests."""
    at, offset = MOMENTS[request.param]
    as_of, source = parse_instant(at), market_data / "daily_2018_2023"
    held = _held(source, as_of, offset)
    with gateway_beside(tmp_path_factory.mktemp("moment"), held, {"1d": source}, at) as chosen:
        said = by_desk(chosen)
    runs = {each.symbol: _run(source, each.symbol, as_of, each.choice) for each in held}
    by_days = [each for each in held if each.symbol not in BY_HOURS]
    return Judged(
        request.param,
        as_of,
        held,
        {each.symbol: _answer(source, each.symbol, as_of, each.choice) for each in by_days},
        {
            symbol: {choice: recomputed.average(run.bars["close"], choice) for choice in DAILY}
            for symbol, run in runs.items()
        },
        said,
    )


def test_every_daily_decision_its_bar_and_its_close_are_the_recomputed_ones(judged: Judged) -> None:
    said = {each.symbol: judged.said[each.symbol] for each in judged.by_days}
    assert {
        symbol: (each.decision, each.close, each.bar_end, each.bars_used)
        for symbol, each in said.items()
    } == {
        symbol: (each.decision, each.close, each.bar_end, each.bars_used)
        for symbol, each in judged.wanted.items()
    }
    assert {each.decision for each in said.values()} <= {"EXIT", "HOLD"}


def test_every_assigned_daily_average_is_the_recomputed_one(judged: Judged) -> None:
    # These closes do not lie on a grid of ticks, so here a mean is exact to its last digits only.
    for each in judged.by_days:
        wanted = judged.wanted[each.symbol].average
        assert judged.said[each.symbol].average == pytest.approx(wanted, rel=1e-12, abs=0), each


def test_all_14_daily_averages_are_the_recomputed_ones(judged: Judged) -> None:
    for symbol, wanted in judged.readings.items():
        readings = judged.said[symbol].readings
        for label, value in wanted.items():
            assert readings[label] == pytest.approx(value, rel=1e-12, abs=0), (symbol, label)


def test_every_daily_exit_is_prepared_withheld_or_deferred_as_recomputed(judged: Judged) -> None:
    exits = sum(each.decision == "EXIT" for each in judged.wanted.values())
    assert {each.symbol: judged.said[each.symbol].verdict for each in judged.by_days} == {
        each.symbol: recomputed.verdict(
            judged.wanted[each.symbol],
            each.cost,
            judged.as_of,
            exits=exits,
            held=len(judged.held),
        )
        for each in judged.by_days
    }


def test_break_even_is_the_recomputed_one(judged: Judged) -> None:
    assert {each.symbol: judged.said[each.symbol].is_above for each in judged.by_days} == {
        each.symbol: judged.wanted[each.symbol].is_above(each.cost) for each in judged.by_days
    }


def test_hourly_assignments_are_undecided_without_half_hours(judged: Judged) -> None:
    for symbol in BY_HOURS:
        said = judged.said[symbol]
        assert (said.decision, said.verdict, said.average) == ("UNDECIDED", None, None)
        assert any("is missing" in reason for reason in said.reasons), said.reasons


def test_an_ema_of_200_days_gets_the_891_bars_that_its_seed_needs_to_fade(
    market_data: Path,
) -> None:
    source, as_of = market_data / "daily_2018_2023", parse_instant("2023-12-29T16:00:05")
    assert recomputed.bars_needed("EMA 200 1D") == 891
    assert len(_run(source, "AAPL", as_of, "EMA 200 1D").bars) == 891
    assigned = {
        choice
        for at, offset in MOMENTS.values()
        if at.startswith("2023")
        for choice in (each.choice for each in _held(source, parse_instant(at), offset))
    }
    assert "EMA 200 1D" in assigned


def test_the_moments_bring_both_answers_both_sides_of_break_even_and_every_verdict(
    market_data: Path,
) -> None:
    source, seen, verdicts = market_data / "daily_2018_2023", set(), set()
    for at, offset in MOMENTS.values():
        as_of = parse_instant(at)
        held = [each for each in _held(source, as_of, offset) if each.symbol not in BY_HOURS]
        answers = {each.symbol: _answer(source, each.symbol, as_of, each.choice) for each in held}
        exits = sum(each.decision == "EXIT" for each in answers.values())
        for each in held:
            said = answers[each.symbol]
            seen.add((said.decision, said.is_above(each.cost)))
            verdicts.add(
                recomputed.verdict(said, each.cost, as_of, exits=exits, held=len(EXCHANGES))
            )
    assert seen == {("EXIT", True), ("EXIT", False), ("HOLD", True), ("HOLD", False)}
    assert verdicts == {None, "withheld", "deferred"}
