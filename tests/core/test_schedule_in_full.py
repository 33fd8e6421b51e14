"""What is due next, at every hour from 2024 to the end of the calendar, against lists made apart.

New York's list knows the exchange's rules of holidays and half days, and nothing of any calendar.
That of several exchanges is read off the minutes in which they trade.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Iterable, Iterator
from functools import cache
from zoneinfo import ZoneInfo

import exchange_calendars
import pandas as pd
import pytest

from sellkit.core.bars import Anchor
from sellkit.core.market_time import calendar_for
from sellkit.core.schedule import HOURLY, SlotKind, Timetable, dues_until, next_due
from sellkit.errors import NoCalendar
from tests.build import new_york

NEW_YORK = ZoneInfo("America/New_York")
FIRST = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
MOURNING = {dt.date(2025, 1, 9)}
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
TICK = dt.timedelta(microseconds=1)

MON, THU, SAT, SUN = 0, 3, 5, 6


# --- the rules of the New York Stock Exchange -----------------------------------------------------


def nth(year: int, month: int, weekday: int, number: int) -> dt.date:
    """The first, second ... of a weekday in a month; -1 is the last."""
    days = pd.date_range(f"{year}-{month:02}-01", periods=31)
    found = [each.date() for each in days if (each.month, each.weekday()) == (month, weekday)]
    return found[number - 1 if number > 0 else number]


def easter(year: int) -> dt.date:
    """By Gauss's rule as it holds from 1900 to 2099."""
    moon = (19 * (year % 19) + 24) % 30
    sunday = (2 * (year % 4) + 4 * (year % 7) + 6 * moon + 5) % 7
    offset = moon + sunday
    if offset == 35 or (moon == 28 and sunday == 6 and year % 19 > 10):
        offset -= 7
    return dt.date(year, 3, 22) + offset * DAY


def observed(date: dt.date) -> dt.date:
    """A holiday on a Saturday is kept on Friday, and on a Sunday on Monday."""
    return date + {SAT: -DAY, SUN: DAY}.get(date.weekday(), 0 * DAY)


@cache
def holidays(year: int) -> set[dt.date]:
    new_year = dt.date(year, 1, 1)
    return {
        # On a Saturday it is not kept on the Friday, the last trading day of the year.
        *({new_year} if new_year.weekday() == SAT else {observed(new_year)}),
        nth(year, 1, MON, 3),
        nth(year, 2, MON, 3),
        easter(year) - 2 * DAY,
        nth(year, 5, MON, -1),
        observed(dt.date(year, 6, 19)),
        observed(dt.date(year, 7, 4)),
        nth(year, 9, MON, 1),
        nth(year, 11, THU, 4),
        observed(dt.date(year, 12, 25)),
    }


@cache
def half_days(year: int) -> set[dt.date]:
    """The day after Thanksgiving, and the eves of Independence Day and Christmas."""
    eves = {dt.date(year, 7, 3), dt.date(year, 12, 24)}
    return ({nth(year, 11, THU, 4) + DAY} | eves) - holidays(year)


def sessions(last: dt.date) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Opening and close of each, on New York's clock."""
    date = FIRST.date()
    while date <= last:
        if date.weekday() < SAT and date not in holidays(date.year) | MOURNING:
            close = dt.time(13) if date in half_days(date.year) else dt.time(16)
            opening = dt.datetime.combine(date, dt.time(9, 30), NEW_YORK)
            yield opening, dt.datetime.combine(date, close, NEW_YORK)
        date += DAY


def by_the_rules(anchor: Anchor, early: dt.timedelta, with_openings: bool) -> list[dt.datetime]:
    """Every moment at which New York has something due."""
    found: set[dt.datetime] = set()
    for opening, close in sessions(new_york().last_date):
        end = opening if anchor is Anchor.SESSION else opening.replace(minute=0)
        while (end := end + HOUR) < close:
            found.add(end.astimezone(dt.UTC))
        found.add(close.astimezone(dt.UTC) - early)
        if with_openings:
            found.add(opening.astimezone(dt.UTC))
    return sorted(found)


