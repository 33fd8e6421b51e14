"""A calendar as arrays: which bar a minute belongs to, on the exchange's clock.

Times are whole minutes after 1970-01-01 00:00 UTC, sessions are numbered from 0.
"""

from __future__ import annotations

import bisect
import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sellkit.core.market_time import UTC, Calendar, Session, calendar_for
from sellkit.simgateway.bar_sizes import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sellkit.simgateway.bar_sizes import Span

Integers = npt.NDArray[np.int64]


class Hours(NamedTuple):
    """The sessions of an exchange without and with pre- and after-market hours; same numbering."""

    regular: Timetable
    extended: Timetable

    def of(self, *, rth: bool) -> Timetable:
        """Regular trading hours, or all that is traded."""
        return self.regular if rth else self.extended


class Timetable:
    """The sessions of one calendar.

    Attributes
    ----------
    calendar
        Where the sessions come from.
    opens, closes
        Bounds of each session, in minutes.
    ordinals
        Each session's date, as `date.toordinal` counts.
    months
        Year x 12 + month of each session.
    """

    def __init__(self, calendar: Calendar) -> None:
        sessions = calendar.sessions
        self.calendar = calendar
        self.opens = _column(int(session.open_utc.timestamp()) // 60 for session in sessions)
        self.closes = _column(int(session.close_utc.timestamp()) // 60 for session in sessions)
        self.ordinals = _column(session.date.toordinal() for session in sessions)
        self.months = _column(session.date.year * 12 + session.date.month for session in sessions)
        self._weeks = (self.ordinals - 1) // 7
        local = [calendar.local(session.open_utc) for session in sessions]
        self._walls = _column(moment.hour * 60 + moment.minute for moment in local)
        changes = [_clock_change(session, calendar) for session in sessions]
        self._changes = _column(minute for minute, _ in changes)
        self._shifts = _column(shift for _, shift in changes)

    def date(self, index: int) -> dt.date:
        """The date of session `index`."""
        return dt.date.fromordinal(int(self.ordinals[index]))

    def first_on(self, date: dt.date | None) -> int:
        """Number of the first session on or after `date`; 0 for None."""
        return 0 if date is None else int(np.searchsorted(self.ordinals, date.toordinal()))

    def opened_before(self, seconds: float) -> int:
        """How many sessions opened before an instant, in seconds after 1970."""
        return int(np.searchsorted(self.opens, seconds / 60, "left"))

    def is_open(self, seconds: float) -> bool:
        """Whether a session is open at an instant, in seconds after 1970."""
        index = int(np.searchsorted(self.opens, seconds / 60, "right")) - 1
        return index >= 0 and seconds / 60 < float(self.closes[index])

    def whole(self, span: Span, sessions: range) -> range:
        """`sessions`, made wider to whole weeks or months where a bar is that long."""
        if span.unit not in {Unit.WEEK, Unit.MONTH} or not sessions:
            return sessions
        labels = self._labels(span)
        first, last = labels[sessions.start], labels[sessions.stop - 1]
        return range(
            int(np.searchsorted(labels, first, "left")), int(np.searchsorted(labels, last, "right"))
        )

    def bounds(
        self, span: Span, index: Integers, minute: Integers, earliest: int = 0
    ) -> tuple[Integers, Integers]:
        """Start and end of the bars that hold given minutes.

        Parameters
        ----------
        span
            Length of a bar.
        index, minute
            Session and minute of each question.
        earliest
            The first session that has any data; a week or month does not start before it.

        Returns
        -------
        tuple
            Minutes. Intraday bars lie on the exchange's clock and are clipped to the session; a
            daily bar is the session, a weekly one runs from its first opening to its last close.
        """
        if span.unit is Unit.MINUTE:
            return self._clock_bounds(span.length, index, minute)
        labels = self._labels(span)
        label = labels[index]
        first = np.maximum(np.searchsorted(labels, label, "left"), earliest)
        last = np.searchsorted(labels, label, "right") - 1
        return self.opens[first], self.closes[last]

    def _clock_bounds(
        self, length: int, index: Integers, minute: Integers
    ) -> tuple[Integers, Integers]:
        opens = self.opens[index]
        change = self._changes[index]
        after = minute - opens >= change
        wall = self._walls[index] + minute - opens + np.where(after, self._shifts[index], 0)
        start = minute - wall % length
        first = np.where(after, opens + change, opens)
        last = np.where(after, self.closes[index], np.minimum(opens + change, self.closes[index]))
        return np.maximum(start, first), np.minimum(start + length, last)

    def _labels(self, span: Span) -> Integers:
        labels = {Unit.SESSION: self.ordinals, Unit.WEEK: self._weeks, Unit.MONTH: self.months}
        return labels[span.unit]


@cache
def hours_of(exchange: str, *, always_open: bool) -> Hours:
    """The sessions of an exchange; made once for all exchanges that keep one calendar.

    Parameters
    ----------
    exchange
        Interactive Brokers' code of a primary exchange.
    always_open
        Every day of the calendar is one session, from midnight to midnight on the exchange's clock.

    Raises
    ------
    NoCalendar
        The exchange is not known.
    """
    regular = calendar_for(exchange)
    if always_open:
        around_the_clock = _around_the_clock(regular)
        return Hours(around_the_clock, around_the_clock)
    return Hours(_timetable(regular), _timetable(calendar_for(exchange, extended=True)))


@cache
def _timetable(calendar: Calendar) -> Timetable:
    return Timetable(calendar)


@cache
def _around_the_clock(calendar: Calendar) -> Timetable:
    return Timetable(_every_day(calendar))


def _every_day(calendar: Calendar) -> Calendar:
    first, last = calendar.sessions[0].date.toordinal(), calendar.last_date.toordinal()
    midnights = [
        dt.datetime.combine(dt.date.fromordinal(day), dt.time(), calendar.zone).astimezone(UTC)
        for day in range(first, last + 2)
    ]
    sessions = tuple(
        Session(dt.date.fromordinal(first + number), *midnights[number : number + 2])
        for number in range(last - first + 1)
    )
    return Calendar(f"{calendar.name} always open", calendar.zone, sessions)


def _clock_change(session: Session, calendar: Calendar) -> tuple[int, int]:
    """The minute of a session at which its clock is changed, and how far the wall clock jumps.

    Without a change the minute lies beyond the session.
    """

    def offset(minute: int) -> dt.timedelta | None:
        return calendar.local(session.open_utc + dt.timedelta(minutes=minute)).utcoffset()

    length = int((session.close_utc - session.open_utc).total_seconds()) // 60
    before, after = offset(0), offset(length - 1)
    if before is None or after is None or before == after:
        return length + 1, 0
    minute = bisect.bisect_left(range(length), True, key=lambda minute: offset(minute) != before)
    return minute, int((after - before).total_seconds()) // 60


def _column(values: Iterable[int]) -> Integers:
    return np.fromiter(values, dtype=np.int64)
