"""Whether stored and fresh bars speak of the same prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from sellkit.core.adjustment import disagreement, price_ratio
from sellkit.core.bars import PRICES, BarSize, empty_bars, slots_until
from tests.build import bars, new_york, session_halves, utc

if TYPE_CHECKING:
    from sellkit.core.bars import Slot

ZONE = new_york().zone


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


# --- hours against days ---------------------------------------------------------------------------

END = utc("2026-01-28 21:00")
HOURS = slots_until(END, BarSize.H1, new_york(), count=28)
DAYS = slots_until(END, BarSize.D1, new_york(), count=4)


def priced(slots: list[Slot], closes: list[float]) -> pd.DataFrame:
    """Flat bars at the given closes."""
    frame = bars(slots)
    for name in PRICES:
        frame[name] = closes
    return frame


def test_hours_and_days_at_the_same_prices_agree() -> None:
    assert disagreement(priced(HOURS, [100.0] * 28), priced(DAYS, [101.0] * 4), ZONE) is None


@pytest.mark.parametrize("factor", [0.1, 0.5, 2.0])
def test_hours_of_another_price_basis_than_the_days_are_told(factor: float) -> None:
    closes = [100.0 * factor] * 7 + [100.0] * 21
    told = disagreement(priced(HOURS, closes), priced(DAYS, [100.0] * 4), ZONE)
    assert told is not None
    assert "2026-01-23" in told
    assert f"factor {factor:g}" in told


def test_the_last_session_is_not_compared_because_it_may_not_have_ended() -> None:
    closes = [100.0] * 21 + [50.0] * 7
    assert disagreement(priced(HOURS, closes), priced(DAYS, [100.0] * 4), ZONE) is None


def test_series_without_a_common_session_do_not_disagree() -> None:
    assert disagreement(empty_bars(), priced(DAYS, [100.0] * 4), ZONE) is None
    assert disagreement(priced(HOURS, [1.0] * 28), empty_bars(), ZONE) is None
