"""Runs of sellkit in a process of their own, that may be killed at a point."""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.alerts import AlertKind
from sellkit.core.snapshot import SnapshotRow
from sellkit.errors import SellkitError
from sellkit.operate.decision import HourlyDecision
from sellkit.operate.options import DeskOptions
from tests.build import limits
from tests.crash.points import Point, Points, install
from tests.faults.desk import PACING, StageClock, decided, dry_options, journal_at, laid_out
from tests.faults.live import Armoury, Sent, carried_out

SECONDS = 10.0
CLIENT = 1


@dataclass(frozen=True, slots=True)
class Hands:
    """What the hands of a virtual clock show: they can be handed to another process.

    Attributes
    ----------
    start, at
        What was shown at a second of the machine's steady clock.
    speed
        Virtual seconds in a real one since then.
    """

    start: dt.datetime
    at: float
    speed: float

    def now(self) -> dt.datetime:
        """What is shown now; the steady clock is one for all processes."""
        return self.start + dt.timedelta(seconds=(time.monotonic() - self.at) * self.speed)


@dataclass(frozen=True, slots=True)
class Order:
    """A run that is asked for.

    Attributes
    ----------
    work
        `live`, `dry`, or `reconcile`, which is a live run that decides nothing.
    deadly
        The point at which its process dies; None lets it end.
    request_seconds
        How long an answer of the gateway is waited for.
    """

    folder: Path
    port: int
    run_id: str
    hands: Hands
    work: str = "live"
    deadly: Point | None = None
    retries: bool = False
    request_seconds: float = SECONDS
    client_id: int = CLIENT


@dataclass(frozen=True, slots=True)
class Ended:
    """What a run that was not killed tells.

    Attributes
    ----------
    points
        Every point that it came by.
    error
        Why it did not come to its end, or nothing.
    words
        What it decided and what the gates said, by symbol.
    """

    points: tuple[Point, ...]
    error: str
    words: dict[str, str]


class LoudArmoury(Armoury):
    """Keeps what it tells a person in a file, which outlives its process."""

    def _alarm(self, kind: AlertKind, text: str) -> None:
        with alarms_at(self.folder).open("a") as file:
            file.write(json.dumps([str(kind), text]) + "\n")


def alarms_at(folder: Path) -> Path:
    """Where alarms about orders are kept."""
    return folder / "alarms.jsonl"


def run(order: Order, told: Connection) -> None:
    """Run, and tell the end of it; the whole life of a process."""
    quiet()
    points = Points(order.deadly)
    install(points)
    words: dict[str, str] = {}
    error = ""
    try:
        words = _work(order)
    except SellkitError as problem:
        error = f"{type(problem).__name__}: {problem}"
    told.send(Ended(tuple(points.reached), error, words))
    told.close()


def quiet() -> None:
    """Keep this process from writing its log onto the terminal of the one that looks on."""
    logging.getLogger().addHandler(logging.NullHandler())


def connected(order: Order, **changes: Any) -> IbBroker:
    """A connection for a run."""
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": order.port,
        "client_id": order.client_id,
        "clock": StageClock(order.hands.now),
        "pacing": PACING,
        "connect_timeout_seconds": SECONDS,
        "request_timeout_seconds": order.request_seconds,
        "sends_orders": order.work != "dry",
    }
    return IbBroker.connect(**(usual | changes))


def _work(order: Order) -> dict[str, str]:
    armoury = None
    if order.work != "dry":
        armoury = LoudArmoury(order.folder, retries_proven_unsent=order.retries)
    with ExitStack() as stack:
        journal = stack.enter_context(closing(SqliteJournal(journal_at(order.folder))))
        journal.evidence.refuse_if_behind()
        broker = stack.enter_context(closing(connected(order)))
        desk = laid_out(order.folder, broker, journal, order.run_id, options(), armoury=armoury)
        if desk.parts.live is not None:
            stack.callback(desk.parts.live.close)
        if order.work == "reconcile":
            desk.begin()
            desk.reconcile()
            journal.finish(order.run_id, broker.clock.now(), "reconciled")
            return {}
        decision = decided(desk) if armoury is None else carried_out(desk, Sent(), _nothing)
    return {
        row.position.instrument.token.symbol: f"{row.signal.decision} {_verdict(row)}".strip()
        for row in decision.rows
    }


def _nothing(_decision: HourlyDecision) -> None:
    """Nothing happens between decision and orders."""


def _verdict(row: SnapshotRow) -> str:
    if row.verdict is None:
        return "; ".join(row.signal.reasons)
    return f"{type(row.verdict).__name__} {'; '.join(getattr(row.verdict, 'reasons', ()))}"


def options() -> DeskOptions:
    """How the desk works; the virtual clock may be fast, so that what was read is soon old."""
    return dry_options(
        limits=limits(
            max_shares=10_000,
            max_notional=1_000_000,
            max_bar_age=dt.timedelta(minutes=10),
            max_snapshot_age=dt.timedelta(minutes=10),
        )
    )
