"""The grid that bars lie on, the schema of a bar frame, and merging."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core.bars import (
    COLUMNS,
    INSTANT,
    Anchor,
    BarSize,
    Slot,
    checked,
    empty_bars,
    merge,
    session_slots,
    slots_until,
)
from sellkit.core.market_time import Calendar, calendar_for
from sellkit.errors import InvalidBars, NoCalendar
from tests.build import DAY, bars, new_york, session_halves, session_hours, utc

HALF_DAY = dt.date(2025, 11, 28)
quickly = settings(deadline=None, max_examples=40)
calendars = st.sampled_from(["NASDAQ", "LSE", "ASX"]).map(calendar_for)


def local(slots: tuple[Slot, ...] | list[Slot], calendar: Calendar) -> str:
    """Starts and the last end on the exchange's clock: `09:30 10:00 ... 16:00`."""
    marks = [slot.start for slot in slots] + [slots[-1].end]
    return " ".join(f"{calendar.local(mark):%H:%M}" for mark in marks)


def slots_of(
    exchange: str, date: dt.date, anchor: Anchor, *, extended: bool = False
) -> tuple[Slot, ...]:
    calendar = calendar_for(exchange, extended=extended)
    session = calendar.on(date)
    assert session is not None
    return session_slots(session, BarSize.H1, calendar, anchor)


# --- slots ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "anchor", "marks", "parts"),
    [
        (DAY, Anchor.CLOCK, "09:30 10:00 11:00 12:00 13:00 14:00 15:00 16:00", "1222222"),
        (DAY, Anchor.SESSION, "09:30 10:30 11:30 12:30 13:30 14:30 15:30 16:00", "2222221"),
        (HALF_DAY, Anchor.CLOCK, "09:30 10:00 11:00 12:00 13:00", "1222"),
        (HALF_DAY, Anchor.SESSION, "09:30 10:30 11:30 12:30 13:00", "2221"),
    ],
)
def test_hours_of_new_york_lie_on_the_chosen_anchor(
    date: dt.date, anchor: Anchor, marks: str, parts: str
) -> None:
    slots = session_hours(date, anchor)
    assert local(slots, new_york()) == marks
    assert "".join(str(slot.parts) for slot in slots) == parts


@pytest.mark.parametrize(
    ("exchange", "marks", "parts"),
    [
        ("LSE", "08:00 09:00 10:00 11:00 12:00 13:00 14:00 15:00 16:00 16:30", "222222221"),
        ("ASX", "10:00 11:00 12:00 13:00 14:00 15:00 16:00", "222222"),
    ],
)
def test_hours_of_other_exchanges_lie_on_their_own_clock(
    exchange: str, marks: str, parts: str
) -> None:
    slots = slots_of(exchange, DAY, Anchor.CLOCK)
    assert local(slots, calendar_for(exchange)) == marks
    assert "".join(str(slot.parts) for slot in slots) == parts


def test_extended_hours_are_sixteen_whole_ones() -> None:
    slots = slots_of("NYSE", DAY, Anchor.CLOCK, extended=True)
    calendar = calendar_for("NYSE", extended=True)
    assert [calendar.local(slot.start).hour for slot in slots] == list(range(4, 20))
    assert {slot.parts for slot in slots} == {2}


@pytest.mark.parametrize("date", [dt.date(2025, 10, 31), dt.date(2025, 11, 3)])
def test_hours_keep_their_local_time_over_a_clock_change(date: dt.date) -> None:
    assert local(session_hours(date), new_york()) == local(session_hours(), new_york())


def test_a_half_hour_is_the_same_place_on_either_anchor() -> None:
    session = new_york().on(DAY)
    assert session is not None
    assert session_slots(session, BarSize.M30, new_york(), Anchor.SESSION) == session_halves()


@pytest.mark.parametrize(("date", "count"), [(DAY, 13), (HALF_DAY, 7)])
def test_a_session_holds_thirteen_half_hours_and_a_half_day_seven(
    date: dt.date, count: int
) -> None:
    assert len(session_halves(date)) == count


