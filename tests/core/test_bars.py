"""The schema of a bar frame, and merging."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core.bars import (
    COLUMNS,
    INSTANT,
    checked,
    empty_bars,
    merge,
)
from sellkit.errors import InvalidBars
from tests.build import bars, session_halves

quickly = settings(deadline=None, max_examples=25)

# --- the schema -----------------------------------------------------------------------------------


def usual() -> pd.DataFrame:
    return bars(session_halves())


def with_value(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[frame.index[3], column] = value
        return frame

    return change


BAD_FRAMES: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "a column is absent": (lambda frame: frame.drop(columns="volume"), "columns are"),
    "a column too many": (lambda frame: frame.assign(parts=1), "columns are"),
    "columns in another order": (lambda frame: frame[COLUMNS[::-1]], "columns are"),
    "starts in nanoseconds": (lambda frame: frame.set_axis(frame.index.as_unit("ns")), "times are"),
    "starts without a zone": (
        lambda frame: frame.set_axis(frame.index.tz_localize(None)),
        "times are",
    ),
    "starts in another zone": (
        lambda frame: frame.set_axis(frame.index.tz_convert("America/New_York")),
        "times are",
    ),
    "starts that are numbers": (lambda frame: frame.reset_index(drop=True), "times are"),
    "fetch times without a zone": (
        lambda frame: frame.assign(fetched_at=frame["fetched_at"].dt.tz_localize(None)),
        "times are",
    ),
    "bars out of order": (lambda frame: frame.iloc[::-1], "out of order or twice"),
    "a bar twice": (lambda frame: frame.iloc[[0, 1, 1, 2]], "out of order or twice"),
    "prices as text": (lambda frame: frame.assign(close="101.5"), "not float64"),
    "volume in whole numbers": (
        lambda frame: frame.assign(volume=frame["volume"].astype("int64")),
        "not float64",
    ),
    "a close that is missing": (with_value("close", np.nan), "1 impossible"),
    "an endless high": (with_value("high", np.inf), "1 impossible"),
    "a price of nothing": (with_value("low", 0.0), "1 impossible"),
    "a negative price": (with_value("low", -1.0), "1 impossible"),
    "a low above the close": (with_value("low", 103.5), "1 impossible"),
    "a high below the open": (with_value("high", 102.5), "1 impossible"),
    "a negative volume": (with_value("volume", -1.0), "1 impossible"),
    "a volume that is missing": (with_value("volume", np.nan), "1 impossible"),
}


def test_a_frame_that_keeps_the_schema_is_handed_back_itself() -> None:
    frame = usual()
    assert checked(frame, "the test") is frame


def test_a_frame_without_bars_keeps_the_schema() -> None:
    frame = empty_bars()
    assert checked(frame, "the test") is frame
    assert str(frame.index.dtype) == INSTANT


def test_a_bar_of_one_price_without_volume_is_possible() -> None:
    frame = usual().assign(open=5.0, high=5.0, low=5.0, close=5.0, volume=0.0)
    assert checked(frame, "the test") is frame


@pytest.mark.parametrize("kind", BAD_FRAMES)
def test_a_frame_that_breaks_the_schema_is_refused(kind: str) -> None:
    spoil, complaint = BAD_FRAMES[kind]
    with pytest.raises(InvalidBars, match=rf"bars from the test cannot be used: .*{complaint}"):
        checked(spoil(usual()), "the test")


def test_the_first_impossible_bar_is_named_with_its_values() -> None:
    frame = with_value("low", 103.5)(usual())
    with pytest.raises(InvalidBars, match=r"2026-01-28 16:00:00\+00:00: open 103.0, .*low 103.5"):
        checked(frame, "the test")


# --- merging --------------------------------------------------------------------------------------


def told(choice: list[int], minute: int) -> pd.DataFrame:
    """Some of a day's half-hours, told at one minute of the evening; the close shows the minute."""
    halves = session_halves()
    frame = bars([halves[place] for place in sorted(choice)], [100.0 + minute] * len(choice))
    late = pd.Timestamp("2026-01-28 22:00", tz="UTC").as_unit("us") + pd.Timedelta(minutes=minute)
    return frame.assign(fetched_at=pd.Series(late, index=frame.index, dtype=INSTANT))


fetches = st.lists(
    st.sets(st.integers(0, 12)).map(sorted), min_size=2, max_size=3
)  # each a choice of half-hours; its place in the list is the minute


def test_where_both_have_a_bar_the_later_fetch_wins() -> None:
    merged = merge(told([0, 1, 2], minute=1), told([1, 2, 3], minute=2))
    assert merged["close"].tolist() == [101.0, 102.0, 102.0, 102.0]


def test_an_older_fetch_never_replaces_a_newer_one() -> None:
    merged = merge(told([1, 2], minute=2), told([0, 1], minute=1))
    assert merged["close"].tolist() == [101.0, 102.0, 102.0]


@quickly
@given(fetches)
def test_merging_does_not_depend_on_the_order_of_fetches(choices: list[list[int]]) -> None:
    frames = [told(choice, minute) for minute, choice in enumerate(choices)]
    forwards, backwards = empty_bars(), empty_bars()
    for frame in frames:
        forwards = merge(forwards, frame)
    for frame in reversed(frames):
        backwards = merge(frame, backwards)
    pd.testing.assert_frame_equal(forwards, backwards)
    newest = {place: minute for minute, choice in enumerate(choices) for place in choice}
    expected = [100.0 + newest[place] for place in sorted(newest)]
    assert forwards["close"].tolist() == expected


@quickly
@given(fetches)
def test_merging_the_same_bars_again_changes_nothing(choices: list[list[int]]) -> None:
    merged = merge(told(choices[0], 0), told(choices[1], 1))
    pd.testing.assert_frame_equal(merge(merged, merged), merged)
    pd.testing.assert_frame_equal(merge(merged, told(choices[1], 1)), merged)


@quickly
@given(fetches)
def test_merged_bars_keep_the_schema(choices: list[list[int]]) -> None:
    merged = merge(told(choices[0], 0), told(choices[1], 1))
    assert checked(merged, "a merge") is merged
