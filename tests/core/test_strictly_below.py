"""Whether a close lies strictly below its average is decided exactly: a tie never sells."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core import indicators
from sellkit.core.assignments import ALL_AVERAGES, LENGTHS, MaKind, MovingAverage
from sellkit.core.indicators import TICKS_PER_UNIT, is_strictly_below

quickly = settings(deadline=None, max_examples=60)
averages = st.sampled_from(ALL_AVERAGES)
short_averages = st.sampled_from([each for each in ALL_AVERAGES if each.length <= 50])
tick_prices = st.integers(1, 10_000_000)
off_grid_prices = st.floats(0.001, 5_000.0)


def exact_average(closes: list[Fraction], moving_average: MovingAverage) -> Fraction:
    """The average as a fraction, by its definition."""
    length = moving_average.length
    if moving_average.kind is MaKind.SMA:
        return sum(closes[-length:], Fraction(0)) / length
    value = sum(closes[:length], Fraction(0)) / length
    for close in closes[length:]:
        value += Fraction(2, length + 1) * (close - value)
    return value


def assert_decided_exactly(closes: np.ndarray, moving_average: MovingAverage) -> None:
    exact = [Fraction(repr(close)) for close in closes.tolist()]
    truth = exact[-1] < exact_average(exact, moving_average)
    assert is_strictly_below(closes, moving_average) is truth


def series(draw: st.DrawFn, prices: st.SearchStrategy[float], length: int) -> np.ndarray:
    """A series that is long enough, its values drawn from a few prices so that ties are common."""
    few = draw(st.lists(prices, min_size=1, max_size=4))
    seed = draw(st.integers(0, 2**32 - 1))
    count = length + draw(st.integers(0, 40))
    return np.random.default_rng(seed).choice(np.array(few), count)


@quickly
@given(st.data(), short_averages)
def test_below_is_decided_exactly_on_the_grid(
    data: st.DataObject, moving_average: MovingAverage
) -> None:
    prices = tick_prices.map(lambda units: units / TICKS_PER_UNIT)
    assert_decided_exactly(data.draw(series_of(prices, moving_average)), moving_average)


@quickly
@given(st.data(), short_averages)
def test_below_is_decided_exactly_off_the_grid(
    data: st.DataObject, moving_average: MovingAverage
) -> None:
    assert_decided_exactly(data.draw(series_of(off_grid_prices, moving_average)), moving_average)


@st.composite
def series_of(
    draw: st.DrawFn, prices: st.SearchStrategy[float], moving_average: MovingAverage
) -> np.ndarray:
    return series(draw, prices, moving_average.length)


@quickly
@given(averages, st.one_of(tick_prices.map(lambda u: u / TICKS_PER_UNIT), off_grid_prices))
def test_a_flat_series_never_sells(moving_average: MovingAverage, price: float) -> None:
    closes = np.full(moving_average.length + 30, price)
    assert not is_strictly_below(closes, moving_average)


@quickly
@given(averages, st.one_of(tick_prices.map(lambda u: u / TICKS_PER_UNIT), off_grid_prices))
def test_the_smallest_step_down_from_a_flat_series_sells(
    moving_average: MovingAverage, price: float
) -> None:
    closes = np.full(moving_average.length + 30, price)
    closes[-1] = math.nextafter(price, 0.0)
    assert is_strictly_below(closes, moving_average)
    closes[-1] = math.nextafter(price, math.inf)
    assert not is_strictly_below(closes, moving_average)


def with_last_tick(units: list[int], step: int) -> np.ndarray:
    """Prices of these ticks, the last one moved by some."""
    return np.array([*units[:-1], units[-1] + step]) / TICKS_PER_UNIT


@st.composite
def simple_ties(draw: st.DrawFn) -> tuple[list[int], MovingAverage]:
    """Closes in ticks whose last one equals their simple average, after any earlier history."""
    length = draw(st.sampled_from(LENGTHS))
    before = draw(st.lists(tick_prices, max_size=5))
    seed = draw(st.integers(0, 2**32 - 1))
    others = np.random.default_rng(seed).integers(500_000, 2_000_000, length - 1).tolist()
    others[0] += -sum(others) % (length - 1)
    return [*before, *others, sum(others) // (length - 1)], MovingAverage(MaKind.SMA, length)


@st.composite
def exponential_ties(draw: st.DrawFn) -> tuple[list[int], MovingAverage]:
    """Closes in ticks whose last one equals their exponential average.

    From a seed on the grid each step of (length + 1) x d ticks moves the average by 2 x d, so it
    never leaves the grid.
    """
    length = draw(st.sampled_from(LENGTHS))
    seed = draw(st.integers(0, 2**32 - 1))
    units = np.random.default_rng(seed).integers(900_000, 1_100_000, length).tolist()
    units[0] += -sum(units) % length
    value = sum(units) // length
    for step in draw(st.lists(st.integers(-50, 50), min_size=1, max_size=40)):
        units.append(value + (length + 1) * step)
        value += 2 * step
    return [*units, value], MovingAverage(MaKind.EMA, length)


@quickly
@given(st.one_of(simple_ties(), exponential_ties()))
def test_an_exact_tie_never_sells(tie: tuple[list[int], MovingAverage]) -> None:
    units, moving_average = tie
    exact = [Fraction(unit) for unit in units]
    assert exact_average(exact, moving_average) == exact[-1]
    assert not is_strictly_below(with_last_tick(units, 0), moving_average)


@quickly
@given(st.one_of(simple_ties(), exponential_ties()))
def test_one_tick_below_a_tie_sells_and_one_tick_above_does_not(
    tie: tuple[list[int], MovingAverage],
) -> None:
    units, moving_average = tie
    assert is_strictly_below(with_last_tick(units, -1), moving_average)
    assert not is_strictly_below(with_last_tick(units, +1), moving_average)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_rounded_sum_would_sell_on_some_tie_and_the_exact_one_never_does(length: int) -> None:
    moving_average = MovingAverage(MaKind.SMA, length)
    wrong = 0
    for units in range(1_000_100, 1_003_100, 100):
        closes = np.full(length, units / TICKS_PER_UNIT)
        closes[0] -= 0.01
        closes[1] += 0.01
        closes = np.round(closes, 2)
        total = 0.0
        for close in closes.tolist():
            total += close
        wrong += closes[-1] < total / length
        assert not is_strictly_below(closes, moving_average)
    assert wrong > 0


@pytest.mark.parametrize("length", LENGTHS)
def test_a_float_ema_would_sell_on_some_tie_and_the_exact_one_never_does(length: int) -> None:
    moving_average = MovingAverage(MaKind.EMA, length)
    wrong = 0
    for start in range(100_000, 103_000, 10):
        units = [*[start] * length, start + 7 * (length + 1), start + 14]
        closes = with_last_tick(units, 0)
        value = math.fsum(closes[:length]) / length
        for close in closes[length:].tolist():
            value += 2 / (length + 1) * (close - value)
        wrong += closes[-1] < value
        assert not is_strictly_below(closes, moving_average)
    assert wrong > 0


@pytest.mark.parametrize("length", [100, 150, 200])
@pytest.mark.parametrize("kind", MaKind)
def test_long_averages_are_decided_exactly_on_a_random_walk(kind: MaKind, length: int) -> None:
    steps = np.random.default_rng(length).integers(-200, 201, length + 40)
    closes = (1_000_000 + np.cumsum(steps)) / TICKS_PER_UNIT
    for end in range(length, len(closes) + 1, 4):
        assert_decided_exactly(closes[:end], MovingAverage(kind, length))


@quickly
@given(st.data(), short_averages)
def test_the_ema_that_is_shown_lies_within_its_rounding_of_the_exact_one(
    data: st.DataObject, moving_average: MovingAverage
) -> None:
    closes = data.draw(series_of(off_grid_prices, moving_average))
    exact = exact_average([Fraction(repr(close)) for close in closes.tolist()], moving_average)
    assert indicators.average(closes, moving_average)[-1] == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.parametrize("kind", MaKind)
@pytest.mark.parametrize(
    ("price", "is_below"), [(101.9999, True), (102.0, False), (102.0001, False)]
)
def test_another_price_can_be_held_against_the_average(
    kind: MaKind, price: float, is_below: bool
) -> None:
    closes = np.array([100.0, 101.0, 102.0, 103.0, 104.0])
    assert is_strictly_below(closes, MovingAverage(kind, 5), price=price) is is_below


@pytest.mark.parametrize("kind", MaKind)
def test_too_few_closes_are_refused_with_both_numbers(kind: MaKind) -> None:
    with pytest.raises(ValueError, match=rf"{kind} 5 needs 5 closes, got 4"):
        is_strictly_below(np.full(4, 100.0), MovingAverage(kind, 5))