def test_a_daily_bar_starts_at_its_label_and_ends_with_its_session() -> None:
    session = new_york().on(DAY)
    assert session is not None
    (slot,) = session_slots(session, BarSize.D1, new_york())
    assert (slot.start, slot.end) == (utc("2026-01-28 00:00"), utc("2026-01-28 21:00"))
    assert slot.is_last


def test_only_the_slot_that_ends_with_its_session_is_the_last() -> None:
    assert [slot.is_last for slot in session_hours()] == [False] * 6 + [True]


@quickly
@given(
    calendar=calendars,
    place=st.integers(0, 6000),
    size=st.sampled_from([BarSize.M30, BarSize.H1]),
    anchor=st.sampled_from(Anchor),
)
def test_slots_tile_their_session_without_gap_or_overlap(
    calendar: Calendar, place: int, size: BarSize, anchor: Anchor
) -> None:
    session = calendar.sessions[place]
    slots = session_slots(session, size, calendar, anchor)
    assert slots[0].start == session.open_utc
    assert slots[-1].end == session.close_utc
    assert all(one.end == other.start for one, other in pairwise(slots))
    halves = session_slots(session, BarSize.M30, calendar)
    for slot in slots:
        assert slot.parts == sum(slot.start <= half.start < slot.end for half in halves)


# --- slots until an instant -------------------------------------------------------------------------


def ends(slots: list[Slot]) -> list[str]:
    return [f"{slot.end:%m-%d %H:%M}" for slot in slots]


def test_a_slot_has_ended_from_the_instant_of_its_end() -> None:
    end, instant = utc("2026-01-28 20:00"), dt.timedelta(microseconds=1)
    assert slots_until(end, BarSize.H1, new_york(), count=1)[-1].end == end
    before = slots_until(end - instant, BarSize.H1, new_york(), count=1)
    assert ends(before) == ["01-28 19:00"]


def test_the_last_slots_reach_back_over_a_half_day_and_a_holiday() -> None:
    found = slots_until(utc("2025-12-01 15:05"), BarSize.H1, new_york(), count=6)
    assert ends(found) == [
        "11-26 21:00",
        "11-28 15:00",
        "11-28 16:00",
        "11-28 17:00",
        "11-28 18:00",
        "12-01 15:00",
    ]


def test_the_last_slots_reach_back_over_a_clock_change() -> None:
    found = slots_until(utc("2025-11-03 15:00"), BarSize.H1, new_york(), count=3)
    assert ends(found) == ["10-31 19:00", "10-31 20:00", "11-03 15:00"]


def test_a_day_has_ended_only_with_its_session() -> None:
    before = slots_until(utc("2026-01-28 20:59"), BarSize.D1, new_york(), count=1)
    after = slots_until(utc("2026-01-28 21:00"), BarSize.D1, new_york(), count=1)
    assert (before[0].session.date.day, after[0].session.date.day) == (27, 28)


@quickly
@given(
    now=st.datetimes(dt.datetime(2025, 10, 27), dt.datetime(2025, 12, 5), timezones=st.just(dt.UTC)),
    back=st.integers(0, 20),
    size=st.sampled_from(BarSize),
    anchor=st.sampled_from(Anchor),
)
def test_slots_until_now_are_all_that_have_ended_since_a_time_or_the_last_few(
    now: dt.datetime, back: int, size: BarSize, anchor: Anchor
) -> None:
    since = now - dt.timedelta(days=back)
    calendar = new_york()
    ended = [
        slot
        for session in calendar.between(dt.date(2025, 9, 1), dt.date(2025, 12, 31))
        for slot in session_slots(session, size, calendar, anchor)
        if slot.end <= now
    ]
    found = slots_until(now, size, calendar, anchor=anchor, since=since)
    assert found == [slot for slot in ended if slot.start >= since]
    assert slots_until(now, size, calendar, anchor=anchor, count=5) == ended[-5:]


@pytest.mark.parametrize("year", [1999, 2199])
def test_slots_beyond_the_calendar_are_refused(year: int) -> None:
    with pytest.raises(NoCalendar):
        slots_until(dt.datetime(year, 6, 1, tzinfo=dt.UTC), BarSize.H1, new_york(), count=1)


# --- the schema -------------------------------------------------------------------------------------


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


# --- merging ----------------------------------------------------------------------------------------


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
