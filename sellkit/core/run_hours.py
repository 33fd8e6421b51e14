"""A month of hours: in which of those that were due a run decided, and which are missing."""

from __future__ import annotations

import bisect
import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sellkit.core.past_runs import RunVerdict, is_sound
from sellkit.core.schedule import due_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sellkit.core.bars import Anchor
    from sellkit.core.market_time import Calendar
    from sellkit.core.month import Month
    from sellkit.core.past_runs import PastRun


class HourState(StrEnum):
    """What became of an hour that a run was due for.

    Attributes
    ----------
    RAN
        A run that came to its end judged it; its verdict says more.
    FAILED
        There were runs, and none of them can be relied on.
    AFTERWARDS
        Nobody judged it in time; a later run was asked about it.
    MISSING
        There was none.
    AHEAD
        Its time has not come, or is not over.
    BEFORE
        It lies before the first run that the journal knows.
    """

    RAN = "ran"
    FAILED = "failed"
    AFTERWARDS = "afterwards"
    MISSING = "missing"
    AHEAD = "ahead"
    BEFORE = "before the first run"


@dataclass(frozen=True, slots=True)
class DueHour:
    """An hour's end that was due, and the run that counts for it, if there was any.

    Attributes
    ----------
    end
        Aware UTC; of a session's last hour the moment before the close at which it is judged, where
        it is judged early.
    local
        The same on the exchange's clock.
    state
        What became of it.
    run
        The latest that can be relied on, or else the latest.
    runs
        How many there were.
    missed
        Why the schedule let it pass, where it recorded that; "" elsewhere.
    """

    end: dt.datetime
    local: dt.datetime
    state: HourState
    run: PastRun | None
    runs: int
    missed: str = ""


@dataclass(frozen=True, slots=True)
class DueDay:
    """A day of the exchange.

    Attributes
    ----------
    date
        On the exchange's clock.
    hours
        In order; none on a day without a session.
    is_short
        Whether a session is shorter than the longest of its calendar this month: a half day.
    """

    date: dt.date
    hours: tuple[DueHour, ...]
    is_short: bool


@dataclass(frozen=True, slots=True, repr=False)
class HourCalendar:
    """A month, with its working days.

    Attributes
    ----------
    month
        Which.
    exchanges
        The calendars whose hours are due; the first one's clock tells the time.
    days
        Monday to Friday, and any other day with a session.
    """

    month: Month
    exchanges: tuple[str, ...]
    days: tuple[DueDay, ...]

    def count(self, state: HourState) -> int:
        """How many hours of the month are in a state."""
        return sum(each.state is state for day in self.days for each in day.hours)

    @property
    def missing(self) -> tuple[DueHour, ...]:
        """The hours without any run, in order."""
        hours = (each for day in self.days for each in day.hours)
        return tuple(each for each in hours if each.state is HourState.MISSING)

    def __repr__(self) -> str:
        told = [f"{self.count(each)} {each}" for each in HourState if self.count(each)]
        return f"{self.month}, hours of {', '.join(self.exchanges)}: {', '.join(told)}"


_SATURDAY: Final = 5
_TIMELY: Final = dt.timedelta(hours=1)
"""A run that begins later after an hour's end was not its own."""
_A_NIGHT: Final = dt.timedelta(hours=12)
_AT_ITS_END: Final = dt.timedelta()


