"""The clocks: the machine's, and the gateway's."""

from __future__ import annotations

import datetime as dt
import logging
import math
import threading
import time
from typing import TYPE_CHECKING, Final, TypeVar

from sellkit.errors import ClockWentBack, SellkitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.ports import Clock

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_LONGEST_NAP: Final = 30.0
_SET_BACK: Final = dt.timedelta(minutes=5)
_SHORTEST_NAP: Final = 0.05
_SHORT_NAP: Final = 0.5


def wall_seconds() -> float:
    """Seconds since 1970 on the machine's clock, which all its processes share."""
    return time.time()


class SystemClock:
    """The machine's clock.

    Parameters
    ----------
    sleep
        Blocks for a number of seconds.
    """

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._lag = dt.timedelta()

    def now(self) -> dt.datetime:
        """The present, aware UTC."""
        return dt.datetime.now(dt.UTC) - self._lag

    def stay_behind(self, other: dt.datetime) -> None:
        """Never run ahead of another clock, which shows `other` at this moment.

        What this machine calls the end of an hour may be a second before the gateway's; a bar
        fetched then would be an unfinished one that looks completed.
        """
        self._lag = max(dt.datetime.now(dt.UTC) - other, dt.timedelta())

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        """Return once `now()` has reached `instant`, or so many seconds have been slept.

        It sleeps in pieces, so that a clock that was set, or a machine that was asleep, is noticed.
        """
        while (left := (instant - self.now()).total_seconds()) > 0 and at_most_seconds > 0:
            nap = min(left, _LONGEST_NAP, at_most_seconds)
            self._sleep(nap)
            at_most_seconds -= nap


class BrokerClock:
    """The gateway's clock, as it last told it.

    Between two answers it stands still, because a gateway may live by a virtual time of any speed:
    so it never runs ahead, and lags by at most the time that an answer stays fresh. It never goes
    backwards: when the gateway's goes back by more than moments, `ClockWentBack` is raised, because
    hours that were judged already would come again. Any thread may ask.

    Parameters
    ----------
    ask
        Asks the gateway for its time, aware UTC; whatever it raises passes through.
    fresh_seconds
        For how long, on the machine's steady clock, an answer is used again.
    steady
        That steady clock, in seconds.
    sleep
        Blocks for a number of seconds.
    """

    def __init__(
        self,
        ask: Callable[[], dt.datetime],
        *,
        fresh_seconds: float = 1.0,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ask = ask
        self._fresh_seconds = fresh_seconds
        self._steady = steady
        self._sleep = sleep
        self._lock = threading.Lock()
        self._told: dt.datetime | None = None
        self._asked_at = 0.0

    def now(self) -> dt.datetime:
        """The gateway's time, aware UTC."""
        with self._lock:
            asked_at = self._steady()
            if self._told is not None and asked_at - self._asked_at <= self._fresh_seconds:
                return self._told
            answer = self._ask()
            if self._told is not None and self._told - answer > _SET_BACK:
                raise ClockWentBack(
                    f"the gateway's clock went back from {self._told:%Y-%m-%d %H:%M:%S} to "
                    f"{answer:%Y-%m-%d %H:%M:%S} UTC: it is another one, or was started anew at an "
                    "earlier time; start sellkit anew, with another --data-dir if hours that were "
                    "judged may be judged again"
                )
            self._told = answer if self._told is None else max(self._told, answer)
            self._asked_at = asked_at
            return self._told

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        """Return once `now()` has reached `instant`, or so many real seconds have been slept.

        The gateway is asked about once in a real second, whatever the speed of its time; its clock
        may also stand still.
        """
        while (left := (instant - self.now()).total_seconds()) > 0 and at_most_seconds > 0:
            nap = min(max(left, _SHORTEST_NAP), self._fresh_seconds, at_most_seconds)
            self._sleep(nap)
            at_most_seconds -= nap


class SteadfastClock:
    """A clock for a schedule: while another one cannot be asked it waits, however long that takes.

    Parameters
    ----------
    clock
        The other one. An error of it that may pass is waited out; any other passes through.
    retry_seconds
        How long to wait before it is asked again.
    sleep
        Blocks for a number of seconds.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        retry_seconds: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._retry_seconds = retry_seconds
        self._sleep = sleep

    def now(self) -> dt.datetime:
        """The other clock's time, aware UTC."""
        return self._insist(self._clock.now)

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        """Return once `now()` has reached `instant`, or the other clock has slept so long."""
        self._insist(lambda: self._clock.sleep_until(instant, at_most_seconds))

    def _insist(self, ask: Callable[[], Result]) -> Result:
        is_away = False
        while True:
            try:
                answer = ask()
            except SellkitError as error:
                # The schedule outlives its gateway, as nobody may be there to start it again.
                if not error.retryable:
                    raise
                if not is_away:
                    logger.warning("clock_away", extra={"reason": str(error)})
                is_away = True
                self._sleep(self._retry_seconds)
            else:
                if is_away:
                    logger.warning("clock_back")
                return answer


class FlowingClock:
    """A clock for a watch: while another one cannot be asked, it goes on by itself.

    It goes at the machine's pace from the last time that it was told, and never back: where the
    other one is set back it goes on from where it was, at the other's pace. Any thread may ask.

    Parameters
    ----------
    clock
        The other one. An error of it that may pass is passed over; any other passes through.
    steady
        The machine's steady clock, in seconds.
    """

    def __init__(self, clock: Clock, steady: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steady = steady
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._told = self._latest = clock.now()
        self._told_at = steady()
        self._ahead = dt.timedelta()

    def now(self) -> dt.datetime:
        """The other clock's time, aware UTC; what is reckoned while that cannot be asked."""
        try:
            found = self._clock.now()
        except SellkitError as error:
            if not error.retryable:
                raise
            found = self.reckoned()
        else:
            found = self._take(found)
        with self._lock:
            self._latest = max(self._latest, found)
            return self._latest

    def reckoned(self) -> dt.datetime:
        """The last time told and what has passed since; it asks nobody, and answers at once."""
        with self._lock:
            return self._told + self._passed()

    def wait_until(self, instant: dt.datetime) -> bool:
        """Return once `now()` has reached `instant`; False, at once, when it was told to stop."""
        while (left := (instant - self.now()).total_seconds()) > 0:
            if self._stopped.wait(min(left, _SHORT_NAP)):
                return False
        return not self._stopped.is_set()

    def _take(self, found: dt.datetime) -> dt.datetime:
        """The other clock's time and what it was set back by: no minute is waited for twice."""
        with self._lock:
            if found + self._ahead < self._told:
                self._ahead = self._told + self._passed() - found
            self._told, self._told_at = found + self._ahead, self._steady()
            return self._told

    def _passed(self) -> dt.timedelta:
        return dt.timedelta(seconds=self._steady() - self._told_at)

    def stop(self) -> None:
        """End every wait, also later ones."""
        self._stopped.set()
