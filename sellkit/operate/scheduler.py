"""Fires the hourly run when it is due."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING, Final

from sellkit.core.schedule import is_before_close, next_due, next_opening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sellkit.core.bars import Anchor
    from sellkit.core.market_time import Calendar
    from sellkit.ports import Clock

log = logging.getLogger(__name__)

_LATE: Final = dt.timedelta(minutes=1)
"""So much behind its time a run is late: the process was held up, or the machine was asleep."""


_ENDS: Final = (0, 4, 5)
"""The exit codes of a run that came to its end."""

_APART: Final = dt.timedelta(seconds=10)
"""The run goes by the gateway's time: it must not think that it is too soon to judge."""

_NOT_EARLY: Final = dt.timedelta()
_AHEAD: Final = dt.timedelta(seconds=30)


def run_on_schedule(  # noqa: PLR0913  (each is one thing that an operator may set)
    clock: Clock,
    calendars: Callable[[], Iterable[Calendar]],
    anchor: Anchor,
    delay: dt.timedelta,
    fire: Callable[[dt.datetime], None],
    *,
    announce: Callable[[dt.datetime], None],
    prepare: Callable[[], None],
    rounds: int | None = None,
    lead: dt.timedelta = dt.timedelta(),
    at_openings: bool = False,
    early: dt.timedelta = _NOT_EARLY,
) -> None:
    """Wait for each hour's end and fire, until interrupted; none comes twice.

    Parameters
    ----------
    calendars
        Asked before each wait: whose sessions count.
    delay
        How long after an hour's end, or an opening, the run begins.
    fire
        Told the hour's end, or the opening.
    announce
        Told when the next run will begin, before the wait.
    prepare
        Called shortly before each run, so that others leave it the budget of requests.
    rounds
        How many runs; None for no end.
    lead
        How long before an hour's end the run begins, to wait for that end itself; nothing for runs
        that begin `delay` after it.
    at_openings
        Whether there is a run after each opening of a session, too.
    early
        So long before a close, and a few seconds, the run of its hour begins, in place of the one
        after it.
    """
    fired, latest = 0, clock.now()
    while rounds is None or fired < rounds:
        # A clock that was set back must not bring an hour again that was decided.
        known, since = list(calendars()), max(clock.now(), latest)
        due, pause = next_due(known, since, anchor, early), delay
        begin = due - lead if lead else due + pause
        if is_before_close(known, due, early):
            pause = _APART
            begin = due + pause
        if at_openings and (opening := next_opening(known, since)) < due:
            due, begin = opening, opening + delay
        announce(max(begin, clock.now()))
        clock.sleep_until(begin - _AHEAD)
        prepare()
        clock.sleep_until(begin)
        if clock.now() >= due:
            clock.sleep_until(due + pause)
        log.info("run_due", extra={"due": due.isoformat()})
        late = clock.now() - due - pause
        if late > _LATE:
            # It is fired all the same: the age of the bar withholds what is too old to act on.
            log.critical("run_late", extra={"due": due.isoformat(), "late": str(late)})
        fire(due)
        fired, latest = fired + 1, due


def fire_ahead(
    due: dt.datetime, clock: Clock, delay: dt.timedelta, fire: Callable[..., int]
) -> int:
    """One run; where it failed while it was getting ready, another once the bars are there.

    Parameters
    ----------
    due
        What the run is for; before it `fire` is told to prepare.
    fire
        Called with `prepare`; gives the exit code of a run.
    """
    is_ahead = clock.now() < due
    code = fire(prepare=is_ahead)
    if is_ahead and code not in _ENDS and clock.now() < due:
        log.critical("run_again", extra={"due": due.isoformat(), "code": code})
        clock.sleep_until(due + delay)
        code = fire(prepare=False)
    return code
