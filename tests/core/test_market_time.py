"""Sessions lie where the exchanges put them: holidays, half days and clock changes included."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest

from sellkit.core.market_time import (
    UTC,
    Calendar,
    calendar_for,
    has_calendar,
    open_stretches,
    zone_named,
)
from sellkit.errors import NoCalendar
from tests.build import DAY, new_york, utc


def bounds(calendar: Calendar, date: str) -> tuple[str, str]:
    session = calendar.on(dt.date.fromisoformat(date))
    assert session is not None
    return f"{session.open_utc:%m-%d %H:%M}", f"{session.close_utc:%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("date", "opens", "closes"),
    [
        ("2026-01-28", "01-28 14:30", "01-28 21:00"),
        ("2025-10-31", "10-31 13:30", "10-31 20:00"),
        ("2025-11-03", "11-03 14:30", "11-03 21:00"),
        ("2026-03-06", "03-06 14:30", "03-06 21:00"),
        ("2026-03-09", "03-09 13:30", "03-09 20:00"),
        ("2025-07-03", "07-03 13:30", "07-03 17:00"),
        ("2025-11-28", "11-28 14:30", "11-28 18:00"),
        ("2025-12-24", "12-24 14:30", "12-24 18:00"),
    ],
)
def test_new_york_opens_and_closes_by_its_own_clock(date: str, opens: str, closes: str) -> None:
    assert bounds(new_york(), date) == (opens, closes)


@pytest.mark.parametrize(
    "date", ["2025-11-27", "2025-12-25", "2026-01-01", "2026-01-19", "2026-01-31", "2026-02-01"]
)
def test_holidays_and_weekends_have_no_session(date: str) -> None:
    assert new_york().on(dt.date.fromisoformat(date)) is None


@pytest.mark.parametrize(
    ("date", "opens", "closes"),
    [
        ("2025-11-26", "11-26 09:00", "11-27 01:00"),
        ("2025-11-28", "11-28 09:00", "11-28 22:00"),
        ("2025-10-31", "10-31 08:00", "11-01 00:00"),
        ("2025-07-03", "07-03 08:00", "07-03 21:00"),
    ],
)
def test_extended_hours_run_from_four_to_eight_and_on_half_days_to_five(
    date: str, opens: str, closes: str
) -> None:
    assert bounds(calendar_for("NYSE", extended=True), date) == (opens, closes)


def test_an_exchange_without_extended_hours_keeps_its_regular_ones() -> None:
    assert calendar_for("LSE", extended=True).sessions == calendar_for("LSE").sessions


@pytest.mark.parametrize(
    ("date", "opens", "closes"),
    [
        ("2025-10-24", "10-24 07:00", "10-24 15:30"),
        ("2025-10-27", "10-27 08:00", "10-27 16:30"),
        ("2025-12-24", "12-24 08:00", "12-24 12:30"),
    ],
)
def test_london_changes_its_clock_a_week_before_new_york(
    date: str, opens: str, closes: str
) -> None:
    assert bounds(calendar_for("LSE"), date) == (opens, closes)


def test_a_session_bears_the_exchanges_date_where_it_opens_the_evening_before() -> None:
    assert bounds(calendar_for("ASX"), "2026-01-28") == ("01-27 23:00", "01-28 05:00")


@pytest.mark.parametrize("exchange", ["NASDAQ", "LSE", "ASX"])
def test_sessions_are_in_order_and_never_overlap(exchange: str) -> None:
    sessions = calendar_for(exchange).sessions
    assert all(each.open_utc < each.close_utc for each in sessions)
    assert all(one.close_utc < other.open_utc for one, other in pairwise(sessions))
    assert all(each.open_utc.tzinfo is UTC for each in sessions)


def test_the_opening_belongs_to_a_session_and_the_close_does_not() -> None:
    calendar, instant = new_york(), dt.timedelta(microseconds=1)
    session = calendar.on(DAY)
    assert session is not None
    assert calendar.at(session.open_utc) == session
    assert calendar.at(session.open_utc - instant) is None
    assert calendar.at(session.close_utc - instant) == session
    assert calendar.at(session.close_utc) is None


def test_a_range_of_dates_holds_both_its_ends() -> None:
    week = new_york().between(dt.date(2025, 11, 24), dt.date(2025, 11, 28))
    assert [session.date.day for session in week] == [24, 25, 26, 28]


def test_a_weekend_lies_between_the_sessions_around_it() -> None:
    calendar, saturday = new_york(), utc("2026-01-31 12:00")
    assert calendar.latest_opened(saturday).date == dt.date(2026, 1, 30)
    assert calendar.latest_closed(saturday).date == dt.date(2026, 1, 30)
    assert calendar.next_to_open(saturday).date == dt.date(2026, 2, 2)
    assert calendar.at(saturday) is None


def test_an_open_session_is_opened_but_not_closed() -> None:
    calendar, noon = new_york(), utc("2026-01-28 17:00")
    assert calendar.latest_opened(noon).date == dt.date(2026, 1, 28)
    assert calendar.latest_closed(noon).date == dt.date(2026, 1, 27)
    assert calendar.next_to_open(noon).date == dt.date(2026, 1, 29)


def test_a_session_is_closed_from_the_instant_of_its_close() -> None:
    close = utc("2026-01-28 21:00")
    assert new_york().latest_closed(close).date == dt.date(2026, 1, 28)


def test_the_session_before_a_monday_is_the_fridays() -> None:
    monday = new_york().on(dt.date(2026, 2, 2))
    assert monday is not None
    friday = new_york().previous(monday)
    assert friday is not None
    assert friday.date == dt.date(2026, 1, 30)


def test_nothing_comes_before_the_first_session() -> None:
    assert new_york().previous(new_york().sessions[0]) is None


@pytest.mark.parametrize("date", [dt.date(1999, 12, 31), dt.date(2199, 1, 2)])
def test_a_date_beyond_the_calendar_is_refused_with_the_range_that_is_known(date: dt.date) -> None:
    with pytest.raises(NoCalendar, match=rf"{date} lies outside .* XNYS \(2000-01-03 to "):
        new_york().on(date)


@pytest.mark.parametrize("year", [1999, 2199])
def test_an_instant_beyond_the_calendar_is_refused(year: int) -> None:
    instant = dt.datetime(year, 6, 1, tzinfo=UTC)
    for question in (new_york().at, new_york().latest_closed, new_york().next_to_open):
        with pytest.raises(NoCalendar, match=f"{year}-06-01"):
            question(instant)


@pytest.mark.parametrize("exchange", ["SEHK", "SMART", "nasdaq", ""])
def test_an_exchange_without_a_known_calendar_is_refused_by_name(exchange: str) -> None:
    with pytest.raises(NoCalendar, match=f"{exchange!r}"):
        calendar_for(exchange)


def test_a_zone_is_found_by_its_name_in_the_tz_database() -> None:
    noon = utc("2026-01-28 12:00").astimezone(zone_named("US/Eastern"))
    assert noon.hour == 7


@pytest.mark.parametrize("name", ["EST5", "Mars/Olympus", "", "../etc"])
def test_a_zone_that_does_not_exist_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(NoCalendar, match="America/New_York"):
        zone_named(name)


@pytest.mark.parametrize(
    ("date", "stretches"),
    [
        ("2025-12-23", ["01:30-04:00", "05:00-08:00"]),
        ("2025-12-24", ["01:30-04:00"]),
        ("2025-12-25", []),
    ],
)
def test_a_lunch_break_parts_a_day_and_a_half_day_has_none(date: str, stretches: list[str]) -> None:
    hong_kong = open_stretches("SEHK")
    assert hong_kong is not None
    day = dt.date.fromisoformat(date)
    told = [f"{s.open_utc:%H:%M}-{s.close_utc:%H:%M}" for s in hong_kong.between(day, day)]
    assert told == stretches


def test_hours_that_are_only_told_make_no_calendar() -> None:
    assert not has_calendar("SEHK")
    assert open_stretches("NYSE") is calendar_for("NYSE")
    assert open_stretches("NOWHERE") is None
