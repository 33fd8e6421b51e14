"""Whether stored and fresh bars speak of the same prices."""

from __future__ import annotations

import pandas as pd
import pytest

from sellkit.core.adjustment import price_ratio
from sellkit.core.bars import PRICES, empty_bars
from tests.build import bars, session_halves


def told(factor: float, *, first: int = 0) -> pd.DataFrame:
    """A session's half-hours, those from `first` on multiplied."""
    frame = bars(session_halves())
    frame.iloc[first:, [frame.columns.get_loc(name) for name in PRICES]] *= factor
    return frame


@pytest.mark.parametrize("factor", [0.1, 0.5, 0.95, 1.01, 3.0])
def test_prices_that_all_differ_are_told_by_their_ratio(factor: float) -> None:
    assert price_ratio(told(1), told(factor)) == pytest.approx(factor)


@pytest.mark.parametrize("factor", [1.0, 1.0019, 0.9985])
def test_small_corrections_are_no_change(factor: float) -> None:
    assert price_ratio(told(1), told(factor)) is None


def test_one_corrected_bar_is_no_change() -> None:
    assert price_ratio(told(1), told(1.05, first=12)) is None


def test_without_a_common_bar_nothing_can_be_said() -> None:
    assert price_ratio(empty_bars(), told(1)) is None
    assert price_ratio(told(1).iloc[:3], told(0.1).iloc[5:]) is None
