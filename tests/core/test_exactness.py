"""No drift over long series, and not one wrong tie, against sums of whole numbers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core import indicators
from sellkit.core.assignments import ALL_AVERAGES, LENGTHS, MaKind, MovingAverage
from sellkit.core.batch import BatchAverages
from sellkit.core.grid import TICKS_PER_UNIT
from tests.core import exact_averages
from tests.core.closes import walk

LONG = 200_000
TOLERANCE = 2e-15
GROUPS = {
    "intraday_30m": 12,
    "intraday_30m_thin": 2,
    "daily_derived": 12,
    "daily_apache": 5,
    "daily_public_domain": 2,
    "daily_2018_2023": 25,
    "daily_2021_adj": 37,
}


# --- drift ----------------------------------------------------------------------------------------


def up_and_down(count: int) -> np.ndarray:
    """Closes on the grid that wander between about 5 and 500 without end."""
    random = np.random.default_rng(7)
    phase = np.cumsum(random.normal(0.0, 0.01, count))
    return np.round(50 * 10 ** np.sin(phase), 4)


@pytest.mark.parametrize("length", [5, 50, 200])
def test_an_ema_stays_within_its_goal_of_the_exact_one(length: int) -> None:
    closes = up_and_down(LONG)
    found = indicators.ema(closes, length)
    assert exact_averages.largest_error(closes, found, length) < TOLERANCE


def test_a_plain_ema_strays_several_times_as_far() -> None:
    closes = up_and_down(LONG)
    value, weight = float(closes[:200].mean()), 2 / 201
    found = np.full(LONG, np.nan)
    found[199] = value
    for bar, close in enumerate(closes[200:].tolist(), 200):
        value += weight * (close - value)
        found[bar] = value
    plain = exact_averages.largest_error(closes, found, 200)
    assert plain > 5 * exact_averages.largest_error(closes, indicators.ema(closes, 200), 200)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_simple_average_is_exact_in_ticks_at_every_bar(length: int) -> None:
    closes = up_and_down(LONG)
    totals = np.cumsum(np.rint(closes * TICKS_PER_UNIT).astype(np.int64))
    sums = totals[length - 1 :] - np.concatenate([[0], totals[:-length]])
    # The quotient of two whole numbers that a float64 holds is rounded once.
    wanted = sums.astype(np.float64) / (length * TICKS_PER_UNIT)
    np.testing.assert_array_equal(indicators.sma(closes, length)[length - 1 :], wanted)


# --- ties -----------------------------------------------------------------------------------------


def assert_no_comparison_is_wrong(histories: list[np.ndarray]) -> int:
    """Step through series of one length as a live row does; the number of exact ties on the way."""
    closes = np.array(histories)
    truth = np.array([exact_averages.below(each, ALL_AVERAGES) for each in closes])
    batch = BatchAverages(len(closes))
    ties = 0
    for bar in range(closes.shape[1]):
        prices = closes[:, bar]
        batch.advance(prices)
        below = batch.is_strictly_below(prices, lambda column, end=bar + 1: closes[column, :end])
        np.testing.assert_array_equal(below, truth[:, :, bar].T)
        ties += int((batch.values == prices).sum())
    return ties


def real(market_data: Path, group: str) -> list[list[np.ndarray]]:
    """The closes of a group's tickers, those of equal length together."""
    found: dict[int, list[np.ndarray]] = {}
    for path in sorted((market_data / group).glob("*.parquet")):
        closes = pd.read_parquet(path)["close"].to_numpy()
        found.setdefault(len(closes), []).append(closes)
    return list(found.values())


@pytest.mark.parametrize(("group", "count"), GROUPS.items())
def test_no_comparison_on_any_real_close_is_wrong(
    market_data: Path, group: str, count: int
) -> None:
    histories = real(market_data, group)
    assert sum(map(len, histories)) == count
    ties = sum(map(assert_no_comparison_is_wrong, histories))
    print(f"{group}: {ties} averages equalled their close as shown")


def test_ties_among_few_prices_are_all_right() -> None:
    random = np.random.default_rng(11)
    histories = [
        random.choice([12.34, 12.35, 12.36], 260),
        np.full(260, 99.99),
        np.full(260, 1 / 3),
        random.choice([0.00005, 0.00015], 260),
        np.where(np.arange(260) % 7 == 0, 5.00005, 5.0),
    ]
    assert assert_no_comparison_is_wrong(histories) > 500


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(LENGTHS), st.integers(0, 2**32 - 1), st.integers(-1, 1))
def test_a_live_row_decides_a_made_tie_as_its_definition_does(
    length: int, seed: int, ticks_away: int
) -> None:
    random = np.random.default_rng(seed)
    whole = random.integers(900_000, 1_100_000, length).tolist()
    whole[0] += -sum(whole) % length
    value = sum(whole) // length
    for step in random.integers(-50, 51, 20).tolist():
        whole.append(value + (length + 1) * step)
        value += 2 * step
    closes = np.array(whole) / TICKS_PER_UNIT
    price = (value + ticks_away) / TICKS_PER_UNIT
    _, state = indicators.followed(closes)
    average = MovingAverage(MaKind.EMA, length)
    assert state.is_strictly_below(price, average) is (None if ticks_away == 0 else ticks_away < 0)
    assert indicators.is_strictly_below(closes, average, price, state) is (ticks_away < 0)
    simple = MovingAverage(MaKind.SMA, length)
    mean = Fraction(sum(whole[-length:]), length * TICKS_PER_UNIT)
    wanted = Fraction(value + ticks_away, TICKS_PER_UNIT) < mean
    assert state.is_strictly_below(price, simple) is wanted


def test_a_state_with_too_few_bars_says_both_numbers() -> None:
    _, state = indicators.followed(walk(1, 4))
    with pytest.raises(ValueError, match="SMA 5 needs 5 closes, got 4"):
        state.is_strictly_below(1.0, MovingAverage(MaKind.SMA, 5))
