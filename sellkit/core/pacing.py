"""The budget from which every request for bars is drawn: how long one has to wait, and why.

Interactive Brokers allows 50 historical requests open at once. For bars of 30 seconds or less no
two identical requests may come within 15 seconds, no six for one contract, exchange and kind of
price within two, and no more than 60 within ten minutes, those for BID_ASK counting double. For
larger bars the limits are lifted; what stays is a load-balancing throttle without a published
number, hence a bucket of tokens. Identical requests keep their distance whatever their size.

Source: https://interactivebrokers.github.io/tws-api/historical_limitations.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from sellkit.errors import ConfigError

_NOW: Final = 1e-6
"""A wait shorter than this, in seconds, is none: sums of floats are not exact."""

_BURST_SECONDS: Final = 2.0
_BURST_LIMIT: Final = 5
_WINDOW_SECONDS: Final = 600.0
_WINDOW_LIMIT: Final = 60


class Urgency(IntEnum):
    """What a request is for; the lower may use up what is left of the budget."""

    HOUR = 0
    MINUTE = 1
    BACKFILL = 2


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
    reserve
        Tokens that only the hourly run may use.
    slowest
        The share of `requests_per_second` below which pacing errors do not push it.
    recovery_seconds
        How long the full rate takes to come back from nothing.
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
    burst: int = 8
    reserve: int = 3
    slowest: float = 1 / 64
    recovery_seconds: float = 3600.0
    max_attempts: int = 4
    backoff_seconds: float = 15.0
    max_backoff_seconds: float = 120.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        least = {"max_open": 1, "burst": 1, "max_attempts": 1, "identical_gap_seconds": 0}
        least |= {"backoff_seconds": 0, "max_backoff_seconds": 0, "jitter": 0, "reserve": 0}
        for name, lowest in least.items():
            if not getattr(self, name) >= lowest:
                raise ConfigError(
                    f"the pacing rule {name} must be {lowest} or more, not {getattr(self, name)}"
                )
        for name in ("requests_per_second", "slowest", "recovery_seconds"):
            if not getattr(self, name) > 0:
                raise ConfigError(
                    f"the pacing rule {name} must be above 0, not {getattr(self, name)}"
                )
        if self.jitter > 1:
            raise ConfigError(f"the pacing rule jitter must be 1 or less, not {self.jitter}")
        if self.reserve >= self.burst:
            raise ConfigError(
                f"the pacing rule reserve must be below burst, {self.burst}, not {self.reserve}"
            )

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


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, as far as the limits look at it.

    Attributes
    ----------
    question
        What makes two requests the same.
    series
        Contract, exchange and kind of price.
    is_small
        Whether the bars are of 30 seconds or less.
    weight
        Two for BID_ASK, else one.
    """

    question: str
    series: str = ""
    is_small: bool = False
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Grant:
    """What a ledger says to a request.

    Attributes
    ----------
    wait_seconds
        Ask again then; 0 when it may be sent, and is counted.
    is_answered
        Somebody else's request, the very same, was answered meanwhile: look at what it brought.
    is_own
        Whether only this request has to wait, because of others like it; else all do.
    next_seconds
        When it may be sent: how long another one, unlike it, will have to wait.
    """

    wait_seconds: float
    is_answered: bool = False
    is_own: bool = False
    next_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a budget is used, by all who draw from it.

    Attributes
    ----------
    sent
        Requests of the last ten minutes.
    open
        Those that wait for their answer.
    left
        What may be asked at once, the hour's reserve included.
    per_second
        How fast that grows again at present.
    kept_seconds
        How much longer the budget is kept for the hourly run; 0 when it is not.
    """

    sent: int
    open: int
    left: int
    per_second: float
    kept_seconds: float


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that was sent, and when, in seconds."""

    ask: Ask
    at: float


