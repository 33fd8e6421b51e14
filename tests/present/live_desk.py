"""A desk of any size for the live panel, whose snapshots come when a test wants them."""

from __future__ import annotations

import datetime as dt
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from sellkit.core.arming import Halt
from sellkit.core.bars import empty_bars
from sellkit.core.past import Past
from sellkit.core.portfolio import GatewayKind
from sellkit.core.signals import Decision
from sellkit.core.snapshot import SnapshotRow
from sellkit.core.standing import Standing
from sellkit.core.watched import Watched, WatchedRow
from sellkit.ports import RunHeader
from sellkit.present.heading import Heading
from sellkit.present.panels.state import DeskState
from tests import build

RUN = RunHeader(
    run_id="r1",
    started_at=build.NOW,
    as_of=build.NOW,
    mode="DRY RUN",
    profile="made-up",
    account="main",
    gateway=GatewayKind.SIMULATED,
    version="0",
)
HALT = Halt(build.NOW, "a person (somebody)", "a test")
SECONDS = 30.0


def row_of(number: int, close: float = 101.0) -> WatchedRow:
    """One of many positions; every tenth signals, every third is below its cost."""
    token = f"NYSE:S{number:03d}"
    decision = Decision.EXIT if number % 10 == 0 else Decision.HOLD
    held = build.position(token, cost="150" if number % 3 == 0 else "90", con_id=1000 + number)
    proof = build.certificate(close=close)
    signal = build.signal(held, decision, proof, build.assignment("SMA 50 1H", token))
    row = build.row(signal=signal, last_close=close)
    return WatchedRow(row=row, bar=build.session_hours()[5], refreshed_at=build.NOW)


def watched(rows: Sequence[WatchedRow], minute: int = 1) -> Watched:
    """A snapshot of some rows."""
    at = build.NOW + dt.timedelta(minutes=minute - 1)
    return Watched(
        account="main",
        minute=minute,
        due=at,
        refreshed_at=at,
        rows=tuple(replace(each, refreshed_at=at) for each in rows),
    )


class MadeUpWatch:
    """A connected watch that publishes what it is given."""

    def __init__(self, desk: MadeUpDesk) -> None:
        self._desk = desk
        self._given: queue.SimpleQueue[Watched | None] = queue.SimpleQueue()
        self.standing = Standing(1, True, "", build.NOW)
        self.broken_farms: tuple[str, ...] = ()
        self.is_closed = threading.Event()

    def now(self) -> dt.datetime:
        return self._desk.now

    def heading(self, watched: Watched, now: dt.datetime) -> Heading:
        return Heading(
            mode=RUN.mode,
            profile=RUN.profile,
            account=watched.account,
            gateway=RUN.gateway,
            as_of=now,
            zone_exchange="NYSE",
        )

    def bars(self, row: SnapshotRow) -> pd.DataFrame:
        return empty_bars()

    def past(self, row: SnapshotRow) -> Past:
        return Past()

    def give(self, watched: Watched) -> None:
        self._given.put(watched)

    def run(self, publish: Callable[[Watched], None]) -> None:
        while (found := self._given.get()) is not None:
            publish(found)

    def stop(self) -> None:
        self._given.put(None)

    def close(self) -> None:
        self.is_closed.set()
        self._desk.open.remove(self)


class MadeUpDesk:
    """A desk whose gateway is away while `trouble` is set.

    Attributes
    ----------
    open
        The watches that are connected; never two of one client id.
    opened
        Every watch that ever was.
    """

    def __init__(self) -> None:
        self.run = RUN
        self.now = build.NOW
        self.trouble: Exception | None = None
        self.open: list[MadeUpWatch] = []
        self.opened: list[MadeUpWatch] = []
        self.most_open = 0
        self.asked = threading.Semaphore(0)
        self.connected = threading.Semaphore(0)
        self.state = DeskState(arming="not armed", lacks=("arming: nobody armed it",))
        self.reasons: list[str] = []

    def watch(self) -> MadeUpWatch:
        self.asked.release()
        if self.trouble is not None:
            raise self.trouble
        made = MadeUpWatch(self)
        self.open.append(made)
        self.opened.append(made)
        self.most_open = max(self.most_open, len(self.open))
        self.connected.release()
        return made

    def live_state(self, now: dt.datetime) -> DeskState:
        return self.state

    def halt(self, reason: str) -> tuple[Halt, str]:
        self.reasons.append(reason)
        self.state = replace(self.state, halt=HALT)
        return HALT, ""

    def halted(self) -> Halt | None:
        return self.state.halt
