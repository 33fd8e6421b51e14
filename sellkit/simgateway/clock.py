"""The gateway's clock: the machine's, or a virtual one that is set, runs faster or stands still."""

from __future__ import annotations

import datetime as dt
import math
import threading
import time
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, Protocol

from sellkit.core.market_time import zone_named
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

FASTEST: Final = 3600.0
"""Virtual seconds in a real one, at most: an hour in each second."""

GATEWAY_ZONE: Final = "US/Eastern"
"""Name of the zone that the gateway writes behind its local times."""

# Bars of all symbols start at the same instants, and are asked for again and again.
_TEXTS_KEPT: Final = 1 << 16


class Clock(Protocol):
    """Where every time that the gateway tells comes from."""

    def now(self) -> dt.datetime:
        """The present instant, aware UTC."""
        ...

    def describe(self) -> str:
        """The kind of clock, for the line that says the gateway is ready."""
        ...


class WallClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        """The present instant, aware UTC."""
        return dt.datetime.now(dt.UTC)

    def describe(self) -> str:
        """`wall`."""
        return "wall"


class VirtualClock:
    """A clock that starts where it is told.

    Parameters
    ----------
    start
        The first instant, aware.
    speed
        Virtual seconds in a real one; 0 stands still.
    steady
        A steady clock in real seconds.

    Raises
    ------
    ConfigError
        The start has no zone, or the speed is negative or above `FASTEST`.
    """

    def __init__(
        self,
        start: dt.datetime,
        speed: float = 1.0,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._steady = steady
        self._speed = _checked(speed)
        self._lock = threading.Lock()
        self._set(start)

    def now(self) -> dt.datetime:
        """The present instant, aware UTC."""
        with self._lock:
            return self._now()

    def set(self, instant: dt.datetime) -> None:
        """Go to `instant`, which is aware, and run on from there."""
        with self._lock:
            self._set(instant)

    def advance(self, step: dt.timedelta) -> None:
        """Go `step` ahead."""
        with self._lock:
            self._set(self._now() + step)

    @property
    def speed(self) -> float:
        """Virtual seconds in a real one."""
        with self._lock:
            return self._speed

    def set_speed(self, speed: float) -> None:
        """Run on from here at another speed; 0 stands still.

        Raises
        ------
        ConfigError
            The speed is negative or above `FASTEST`.
        """
        checked = _checked(speed)
        with self._lock:
            self._set(self._now())
            self._speed = checked

    def describe(self) -> str:
        """`virtual`, and how fast it runs."""
        if self._speed == 0:
            return "virtual, stands still"
        return f"virtual, {self._speed:g} seconds a second"

    def _now(self) -> dt.datetime:
        elapsed = self._steady() - self._set_at
        return self._start + dt.timedelta(seconds=elapsed * self._speed)

    def _set(self, instant: dt.datetime) -> None:
        if instant.tzinfo is None:
            raise ConfigError(f"the virtual clock needs a time with a zone, not {instant}")
        self._start = instant.astimezone(dt.UTC)
        self._set_at = self._steady()


def _checked(speed: float) -> float:
    if not (math.isfinite(speed) and 0 <= speed <= FASTEST):
        raise ConfigError(
            f"the speed of the virtual clock must be 0 or more, at most {FASTEST:g}, not {speed}"
        )
    return speed


def steady_seconds() -> float:
    """Seconds on a steady clock that no setting moves, for pacing and time-outs."""
    return time.monotonic()


def parse_instant(text: str) -> dt.datetime:
    """An ISO 8601 time as an instant; without a zone it is New York's.

    Raises
    ------
    ConfigError
        The text is no ISO time.
    """
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"{text!r} is no time; write it as 2025-11-28T13:00:05, with or without a zone"
        ) from error
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=_zone())
    return instant.astimezone(dt.UTC)


def local_time(instant: dt.datetime) -> dt.datetime:
    """`instant` on the clock of `GATEWAY_ZONE`."""
    return instant.astimezone(_zone())


@lru_cache(_TEXTS_KEPT)
def stamp(instant: dt.datetime) -> str:
    """`instant` as the gateway writes it: `20250102 10:00:00 US/Eastern`."""
    # strftime would take three times as long, and an answer has thousands of these.
    text = local_time(instant).isoformat(" ", "seconds")
    return f"{text[:10].replace('-', '')}{text[10:19]} {GATEWAY_ZONE}"


@lru_cache(_TEXTS_KEPT)
def epoch(instant: dt.datetime) -> str:
    """`instant` in whole seconds after 1970."""
    return str(int(instant.timestamp()))


@cache
def _zone() -> dt.tzinfo:
    return zone_named(GATEWAY_ZONE)
