"""Who wants to hear of a connection, told one after the other on a thread of their own."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.core.alerts import Alert

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hearers:
    """Who wants to hear of a connection.

    Attributes
    ----------
    on_alert
        Told each alert; without it alerts go into the log.
    on_clear
        Told that the connection is ready and no alert of it is open.
    on_subscriptions_lost
        Told that whatever was subscribed to has to be subscribed to anew.
    """

    on_alert: Callable[[Alert], None] | None = None
    on_clear: Callable[[], None] | None = None
    on_subscriptions_lost: Callable[[], None] | None = None


class Voice:
    """Tells the hearers in order. They may take long and may fail: nothing waits for them."""

    def __init__(self, hearers: Hearers) -> None:
        self._hearers = hearers
        self._thread: ThreadPoolExecutor | None = None

    def alert(self, alert: Alert) -> None:
        """Say an alert."""
        hear = self._hearers.on_alert
        if hear is None:
            extra = {"kind": str(alert.kind), "text": alert.text}
            logger.critical("connection_alert", extra=extra)
        else:
            self._tell("alert", lambda: hear(alert))

    def clear(self) -> None:
        """Say that no alert is open any more."""
        if self._hearers.on_clear is not None:
            self._tell("clear", self._hearers.on_clear)

    def subscriptions_lost(self) -> None:
        """Say that subscriptions were lost."""
        if self._hearers.on_subscriptions_lost is not None:
            self._tell("subscriptions_lost", self._hearers.on_subscriptions_lost)

    def end(self) -> None:
        """Wait until everything has been told; from any thread but the hearers' own."""
        if self._thread is not None:
            self._thread.shutdown(wait=True)

    def _tell(self, what: str, hear: Callable[[], None]) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="sellkit-ib-alerts")
        self._thread.submit(_told, what, hear)


def _told(what: str, hear: Callable[[], None]) -> None:
    try:
        hear()
    except Exception:
        # An alert that cannot be kept must not be lost as well: the log is the last place for it.
        logger.critical("alert_not_kept", extra={"what": what}, exc_info=True)
