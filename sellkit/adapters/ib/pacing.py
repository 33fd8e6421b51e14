"""The budget from which every request for bars is drawn.

Interactive Brokers allows 50 historical requests open at once, and no two identical ones within 15
seconds. For bars of a minute and more the other published limits are lifted; what stays is a
load-balancing throttle without a published number, hence a bucket of tokens and patience.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from sellkit.errors import ConfigError, PacingViolation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

Result = TypeVar("Result")

_NOW: Final = 1e-6
"""A wait shorter than this, in seconds, is none: sums of floats are not exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacingRules:
    """How much may be asked, and how to behave when it was too much.

    Attributes
    ----------
    max_open
        Requests that may be open at once.
    identical_gap_seconds
        Time that lies between two identical requests.
    requests_per_second, burst
        How fast the bucket fills, and how many tokens it holds.
    max_attempts
        How often a request is sent in all, when each time the gateway says that it was too much.
    backoff_seconds, max_backoff_seconds
        The wait before the second attempt; it doubles each time, up to the longest one.
    jitter
        Share of a wait that is left to chance, 0 to 1, so that several clients drift apart.

    Raises
    ------
    ConfigError
        A rule by which nothing could ever be sent.
    """

    max_open: int = 50
    identical_gap_seconds: float = 15.0
    requests_per_second: float = 10.0
    burst: int = 5
    max_attempts: int = 4
    backoff_seconds: float = 15.0
    max_backoff_seconds: float = 120.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        least = {"max_open": 1, "burst": 1, "max_attempts": 1, "identical_gap_seconds": 0}
        least |= {"backoff_seconds": 0, "max_backoff_seconds": 0, "jitter": 0}
        for name, lowest in least.items():
            if not getattr(self, name) >= lowest:
                raise ConfigError(
                    f"the pacing rule {name} must be {lowest} or more, not {getattr(self, name)}"
                )
        if not self.requests_per_second > 0:
            raise ConfigError(
                f"the pacing rule requests_per_second must be above 0, "
                f"not {self.requests_per_second}"
            )
        if self.jitter > 1:
            raise ConfigError(f"the pacing rule jitter must be 1 or less, not {self.jitter}")

    def backoff(self, attempt: int, chance: float) -> float:
        """Seconds to wait after an attempt that was too much.

        Parameters
        ----------
        attempt
            1 for the first.
        chance
            From 0 to 1; it fills the share that is left to chance.
        """
        whole = min(self.backoff_seconds * 2.0 ** (attempt - 1), self.max_backoff_seconds)
        return whole * (1 - self.jitter + self.jitter * chance)


class Ledger:
    """Decides how long a request has to wait. It neither sleeps nor looks at a clock.

    Parameters
    ----------
    rules
        The limits.
    """

    def __init__(self, rules: PacingRules) -> None:
        self._rules = rules
        self._tokens = float(rules.burst)
        self._counted_at: float | None = None
        self._sent: dict[Hashable, float] = {}

    def wait(self, question: Hashable, now: float) -> float:
        """Seconds until a question may be sent; 0 when it may be sent now.

        Parameters
        ----------
        question
            What makes two requests the same.
        now
            On a steady clock, in seconds.
        """
        token = max(0.0, 1.0 - self._level(now)) / self._rules.requests_per_second
        last = self._sent.get(question)
        gap = 0.0 if last is None else last + self._rules.identical_gap_seconds - now
        wait = max(token, gap)
        return wait if wait > _NOW else 0.0

    def record(self, question: Hashable, now: float) -> None:
        """A question is being sent."""
        self._tokens = self._level(now) - 1.0
        self._counted_at = now
        oldest = now - self._rules.identical_gap_seconds
        self._sent = {each: sent for each, sent in self._sent.items() if sent > oldest}
        self._sent[question] = now

    def _level(self, now: float) -> float:
        if self._counted_at is None:
            return self._tokens
        gained = (now - self._counted_at) * self._rules.requests_per_second
        return min(float(self._rules.burst), self._tokens + gained)


class Pacer:
    """Sends requests within the budget, and again when the gateway says that it was too much.

    Parameters
    ----------
    rules
        The limits.
    steady
        A steady clock, in seconds.
    sleep
        Waits for a number of seconds.
    chance
        A number from 0 to 1, another one each time.
    """

    def __init__(
        self,
        rules: PacingRules,
        *,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._rules = rules
        self._ledger = Ledger(rules)
        self._open = asyncio.Semaphore(rules.max_open)
        self._steady = steady
        self._sleep = sleep
        self._chance = chance

    def seconds_for(self, requests: int) -> float:
        """About how long so many requests take, the burst that is left aside."""
        return requests / self._rules.requests_per_second

    async def run(self, question: Hashable, send: Callable[[], Awaitable[Result]]) -> Result:
        """Wait until a question may be sent, and send it.

        Parameters
        ----------
        question
            What makes two requests the same.
        send
            Sends it and returns its answer; it is called once for each attempt.

        Raises
        ------
        PacingViolation
            Every attempt was too much. Other errors of `send` pass through at once.
        """
        for attempt in range(1, self._rules.max_attempts):
            with suppress(PacingViolation):
                return await self._once(question, send)
            await self._sleep(self._rules.backoff(attempt, self._chance()))
        return await self._once(question, send)

    async def _once(self, question: Hashable, send: Callable[[], Awaitable[Result]]) -> Result:
        async with self._open:
            while (wait := self._ledger.wait(question, self._steady())) > 0:
                await self._sleep(wait)
            self._ledger.record(question, self._steady())
            return await send()
