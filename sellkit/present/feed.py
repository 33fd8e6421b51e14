"""The snapshots of a watch on a background thread, for whatever shows them."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from sellkit.errors import BrokerError, SellkitError
from sellkit.present.refreshing import REFRESHERS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    import pandas as pd

    from sellkit.core.past import Past
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.core.standing import Standing
    from sellkit.core.watched import Watched
    from sellkit.ports import RunHeader
    from sellkit.present.heading import Heading
    from sellkit.present.onlookers import Onlookers
    from sellkit.present.refreshing import Refresher, Refreshers

    Update = Callable[[Watched], None]

log = logging.getLogger(__name__)

_AGAIN_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 1.0


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

    def bars(self, row: SnapshotRow) -> pd.DataFrame:
        """The completed bars of a row's assigned timeframe as they are stored now."""
        ...

    def past(self, row: SnapshotRow) -> Past:
        """What the journal holds of a row's position."""
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


@dataclass(frozen=True, slots=True, eq=False)
class _Subscriber:
    """Who is told each snapshot, and who sees what becomes of it; None: always wanted."""

    update: Update
    onlookers: Onlookers | None

    @property
    def is_wanted(self) -> bool:
        return self.onlookers is None or not self.onlookers.are_gone()


class Feed:
    """Snapshots for any number of subscribers, from one connection.

    While the gateway cannot be reached it is tried again; what is wrong for good ends the feed.
    While no page shows any of its subscribers it rests, without a connection, and it goes on when
    one does.

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
    is_resting
        Whether it has no connection because nobody looks.
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
        self.is_resting = False
        self._desk: WatchedDesk | None = None
        self._refreshers = refreshers
        self._again_seconds = again_seconds
        self._turn = threading.Lock()
        self._told: list[_Subscriber] = []
        self._refresher: Refresher | None = None

    @property
    def is_running(self) -> bool:
        """Whether its thread runs and was not told to end."""
        refresher = self._refresher
        return refresher is not None and refresher.is_alive and not refresher.is_over

    @property
    def subscribers(self) -> int:
        """How many there are."""
        return len(self._told)

    def subscribe(self, update: Update, onlookers: Onlookers | None = None) -> Callable[[], None]:
        """Have each snapshot told, on the watch's thread, and the newest one at once.

        Parameters
        ----------
        onlookers
            Who sees it; while they are gone the feed need not go on for it. Left out, it must.

        Returns
        -------
        callable
            Ends it.
        """
        subscriber = _Subscriber(update, onlookers)
        with self._turn:
            self._told.append(subscriber)
        if self.latest is not None:
            self._tell(update, self.latest)
        return lambda: self._forget(subscriber)

    def begin(self, desk: WatchedDesk) -> None:
        """Connect and watch on a thread, in place of a former one; returns at once."""
        with self._turn:
            self._desk, self.is_resting = desk, False
        self._refresher = self._refreshers.start(self.name, lambda own: self._work(own, desk))
        self._refreshers.start(f"{self.name} onlookers", self._look)

    def wake(self) -> None:
        """Go on if it rests: somebody looks again."""
        with self._turn:
            desk = self._desk if self.is_resting else None
            self.is_resting = False
        if desk is not None:
            self.begin(desk)

    def end(self) -> None:
        """Stop watching and end the connection; returns at once."""
        if self._refresher is not None:
            self._refresher.stop()

    def join(self, seconds: float | None = None) -> bool:
        """Wait until it has ended, at most so long; whether it has."""
        return self._refresher is None or self._refresher.join(seconds)

    def rest_unless_seen(self) -> None:
        """Ask who looks, and rest where nobody does."""
        told = self._ask_all(at_once=False)
        if not told or any(each.is_wanted for each in told):
            return
        with self._turn:
            self.is_resting = True
        self.end()

    def _forget(self, subscriber: _Subscriber) -> None:
        with self._turn:
            if subscriber in self._told:
                self._told.remove(subscriber)

    def _ask_all(self, *, at_once: bool) -> list[_Subscriber]:
        with self._turn:
            told = list(self._told)
        for each in told:
            if each.onlookers is not None:
                each.onlookers.look(at_once=at_once)
        return told

    def _look(self, own: Refresher) -> None:
        while own.wait(_LOOK_SECONDS):
            try:
                if not self.is_running:  # what ended it is said once more
                    self._ask_all(at_once=True)
                    return
                self.rest_unless_seen()
            except Exception as error:  # a thread is an entry point: nobody else would show it
                log.critical("onlookers_failed", exc_info=True)
                self.mishap = f"{type(error).__name__}: {error}"

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
            told = list(self._told)
        for each in told:
            self._tell(each.update, watched)

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
