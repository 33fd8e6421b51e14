"""The clocks: the machine's, and the gateway's."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from typing import TYPE_CHECKING, Final, TypeVar

from sellkit.errors import OtherGateway, SellkitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.ports import Clock

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_LONGEST_NAP: Final = 30.0
_SHORTEST_NAP: Final = 0.05
# Two gateways of one login may differ by seconds; their machines, badly set, by little more.
_TOLERATED: Final = dt.timedelta(minutes=5)


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

    def sleep_until(self, instant: dt.datetime) -> None:
        """Return once `now()` has reached `instant`.

        It sleeps in pieces, so that a clock that was set, or a machine that was asleep, is noticed.
        """
        while (left := (instant - self.now()).total_seconds()) > 0:
            self._sleep(min(left, _LONGEST_NAP))


class BrokerClock:
    """The gateway's clock, as it last told it.

    Between two answers it stands still, because a gateway may live by a virtual time of any speed:
    so it never runs ahead, and lags by at most the time that an answer stays fresh. It never goes
    backwards: an answer that lies a little earlier counts as the former one. One over a later
    connection that lies more than five minutes earlier is another time altogether, by which nothing
    may be done: hours that were decided would come again. Any thread may ask.

    Parameters
    ----------
    ask
        Asks the gateway for its time, aware UTC; whatever it raises passes through.
    epoch
        Which connection it is asked over; see `Standing`.
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
        epoch: Callable[[], int] = lambda: 0,
        fresh_seconds: float = 1.0,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ask = ask
        self._epoch = epoch
        self._fresh_seconds = fresh_seconds
        self._steady = steady
        self._sleep = sleep
        self._lock = threading.Lock()
        self._told: dt.datetime | None = None
        self._told_in = 0
        self._asked_at = 0.0

    def now(self) -> dt.datetime:
        """The gateway's time, aware UTC.

        Raises
        ------
        OtherGateway
            It lies far before the time that was told over an earlier connection.
        """
        with self._lock:
            asked_at = self._steady()
            if self._told is not None and asked_at - self._asked_at <= self._fresh_seconds:
                return self._told
            # Before the question: should the connection change meanwhile, the next answer shows it.
            epoch = self._epoch()
            answer = self._ask()
            if self._told is not None and epoch != self._told_in:
                _check_order(self._told, answer)
            self._told = answer if self._told is None else max(self._told, answer)
            self._told_in, self._asked_at = epoch, asked_at
            return self._told

    def sleep_until(self, instant: dt.datetime) -> None:
        """Return once `now()` has reached `instant`.

        The gateway is asked about once in a real second, whatever the speed of its time.
        """
        while (left := (instant - self.now()).total_seconds()) > 0:
            self._sleep(min(max(left, _SHORTEST_NAP), self._fresh_seconds))


def _check_order(told: dt.datetime, answer: dt.datetime) -> None:
    if told - answer > _TOLERATED:
        raise OtherGateway(
            f"the gateway's clock went back: it told {told:%Y-%m-%d %H:%M:%S} UTC, and over a new "
            f"connection {answer:%Y-%m-%d %H:%M:%S} UTC; hours that were decided are not decided "
            "again: let the gateway go on from its later time, or begin anew by the earlier one "
            "with another --data-dir"
        )


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

    def sleep_until(self, instant: dt.datetime) -> None:
        """Return once `now()` has reached `instant`."""
        self._insist(lambda: self._clock.sleep_until(instant))

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
