"""The hourly run on recorded half-hours: every answer against a computation that shares nothing.

The gateway replays real 30-minute bars of twelve tickers, daily bars folded from them, and its
clock stands still a few seconds after a bar's end. Five moments run the notebook in its kernel (a
sixth has a hole, see `test_missing_half_hour`), and all go through the real client, the real socket
and real parquet.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.real import recomputed
from tests.real.recomputed import CHOICES, Answer
from tests.real.replayed import Held, Said, by_desk, by_notebook, gateway_beside
from tests.real.tickers import Moment, choices_at, held_at, readings_of, wanted_of

MOMENTS = (
    Moment("an ordinary hour", "2026-03-04T13:00:07", 0, by_notebook=True),
    Moment("the stub to 10:00", "2026-01-21T10:00:05", 24, by_notebook=True),
    Moment("a session's close", "2026-03-05T16:00:05", 12, by_notebook=True),
    Moment("a half day's close", "2025-11-28T13:00:05", 8, by_notebook=True),
    Moment("the stub after the clock change", "2025-11-03T10:00:05", 20),
    Moment(
        "the first full hour after the clock change", "2025-11-03T11:00:05", 4, by_notebook=True
    ),
    Moment("an hour from the opening", "2026-02-11T14:30:05", 16, "session"),
    Moment("a half day's close, hours from the opening", "2025-11-28T13:00:05", 0, "session"),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What had to be said at a moment, and what was said; by symbol.

    `said_by_desk` is there where no notebook ran, and at the first moment, on the notebook's store.
    """

    moment: Moment
    held: list[Held]
    wanted: dict[str, Answer]
    readings: dict[str, dict[str, float | None]]
    said: dict[str, Said]
    said_by_desk: dict[str, Said] | None


at_every_moment = pytest.mark.parametrize(
    "judged", MOMENTS, indirect=True, ids=lambda moment: moment.name
)
at_the_first_moment = pytest.mark.parametrize(
    "judged", MOMENTS[:1], indirect=True, ids=lambda moment: moment.name
)


@pytest.fixture(scope="module")
def judged(
    request: pytest.FixtureRequest, market_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Judged:
    """One moment: run once, looked at by several tests."""
    moment: Moment = request.param
    source, folder = market_data / "intraday_30m", tmp_path_factory.mktemp("moment")
    held = held_at(source, moment, choices_at(source, moment))
    with gateway_beside(folder, held, {"30m": source}, moment.at, moment.anchor) as chosen:
        by_kernel = by_notebook(chosen, held) if moment.by_notebook else None
        is_looked_at = moment == MOMENTS[0] or not moment.by_notebook
        said_by_desk = by_desk(chosen) if is_looked_at else None
    return Judged(
        moment,
        held,
        wanted_of(source, moment, held),
        {each.symbol: readings_of(source, moment, each) for each in held},
        by_kernel or said_by_desk or {},
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
    above = {symbol: each.is_above for symbol, each in judged.said.items()}
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


@at_the_first_moment
def test_a_desk_on_the_notebooks_store_says_what_the_notebook_left_behind(judged: Judged) -> None:
    assert judged.moment.by_notebook
    assert judged.said_by_desk == judged.said


def test_the_moments_bring_both_answers_both_sides_of_break_even_and_all_28_averages(
    market_data: Path,
) -> None:
    source, choices, cases, verdicts = market_data / "intraday_30m", set(), set(), set()
    for moment in MOMENTS:
        held = held_at(source, moment, choices_at(source, moment))
        wanted = wanted_of(source, moment, held)
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
