"""What must hold whenever a process was killed, held against the gateway's own books."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.alerts import AlertKind
from sellkit.core.lifecycle import TicketState as S
from sellkit.operate.audit import verify
from tests.crash.runs import alarms_at
from tests.faults.desk import journal_at

if TYPE_CHECKING:
    from sellkit.core.tickets import TicketRecord
    from sellkit.simgateway.exchange import Exchange
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.orders.ledger import Execution
    from sellkit.simgateway.orders.order import Order

_EARLY = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_LATE = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
_REJECTED = "Inactive"
_CLOSED = frozenset({S.DONE, S.DONE_BY_OTHER})
_SENDING = frozenset({"placeOrder", "cancelOrder", "reqGlobalCancel", "exerciseOptions"})


@dataclass(frozen=True, slots=True)
class Books:
    """The gateway's word and sellkit's.

    Attributes
    ----------
    alarms
        What a person was told, as kind and text.
    fills
        The numbers of the executions that sellkit has written down.
    """

    exchange: Exchange
    tickets: tuple[TicketRecord, ...]
    claims: tuple[str, ...]
    alarms: tuple[tuple[str, str], ...]
    fills: frozenset[str]
    flaws: tuple[str, ...]

    @property
    def orders(self) -> list[Order]:
        """Every order that ever was, but for those that were refused."""
        book = self.exchange.book
        every = (*book.working(), *book.ended_since(_EARLY))
        return [each for each in every if each.status != _REJECTED]

    @property
    def placed(self) -> list[Order]:
        """Those that sellkit placed."""
        return [each for each in self.orders if each.placed_at is not None and not each.is_by_hand]


def books(gateway: Gateway, folder: Path, account: str = "main") -> Books:
    """What the gateway and the journal say now; the journal itself is not touched."""
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / "journal.sqlite"
        for each in journal_at(folder).parent.glob("journal.*"):
            if not each.name.endswith("-shm"):
                shutil.copy(each, aside)
        with closing(SqliteJournal(path)) as journal:
            flaws = [str(each) for each in verify(journal.evidence, {})]
            tickets = journal.book.ticket_records(account, _EARLY)
            claims = tuple(str(each["reference"]) for each in journal.evidence.claims())
        with closing(sqlite3.connect(path)) as database:
            fills = frozenset(str(row[0]) for row in database.execute("SELECT exec_id FROM fill"))
    told = alarms_at(folder)
    lines = told.read_text().splitlines() if told.is_file() else []
    alarms = tuple((kind, text) for kind, text in map(json.loads, lines))
    return Books(gateway.exchange, tickets, claims, alarms, fills, tuple(flaws))


def unsafe(found: Books) -> list[str]:
    """What must never be, at whatever moment one looks."""
    return [*_two_at_once(found), *_sold_short(found), *_unclaimed(found), *found.flaws]


def unfinished(found: Books) -> list[str]:
    """What must not be left once a later run has reconciled."""
    return [*_lost_fills(found), *_open_tickets(found), *_silence(found)]


def sent(gateway: Gateway) -> list[str]:
    """What the gateway has of orders from clients: nothing, of dry runs."""
    names = [each.name for each in list(gateway.requests) if each.name in _SENDING]
    book = gateway.exchange.book
    orders = (*book.working(), *book.ended_since(_EARLY))
    return names + [f"order {each.perm_id}" for each in orders if each.placed_at is not None]


def _two_at_once(found: Books) -> Iterator[str]:
    """A resting stop of sellkit's own is a close, too."""
    sells = [each for each in found.orders if each.terms.sign < 0]
    for one, other in combinations(sells, 2):
        if one.terms.security.con_id == other.terms.security.con_id and _overlap(one, other):
            symbol = one.terms.security.symbol
            yield f"{symbol}: the orders {one.perm_id} and {other.perm_id} lived at one time"


def _overlap(one: Order, other: Order) -> bool:
    both_began = max(one.placed_at or _EARLY, other.placed_at or _EARLY)
    return both_began < min(one.ended_at or _LATE, other.ended_at or _LATE)


def _sold_short(found: Books) -> Iterator[str]:
    """In no order of its fills may a position have crossed zero."""
    held: dict[str, Decimal] = defaultdict(Decimal)
    for each in found.exchange.holdings():
        held[each.security.symbol] = each.quantity
    for one in _fills(found):
        held[one.order.terms.security.symbol] -= one.quantity * one.order.terms.sign
    for one in _fills(found):
        symbol = one.order.terms.security.symbol
        held[symbol] += one.quantity * one.order.terms.sign
        if held[symbol] < 0:
            yield f"{symbol}: {held[symbol]} were held after {one.exec_id}"


def _unclaimed(found: Books) -> Iterator[str]:
    counts = Counter(each.terms.reference for each in found.placed)
    for reference, count in counts.items():
        if reference not in found.claims:
            yield f"{reference} is at the gateway, and was never claimed"
        if count > 1:
            yield f"{reference} was placed {count} times"


def _fills(found: Books) -> list[Execution]:
    """Each fill once, in the order in which they came."""
    return list({one.family: one for one in found.exchange.ledger.executions}.values())


def _lost_fills(found: Books) -> Iterator[str]:
    for one in _fills(found):
        if one.exec_id not in found.fills:
            yield f"the fill {one.exec_id} of {one.order.terms.reference} is not in the ledger"


def _open_tickets(found: Books) -> Iterator[str]:
    filled = {each.terms.reference: each.filled for each in found.placed}
    for ticket in found.tickets:
        if not ticket.state.is_terminal and not _is_told(found, ticket):
            yield f"{ticket.reference} stands at {ticket.state} in silence"
        if ticket.filled != filled.get(ticket.reference, 0):
            yield f"{ticket.reference}: {ticket.filled} filled, not {filled[ticket.reference]}"


def _is_told(found: Books, ticket: TicketRecord) -> bool:
    return any(ticket.reference in text or ticket.ticker in text for _, text in found.alarms)


def _silence(found: Books) -> Iterator[str]:
    """Whoever is still held though it was to be sold has been spoken of; so has a lost stop."""
    held = {each.security.con_id: each.quantity for each in found.exchange.holdings()}
    latest = {each.con_id: each for each in found.tickets}
    resting = {each.terms.security.con_id for each in found.exchange.book.working()}
    for con_id, ticket in latest.items():
        is_held = held.get(con_id, Decimal(0)) != 0
        if is_held and ticket.state in _CLOSED:
            yield f"{ticket.ticker}: {held[con_id]} are held, and its ticket is {ticket.state}"
        if ticket.state not in _CLOSED and not _is_told(found, ticket):
            yield f"{ticket.ticker}: {held.get(con_id)} held ({ticket.state}), nobody was told"
        if not is_held:
            continue
        if con_id not in resting and _lost_stop(found, con_id) and not _is_naked(found, ticket):
            yield f"{ticket.ticker} is held without its stop ({ticket.state}), in silence"


def _lost_stop(found: Books, con_id: int) -> bool:
    return any(
        each.placed_at is None and each.ended_at is not None
        for each in found.orders
        if each.terms.security.con_id == con_id
    )


def _is_naked(found: Books, ticket: TicketRecord) -> bool:
    told = [text for kind, text in found.alarms if kind == AlertKind.UNPROTECTED]
    told += [text for _, text in found.alarms if "cancelled for it" in text]
    return any(ticket.ticker in text or ticket.reference in text for text in told)
