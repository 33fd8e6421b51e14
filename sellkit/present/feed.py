"""The snapshots of a watch on a background thread, for whatever shows them."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final, Protocol

from sellkit.errors import BrokerError, SellkitError
from sellkit.present.refreshing import REFRESHERS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from sellkit.core.standing import Standing
    from sellkit.core.watched import Watched
    from sellkit.ports import RunHeader
    from sellkit.present.heading import Heading
    from sellkit.present.refreshing import Refresher, Refreshers

    Update = Callable[[Watched], None]

log = logging.getLogger(__name__)

_AGAIN_SECONDS: Final = 5.0


class Watching(Protocol):
    """A watch on a gateway that is connected; any thread may ask it."""

    @property
    def standing(self) -> Standing:
        """How the connection stands."""
        ...

    @property
    def broken_farms(self) -> tuple[str, ...]:
        """The data farms that are broken."""
        ...

    def now(self) -> dt.datetime:
        """The time by which it lives, aware UTC, at once."""
        ...

    def heading(self, watched: Watched, now: dt.datetime) -> Heading:
        """What stands above a snapshot."""
        ...

    def run(self, publish: Update) -> None:
        """Publish snapshots, on any thread, until `stop`."""
        ...

    def stop(self) -> None:
        """End `run`, from another thread."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class WatchedDesk(Protocol):
    """What a feed asks of a desk."""

    @property
    def run(self) -> RunHeader:
        """Profile, account and mode."""
        ...

    def watch(self) -> Watching:
        """A watch on the desk's gateway, over a connection of its own.

        Raises
        ------
        SellkitError
            There is none.
        """
        ...


class Feed:
    """Snapshots for any number of subscribers, from one connection.

    While the gateway cannot be reached it is tried again; what is wrong for good ends the feed.

    Parameters
    ----------
    name
        Of the thread: a feed that begins ends the one of the same name.
    again_seconds
        How long after a connection that failed the next is tried.

    Attributes
    ----------
    latest
        The newest snapshot; None before the first.
    watch
        The connected watch; None while there is none.
    trouble
        Why there is none, or what ended it; "" while it runs, and before it began.
    mishap
        What a subscriber last failed with, or "".
    """

    def __init__(
        self,
        name: str,
        refreshers: Refreshers = REFRESHERS,
        again_seconds: float = _AGAIN_SECONDS,
    ) -> None:
        self.name = name
        self.latest: Watched | None = None
        self.watch: Watching | None = None
        self.trouble = self.mishap = ""
        self._refreshers = refreshers
        self._again_seconds = again_seconds
        self._turn = threading.Lock()
        self._updates: list[Update] = []
        self._refresher: Refresher | None = None

    @property
    def is_running(self) -> bool:
        """Whether its thread runs and was not told to end."""
        refresher = self._refresher
        return refresher is not None and refresher.is_alive and not refresher.is_over

    @property
    def subscribers(self) -> int:
        """How many there are."""
        return len(self._updates)

    def subscribe(self, update: Update) -> Callable[[], None]:
        """Have each snapshot told, on the watch's thread, and the newest one at once.

        Returns
        -------
        callable
            Ends it.
        """
        with self._turn:
            self._updates.append(update)
        if self.latest is not None:
            self._tell(update, self.latest)
        return lambda: self._forget(update)

    def begin(self, desk: WatchedDesk) -> None:
        """Connect and watch on a thread, in place of a former one; returns at once."""
        self._refresher = self._refreshers.start(self.name, lambda own: self._work(own, desk))

    def end(self) -> None:
        """Stop watching and end the connection; returns at once."""
        if self._refresher is not None:
            self._refresher.stop()

    def join(self, seconds: float | None = None) -> bool:
        """Wait until it has ended, at most so long; whether it has."""
        return self._refresher is None or self._refresher.join(seconds)

    def _forget(self, update: Update) -> None:
        with self._turn:
            if update in self._updates:
                self._updates.remove(update)

    # --- on its thread --------------------------------------------------------------------------

    def _work(self, own: Refresher, desk: WatchedDesk) -> None:
        self.trouble = ""
        while not own.is_over:
            try:
                self._watch(own, desk)
            except BrokerError as error:
                self.trouble = str(error)
                if not error.retryable:
                    return
            except SellkitError as error:
                self.trouble = str(error)
                return
            except Exception as error:
                log.critical("feed_failed", exc_info=True)
                self.trouble = f"an error of sellkit's own ({type(error).__name__}: {error})"
                return
            own.wait(self._again_seconds)

    def _watch(self, own: Refresher, desk: WatchedDesk) -> None:
        watch = desk.watch()
        try:
            own.on_stop(watch.stop)
            self.watch, self.trouble = watch, ""
            watch.run(self._publish)
        finally:
            self.watch = None
            watch.close()

    def _publish(self, watched: Watched) -> None:
        self.latest = watched
        with self._turn:
            updates = list(self._updates)
        for update in updates:
            self._tell(update, watched)

    def _tell(self, update: Update, watched: Watched) -> None:
        try:
            update(watched)
        except Exception as error:
            log.critical("subscriber_failed", exc_info=True)
            self.mishap = f"{type(error).__name__}: {error}"


_FEEDS: Final[dict[str, Feed]] = {}


def feed_of(desk: WatchedDesk) -> Feed:
    """The feed of a desk's profile and account in this kernel; it is the same for every panel."""
    name = f"live {desk.run.profile} {desk.run.account}"
    return _FEEDS.setdefault(name, Feed(name))
