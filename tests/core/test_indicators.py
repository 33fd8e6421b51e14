"""Averages equal those that were worked out elsewhere."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core import indicators
from sellkit.core.assignments import ALL_AVERAGES, LENGTHS, MovingAverage
from sellkit.core.indicators import TICKS_PER_UNIT
from tests.build import bars, session_hours

quickly = settings(deadline=None, max_examples=60)
averages = st.sampled_from(ALL_AVERAGES)
short_averages = st.sampled_from([each for each in ALL_AVERAGES if each.length <= 50])
tick_prices = st.integers(1, 10_000_000)
off_grid_prices = st.floats(0.001, 5_000.0)


def compute(kind: str, closes: np.ndarray, length: int) -> np.ndarray:
    return {"sma": indicators.sma, "ema": indicators.ema}[kind](closes, length)


def assert_equal_where_told(
    found: np.ndarray, told: pd.Series[float], relative: float, absolute: float = 0.0
) -> None:
    """Same values to the tolerance, and missing in the same places."""
    known = told.notna().to_numpy()
    assert known.any()
    np.testing.assert_array_equal(np.isnan(found), ~known)
    np.testing.assert_allclose(found[known], told[known], rtol=relative, atol=absolute)


# --- answers made elsewhere -----------------------------------------------------------------------

TALIB_LENGTHS = (5, 8, 10, 12, 13, 20, 21, 26, 34, 50, 55, 89, 100, 144, 150, 200)


@pytest.mark.parametrize("length", TALIB_LENGTHS)
@pytest.mark.parametrize("kind", ["sma", "ema"])
def test_averages_equal_talibs(reference_data: Path, kind: str, length: int) -> None:
    table = pd.read_csv(reference_data / "talib_spy_2017_2018_all_periods.csv")
    found = compute(kind, table["close"].to_numpy(), length)
    assert_equal_where_told(found, table[f"{kind}{length}"], relative=1e-12)


@pytest.mark.parametrize("kind", ["sma", "ema"])
def test_averages_equal_a_hand_made_excel_sheet(reference_data: Path, kind: str) -> None:
    table = pd.read_csv(reference_data / "excel_spy_2017_2018_sma20_ema20_atr14.csv")
    found = compute(kind, table["close"].to_numpy(), 20)
    assert_equal_where_told(found, table[f"{kind}20_xlsx"], relative=1e-12)


@pytest.mark.parametrize(("kind", "half_a_digit"), [("sma", 5e-6), ("ema", 5e-11)])
def test_averages_equal_the_stockcharts_table_to_its_digits(
    reference_data: Path, kind: str, half_a_digit: float
) -> None:
    table = pd.read_csv(reference_data / "stockcharts_sma10_ema10.csv")
    found = compute(kind, table["close"].to_numpy(), 10)
    # Five and ten decimals are printed; 1e-12 is for the rounding of the comparison itself.
    assert_equal_where_told(found, table[f"{kind}10"], 0.0, half_a_digit + 1e-12)


def test_simple_averages_equal_tulips_to_its_rounding(reference_data: Path) -> None:
    table = pd.read_csv(reference_data / "tulip_sma_ema_atr_wilders.csv")
    cases = table[table["case"].str.startswith("sma ")].groupby(["file", "case"])
    assert len(cases) == 2
    for (_, case), rows in cases:
        found = indicators.sma(rows["close"].to_numpy(), int(case.split()[1]))
        assert_equal_where_told(found, rows["expected"], 0.0, 1e-3)


# --- series ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("moving_average", ALL_AVERAGES, ids=str)
def test_there_is_no_average_before_its_first_full_length(moving_average: MovingAverage) -> None:
    length = moving_average.length
    closes = 100.0 + np.arange(length + 1)
    found = indicators.average(closes, moving_average)
    assert np.isnan(found[: length - 1]).all()
    assert found[length - 1] == closes[:length].mean()
    assert np.isnan(indicators.average(closes[: length - 1], moving_average)).all()
    assert indicators.average(np.empty(0), moving_average).shape == (0,)


def test_an_ema_is_seeded_with_the_simple_average_and_steps_from_there() -> None:
    closes = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 9.0, 3.0])
    found = indicators.ema(closes, 5)[4:]
    assert found.tolist() == pytest.approx([3.0, 5.0, 13 / 3], rel=1e-15)


@quickly
@given(st.lists(tick_prices, min_size=5, max_size=300), st.sampled_from([5, 10, 20]))
def test_a_simple_average_on_the_grid_does_not_drift(units: list[int], length: int) -> None:
    closes = np.array(units) / TICKS_PER_UNIT
    found = indicators.sma(closes, length)
    for end in range(length, len(units) + 1):
        exact = Fraction(sum(units[end - length : end]), length * TICKS_PER_UNIT)
        assert found[end - 1] == float(exact)


def test_the_table_holds_all_fourteen_averages_on_the_bars_own_index() -> None:
    frame = bars(session_hours())
    found = indicators.table(frame)
    assert list(found.columns) == [
        f"{kind}_{length}" for kind in ("sma", "ema") for length in LENGTHS
    ]
    assert found.index.equals(frame.index)
    assert found["sma_5"].tolist()[4:] == [102.0, 103.0, 104.0]
    assert found["sma_10"].isna().all()


def test_prices_on_the_grid_are_whole_ticks() -> None:
    units = indicators.ticks(np.array([0.0001, 12.34, 99_999.9999]))
    assert units is not None
    assert units.tolist() == [1, 123_400, 999_999_999]


@pytest.mark.parametrize("price", [0.00005, 1 / 3, math.nextafter(12.34, 13)])
def test_one_price_off_the_grid_takes_the_series_off_it(price: float) -> None:
    assert indicators.ticks(np.array([12.34, price])) is None
