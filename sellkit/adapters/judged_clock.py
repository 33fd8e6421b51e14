"""The machine's clock, which the gateway's time corrects whenever it has jumped."""

from __future__ import annotations

import datetime as dt
import logging
import math
import time
from typing import TYPE_CHECKING, Final

from sellkit.errors import SellkitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.ports import Clock

log = logging.getLogger(__name__)

_JUMP: Final = dt.timedelta(seconds=2)
_AGREES: Final = dt.timedelta(seconds=3)
"""The gateway tells whole seconds, and an answer takes some time."""
_LONGEST_NAP: Final = 5.0
_ASK_AGAIN_SECONDS: Final = 60.0


class JudgedClock:
    """A clock for a schedule on the machine's time.

    Where the machine's clock and its steady clock part, it was set, or the machine slept: only the
    gateway knows what time it is now. While the gateway cannot be asked the machine's own time
    holds, aloud, and it is asked again each minute; a run refuses a machine's clock that is wrong.

    Parameters
    ----------
    machine
        The machine's clock.
    ask
        Asks the gateway for its time, aware UTC.
    steady
        The machine's steady clock, in seconds, which stands still while the machine sleeps.
    """

    def __init__(
        self,
        machine: Clock,
        ask: Callable[[], dt.datetime],
        *,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._machine = machine
        self._ask = ask
        self._steady = steady
        self._offset = dt.timedelta()
        self._told, self._told_at = machine.now(), steady()
        self._asked_at = -math.inf
        self._is_owed = False
        self._judge(has_jumped=False)

    def now(self) -> dt.datetime:
        """The present, aware UTC."""
        told, at = self._machine.now(), self._steady()
        jump = told - self._told - dt.timedelta(seconds=at - self._told_at)
        self._told, self._told_at = told, at
        if abs(jump) > _JUMP:
            log.warning("clock_jumped", extra={"by": str(jump)})
            self._judge(has_jumped=True)
        elif self._is_owed and at - self._asked_at >= _ASK_AGAIN_SECONDS:
            self._judge(has_jumped=True)
        return self._machine.now() + self._offset

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        """Return once `now()` has reached `instant`, or so many seconds have been slept."""
        while (left := (instant - self.now()).total_seconds()) > 0 and at_most_seconds > 0:
            nap = min(left, _LONGEST_NAP, at_most_seconds)
            self._machine.sleep_until(self._machine.now() + dt.timedelta(seconds=nap), nap)
            at_most_seconds -= nap

    def _judge(self, *, has_jumped: bool) -> None:
        """Ask the gateway; a clock that has not jumped holds without that."""
        self._asked_at = self._steady()
        try:
            theirs = self._ask()
        except SellkitError as error:
            loudness = logging.CRITICAL if has_jumped else logging.INFO
            log.log(loudness, "clock_not_judged", extra={"reason": str(error)})
            self._is_owed, self._offset = has_jumped, dt.timedelta()
        else:
            apart = theirs - self._machine.now()
            self._offset = apart if abs(apart) > _AGREES else dt.timedelta()
            self._is_owed = False
            if self._offset:
                log.critical("clock_corrected", extra={"by": str(self._offset)})
        self._told, self._told_at = self._machine.now(), self._steady()
