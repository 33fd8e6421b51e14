"""The time by which steps are dated, also while nobody can be asked for it."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sellkit.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.ports import Clock


@dataclass(slots=True)
class Dating:
    """A clock's time; once that cannot be asked, the last one told and what has passed since.

    A clock may be the gateway's, and an order that went out has to be followed when the gateway is
    lost. Only what has happened is dated by this: what is allowed is judged by the clock itself.

    Attributes
    ----------
    clock
        Asked first.
    timer
        Real seconds from any beginning; never goes back.
    """

    clock: Clock
    timer: Callable[[], float] = time.monotonic
    _told: dt.datetime = field(init=False)
    _told_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._told, self._told_at = self.clock.now(), self.timer()

    def now(self) -> dt.datetime:
        """Aware UTC."""
        try:
            told = self.clock.now()
        except BrokerError:
            return self._told + dt.timedelta(seconds=self.timer() - self._told_at)
        self._told, self._told_at = told, self.timer()
        return told
