"""Processes that are told to close positions, one position at each word."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

from sellkit.adapters.account_lease import FileLease
from sellkit.adapters.clock import SystemClock
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.gates import ApprovedTicket
from sellkit.core.orders import OrderTicket
from sellkit.core.portfolio import Account, AccountSnapshot, GatewayKind
from sellkit.errors import SellkitError
from sellkit.operate.decision import HourlyDecision
from sellkit.operate.live import Live
from sellkit.ports import RunHeader
from tests import build
from tests.crash.runs import Hands, LoudArmoury, Order, connected, options, quiet
from tests.faults.desk import NUMBER, journal_at

ACCOUNT = Account("main", NUMBER)
LONGEST = dt.timedelta(minutes=40)


@dataclass(frozen=True, slots=True)
class Racer:
    """Who races.

    Attributes
    ----------
    client_id
        As whom it connects; the orders that rest are those of client 1.
    """

    folder: Path
    port: int
    client_id: int
    hands: Hands


@dataclass(frozen=True, slots=True)
class Word:
    """What a racer is told: to close a position.

    Attributes
    ----------
    lease
        The folder of the lease that it takes for this.
    """

    con_id: int
    lease: Path


def race(racer: Racer, words: Connection, start: Barrier) -> None:
    """Close each position that is named, at the same instant as the others, until told to end."""
    quiet()
    order = Order(
        folder=racer.folder, port=racer.port, run_id=f"{racer.client_id:08x}", hands=racer.hands
    )
    with ExitStack() as stack:
        journal = stack.enter_context(closing(SqliteJournal(journal_at(racer.folder))))
        broker = stack.enter_context(closing(connected(order, client_id=racer.client_id)))
        journal.begin(_header(order))
        armoury = LoudArmoury(racer.folder)
        # Processes take their time to start on a busy machine, and virtual minutes pass meanwhile.
        limits = replace(options().limits, max_quote_gap=10.0, max_bar_age=LONGEST)
        live = armoury.live(broker, journal, ACCOUNT, limits)
        live.close()
        words.send("ready")
        for word in iter(words.recv, None):
            snapshot = broker.snapshot(ACCOUNT)
            start.wait()
            words.send(_closed(_with_lease(live, word), order.run_id, snapshot, word.con_id))
    words.close()


def _with_lease(live: Live, word: Word) -> Live:
    lease = FileLease(word.lease, ACCOUNT, SystemClock().now)
    return replace(live, permission=replace(live.permission, lease=lease))


def _closed(
    live: Live, run_id: str, snapshot: AccountSnapshot, con_id: int
) -> tuple[list[str], str]:
    """The states in which the attempts ended, and the error if there was one."""
    ticket = _ticket(snapshot, con_id)
    lease = live.permission.lease
    lease.take()
    # The race is for the order: what the other one has under way is not to be settled meanwhile.
    live.permission.reconciled.epoch = live.permission.broker.standing.epoch
    try:
        row = build.row(signal=ticket.signal, verdict=ApprovedTicket(ticket))
        standing = live.permission.broker.standing
        decision = HourlyDecision(snapshot.taken_at, snapshot, standing, (row,), {})
        return [str(each.state) for each in live.submit(run_id, decision)], ""
    except SellkitError as error:
        return [], f"{type(error).__name__}: {error}"
    finally:
        lease.release()


def _ticket(snapshot: AccountSnapshot, con_id: int) -> OrderTicket:
    held = next(each for each in snapshot.positions if each.instrument.con_id == con_id)
    return build.ticket(held)


def _header(order: Order) -> RunHeader:
    now = order.hands.now()
    return RunHeader(
        run_id=order.run_id,
        started_at=now,
        as_of=now,
        mode="LIVE",
        profile="demo",
        account=ACCOUNT.alias,
        gateway=GatewayKind.SIMULATED,
        version="0",
    )
