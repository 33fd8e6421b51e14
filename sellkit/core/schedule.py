"""When the next run is due: at the ends of hours, and at openings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.core.bars import Anchor, BarSize, session_slots

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from sellkit.core.market_time import Calendar


def next_due(
    calendars: Iterable[Calendar], now: dt.datetime, anchor: Anchor = Anchor.CLOCK
) -> dt.datetime:
    """The first end of an hourly bar after `now`, of any of the calendars; aware UTC.

    Session closes are ends of hourly bars, so they are among them.

    Raises
    ------
    NoCalendar
        A calendar does not reach so far.
    """
    return min(_next_end(calendar, now, anchor) for calendar in calendars)


def due_on(
    calendar: Calendar, date: dt.date, anchor: Anchor = Anchor.CLOCK
) -> tuple[dt.datetime, ...]:
    """The ends of hourly bars of a date, in order, aware UTC; none on a day without a session.

    Raises
    ------
    NoCalendar
        The calendar does not reach so far.
    """
    session = calendar.on(date)
    if session is None:
        return ()
    return tuple(each.end for each in session_slots(session, BarSize.H1, calendar, anchor))


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


def _next_end(calendar: Calendar, now: dt.datetime, anchor: Anchor) -> dt.datetime:
    session = calendar.at(now) or calendar.next_to_open(now)
    slots = session_slots(session, BarSize.H1, calendar, anchor)
    return next(slot.end for slot in slots if slot.end > now)
