"""Hours are the exact fold of their half-hours, and only whole, final bars are completed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core.aggregate import fold
from sellkit.core.bars import (
    COLUMNS,
    INSTANT,
    PRICES,
    Anchor,
    checked,
    empty_bars,
)
from tests.build import bars, new_york, session_halves, session_hours
from tests.real_bars import ZONE, hours_over, stamped

GOLDEN = Path(__file__).parents[1] / "golden"
TICKERS = (
    "AAPL",
    "JPM",
    "MSFT",
    "NFLX",
    "NVDA",
    "ORCL",
    "SPY",
    "TGT",
    "TSLA",
    "WEBL",
    "XLE",
    "XOM",
)
THANKSGIVING = dt.date(2025, 11, 28)
quickly = settings(deadline=None, max_examples=25)


# --- answers made elsewhere -----------------------------------------------------------------------


def golden(name: str) -> pd.DataFrame:
    """An answer file, indexed by bar start; its clock is New York's."""
    frame = pd.read_csv(GOLDEN / name, dtype={"date": str, "start": str})
    starts = pd.to_datetime(frame["date"] + " " + frame["start"]).dt.tz_localize(ZONE)
    return frame.set_axis(pd.DatetimeIndex(starts).tz_convert("UTC"))


@pytest.mark.parametrize("anchor", Anchor)
def test_hours_equal_the_answer_file_of_their_anchor(anchor: Anchor) -> None:
    """A session before the clock change, one after it, and a half day.

    The answers were summed from half_hours.csv as text and whole cents.
    """
    half_hours = stamped(golden("half_hours.csv"))
    answer = golden(f"hours_{anchor}.csv")
    slots = hours_over(half_hours, anchor)
    found = fold(half_hours, slots)
    assert list(found.index) == list(answer.index)
    for column in [*PRICES, "volume", "parts"]:
        assert found[column].tolist() == answer[column].tolist(), column
    ends = [f"{new_york().local(slot.end):%H:%M}" for slot in slots]
    assert ends == answer["end"].tolist()
    assert [slot.parts for slot in slots] == answer["parts"].tolist()


def folded_by_pandas(raw: pd.DataFrame, anchor: Anchor) -> pd.DataFrame:
    """Hours by grouping the local clock; knows no calendar."""
    local = raw.index.tz_convert(ZONE)
    minutes = local.hour * 60 + local.minute
    place = minutes // 60 if anchor is Anchor.CLOCK else (minutes - 570) // 60
    groups = raw.assign(ts=raw.index).groupby([local.date, place])
    return groups.agg(
        start=("ts", "first"),
        open=("open", "first"),
        high=("high", "max"),
        low=("low", "min"),
        close=("close", "last"),
        volume=("volume", "sum"),
        parts=("ts", "size"),
    ).set_index("start")


@pytest.mark.parametrize("anchor", Anchor)
@pytest.mark.parametrize("ticker", TICKERS)
def test_hours_of_real_half_hours_equal_pandas_own(
    market_data: Path, ticker: str, anchor: Anchor
) -> None:
    raw = pd.read_parquet(market_data / "intraday_30m" / f"{ticker}.parquet").set_index("ts")
    found = fold(stamped(raw), hours_over(raw, anchor))
    expected = folded_by_pandas(raw, anchor)
    assert len(found) == len(expected) == 204 * 7 + 3 * 4
    assert list(found.index) == list(expected.index)
    for column in [*PRICES, "volume", "parts"]:
        assert found[column].tolist() == expected[column].tolist(), column


# --- folding --------------------------------------------------------------------------------------


@st.composite
def some_half_hours(draw: st.DrawFn) -> pd.DataFrame:
    """Any of the half-hours of a half day and the next session, at any prices in cents."""
    halves = [*session_halves(THANKSGIVING), *session_halves(dt.date(2025, 12, 1))]
    places = sorted(draw(st.sets(st.integers(0, len(halves) - 1))))
    frame = bars([halves[place] for place in places])
    seed = draw(st.integers(0, 2**32 - 1))
    cents = np.random.default_rng(seed).integers(1, 100_000, size=(len(places), 5))
    prices = cents[:, :4] / 100
    frame["open"], frame["close"] = prices[:, 0], prices[:, 1]
    frame["high"], frame["low"] = prices.max(axis=1), prices.min(axis=1)
    frame["volume"] = cents[:, 4].astype(np.float64)
    return frame


@quickly
@given(some_half_hours(), st.sampled_from(Anchor))
def test_hours_keep_the_high_low_and_volume_of_their_halves(
    halves: pd.DataFrame, anchor: Anchor
) -> None:
    slots = [*session_hours(THANKSGIVING, anchor), *session_hours(dt.date(2025, 12, 1), anchor)]
    hours = fold(halves, slots)
    assert hours["volume"].sum() == halves["volume"].sum()
    assert hours["parts"].sum() == len(halves)
    for slot in slots:
        inside = halves[(halves.index >= slot.start) & (halves.index < slot.end)]
        assert (slot.start in hours.index) == (not inside.empty)
        if inside.empty:
            continue
        hour = hours.loc[slot.start]
        assert hour["open"] == inside["open"].iloc[0]
        assert hour["high"] == inside["high"].max()
        assert hour["low"] == inside["low"].min()
        assert hour["close"] == inside["close"].iloc[-1]
        assert hour["volume"] == inside["volume"].sum()
        assert hour["fetched_at"] == inside["fetched_at"].max()
        assert hour["parts"] == len(inside)


def test_folded_hours_without_their_parts_keep_the_schema() -> None:
    hours = fold(bars(session_halves()), session_hours())
    frame = hours[COLUMNS]
    assert checked(frame, "a fold") is frame


def test_half_hours_outside_every_slot_are_left_out() -> None:
    halves = bars(session_halves())
    before_market = halves.iloc[[0]].set_axis(halves.index[[0]] - pd.Timedelta("30min"))
    found = fold(pd.concat([before_market, halves]), session_hours()[:2])
    assert found["parts"].tolist() == [1, 2]
    assert found["volume"].tolist() == [1000.0, 2000.0]


@pytest.mark.parametrize("case", ["no bars", "no slots", "bars of another day"])
def test_a_fold_of_nothing_is_a_frame_of_the_same_kind(case: str) -> None:
    halves = empty_bars() if case == "no bars" else bars(session_halves())
    date = dt.date(2026, 1, 29) if case == "bars of another day" else dt.date(2026, 1, 28)
    found = fold(halves, () if case == "no slots" else session_hours(date))
    assert found.empty
    assert list(found.columns) == [*COLUMNS, "parts"]
    assert str(found.index.dtype) == str(found["fetched_at"].dtype) == INSTANT