def hour_calendar(
    month: Month,
    calendars: Sequence[Calendar],
    runs: Iterable[PastRun],
    *,
    anchor: Anchor,
    now: dt.datetime,
    grace: dt.timedelta,
    since: dt.datetime | None,
    early: dt.timedelta = _AT_ITS_END,
) -> HourCalendar:
    """The hours of a month that were due, each with what became of it.

    Parameters
    ----------
    month
        Which.
    calendars
        Whose sessions count, one at least; the schedule's own.
    runs
        Those of the month and of the day after it; a run belongs to the last hour that had ended
        when it judged its positions, until the next one ends.
    anchor
        Where hourly bars begin.
    now
        Hours that end later are ahead; aware UTC.
    grace
        How long after its end an hour may still get its run.
    since
        The moment of the first run of all; None when there was none.
    early
        How long before a close the run of its hour is due.

    Raises
    ------
    NoCalendar
        A calendar does not reach so far.
    """
    days = {
        date: sorted({end for each in calendars for end in due_on(each, date, anchor, early)})
        for date in _dates(month)
    }
    ends = sorted({end for each in days.values() for end in each})
    told = _by_end(ends, runs)

    def hour(end: dt.datetime) -> DueHour:
        length, there = _length(ends, end), told.get(end, [])
        state, run = _state(end + min(length, _TIMELY), there)
        if state is HourState.MISSING and end + grace > now:
            state = HourState.AHEAD
        elif state is HourState.MISSING and (since is None or end + length <= since):
            state = HourState.BEFORE
        return DueHour(end, calendars[0].local(end), state, run, len(there))

    found = (
        DueDay(date, tuple(map(hour, due)), _is_short(date, month, calendars))
        for date, due in days.items()
        if due or date.weekday() < _SATURDAY
    )
    names = dict.fromkeys(each.name for each in calendars)  # several exchanges keep the same hours
    return HourCalendar(month, tuple(names), tuple(found))


def let_pass(found: HourCalendar, missed: Mapping[dt.datetime, str]) -> HourCalendar:
    """A month with what the schedule recorded of it: an hour that it let pass is none ahead.

    Parameters
    ----------
    found
        The month.
    missed
        The ends of hours that it let pass, and why.
    """

    def told(hour: DueHour) -> DueHour:
        state = hour.state if hour.runs else HourState.MISSING
        why = missed.get(hour.end)
        return replace(hour, state=state, missed=why) if why else hour

    days = (replace(day, hours=tuple(map(told, day.hours))) for day in found.days)
    return replace(found, days=tuple(days))


def _dates(month: Month) -> list[dt.date]:
    return [
        month.first + dt.timedelta(days=number)
        for number in range((month.last - month.first).days + 1)
    ]


def _by_end(
    ends: Sequence[dt.datetime], runs: Iterable[PastRun]
) -> dict[dt.datetime, list[PastRun]]:
    """The runs of each hour, in the order given."""
    found: dict[dt.datetime, list[PastRun]] = {}
    for run in runs:
        moment = _judged(run)
        at = 0 if moment is None else bisect.bisect_right(ends, moment)
        if moment is not None and at and moment < ends[at - 1] + _length(ends, ends[at - 1]):
            found.setdefault(ends[at - 1], []).append(run)
    return found


def _length(ends: Sequence[dt.datetime], end: dt.datetime) -> dt.timedelta:
    """Until the next end; that after the last of a month is not known, and far away."""
    at = bisect.bisect_right(ends, end)
    return ends[at] - end if at < len(ends) else _A_NIGHT


def _judged(run: PastRun) -> dt.datetime | None:
    """A run that was begun ahead of its hour judged it later, or failed meanwhile."""
    facts = run.facts
    if facts.judged_at is None and facts.as_of == facts.started_at:
        return facts.finished_at or facts.moment
    return facts.moment


def _state(until: dt.datetime, runs: Sequence[PastRun]) -> tuple[HourState, PastRun | None]:
    """What the runs of one hour come to; those that began at `until` or later were not in time."""
    if not runs:
        return HourState.MISSING, None
    timely = [each for each in runs if each.facts.started_at is None or _began(each) < until]
    counting = [each for each in timely if each.facts.decisions and _may_count(each)]
    if counting:
        return HourState.RAN, counting[-1]
    if timely or not any(each.facts.decisions for each in runs):
        return HourState.FAILED, (timely or runs)[-1]
    return HourState.AFTERWARDS, runs[-1]


def _began(run: PastRun) -> dt.datetime:
    return run.facts.started_at or dt.datetime.max.replace(tzinfo=dt.UTC)


def _may_count(run: PastRun) -> bool:
    return is_sound(run.verdict) or run.verdict is RunVerdict.UNCERTAIN


def _is_short(date: dt.date, month: Month, calendars: Iterable[Calendar]) -> bool:
    for each in calendars:
        lengths = [one.close_utc - one.open_utc for one in each.between(month.first, month.last)]
        session = each.on(date)
        if session is not None and session.close_utc - session.open_utc < max(lengths):
            return True
    return False
