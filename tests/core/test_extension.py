"""Stored tables of averages are carried on, never differently from a computation anew."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core import indicators
from sellkit.core.assignments import ALL_AVERAGES
from sellkit.core.extension import COLUMNS, STATE, continued, extended
from tests.core.closes import LONG, assert_same_bits, series, walk


def framed(closes: np.ndarray) -> pd.DataFrame:
    """Closes as the bars of an unbroken run, an hour apart."""
    index = pd.date_range("2025-01-02 15:00", periods=len(closes), freq="h", tz="UTC", name="start")
    return pd.DataFrame({"close": closes}, index=index.as_unit("us"))


def assert_same_table(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    pd.testing.assert_index_equal(found.index, wanted.index)
    assert tuple(found.columns) == tuple(wanted.columns) == COLUMNS
    assert_same_bits(found.to_numpy(np.float64), wanted.to_numpy(np.float64))
    assert found.attrs == wanted.attrs


BARS = framed(walk(1, 500))


@settings(deadline=None, max_examples=30)
@given(series(), st.lists(st.integers(0, LONG), max_size=4))
def test_a_table_carried_on_in_any_steps_is_the_one_computed_at_once(
    closes: np.ndarray, stops: list[int]
) -> None:
    bars, table = framed(closes), None
    for stop in [*sorted(stops), len(closes)]:
        table, _ = extended(bars.iloc[:stop], table)
    assert table is not None
    assert_same_table(table, extended(bars, None)[0])


def test_the_table_holds_the_fourteen_averages_and_the_bars_used() -> None:
    table, state = extended(BARS, None)
    for each in ALL_AVERAGES:
        assert_same_bits(
            table[each.column].to_numpy(), indicators.average(BARS["close"].to_numpy(), each)
        )
    assert table["bars_used"].tolist() == list(range(1, 501))
    assert table["bars_used"].dtype == np.int64
    assert state.count == 500


def test_rows_that_stand_are_taken_over_and_not_computed() -> None:
    stored, _ = extended(BARS.iloc[:490], None)
    stored.iloc[100, 0] = -1.0
    table, _ = extended(BARS, stored)
    assert table.iloc[100, 0] == -1.0
    assert len(table) == 500


def test_without_a_new_bar_the_stored_table_itself_is_answered() -> None:
    stored, _ = extended(BARS, None)
    assert extended(BARS, stored)[0] is stored


def revised(place: int) -> pd.DataFrame:
    bars = BARS.copy()
    bars.iloc[place, 0] += 0.01
    return bars


@pytest.mark.parametrize(
    "bars",
    [
        pytest.param(revised(3), id="an old bar was revised"),
        pytest.param(revised(479), id="the last bar was revised"),
        pytest.param(BARS / 2, id="another basis"),
        pytest.param(BARS.iloc[1:], id="the first bar is gone"),
        pytest.param(BARS.drop(BARS.index[200]), id="a bar between is gone"),
        pytest.param(BARS.iloc[:470], id="fewer bars than the table has"),
        pytest.param(BARS.shift(freq="1min"), id="other starts"),
        pytest.param(pd.concat([revised(0).shift(-1, freq="D").iloc[:5], BARS]), id="older bars"),
    ],
)
def test_a_table_of_other_bars_is_computed_anew(bars: pd.DataFrame) -> None:
    stored, _ = extended(BARS.iloc[:480], None)
    assert_same_table(extended(bars, stored)[0], extended(bars, None)[0])


@pytest.mark.parametrize("state", [None, 7, '{"version": 0}'])
def test_a_table_whose_state_is_not_ours_is_computed_anew(state: object) -> None:
    stored, _ = extended(BARS.iloc[:480], None)
    stored.attrs[STATE] = state
    assert_same_table(extended(BARS, stored)[0], extended(BARS, None)[0])


def test_a_table_whose_last_row_is_not_its_states_is_computed_anew() -> None:
    stored, _ = extended(BARS.iloc[:480], None)
    stored.iloc[-1, -2] += 1e-9
    assert_same_table(extended(BARS, stored)[0], extended(BARS, None)[0])


def test_a_table_of_an_older_form_is_computed_anew() -> None:
    stored = indicators.table(BARS.iloc[:480])
    assert_same_table(extended(BARS, stored)[0], extended(BARS, None)[0])
    assert len(extended(BARS.iloc[:0], None)[0]) == 0


@settings(deadline=None, max_examples=30)
@given(series(), st.lists(st.integers(0, LONG), max_size=4))
def test_a_state_carried_on_in_any_steps_is_the_one_computed_at_once(
    closes: np.ndarray, stops: list[int]
) -> None:
    bars, before = framed(closes), None
    for stop in [*sorted(stops), len(closes)]:
        former = bars.iloc[:stop]
        before = (former, continued(former, before))
    assert before is not None
    wanted = continued(bars, None)
    assert_same_bits(np.array(before[1].values()), np.array(wanted.values()))
    assert before[1].count == wanted.count == len(closes)


def test_carrying_on_leaves_the_former_state_as_it_was() -> None:
    former = BARS.iloc[:490]
    state = continued(former, None)
    values = state.values()
    continued(BARS, (former, state))
    assert state.values() == values
    assert state.count == 490


@pytest.mark.parametrize("place", [3, 479])
def test_a_state_of_bars_that_were_revised_is_not_carried_on(place: int) -> None:
    former = BARS.iloc[:480]
    state = continued(revised(place), (former, continued(former, None)))
    assert state.values() == continued(revised(place), None).values()
