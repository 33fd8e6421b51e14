"""How the connection stands, for every thread to read and to wait for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sellkit.core.standing import Standing

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable


class Bulletin:
    """The latest standing. One thread publishes, any number read.

    Parameters
    ----------
    reason
        Why it is not ready at first.
    now
        This machine's clock, aware UTC.
    """

    def __init__(self, reason: str, now: Callable[[], dt.datetime]) -> None:
        self._now = now
        self._changed = threading.Condition()
        self._standing = Standing(0, False, reason, now())
        self._is_final = False

    @property
    def standing(self) -> Standing:
        """The latest one."""
        return self._standing

    def publish(self, epoch: int, reason: str, *, is_final: bool) -> bool:
        """Put up a standing, and tell whether it is another one; nothing follows a final one."""
        before = self._standing
        if (before.epoch, before.reason) == (epoch, reason) and self._is_final == is_final:
            return False
        with self._changed:
            self._standing = Standing(epoch, not reason, reason, self._now())
            self._is_final = is_final
            self._changed.notify_all()
        return True

    def wait(self, seconds: float) -> Standing:
        """The standing as soon as it is ready or final, and at the latest after so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._standing.is_ready or self._is_final, seconds)
            return self._standing
