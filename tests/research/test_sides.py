"""A study judges every bar as the hourly run does: exactly, ties included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core import indicators
from sellkit.core.assignments import ALL_AVERAGES
from sellkit.research.series import Bars, Terms
from sellkit.research.sides import firsts, sides, sides_of
from sellkit.research.sweep import figures, judged
from tests.core import exact_averages
from tests.core.closes import series, walk
from tests.research.histories import assert_same_numbers

ROWS = len(ALL_AVERAGES)


def compiled_sides(closes: np.ndarray) -> np.ndarray:
    return next(judged([closes], None, compiled=True)).copy()


def assert_exact(closes: np.ndarray) -> np.ndarray:
    """Below where the exact average is above, above where it is below; turned over as well."""
    found = sides(closes)
    exact = exact_averages.below(closes, ALL_AVERAGES)
    for row, below, average in zip(found, exact, ALL_AVERAGES, strict=True):
        np.testing.assert_array_equal(row < 0, below, str(average))
    return found


@pytest.mark.timeout(600)
@settings(deadline=None, max_examples=40)
@given(series(longest=260))
def test_every_side_is_the_one_that_whole_numbers_give(closes: np.ndarray) -> None:
    assert_exact(closes)


@pytest.mark.timeout(600)
@settings(deadline=None, max_examples=40)
@given(series(shortest=5, longest=230), st.integers(0, 2**32 - 1))
def test_every_side_is_the_live_comparison_to_the_bit(closes: np.ndarray, seed: int) -> None:
    found = sides(closes)
    random = np.random.default_rng(seed)
    for row, average in enumerate(ALL_AVERAGES):
        ends = np.flatnonzero(found[row, average.length - 1 :] == 0) + average.length
        some = random.integers(average.length, len(closes) + 1, 5) if len(closes) > 200 else []
        for end in {*ends[:5].tolist(), *map(int, some)}:
            is_below = indicators.is_strictly_below(closes[:end], average)
            assert is_below == (found[row, end - 1] < 0), (average, end)


@pytest.mark.parametrize("tick", [1.0, 0.5, 0.05])
def test_above_is_below_of_the_prices_turned_over(tick: float) -> None:
    closes = np.round(np.round(walk(3, 600) / tick) * tick, 2)
    found, turned = sides(closes), sides(np.round(400.0 - closes, 2))
    np.testing.assert_array_equal(found, -turned)
    decided = np.arange(len(closes)) >= firsts(None)[:, None]
    assert ((found == 0) & decided)[: ROWS // 2].sum() > 3


def test_a_price_on_its_average_lies_on_no_side() -> None:
    coarse = np.round(walk(5, 500))
    found = assert_exact(coarse)
    decided = np.arange(len(coarse)) >= firsts(None)[:, None]
    ties = (found == 0) & decided
    assert ties[: ROWS // 2].sum() > 30
    np.testing.assert_array_equal(assert_exact(np.full(260, 97.31)), np.zeros((ROWS, 260)))


def test_a_price_that_comes_to_rest_stays_on_its_side_of_an_ema_for_good() -> None:
    closes = np.concatenate([np.full(250, 100.0), np.full(1_500, 99.99)])
    found = sides(closes)
    np.testing.assert_array_equal(found[ROWS // 2 :, 250:], -1)
    np.testing.assert_array_equal(sides(closes[::-1])[ROWS // 2 :, 1_500:], 1)
    np.testing.assert_array_equal(found[ROWS // 2, :250], 0)


def test_what_comes_later_changes_no_side() -> None:
    closes = np.round(walk(8, 700), 1)
    found = sides(closes)
    other = closes.copy()
    other[400:] = np.round(walk(9, 300, 50.0), 3)
    np.testing.assert_array_equal(sides(other)[:, :400], found[:, :400])
    np.testing.assert_array_equal(sides(closes[:400]), found[:, :400])


def test_an_ema_says_nothing_while_its_seed_weighs_too_much() -> None:
    closes = walk(4, 900)
    found, all_of_it = sides(closes, 0.001), sides(closes)
    for row, average in enumerate(ALL_AVERAGES):
        first = average.bars_needed(0.001) - 1
        np.testing.assert_array_equal(found[row, :first], 0)
        np.testing.assert_array_equal(found[row, first:], all_of_it[row, first:])


@pytest.mark.timeout(600)
@settings(deadline=None, max_examples=40)
@given(st.lists(series(), min_size=1, max_size=5))
def test_compiled_sides_are_the_plain_ones(histories: list[np.ndarray]) -> None:
    pytest.importorskip("numba")
    for closes, wanted in zip(histories, sides_of(histories, firsts(None)), strict=True):
        np.testing.assert_array_equal(compiled_sides(closes), wanted)


FILES = (
    *(("intraday_30m", symbol) for symbol in ("WEBL", "XLE", "SPY", "NVDA")),
    *(("daily_2018_2023", symbol) for symbol in ("NVDA", "AAPL")),
    ("daily_apache", "SPY"),
)


@pytest.mark.parametrize(("group", "symbol"), FILES, ids=lambda each: each)
def test_real_closes_are_judged_without_one_wrong_tie(
    market_data: Path, group: str, symbol: str
) -> None:
    found = pd.read_parquet(market_data / group / f"{symbol}.parquet")
    closes = found["close"].to_numpy()
    pytest.importorskip("numba")
    np.testing.assert_array_equal(compiled_sides(closes), assert_exact(closes))


def test_real_figures_are_the_same_in_both_forms(market_data: Path) -> None:
    pytest.importorskip("numba")
    bars = []
    for path in sorted((market_data / "daily_2018_2023").glob("*.parquet")):
        found = pd.read_parquet(path)
        bars.append(Bars(found["open"].to_numpy(), found["close"].to_numpy(), 250))
    assert len(bars) > 20
    plain, fast = (figures(bars, Terms(), compiled=compiled) for compiled in (False, True))
    assert_same_numbers(fast, plain)
