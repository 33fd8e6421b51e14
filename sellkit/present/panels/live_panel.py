"""The live desk: the status table from minute to minute, and what a person has to see beside it."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from html import escape
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import ipywidgets as widgets

from sellkit.present.feed import WatchedDesk, feed_of
from sellkit.present.grid.clocks import Drift
from sellkit.present.grid.table import Grid, GridColumn
from sellkit.present.grid.ticking import Ticking
from sellkit.present.heading import Heading
from sellkit.present.onlookers import GONE_SECONDS, Onlookers
from sellkit.present.panels import board
from sellkit.present.panels.halting import HaltButton
from sellkit.present.panels.live_rows import COLUMNS, live_lines
from sellkit.present.panels.state import DeskState
from sellkit.present.refreshing import REFRESHERS
from sellkit.present.watched_columns import minute_in_words

if TYPE_CHECKING:
    from sellkit.core.arming import Halt
    from sellkit.core.watched import Watched
    from sellkit.present.feed import Feed, Watching
    from sellkit.present.refreshing import Refresher

log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 1.0
_READ_EVERY: Final = 5


class LiveDesk(WatchedDesk, Protocol):
    """What the panel asks of the desk; its own connection may be closed."""

    def live_state(self, now: dt.datetime) -> DeskState:
        """Switches, tickets, alerts and the next decision, as they stand at a moment."""
        ...

    def halt(self, reason: str) -> tuple[Halt, str]:
        """Halt every process; the halt in force, and why it is not journalled, or ""."""
        ...

    def halted(self) -> Halt | None:
        """The halt that is in force."""
        ...


class LivePanel:
    """The panel, which shows itself in a cell.

    Attributes
    ----------
    feed
        Its snapshots; a chart may subscribe to them, too.
    box
        Its widgets.
    """

    def __init__(self, desk: LiveDesk, feed: Feed, unseen_seconds: float = GONE_SECONDS) -> None:
        self.feed = feed
        self._onlookers = Onlookers(self._ask, unseen_seconds)
        self._desk = desk
        self._turn = threading.RLock()
        self._state = DeskState()
        self._watch: Watching | None = None
        self._news: Watched | None = None
        self._looks = 0
        self._trouble: str | None = None
        self._mishap = ""
        self._is_closed = False
        self._drift = Drift(self._now)
        self._make()
        self._forget = feed.subscribe(self._update, self._onlookers)

    @classmethod
    def open(cls, desk: LiveDesk, unseen_seconds: float = GONE_SECONDS) -> Self:
        """A panel that runs, in place of a former one of the desk's profile and account.

        Parameters
        ----------
        unseen_seconds
            How long no page may answer before it pauses, and frees its client id; it does so within
            some seconds where a page says that it closes.
        """
        panel = cls(desk, feed_of(desk), unseen_seconds)
        panel.begin()
        return panel

    def begin(self) -> None:
        """Connect and go on until it is closed; returns at once."""
        self.feed.begin(self._desk)
        REFRESHERS.start(f"{self.feed.name} panel", self._attend)

    def close(self) -> None:
        """Stop showing anything new; the feed ends with its last subscriber."""
        if self._is_closed:
            return
        self._is_closed = True
        self._onlookers.leave()
        self._forget()
        if not self.feed.subscribers:
            self.feed.end()
        elif self._grid.comm is not None:  # another one goes on; this must not look alive
            self._grid.is_away = True
            self._board.markup = board.board("<b>replaced: this panel shows nothing new</b>")

    def _repr_mimebundle_(self, **options: Any) -> Any:  # noqa: ANN401  (as IPython has it)
        return self.box._repr_mimebundle_(**options)

    def _make(self) -> None:
        run = self._desk.run
        self._exchange = "NYSE"
        heading = Heading(
            mode=run.mode,
            profile=run.profile,
            account=run.account,
            gateway=run.gateway,
            as_of=run.as_of,
            zone_exchange=self._exchange,
        )
        self._heading = widgets.HTML(heading._repr_html_())
        self._board = Ticking(board.board(board.lights(None, (), "")), self._now)
        self._halt = HaltButton(self._desk.halt, self._say)
        self._arming = widgets.HTML()
        self._alerts = widgets.HTML()
        self._status = widgets.HTML()
        self._grid = Grid(
            [GridColumn(*each) for each in COLUMNS],
            label=f"{run.mode}: positions of {run.account}, profile {run.profile}",
            now=self._now,
            on_seen=self._seen,
            on_left=self._onlookers.left,
        )
        self._grid.observe(lambda _change: self._end(), "comm")
        self._minute = widgets.HTML()
        self._orders = widgets.HTML()
        self._say("Asking for positions, orders and the newest bars ...")
        full = widgets.Layout(width="100%")
        top = widgets.HBox(
            [self._board, self._halt.widget],
            layout=widgets.Layout(justify_content="space-between", align_items="center"),
        )
        parts = [self._heading, top, self._arming, self._status, self._alerts]
        self.box = widgets.VBox([*parts, self._grid, self._minute, self._orders], layout=full)

    def _now(self) -> dt.datetime | None:
        """The desk's time; that of the last connection goes on where there is none."""
        watch = self.feed.watch or self._watch
        return None if watch is None else watch.now()

    def _say(self, text: str) -> None:
        self._status.value = f'<div role="status">{escape(text)}</div>'

    # --- on the feed's thread -------------------------------------------------------------------

    def _update(self, watched: Watched) -> None:
        """Show the rows at once; what stands around them does not keep them waiting."""
        watch = self._watch = self.feed.watch or self._watch
        now = watched.due if watch is None else watch.now()
        with self._turn:
            self._grid.show(live_lines(watched, self._state, now))
            self._news = watched

    # --- on the panel's thread ------------------------------------------------------------------

    def _attend(self, own: Refresher) -> None:
        own.on_stop(self.close)  # another panel takes its place, or the kernel ends
        while own.wait(_LOOK_SECONDS):
            try:
                self._look()
            except Exception as error:  # a thread is an entry point: nobody else would show it
                log.critical("panel_failed", exc_info=True)
                self._say(f"{type(error).__name__}: {error}")

    def _look(self) -> None:
        """What may change at any moment; the rest every few seconds."""
        self._watch = self.feed.watch or self._watch
        with self._turn:
            is_news = self._show_minute()
            self._show_lights()
            halt = self._desk.halted()
            self._halt.look(halt)
            self._looks += 1
            if halt != self._state.halt or self._looks % _READ_EVERY == 1 or is_news:
                self._read(self._now() or self._desk.run.as_of)
        if self._drift.has_grown():
            self._grid.tell_time()
            self._board.tell_time()

    def _show_minute(self) -> bool:
        """What stands around the rows of a snapshot; whether there was one."""
        watched, self._news = self._news, None
        if watched is None:
            return False
        if self._watch is not None:
            heading = self._watch.heading(watched, self._watch.now())
            self._exchange = heading.zone_exchange
            self._heading.value = heading._repr_html_()
        self._minute.value = board.note(minute_in_words(watched))
        if watched.trouble != self._trouble:
            self._trouble = watched.trouble
            self._say(watched.trouble)
        return True

    def _show_lights(self) -> None:
        watch, feed = self.feed.watch, self.feed
        standing = None if watch is None else watch.standing
        farms = () if watch is None else watch.broken_farms
        trouble = "paused, as nobody looks" if feed.is_resting else feed.trouble
        self._grid.is_away = standing is None or not standing.is_ready
        lights = board.lights(standing, farms, trouble)
        due = board.next_decision(self._state.next_decision, self._exchange)
        deaf = board.deaf() if self._onlookers.is_deaf else ""
        self._board.markup = board.board(lights, due, deaf)
        if feed.mishap != self._mishap:
            self._mishap = feed.mishap
            self._say(f"what follows the desk failed: {feed.mishap}")

    def _read(self, now: dt.datetime) -> None:
        """Read what stands on the disk, and show it where it has changed."""
        before, state = self._state, self._desk.live_state(now)
        self._state = state
        resume = f"sellkit resume --profile {self._desk.run.profile} --reason TEXT"
        self._arming.value = board.arming(state)
        told = board.halted(state, resume) + board.alerts(state.alerts)
        self._alerts.value = board.announced(told)
        watched = self.feed.latest
        if watched is None:
            return
        self._orders.value = board.orders(watched, state.tickets)
        if (before.halt, before.is_armed) != (state.halt, state.is_armed):
            self._grid.show(live_lines(watched, state, now))

    # --- whether anybody looks ------------------------------------------------------------------

    def _ask(self) -> None:
        if self._grid.comm is not None:
            self._grid.ask()

    def _seen(self) -> None:
        """A notebook that was closed keeps no connection; it comes back when it is opened."""
        self._onlookers.seen()
        if not self._is_closed:
            self.feed.wake()

    def _end(self) -> None:
        """The widget was closed."""
        if self._grid.comm is None:
            self.close()
