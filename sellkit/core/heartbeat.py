"""When the silence of a schedule is an alarm."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.bars import Anchor
from sellkit.core.schedule import due_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sellkit.core.market_time import Calendar

AFTER_CLOSE: Final = dt.timedelta(hours=1)
"""So long after a session's close its last run is still asked for; after that it is night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What a schedule last said of itself.

    Attributes
    ----------
    at
        When, by this machine's clock.
    last_due
        What its last run was for; None before there was one.
    outcome
        What came of that run.
    run_id
        That run, "" when none was begun.
    next_due
        When the next one is due; None when nobody knows, as after a run that was started by hand.
    is_kept
        Whether a process renews it every minute.
    is_own_time
        Whether runs are due by the gateway's clock, which may be another one than this machine's.
    """

    at: dt.datetime
    last_due: dt.datetime | None = None
    outcome: str = ""
    run_id: str = ""
    next_due: dt.datetime | None = None
    is_kept: bool = False
    is_own_time: bool = False


@dataclass(frozen=True, slots=True)
class Late:
    """What is missed.

    Attributes
    ----------
    due
        When it had been due.
    text
        What is so, and what to do.
    is_silence
        Whether it is the process that is missed, and no run yet.
    """

    due: dt.datetime
    text: str
    is_silence: bool = False


def lateness(
    beat: Heartbeat | None,
    now: dt.datetime,
    calendars: Iterable[Calendar],
    grace: dt.timedelta,
    anchor: Anchor = Anchor.CLOCK,
    early: dt.timedelta = dt.timedelta(),
) -> Late | None:
    """What a schedule should have done by now, in a session or shortly after it, and has not.

    It goes by the calendars, and not by what the schedule says to be due next: one that reckons
    wrongly is missed as well.

    Parameters
    ----------
    beat
        The last one; None when there is none.
    now
        This machine's time, aware UTC.
    grace
        How late a run may be.
    anchor, early
        As for `next_due`.

    Raises
    ------
    NoCalendar
        A calendar does not reach so far.
    """
    if beat is not None and beat.is_own_time:
        return _silence(beat, now, grace)
    known = list(calendars)
    dues = {due for each in known for due in _watched(each, now, grace, anchor, early)}
    missed = max((due for due in dues if due + grace <= now), default=None)
    if missed is not None and (beat is None or beat.last_due is None or beat.last_due < missed):
        return Late(missed, f"{_told(beat)}, and one was due at {_at(missed)}; {_TODO}")
    is_open = any(each.at(now) is not None for each in known)
    return _silence(beat, now, grace) if beat is not None and is_open else None


def latest_due(
    calendars: Iterable[Calendar],
    now: dt.datetime,
    anchor: Anchor = Anchor.CLOCK,
    early: dt.timedelta = dt.timedelta(),
) -> dt.datetime | None:
    """The last end of an hour by now, of the sessions that opened last; None before the first.

    Parameters
    ----------
    now
        Aware UTC.
    anchor, early
        As for `next_due`.

    Raises
    ------
    NoCalendar
        A calendar does not reach so far.
    """
    dues = (
        due
        for each in calendars
        for due in due_on(each, each.latest_opened(now).date, anchor, early)
        if due <= now
    )
    return max(dues, default=None)


def is_back(late: Late, beat: Heartbeat | None) -> bool:
    """Whether what was missed is there; asked where nothing is late any more."""
    if beat is None:
        return False
    if late.is_silence:
        return beat.at >= late.due
    return beat.last_due is not None and beat.last_due >= late.due


_TODO: Final = (
    "nobody decides on the positions meanwhile: see whether the machine and `sellkit schedule` run"
)


def _silence(beat: Heartbeat, now: dt.datetime, grace: dt.timedelta) -> Late | None:
    if not beat.is_kept or now - beat.at < grace:
        return None
    text = f"nothing was heard of `sellkit schedule` since {_at(beat.at)}; {_TODO}"
    return Late(beat.at + grace, text, is_silence=True)


def _watched(
    calendar: Calendar,
    now: dt.datetime,
    grace: dt.timedelta,
    anchor: Anchor,
    early: dt.timedelta,
) -> Iterator[dt.datetime]:
    """The ends of hours of the session that is on, or has closed a short while ago."""
    session = calendar.latest_opened(now)
    if now <= session.close_utc + grace + AFTER_CLOSE:
        yield from due_on(calendar, session.date, anchor, early)


def _told(beat: Heartbeat | None) -> str:
    if beat is None:
        return "no run was ever heard of"
    if beat.last_due is None:
        return f"no run was heard of (the schedule spoke last at {_at(beat.at)})"
    return f"the last run heard of was that of {_at(beat.last_due)} ({beat.outcome})"


def _at(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
