"""When the exchange is open in the days that are played, written down by hand.

Nothing of it comes from the calendars that sellkit uses: it is what those are held against.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
HOLIDAYS = (dt.date(2025, 11, 27),)  # Thanksgiving; on Veterans Day, 11 November, there is trading
HALF_DAYS = (dt.date(2025, 11, 28),)
CLOCK_CHANGE = dt.date(2025, 11, 2)
SATURDAY = 5

OPENS = dt.time(9, 30)
CLOSES, CLOSES_EARLY = dt.time(16), dt.time(13)
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)


def local(date: dt.date, time: dt.time) -> dt.datetime:
    """A time of day in New York, as aware UTC."""
    return dt.datetime.combine(date, time, NEW_YORK).astimezone(dt.UTC)


@dataclass(frozen=True, slots=True)
class Session:
    """A session of the exchange; its bounds are aware UTC."""

    date: dt.date
    opens: dt.datetime
    closes: dt.datetime

    @property
    def ends(self) -> tuple[dt.datetime, ...]:
        """Each full hour within it, and its close: when an hourly bar ends."""
        first = self.opens + HOUR / 2
        return tuple(first + HOUR * n for n in range(int((self.closes - first) / HOUR) + 1))


def session_on(date: dt.date) -> Session | None:
    """The session of a date, or None: a weekend, a holiday."""
    if date.weekday() >= SATURDAY or date in HOLIDAYS:
        return None
    closes = CLOSES_EARLY if date in HALF_DAYS else CLOSES
    return Session(date, local(date, OPENS), local(date, closes))


def sessions_between(since: dt.datetime, until: dt.datetime) -> Iterator[Session]:
    """Every session of the dates between two moments, both dates included."""
    date, last = (each.astimezone(NEW_YORK).date() for each in (since, until))
    while date <= last:
        session = session_on(date)
        if session is not None:
            yield session
        date += DAY


def session_at(now: dt.datetime) -> Session | None:
    """The session that a moment lies in, which lasts until what came of its close was seen to."""
    session = session_on(now.astimezone(NEW_YORK).date())
    if session is None or not session.opens <= now <= session.closes + 5 * MINUTE:
        return None
    return session
