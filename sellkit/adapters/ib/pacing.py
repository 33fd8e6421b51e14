"""Requests within the budget, and again when the gateway says that it was too much."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from sellkit.core.pacing import Urgency
from sellkit.errors import AnsweredElsewhere, PacingViolation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sellkit.core.pacing import Ask, Grant, PacingRules, Usage

Result = TypeVar("Result")

_LONGEST_SLEEP: Final = 1.0
"""Seconds after which the ledger is asked again whatever it said, for a clock may have been set."""


class RequestLedger(Protocol):
    """Where requests are counted, by all processes that share a gateway."""

    def now(self) -> float:
        """The time by which they are counted, in seconds."""
        ...

    def claim(self, ask: Ask, urgency: Urgency, since: float) -> Grant:
        """Count a request that may be sent, or say how long to wait.

        An answer that came to the same request after `since` is as good as one of its own.
        """
        ...

    def settle(self, ask: Ask) -> None:
        """The request was answered, or given up."""
        ...

    def slow_down(self) -> None:
        """The gateway said that it was too much."""
        ...

    def seconds_for(self, requests: int) -> float:
        """About how long so many requests take."""
        ...

    def usage(self) -> Usage:
        """How much of the budget is used."""
        ...

    def close(self) -> None:
        """End the use of it."""
        ...


class Pacer:
    """Sends requests within the budget, and again when the gateway says that it was too much.

    Parameters
    ----------
    rules
        The limits.
    ledger
        Where requests are counted; it is asked on threads of its own, for it may be on disk.
    sleep
        Waits for a number of seconds.
    chance
        A number from 0 to 1, another one each time.
    """

    def __init__(
        self,
        rules: PacingRules,
        ledger: RequestLedger,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._rules = rules
        self._ledger = ledger
        self._open = asyncio.Semaphore(rules.max_open)
        self._sleep = sleep
        self._chance = chance
        self._flying: dict[str, asyncio.Future[Any]] = {}
        self._tokens_at: dict[Urgency, float] = {}
        self._queues = {each: asyncio.Lock() for each in Urgency}

    def seconds_for(self, requests: int) -> float:
        """About how long so many requests take."""
        return self._ledger.seconds_for(requests)

    def usage(self) -> Usage:
        """How much of the budget is used."""
        return self._ledger.usage()

    def close(self) -> None:
        """End the use of the ledger."""
        self._ledger.close()

    async def run(
        self, ask: Ask, urgency: Urgency, send: Callable[[], Awaitable[Result]]
    ) -> Result:
        """Wait until a request may be sent, and send it.

        Whoever asks the same while it is under way gets the same answer.

        Parameters
        ----------
        send
            Sends it and returns its answer; it is called once for each attempt.

        Raises
        ------
        AnsweredElsewhere
            Another process asked the very same, and was answered while this one waited.
        PacingViolation
            Every attempt was too much. Other errors of `send` pass through at once.
        """
        while (flying := self._flying.get(ask.question)) is not None:
            try:
                answer: Result = await asyncio.shield(flying)
            except asyncio.CancelledError:
                # Whoever asked first gave up; that is no reason for this one to.
                if not flying.cancelled():
                    raise
                await asyncio.sleep(0)
            else:
                return answer
        task = asyncio.ensure_future(self._attempt(ask, urgency, send))
        self._flying[ask.question] = task
        task.add_done_callback(lambda _: self._flying.pop(ask.question, None))
        return await task

    async def _attempt(
        self, ask: Ask, urgency: Urgency, send: Callable[[], Awaitable[Result]]
    ) -> Result:
        for attempt in range(1, self._rules.max_attempts):
            with suppress(PacingViolation):
                return await self._once(ask, urgency, send)
            await self._sleep(self._rules.backoff(attempt, self._chance()))
        return await self._once(ask, urgency, send)

    async def _once(
        self, ask: Ask, urgency: Urgency, send: Callable[[], Awaitable[Result]]
    ) -> Result:
        async with self._open:
            await self._wait_for_turn(ask, urgency)
            try:
                return await send()
            except PacingViolation:
                await asyncio.to_thread(self._ledger.slow_down)
                raise
            finally:
                await asyncio.to_thread(self._ledger.settle, ask)

    async def _wait_for_turn(self, ask: Ask, urgency: Urgency) -> None:
        since = self._ledger.now()
        while True:
            # Only the first in the queue asks the ledger: all others would be told to wait, too.
            async with self._queues[urgency]:
                await self._sleep_on(urgency)
                grant = await self._claim(ask, urgency, since)
            if not grant.wait_seconds:
                return
            await self._sleep(grant.wait_seconds)

    async def _sleep_on(self, urgency: Urgency) -> None:
        """Wait until there can be a token again, as the last request of this urgency was told."""
        left = self._tokens_at.get(urgency, 0.0) - self._ledger.now()
        if 0 < left <= _LONGEST_SLEEP:
            await self._sleep(left)

    async def _claim(self, ask: Ask, urgency: Urgency, since: float) -> Grant:
        """Wait until there is a token; what only this request waits for it is told."""
        while True:
            grant = await asyncio.to_thread(self._ledger.claim, ask, urgency, since)
            if grant.is_answered:
                raise AnsweredElsewhere(f"another sellkit has just been answered: {ask.question}")
            if not grant.wait_seconds:
                self._tokens_at[urgency] = self._ledger.now() + grant.next_seconds
            if grant.is_own or not grant.wait_seconds:
                return grant
            await self._sleep(grant.wait_seconds)