def every_hour(last: dt.datetime) -> Iterator[dt.datetime]:
    now = FIRST
    while now < last:
        yield now
        now += HOUR


def check(
    timetable: Timetable, expected: list[dt.datetime], moments: Iterable[dt.datetime]
) -> None:
    wrong = []
    for now in moments:
        due = next_due(timetable, now).at
        if due != expected[bisect.bisect_right(expected, now)]:
            wrong.append((now, due))
    assert wrong == []


def before_the_end(expected: list[dt.datetime]) -> dt.datetime:
    """Within its last session a calendar cannot say what comes after it."""
    return expected[-1] - 5 * DAY


@pytest.mark.parametrize(
    ("anchor", "early", "with_openings"),
    [(Anchor.CLOCK, 0, True), (Anchor.SESSION, 0, False), (Anchor.CLOCK, 5, False)],
)
def test_new_yorks_next_slot_is_that_of_the_rules_at_every_hour(
    anchor: Anchor, early: int, with_openings: bool
) -> None:
    before = dt.timedelta(minutes=early)
    expected = by_the_rules(anchor, before, with_openings)
    openings = {each.open_utc for each in new_york().sessions} if with_openings else set()
    timetable = Timetable((new_york(),), anchor, before, openings)
    check(timetable, expected, every_hour(before_the_end(expected)))


def test_a_slot_is_due_up_to_its_moment_and_not_at_it() -> None:
    expected = by_the_rules(Anchor.CLOCK, dt.timedelta(), with_openings=False)
    known = [each for each in expected if each < before_the_end(expected)]
    moments = (due + tick for due in known for tick in (-TICK, dt.timedelta(), TICK))
    check(Timetable((new_york(),)), expected, moments)


def test_read_in_one_row_the_slots_are_the_same_and_each_close_is_told_as_one() -> None:
    expected = by_the_rules(Anchor.CLOCK, dt.timedelta(), with_openings=False)
    until = before_the_end(expected)
    found = dues_until(Timetable((new_york(),)), HOURLY, FIRST, until)
    assert [each.at for each in found] == [each for each in expected if each <= until]
    closes = {close.astimezone(dt.UTC) for _, close in sessions(until.date())}
    told = {each.at for each in found if each.kind is SlotKind.CLOSE}
    assert told == {each for each in closes if each <= until}


# --- other exchanges, by the minutes in which they trade ------------------------------------------


def by_the_minutes(market: str) -> set[dt.datetime]:
    """The full hours within and at the end of each stretch of minutes, and its end."""
    source = exchange_calendars.get_calendar(market, start="2024-01-01")
    minutes = source.minutes
    is_last = pd.Series(minutes).diff(-1).ne(-pd.Timedelta(minutes=1)).to_numpy()
    ends = minutes + pd.Timedelta(minutes=1)
    chosen = ends[(ends.tz_convert(source.tz).minute == 0) | is_last]
    return {each.to_pydatetime().astimezone(dt.UTC) for each in chosen}


def test_the_slots_of_several_exchanges_are_those_of_their_minutes_at_every_hour() -> None:
    """Three continents change their clocks on four days of the year."""
    expected = sorted(by_the_minutes("XNYS") | by_the_minutes("XLON") | by_the_minutes("XASX"))
    calendars = tuple(calendar_for(each) for each in ("NASDAQ", "LSE", "ASX"))
    check(Timetable(calendars), expected, every_hour(before_the_end(expected)))


def test_beyond_the_end_of_the_calendar_it_says_so_loudly() -> None:
    last = new_york().sessions[-1]
    with pytest.raises(NoCalendar, match="bring exchange_calendars up to date"):
        next_due(Timetable((new_york(),)), last.close_utc)
