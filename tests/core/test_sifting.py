"""Which bars can be, and which cannot."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from sellkit.core.bars import PRICES, BarSize, empty_bars
from sellkit.core.sifting import FAR, IMPOSSIBLE, STALE, UNTIMELY, Sifted, sifted
from tests import build

NONE = empty_bars()


def bars(closes: list[float]) -> pd.DataFrame:
    return build.bars(build.session_halves()[: len(closes)], closes)


def sift(frame: pd.DataFrame, before: pd.DataFrame = NONE, after: pd.DataFrame = NONE) -> Sifted:
    return sifted(frame, BarSize.M30, before, after)


def refused(found: Sifted) -> list[float]:
    return found.bad["close"].tolist()


def test_sound_bars_pass_unchanged() -> None:
    frame = bars([100.0, 101.0, 99.0])
    found = sift(frame)
    pd.testing.assert_frame_equal(found.good, frame)
    assert found.bad.empty


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("close", 0.0),
        ("close", -1.0),
        ("low", 0.0),
        ("open", np.nan),
        ("close", np.inf),
        ("high", 1.0),
        ("low", 1e6),
        ("volume", -1.0),
        ("volume", np.nan),
    ],
)
def test_an_impossible_value_takes_its_bar_and_no_other(column: str, value: float) -> None:
    frame = bars([100.0, 101.0, 99.0])
    frame.loc[frame.index[1], column] = value
    found = sift(frame)
    assert found.bad.index.tolist() == [frame.index[1]]
    assert found.bad["reason"].tolist() == [IMPOSSIBLE]
    assert len(found.good) == 2


def test_a_bar_of_the_future_or_off_the_grid_is_refused() -> None:
    frame = bars([100.0, 101.0, 99.0])
    frame.loc[frame.index[2], "fetched_at"] = frame.index[2] - pd.Timedelta(seconds=1)
    frame.index = frame.index.where(
        frame.index != frame.index[0], frame.index[0] + pd.Timedelta(seconds=7)
    )
    assert sift(frame).bad["reason"].tolist() == [UNTIMELY] * 2


def test_a_daily_bar_lies_at_midnight_and_may_be_told_on_the_evening_before() -> None:
    start = pd.DatetimeIndex([dt.datetime(2026, 1, 28, tzinfo=dt.UTC)], dtype="M8[us, UTC]")
    frame = bars([100.0]).set_axis(start)
    frame["fetched_at"] = start - pd.Timedelta(hours=2)
    assert sifted(frame, BarSize.D1, NONE, NONE).bad.empty
    moved = frame.set_axis(start + pd.Timedelta(minutes=30))
    assert sifted(moved, BarSize.D1, NONE, NONE).bad["reason"].tolist() == [UNTIMELY]


@pytest.mark.parametrize("factor", [1000.0, 0.001, 60.0])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_price_far_from_those_beside_it_is_refused(factor: float, place: int) -> None:
    closes = [100.0, 101.0, 99.0]
    closes[place] *= factor
    found = sift(bars(closes))
    assert refused(found) == [closes[place]]
    assert found.bad["reason"].tolist() == [FAR]


def test_a_run_of_far_prices_is_refused_by_the_last_stored_close() -> None:
    all_bars = bars([100.0, 1e5, 1.01e5, 0.99e5, 102.0])
    found = sift(all_bars.iloc[1:], before=all_bars.iloc[:1])
    assert refused(found) == [1e5, 1.01e5, 0.99e5]
    assert found.good["close"].tolist() == [102.0]


def test_what_fits_on_one_of_two_sides_is_kept() -> None:
    all_bars = bars([1.0, 1.1, 100.0, 101.0])
    found = sift(all_bars.iloc[1:3], before=all_bars.iloc[:1], after=all_bars.iloc[3:])
    assert found.bad.empty


def test_a_spike_within_a_bar_is_refused_as_well() -> None:
    frame = bars([100.0, 101.0, 99.0])
    frame.loc[frame.index[1], "high"] = 1e5
    assert sift(frame).bad["reason"].tolist() == [FAR]


def idle(closes: list[float], quiet: set[int]) -> pd.DataFrame:
    frame = bars(closes)
    for place in quiet:
        frame.loc[frame.index[place], PRICES] = closes[place]
        frame.loc[frame.index[place], "volume"] = 0.0
    return frame


def test_bars_that_only_repeat_the_last_trade_are_refused() -> None:
    frame = idle([100.0, 101.0, 101.0, 101.0, 102.0], {2, 3})
    found = sift(frame)
    assert found.bad["reason"].tolist() == [STALE] * 2
    assert found.bad.index.tolist() == frame.index[2:4].tolist()


def test_a_single_bar_without_a_trade_is_a_quiet_half_hour() -> None:
    assert sift(idle([100.0, 101.0, 101.0, 103.0], {2})).bad.empty


def test_a_repeated_price_with_trades_is_kept() -> None:
    assert sift(idle([100.0, 101.0, 101.0, 101.0], set())).bad.empty


def test_what_was_stored_counts_when_a_run_comes_bar_by_bar() -> None:
    frame = idle([100.0, 100.0, 100.0], {1, 2})
    found = sift(frame.iloc[2:], before=frame.iloc[1:2])
    assert found.bad["reason"].tolist() == [STALE]