@dataclass(slots=True)
class Budget:
    """Decides how long a request has to wait. It neither sleeps nor looks at a clock.

    Times are in seconds, on any clock that everybody who draws from the budget shares.

    Attributes
    ----------
    level
        Tokens in the bucket at `counted_at`; None for a full one.
    rate
        Tokens a second at `changed_at`, the full rate when never slowed down.
    sent
        What was sent within the last ten minutes, oldest first; of larger bars only those that are
        the same as what is asked for are needed.
    """

    rules: PacingRules
    level: float | None = None
    counted_at: float = 0.0
    rate: float | None = None
    changed_at: float = 0.0
    sent: list[Sent] = field(default_factory=list)

    def wait(self, ask: Ask, urgency: Urgency, now: float) -> float:
        """Seconds until a request may be sent; 0 when it may be sent now."""
        wait = max(self.shared(urgency, now), self.gap(ask, now), self._small_bars(ask, now))
        return wait if wait > _NOW else 0.0

    def shared(self, urgency: Urgency, now: float) -> float:
        """Seconds until there is a token, for whatever request."""
        reserve = 0 if urgency is Urgency.HOUR else self.rules.reserve
        return max(0.0, 1.0 + reserve - self._tokens(now)) / self.rate_at(now)

    def is_own(self, ask: Ask, now: float) -> bool:
        """Whether a request has to wait because of others like it, not for a token."""
        return max(self.gap(ask, now), self._small_bars(ask, now)) > _NOW

    def gap(self, ask: Ask, now: float) -> float:
        """Seconds until the same request may come again."""
        last = max((each.at for each in self.sent if each.ask.question == ask.question), default=0)
        return max(0.0, last + self.rules.identical_gap_seconds - now) if last else 0.0

    def record(self, ask: Ask, now: float) -> None:
        """A request is being sent."""
        self.level, self.counted_at = self._tokens(now) - 1.0, now
        self.forget(now)
        self.sent.append(Sent(ask, now))

    def forget(self, now: float) -> None:
        """Drop what no limit looks at any more; a clock that went back makes nothing wait."""
        oldest = now - max(_WINDOW_SECONDS, self.rules.identical_gap_seconds)
        self.sent = [Sent(one.ask, min(one.at, now)) for one in self.sent if one.at > oldest]

    def slow_down(self, now: float) -> None:
        """The gateway said that it was too much: half the rate from now on, and an empty bucket."""
        full = self.rules.requests_per_second
        self.rate = max(self.rate_at(now) / 2, full * self.rules.slowest)
        self.changed_at = self.counted_at = now
        self.level = 0.0

    def rate_at(self, now: float) -> float:
        """Tokens a second; after a slow-down it comes back little by little."""
        full = self.rules.requests_per_second
        if self.rate is None:
            return full
        regained = full * max(0.0, now - self.changed_at) / self.rules.recovery_seconds
        return min(full, self.rate + regained)

    def seconds_for(self, requests: int, now: float) -> float:
        """About how long so many requests take."""
        rate, full = self.rate_at(now), self.rules.requests_per_second
        gain = full / self.rules.recovery_seconds
        climbing = (full - rate) / gain
        while_climbing = (rate + full) / 2 * climbing
        if requests >= while_climbing:
            return climbing + (requests - while_climbing) / full
        # The root of rate * t + gain * t^2 / 2 = requests.
        return float(((rate**2 + 2 * gain * requests) ** 0.5 - rate) / gain)

    def left(self, now: float) -> int:
        """Requests that may be sent at once, the reserve included."""
        return int(self._tokens(now) + _NOW)

    def _tokens(self, now: float) -> float:
        if self.level is None:
            return float(self.rules.burst)
        gained = max(0.0, now - self.counted_at) * self.rate_at(now)
        return min(float(self.rules.burst), self.level + gained)

    def _small_bars(self, ask: Ask, now: float) -> float:
        if not ask.is_small:
            return 0.0
        small = [each for each in self.sent if each.ask.is_small]
        same = [each.at for each in small if each.ask.series == ask.series]
        burst = same[-_BURST_LIMIT] + _BURST_SECONDS - now if len(same) >= _BURST_LIMIT else 0.0
        return max(0.0, burst, self._window(small, ask.weight, now))

    def _window(self, small: list[Sent], weight: int, now: float) -> float:
        """Seconds until so much of the last ten minutes has passed that a weight fits in."""
        left = sum(each.ask.weight for each in small if each.at + _WINDOW_SECONDS > now) + weight
        wait = 0.0
        for each in small:
            if left <= _WINDOW_LIMIT:
                break
            if each.at + _WINDOW_SECONDS > now:
                left -= each.ask.weight
                wait = each.at + _WINDOW_SECONDS - now
        return wait
