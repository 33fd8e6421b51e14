"""The grid that bars lie on: slots of a session, and those that have ended."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core.bars import (
    Anchor,
    BarSize,
    Slot,
    session_slots,
    slots_until,
)
from sellkit.core.market_time import Calendar, calendar_for
from sellkit.errors import NoCalendar
from tests.build import DAY, new_york, session_halves, session_hours, utc

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


# --- slots ----------------------------------------------------------------------------------------


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


# --- slots until an instant -----------------------------------------------------------------------


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
    later=st.timedeltas(dt.timedelta(0), dt.timedelta(days=39)),
    back=st.integers(0, 20),
    size=st.sampled_from(BarSize),
    anchor=st.sampled_from(Anchor),
)
def test_slots_until_now_are_all_that_have_ended_since_a_time_or_the_last_few(
    later: dt.timedelta, back: int, size: BarSize, anchor: Anchor
) -> None:
    now = utc("2025-10-27 00:00") + later
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
