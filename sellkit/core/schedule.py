"""When runs are due: at ends of hours, at openings with deferred tickets, and by cron entries."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sellkit.core.bars import Anchor, BarSize, session_slots

if TYPE_CHECKING:
    from sellkit.core.market_time import Calendar, Session

HOURLY: Final = "hourly_run"
"""The entry that judges the positions; every further one is a notebook by a cron expression."""

_AT_ITS_END: Final = dt.timedelta()

Following = Callable[[dt.datetime], dt.datetime | None]
"""The first moment of an entry after another one; None when there is none any more."""


class SlotKind(StrEnum):
    """What is due; of two at one moment the one that stands earlier here says how it is run."""

    CLOSE = "close"
    BEFORE_CLOSE = "before the close"
    HOUR = "hour"
    OPENING = "opening"
    NOTEBOOK = "notebook"


@dataclass(frozen=True, slots=True)
class Due:
    """One run that is due.

    Attributes
    ----------
    entry
        `HOURLY`, or the name of a further notebook's entry.
    kind
        What comes to pass then.
    at
        When; aware UTC. A run that gets ready ahead begins before it.
    """

    entry: str
    kind: SlotKind
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Timetable:
    """What runs are due by.

    Attributes
    ----------
    calendars
        Whose sessions count for the hourly run, one at least.
    anchor
        Where hourly bars begin.
    early
        So long before a close its hour is due; nothing for at its end.
    openings
        The openings that tickets are deferred to: a run is due at them alone.
    entries
        The further notebooks, by name.
    """

    calendars: tuple[Calendar, ...]
    anchor: Anchor = Anchor.CLOCK
    early: dt.timedelta = _AT_ITS_END
    openings: Collection[dt.datetime] = frozenset()
    entries: Mapping[str, Following] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def last_date(self) -> dt.date:
        """The last date up to which every calendar knows its sessions."""
        return min(each.last_date for each in self.calendars)

    @property
    def names(self) -> tuple[str, ...]:
        """Every entry, the hourly run first."""
        return (HOURLY, *self.entries)


def next_due(timetable: Timetable, after: dt.datetime) -> Due:
    """The first run that is due after a moment; the hourly one comes before others at that time.

    Session closes are ends of hourly bars, so they are among them; with `early` the moment so long
    before a close stands in its place.

    Raises
    ------
    NoCalendar
        A calendar does not reach so far.
    """
    return next(all_dues(timetable, after))


def all_dues(timetable: Timetable, after: dt.datetime) -> Iterator[Due]:
    """Every run that is due after a moment, in order, without end, as `next_due` tells them."""
    every = (dues(timetable, name, after) for name in timetable.names)
    return heapq.merge(*every, key=lambda each: each.at)


def dues(timetable: Timetable, entry: str, after: dt.datetime) -> Iterator[Due]:
    """Every run of one entry that is due after a moment, in order, without end.

    Raises
    ------
    NoCalendar
        While it is read: a calendar does not reach so far.
    """
    if entry != HOURLY:
        return _by_cron(entry, timetable.entries[entry], after)
    return _hourly(timetable, after)


def dues_until(
    timetable: Timetable, entry: str, after: dt.datetime, until: dt.datetime
) -> tuple[Due, ...]:
    """Every run of one entry that is due after a moment, up to another one and at it.

    Raises
    ------
    NoCalendar
        A calendar does not reach so far.
    """
    return tuple(takewhile(lambda each: each.at <= until, dues(timetable, entry, after)))


def due_on(
    calendar: Calendar,
    date: dt.date,
    anchor: Anchor = Anchor.CLOCK,
    early: dt.timedelta = _AT_ITS_END,
) -> tuple[dt.datetime, ...]:
    """The ends of hours on a date, in order, aware UTC; none on a day without a session.

    As `next_due` tells them one by one.

    Raises
    ------
    NoCalendar
        The calendar does not reach so far.
    """
    session = calendar.on(date)
    if session is None:
        return ()
    return tuple(at for at, _ in _ends(session, calendar, anchor, early))


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


def _by_cron(entry: str, following: Following, after: dt.datetime) -> Iterator[Due]:
    at = following(after)
    while at is not None:
        yield Due(entry, SlotKind.NOTEBOOK, at)
        at = following(at)


def _hourly(timetable: Timetable, after: dt.datetime) -> Iterator[Due]:
    """The calendars' moments in one row; a moment of several of them comes once."""
    ranks = list(SlotKind)
    every = (_moments(each, timetable, after) for each in timetable.calendars)
    former = after
    for at, kind in heapq.merge(*every, key=lambda each: (each[0], ranks.index(each[1]))):
        if at > former:
            yield Due(HOURLY, kind, at)
            former = at


def _moments(
    calendar: Calendar, timetable: Timetable, after: dt.datetime
) -> Iterator[tuple[dt.datetime, SlotKind]]:
    session = calendar.at(after) or calendar.next_to_open(after)
    while True:
        if session.open_utc > after and session.open_utc in timetable.openings:
            yield session.open_utc, SlotKind.OPENING
        for at, kind in _ends(session, calendar, timetable.anchor, timetable.early):
            if at > after:
                yield at, kind
        session = calendar.next_to_open(session.open_utc)


def _ends(
    session: Session, calendar: Calendar, anchor: Anchor, early: dt.timedelta
) -> Iterator[tuple[dt.datetime, SlotKind]]:
    """The ends of a session's hours, and so long before its close in the place of that."""
    for slot in session_slots(session, BarSize.H1, calendar, anchor):
        if slot.end != session.close_utc:
            yield slot.end, SlotKind.HOUR
        else:
            yield slot.end - early, SlotKind.BEFORE_CLOSE if early else SlotKind.CLOSE
