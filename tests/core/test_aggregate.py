"""Hours are the exact fold of their half-hours, and only whole, final bars are completed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core.aggregate import completed, fold
from sellkit.core.bars import (
    COLUMNS,
    INSTANT,
    PRICES,
    Anchor,
    BarSize,
    Slot,
    checked,
    empty_bars,
    session_slots,
    slots_until,
)
from tests.build import NOW, SECOND, bars, new_york, session_halves, session_hours, utc

GOLDEN = Path(__file__).parents[1] / "golden"
ZONE = "America/New_York"
TICKERS = "AAPL JPM MSFT NFLX NVDA ORCL SPY TGT TSLA WEBL XLE XOM".split()
THANKSGIVING = dt.date(2025, 11, 28)
quickly = settings(deadline=None, max_examples=40)


def hours_of(frame: pd.DataFrame, anchor: Anchor) -> list[Slot]:
    """The hourly slots of every session that a frame has bars in."""
    dates = sorted({start.date() for start in frame.index.tz_convert(ZONE)})
    calendar = new_york()
    return [
        slot
        for session in calendar.between(dates[0], dates[-1])
        if session.date in dates
        for slot in session_slots(session, BarSize.H1, calendar, anchor)
    ]


def stamped(frame: pd.DataFrame) -> pd.DataFrame:
    """Half-hours as a bar frame, each told a second after its end."""
    index = pd.DatetimeIndex(frame.index, name="start").as_unit("us")
    frame = frame.set_axis(index)[[*PRICES, "volume"]].astype(np.float64)
    frame["fetched_at"] = index + pd.Timedelta("30min 1s")
    return checked(frame, "the test")


# --- answers made elsewhere -------------------------------------------------------------------------


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
    slots = hours_of(half_hours, anchor)
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
    found = fold(stamped(raw), hours_of(raw, anchor))
    expected = folded_by_pandas(raw, anchor)
    assert len(found) == len(expected) == 204 * 7 + 3 * 4
    assert list(found.index) == list(expected.index)
    for column in [*PRICES, "volume", "parts"]:
        assert found[column].tolist() == expected[column].tolist(), column


# --- folding ----------------------------------------------------------------------------------------


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


# --- completed bars ---------------------------------------------------------------------------------


def until_now(count: int = 20) -> list[Slot]:
    return slots_until(NOW, BarSize.H1, new_york(), count=count)


def halves_of(slots: list[Slot]) -> pd.DataFrame:
    dates = sorted({slot.session.date for slot in slots})
    return bars([half for date in dates for half in session_halves(date)])


def test_an_unbroken_run_is_kept_whole() -> None:
    slots = until_now()
    found = completed(bars(slots), slots)
    assert found.problem is None
    assert found.due == slots[-1]
    assert found.frame["close"].tolist() == bars(slots)["close"].tolist()
    assert checked(found.frame, "the run") is found.frame


def test_the_bar_that_is_still_forming_never_counts() -> None:
    slots = until_now()
    halves = halves_of(slots)
    assert halves.index[-1] > slots[-1].end
    found = completed(fold(halves, [*slots, session_hours()[6]]), slots)
    assert found.frame.index[-1] == slots[-1].start


def test_a_missing_last_bar_leaves_nothing_to_decide_on() -> None:
    slots = until_now()
    found = completed(bars(slots[:-1]), slots)
    assert found.due == slots[-1]
    assert found.frame.empty
    assert found.problem == "the bar 2026-01-28 19:00 to 20:00 UTC is missing"


def test_a_last_hour_that_lacks_a_half_hour_leaves_nothing_to_decide_on() -> None:
    slots = until_now()
    halves = halves_of(slots).drop(pd.Timestamp("2026-01-28 19:30", tz="UTC"))
    found = completed(fold(halves, slots), slots)
    assert found.frame.empty
    assert found.problem == (
        "the bar 2026-01-28 19:00 to 20:00 UTC is incomplete: 1 of 2 half-hours"
    )


def test_a_last_bar_fetched_before_its_end_leaves_nothing_to_decide_on() -> None:
    slots = until_now()
    frame = bars(slots)
    frame.loc[frame.index[-1], "fetched_at"] = slots[-1].end - SECOND
    found = completed(frame, slots)
    assert found.frame.empty
    assert found.problem == (
        "the bar 2026-01-28 19:00 to 20:00 UTC was fetched before its end"
    )


def test_a_half_hour_fetched_before_its_end_spoils_its_hour() -> None:
    slots = until_now()
    halves = halves_of(slots)
    halves.loc["2026-01-28 19:30", "fetched_at"] = pd.Timestamp("2026-01-28 19:59", tz="UTC")
    assert completed(fold(halves, slots), slots).problem is not None


def test_a_bar_fetched_at_the_instant_of_its_end_is_final() -> None:
    slots = until_now()
    assert completed(bars(slots, late=0 * SECOND), slots).problem is None


@pytest.mark.parametrize("place", [0, 7, 18])
def test_history_counts_from_the_last_hole(place: int) -> None:
    slots = until_now()
    found = completed(bars([*slots[:place], *slots[place + 1 :]]), slots)
    assert found.problem is None
    assert list(found.frame.index) == [slot.start for slot in slots[place + 1 :]]


def test_an_hour_that_lacks_a_half_hour_is_a_hole() -> None:
    slots = until_now()
    halves = halves_of(slots).drop(pd.Timestamp("2026-01-28 15:00", tz="UTC"))
    found = completed(fold(halves, slots), slots)
    assert found.frame.index[0] == utc("2026-01-28 16:00")


def test_a_bar_fetched_before_its_end_is_a_hole() -> None:
    slots = until_now()
    frame = bars(slots)
    frame.loc[frame.index[4], "fetched_at"] = slots[4].end - SECOND
    assert completed(frame, slots).frame.index[0] == slots[5].start


@pytest.mark.parametrize("anchor", Anchor)
def test_the_stub_and_the_hours_of_a_half_day_are_whole(anchor: Anchor) -> None:
    slots = list(session_hours(THANKSGIVING, anchor))
    found = completed(fold(bars(session_halves(THANKSGIVING)), slots), slots)
    assert found.problem is None
    assert len(found.frame) == 4


def test_the_stub_without_its_only_half_hour_is_missing() -> None:
    slots = list(session_hours()[:1])
    found = completed(fold(bars(session_halves()[1:]), slots), slots)
    assert found.problem == "the bar 2026-01-28 14:30 to 15:00 UTC is missing"


def test_a_calendar_without_an_ended_bar_decides_nothing() -> None:
    found = completed(bars(session_hours()), [])
    assert found.due is None
    assert found.frame.empty
    assert found.problem


@quickly
@given(st.sets(st.integers(0, 129)), st.sets(st.integers(0, 129)))
def test_the_run_is_what_an_hour_by_hour_walk_finds(absent: set[int], early: set[int]) -> None:
    slots = slots_until(utc("2025-12-02 21:00"), BarSize.H1, new_york(), count=70)
    halves = halves_of(slots)
    early_starts = {halves.index[place] for place in early if place < len(halves)}
    halves.loc[sorted(early_starts), "fetched_at"] = pd.Timestamp("2025-01-01", tz="UTC")
    halves = halves.drop([halves.index[place] for place in absent if place < len(halves)])
    run: list[dt.datetime] = []
    for slot in slots:
        inside = halves[(halves.index >= slot.start) & (halves.index < slot.end)]
        is_good = len(inside) == slot.parts and inside["fetched_at"].max() >= slot.end
        run = [*run, slot.start] if is_good else []
    found = completed(fold(halves, slots), slots)
    assert list(found.frame.index) == run
    assert (found.problem is None) == bool(run)


def test_history_of_a_thin_real_series_begins_after_its_last_hole(market_data: Path) -> None:
    raw = pd.read_parquet(market_data / "intraday_30m_thin" / "CRSP.parquet").set_index("ts")
    slots = [slot for slot in hours_of(raw, Anchor.CLOCK) if slot.end <= utc("2025-11-14 21:00")]
    found = completed(fold(stamped(raw), slots), slots)
    local = raw.index.tz_convert(ZONE)
    on_the_day = set(local[local.date == dt.date(2025, 10, 27)].strftime("%H:%M"))
    every = set(pd.date_range("09:30", "15:30", freq="30min").strftime("%H:%M"))
    (hole,) = every - on_the_day
    first = found.frame.index[0].tz_convert(ZONE)
    assert (first.date(), first.hour) == (dt.date(2025, 10, 27), int(hole[:2]) + 1)
    assert len(found.frame) == len([slot for slot in slots if slot.start >= found.frame.index[0]])
