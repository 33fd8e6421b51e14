"""Averages bar by bar: equal to those of the whole series to the last bit, however it is cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core import grid, indicators, whole
from sellkit.core.assignments import ALL_AVERAGES, LENGTHS
from sellkit.core.batch import BatchAverages
from sellkit.core.running import RunningAverages
from tests.core.closes import LONG, assert_same_bits, series, walk

some = settings(deadline=None, max_examples=40)
cuts = st.lists(st.integers(0, LONG), max_size=5)


def stepped(closes: np.ndarray, state: RunningAverages | None = None) -> np.ndarray:
    """The averages after each of these bars, one bar a call, shape (14, n)."""
    state = RunningAverages() if state is None else state
    found = np.empty((len(ALL_AVERAGES), len(closes)))
    for bar, close in enumerate(closes.tolist()):
        state.advance(close)
        found[:, bar] = state.values()
    return found


def pieces(closes: np.ndarray, places: list[int]) -> list[np.ndarray]:
    """The series cut at these places."""
    return np.split(closes, sorted(min(place, len(closes)) for place in places))


# --- one series -----------------------------------------------------------------------------------


@some
@given(series())
def test_one_bar_a_call_gives_every_bit_of_the_whole_series(closes: np.ndarray) -> None:
    values, _ = indicators.followed(closes)
    assert_same_bits(stepped(closes), values)
    for row, each in zip(values, ALL_AVERAGES, strict=True):
        assert_same_bits(indicators.average(closes, each), row)


@some
@given(series(), st.integers(0, LONG))
def test_bars_after_a_whole_series_go_on_to_the_last_bit(closes: np.ndarray, cut: int) -> None:
    _, state = indicators.followed(closes[:cut])
    found = stepped(closes[cut:], state)
    assert_same_bits(found, indicators.followed(closes)[0][:, min(cut, len(closes)) :])
    assert repr(state) == repr(indicators.followed(closes)[1])  # a NaN equals none


@some
@given(series(), cuts)
def test_any_split_into_calls_ends_in_the_same_state(closes: np.ndarray, places: list[int]) -> None:
    state = RunningAverages()
    for piece in pieces(closes, places):
        state.advance_all(piece.tolist())
    at_once = RunningAverages()
    at_once.advance_all(closes.tolist())
    assert_same_bits(np.array(state.values()), np.array(at_once.values()))
    assert state.sums == at_once.sums


@some
@given(series(shortest=200, longest=260))
def test_windows_off_the_grid_are_summed_exactly_and_rounded_once(closes: np.ndarray) -> None:
    values = indicators.sma(closes, 50)
    for end in range(50, len(closes) + 1):
        window = closes[end - 50 : end]
        if grid.units(window)[1].all():
            continue
        assert values[end - 1] == math.fsum(window) / 50


# --- many series ----------------------------------------------------------------------------------


@some
@given(st.lists(series(longest=260), min_size=14, max_size=18))
def test_many_series_of_any_lengths_equal_each_alone(histories: list[np.ndarray]) -> None:
    found = whole.followed_all(histories)
    assert len(found) == len(histories)
    for closes, (values, state) in zip(histories, found, strict=True):
        alone, alone_state = indicators.followed(closes)
        assert_same_bits(values, alone)
        assert_same_bits(np.array(state.values()), np.array(alone_state.values()))
        assert_same_bits(np.array(state.carry), np.array(alone_state.carry))


def test_twenty_ragged_series_step_together_to_the_last_bit() -> None:
    histories = [walk(seed, 7 * seed) for seed in range(60)]
    for closes, values in zip(histories, whole.averages(histories), strict=True):
        assert_same_bits(values, indicators.followed(closes)[0])


@some
@given(st.lists(series(), min_size=1, max_size=6), st.integers(0, LONG), st.integers(0, 2**32 - 1))
def test_a_batch_equals_each_series_alone_whichever_series_have_a_bar(
    histories: list[np.ndarray], cut: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    places = np.array([min(cut, len(each)) for each in histories])
    batch = BatchAverages.over([h[:p] for h, p in zip(histories, places, strict=True)])
    wholes = [indicators.followed(each)[0] for each in histories]
    while True:
        left = np.flatnonzero(places < [len(each) for each in histories])
        if not left.size:
            break
        which = left[random.random(left.size) < 0.6]
        closes = np.array([histories[each][places[each]] for each in which])
        if which.size == len(histories):
            batch.advance(closes)
        else:
            batch.advance(closes, which)
        places[which] += 1
        told = zip(wholes, places, strict=True)
        wanted = [w[:, p - 1] if p else np.full(14, np.nan) for w, p in told]
        assert_same_bits(batch.values, np.array(wanted).T.copy())
    np.testing.assert_array_equal(batch.bars_used, places)


def test_a_fresh_batch_grows_to_the_whole_series() -> None:
    closes = np.array([walk(seed, 450) for seed in range(5)])
    closes[2, 100] += 1 / 3
    batch = BatchAverages(5)
    for bar in range(450):
        values = batch.advance(closes[:, bar])
        for column in range(5):
            alone = indicators.followed(closes[column, : bar + 1])[0] if bar % 50 == 0 else None
            if alone is not None:
                assert_same_bits(values[:, column].copy(), alone[:, -1].copy())


def test_published_values_never_change() -> None:
    batch = BatchAverages.over([walk(1, 300), walk(2, 300)])
    first = batch.values
    kept = first.copy()
    batch.advance(np.array([1.0, 2.0]))
    batch.advance(np.array([3.0]), np.array([1]))
    assert_same_bits(first, kept)
    with pytest.raises(ValueError, match="read-only"):
        batch.values[0, 0] = 1.0


# --- bars used, and the seed's weight -------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 4, 5, 200, 201, 900])
def test_every_value_tells_its_bars_and_its_seeds_weight(count: int) -> None:
    _, state = indicators.followed(walk(3, count))
    batch = BatchAverages.of([state])
    assert state.count == count
    assert batch.bars_used.tolist() == [count]
    for place, each in enumerate(ALL_AVERAGES):
        assert state.seed_weights()[place] == each.seed_weight(count)
        assert batch.seed_weights()[place, 0] == each.seed_weight(count)


def test_an_averages_value_is_found_by_its_name() -> None:
    _, state = indicators.followed(walk(3, 300))
    assert tuple(map(state.value, ALL_AVERAGES)) == state.values()
    assert len(state.values()) == 2 * len(LENGTHS)
