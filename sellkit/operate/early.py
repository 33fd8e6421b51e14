"""The gateway's lists, read while something else is waited for or written down."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.core.reports import BrokerRecords
    from sellkit.core.standing import Standing

    Seen = tuple[Standing, BrokerRecords]


@dataclass(slots=True)
class EarlyLook:
    """Lists that are asked for a moment before they are needed.

    Attributes
    ----------
    standing, records
        How the connection stands, and the lists over it.
    fresh_seconds
        Lists that were asked for longer ago are not given, in real seconds.
    steady
        Real seconds from any beginning, which never go back.
    """

    standing: Callable[[], Standing]
    records: Callable[[], BrokerRecords]
    fresh_seconds: float
    steady: Callable[[], float] = time.monotonic
    _under_way: Future[Seen] | None = field(default=None, init=False)
    _begun_at: float | None = field(default=None, init=False)

    def begin(self) -> None:
        """Ask for the lists; a second call does nothing."""
        if self._begun_at is None:
            self._begun_at = self.steady()
            pool = ThreadPoolExecutor(1, thread_name_prefix="early")
            self._under_way = pool.submit(self._look)
            pool.shutdown(wait=False)

    def take(self) -> Seen | None:
        """How the connection stood before the lists, and the lists; once.

        None where they were not asked for, did not come, or have aged: whoever needs them reads
        them then, and is told what is wrong.
        """
        under_way, self._under_way = self._under_way, None
        if under_way is None or under_way.exception() is not None or self._begun_at is None:
            return None
        is_fresh = self.steady() - self._begun_at <= self.fresh_seconds
        return under_way.result() if is_fresh else None

    def _look(self) -> Seen:
        before = self.standing()
        return before, self.records()
