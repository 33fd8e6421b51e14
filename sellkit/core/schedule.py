"""When the next run is due: at the ends of hours, and at openings."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from sellkit.core.bars import Anchor, BarSize, session_slots

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sellkit.core.market_time import Calendar


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
        for slot in session_slots(session, BarSize.H1, calendar, anchor):
            due = slot.end - early if slot.end == session.close_utc else slot.end
            if due > now:
                return due
    raise RuntimeError(f"the session of {following.date} has no hour that ends in it")
