"""When an exchange is open, as clients are told: in contract details, and as a schedule."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final, NamedTuple

from sellkit.simgateway.durations import Duration, window

if TYPE_CHECKING:
    from sellkit.core.market_time import Calendar, Session
    from sellkit.simgateway.timetable import Hours, Timetable

_DAYS_TOLD: Final = 6


class Sessions(NamedTuple):
    """Sessions in order of time, and the zone of their exchange's clock."""

    zone: dt.tzinfo
    zone_name: str
    sessions: tuple[Session, ...]


def hours_text(hours: Hours, now: dt.datetime) -> tuple[str, str]:
    """When an exchange trades, and its regular hours, from today on for six days.

    Returns
    -------
    tuple of str
        As contract details carry them, on the exchange's clock:
        `20200102:0400-20200102:2000;20200103:CLOSED`.
    """
    today = hours.regular.calendar.local(now).date()
    dates = [today + dt.timedelta(days=number) for number in range(_DAYS_TOLD)]
    trading, liquid = (
        ";".join(_hours_on(date, table.calendar) for date in dates)
        for table in (hours.extended, hours.regular)
    )
    return trading, liquid


def sessions_back(
    table: Timetable, duration: Duration, until: dt.datetime, listed: dt.date | None
) -> Sessions:
    """The sessions of a duration back from a day of the exchange's clock, that day included.

    Days count sessions, whether or not they have begun; none lies before the day of listing.
    """
    calendar = table.calendar
    midnight = dt.datetime.combine(calendar.local(until).date(), dt.time(), calendar.zone)
    asked = window(duration, table, (midnight + dt.timedelta(days=1)).timestamp()).sessions
    first = max(asked.start, table.first_on(listed))
    found = calendar.sessions[first : max(first, asked.stop)]
    return Sessions(calendar.zone, calendar.zone.key, tuple(found))


def _hours_on(date: dt.date, calendar: Calendar) -> str:
    session = calendar.on(date) if date <= calendar.last_date else None
    if session is None:
        return f"{date:%Y%m%d}:CLOSED"
    opens, closes = calendar.local(session.open_utc), calendar.local(session.close_utc)
    return f"{opens:%Y%m%d:%H%M}-{closes:%Y%m%d:%H%M}"
