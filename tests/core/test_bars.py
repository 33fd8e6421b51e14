"""The schema of a bar frame, and merging."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from sellkit.core.bars import (
    COLUMNS,
    INSTANT,
    checked,
    empty_bars,
)
from sellkit.errors import InvalidBars
from tests.build import bars, session_halves

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
