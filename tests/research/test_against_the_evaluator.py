"""Bar by bar a study decides what the live evaluator decides on the same bars."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sellkit.core.aggregate import CompletedBars, completed, fold
from sellkit.core.assignments import ALL_AVERAGES, Assignment, Timeframe
from sellkit.core.evaluate import History, evaluate
from sellkit.core.signals import Decision
from sellkit.research.sides import sides
from tests.build import broken, position
from tests.real_bars import hours_over, stamped

SYMBOLS = ("WEBL", "SPY", "NVDA")
EVERY = 97
"""Bars between two that are looked at, beside all that lie on an average."""


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_an_exit_of_the_evaluator_is_a_close_below_and_nothing_else_is(
    market_data: Path, symbol: str
) -> None:
    found = pd.read_parquet(market_data / "intraday_30m" / f"{symbol}.parquet").set_index("ts")
    halves = stamped(found)
    slots = hours_over(halves)
    run = completed(fold(halves, slots), slots)
    assert len(run.frame) == len(slots) > 1_000
    judged = sides(run.frame["close"].to_numpy())
    decisions = set()
    for row, average in enumerate(ALL_AVERAGES):
        assigned = Assignment(position().instrument.token, average, Timeframe.H1)
        ties = np.flatnonzero(judged[row, average.length - 1 :] == 0) + average.length - 1
        for bar in {*range(average.length - 2, len(slots), EVERY), *ties.tolist()}:
            until = CompletedBars(slots[bar], run.frame.iloc[: bar + 1], None)
            signal = evaluate(position(), assigned, History(until, broken()))
            is_early = bar < average.length - 1
            wanted = Decision.EXIT if judged[row, bar] < 0 else Decision.HOLD
            assert signal.decision is (Decision.UNDECIDED if is_early else wanted), (average, bar)
            decisions.add((signal.decision, bool(judged[row, bar] == 0)))
    assert {Decision.EXIT, Decision.HOLD} <= {decision for decision, _ in decisions}
    assert (Decision.HOLD, True) in decisions
