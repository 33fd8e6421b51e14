"""When the next run is due: at the ends of hours, and at openings."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from sellkit.core.bars import Anchor, BarSize, session_slots

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sellkit.core.market_time import Calendar, Session


_AT_ITS_END: Final = dt.timedelta()


def next_due(
    calendars: Iterable[Calendar],
    now: dt.datetime,
    anchor: Anchor = Anchor.CLOCK,
    early: dt.timedelta = _AT_ITS_END,
) -> dt.datetime:
    """The first end of an hourly bar after `now`, of any of the calendars; aware UTC.

    Session closes are ends of hourly bars, so they are among them; with `early` the moment so long
    before a close stands in its place.

    Raises
    ------
    NoCalendar
        A calendar does not reach so far.
    """
    return min(_next_end(calendar, now, anchor, early) for calendar in calendars)


def is_before_close(calendars: Iterable[Calendar], due: dt.datetime, early: dt.timedelta) -> bool:
    """Whether a moment that is due lies so long before the close of any of the calendars."""
    sessions = (each.at(due) for each in calendars) if early else ()
    return any(each is not None and each.close_utc - due == early for each in sessions)


def due_on(
    calendar: Calendar,
    date: dt.date,
    anchor: Anchor = Anchor.CLOCK,
    early: dt.timedelta = _AT_ITS_END,
) -> tuple[dt.datetime, ...]:
    """When runs are due on a date, in order, aware UTC; never on a day without a session.

    As `next_due` tells them one by one.

    Raises
    ------
    NoCalendar
        The calendar does not reach so far.
    """
    session = calendar.on(date)
    if session is None:
        return ()
    return tuple(_dues(session, calendar, anchor, early))


def next_opening(calendars: Iterable[Calendar], now: dt.datetime) -> dt.datetime:
    """The first opening of a session after `now`, of any of the calendars; aware UTC.

    Raises
    ------
    NoCalendar
        A calendar does not reach so far.
    """
    return min(each.next_to_open(now).open_utc for each in calendars)


def has_just_opened(calendars: Iterable[Calendar], now: dt.datetime, within: dt.timedelta) -> bool:
    """Whether a session of any of the calendars opened no longer ago than `within`."""
    sessions = (calendar.at(now) for calendar in calendars)
    return any(each is not None and now - each.open_utc <= within for each in sessions)


def _next_end(
    calendar: Calendar, now: dt.datetime, anchor: Anchor, early: dt.timedelta
) -> dt.datetime:
    following = calendar.next_to_open(now)
    for session in (calendar.at(now) or following, following):
        for due in _dues(session, calendar, anchor, early):
            if due > now:
                return due
    raise RuntimeError(f"the session of {following.date} has no hour that ends in it")


def _dues(
    session: Session, calendar: Calendar, anchor: Anchor, early: dt.timedelta
) -> Iterator[dt.datetime]:
    """The ends of a session's hours, and so long before its close in the place of that."""
    for slot in session_slots(session, BarSize.H1, calendar, anchor):
        yield slot.end - early if slot.end == session.close_utc else slot.end
