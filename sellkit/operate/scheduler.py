"""Fires the hourly run when it is due."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sellkit.core.schedule import next_due

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable

    from sellkit.core.bars import Anchor
    from sellkit.core.market_time import Calendar
    from sellkit.ports import Clock

log = logging.getLogger(__name__)


def run_on_schedule(
    clock: Clock,
    calendars: Callable[[], Iterable[Calendar]],
    anchor: Anchor,
    delay: dt.timedelta,
    fire: Callable[[dt.datetime], None],
    *,
    announce: Callable[[dt.datetime], None],
    rounds: int | None = None,
) -> None:
    """Wait for each hour's end and fire, until interrupted.

    Parameters
    ----------
    calendars
        Asked before each wait: whose sessions count.
    delay
        How long after an hour's end the run begins.
    fire
        Told the hour's end.
    announce
        Told when the next run will begin, before the wait.
    rounds
        How many runs; None for no end.
    """
    fired = 0
    while rounds is None or fired < rounds:
        due = next_due(calendars(), clock.now(), anchor)
        announce(due + delay)
        clock.sleep_until(due + delay)
        log.info("run_due", extra={"due": due.isoformat()})
        fire(due)
        fired += 1
