"""What a connection has under way: one thing at a time, done over the present link."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.adapters.clock import SystemClock
from sellkit.adapters.ib import happenings as have
from sellkit.adapters.ib.link import Hearing
from sellkit.adapters.ib.orders.wire import Deaf
from sellkit.adapters.ib.way import Endpoint, Way, make_way, open_way, probe, sync, try_data

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Coroutine

    from sellkit.adapters.ib.happenings import Event, Task
    from sellkit.adapters.ib.orders.wire import Ears
    from sellkit.adapters.ib.returning import Returning
    from sellkit.errors import BrokerError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Time and chance, as a test may want to replace them.

    Attributes
    ----------
    now
        This machine's clock, aware UTC.
    steady
        A steady clock, in seconds.
    sleep
        Waits for a number of seconds.
    chance
        A number from 0 to 1, another one each time.
    """

    now: Callable[[], dt.datetime] = SystemClock().now
    steady: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random


class Errands:
    """Runs the machine's errands; a new one ends the one before.

    Parameters
    ----------
    endpoint
        Whom to connect to.
    returning
        The patience.
    outside
        Time and chance.
    tell
        Told the event that an errand came back with, and what happens on a link.
    ears
        Who hears of orders, if anybody.

    Attributes
    ----------
    way
        The present link, open or not.
    accounts
        As the latest gateway listed them.
    error
        Why the latest link could not be opened.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        returning: Returning,
        outside: Outside,
        tell: Callable[[Event], None],
        ears: Ears | None = None,
    ) -> None:
        self.way: Way | None = None
        self.accounts: tuple[str, ...] = ()
        self.error: BrokerError | None = None
        self._endpoint = endpoint
        self._returning = returning
        self._outside = outside
        self._tell = tell
        self._ears = ears or Deaf()
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[Event] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def run(self, command: Task) -> None:
        """Begin an errand."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._loop.create_task(self._errand(command))
        self._task.add_done_callback(self._on_done)

    def throttle(self, rate: int) -> None:
        """Send at most so many messages a second over the present link."""
        if self.way is not None:
            self.way.link.throttle(rate)

    def close(self) -> None:
        """Begin to close the present link, and end what is under way."""
        way, self.way = self.way, None
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if way is not None:
            closing = self._loop.create_task(way.link.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def all_closed(self) -> None:
        """Wait until every link before the present one is closed."""
        if self._closing:
            await asyncio.wait(set(self._closing))

    def _errand(self, command: Task) -> Coroutine[None, None, Event]:
        match command:
            case have.Dial(_, link, rate):
                return self._dial(link, rate)
            case have.Wait(turn, seconds):
                return self._wait(turn, seconds)
            case have.BackOff(turn, failures):
                chance = self._outside.chance()
                return self._wait(turn, self._returning.delay(failures, chance))
            case have.Probe(turn):
                return probe(self._present(), turn, self._returning.probe_timeout_seconds)
            case have.Sync(turn):
                return sync(self._present(), turn)
            case have.Try(turn):
                return try_data(self._present(), turn)

    def _on_done(self, task: asyncio.Task[Event]) -> None:
        if task.cancelled() or task is not self._task:
            return
        self._task = None
        error = task.exception()
        if error is None:
            self._tell(task.result())
            return
        logger.critical("connection_failed", exc_info=error)
        if self.way is not None:
            reason = f"an error of sellkit's own ended it ({type(error).__name__})"
            self._tell(have.Lost(self.way.number, reason))

    def _present(self) -> Way:
        if self.way is None:
            raise RuntimeError("the machine asks over a link that there is none of")
        return self.way

    async def _wait(self, turn: int, seconds: float) -> Event:
        await self._outside.sleep(seconds)
        return have.Waited(turn)

    async def _dial(self, number: int, rate: int) -> Event:
        # The gateway may hold the client id as in use until the link before is gone.
        await self.all_closed()
        hearing = Hearing(
            told=lambda code, text: self._tell(have.Told(number, code, text)),
            unread=lambda: self._tell(have.Unread(number)),
            lost=lambda reason: self._tell(have.Lost(number, reason)),
            ears=self._ears,
        )
        way = self.way = make_way(self._endpoint, number, rate, hearing)
        event, self.error = await open_way(way, self._endpoint.connect_seconds)
        if self.error is None:
            self.accounts = way.link.account_numbers
        return event
