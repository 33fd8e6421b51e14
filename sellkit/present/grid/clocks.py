"""A desk's time on its way to a browser."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Final

Now = Callable[[], dt.datetime | None]
"""The desk's time, aware UTC, at once; None while it is not known."""

_TOLERANCE: Final = dt.timedelta(seconds=1.5)


@lru_cache(maxsize=64)  # hundreds of rows share a moment
def milliseconds(instant: dt.datetime | None) -> int | None:
    """An instant as JavaScript has it: milliseconds since 1970 UTC."""
    return None if instant is None else round(instant.timestamp() * 1000)


class Drift:
    """Whether browsers, which go on at their own pace, have to be told the time anew.

    A machine's clock needs that once; a virtual one that runs or stands still, again and again.

    Parameters
    ----------
    now
        The desk's time.
    steady
        The machine's steady clock, in seconds.
    """

    def __init__(self, now: Now, steady: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._steady = steady
        self._turn = threading.Lock()
        self._told: tuple[dt.datetime, float] | None = None

    def has_grown(self) -> bool:
        """Whether what was told last is wrong by now; what is told next counts from here."""
        found, at = self._now(), self._steady()
        if found is None:
            return False
        with self._turn:
            if self._told is not None:
                told, told_at = self._told
                reckoned = told + dt.timedelta(seconds=at - told_at)
                if abs(found - reckoned) <= _TOLERANCE:
                    return False
            self._told = (found, at)
        return True
