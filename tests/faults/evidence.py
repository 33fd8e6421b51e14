"""What a play leaves behind, gathered from the gateway, from the disk and from the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sellkit.adapters.sqlite_journal import SqliteJournal
from tests.faults.desk import Ran
from tests.faults.play import PLAIN, TURN, Play
from tests.faults.replay import replayed

if TYPE_CHECKING:
    from sellkit.simgateway.orders.ledger import Execution
    from sellkit.simgateway.orders.order import Order

Key = tuple[str, int]
"""An account's number and a contract's."""

Row = Mapping[str, object]

_LONG_AGO = TURN.replace(year=2000)
_ALARMED = logging.CRITICAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that the invariants are held against.

    Attributes
    ----------
    before, after
        What was held when the gateway started, in the shares of today, and at the end.
    requests
        The kind of every message of sellkit's that the gateway received.
    orders
        Every order that sellkit placed, as it stands at the end.
    executions
        Every fill, of whomever.
    runs, decisions, tickets, standings
        As they stand in the journal; the latter three by run.
    alarms
        Run and token of each decision that was logged as an alarm.
    ran
        The runs as they went.
    claims
        The references of every order that the journal claimed.
    replays
        What the last run decided, and what two further looks at the disk make of it.
    """

    before: Mapping[Key, Decimal]
    after: Mapping[Key, Decimal]
    requests: tuple[str, ...]
    orders: tuple[Order, ...]
    executions: tuple[Execution, ...]
    runs: tuple[Row, ...]
    decisions: Mapping[str, tuple[Row, ...]]
    tickets: Mapping[str, tuple[Row, ...]]
    standings: Mapping[str, tuple[Row, ...]]
    alarms: frozenset[tuple[str, str]]
    ran: tuple[Ran, ...]
    replays: tuple[Mapping[str, str], ...]
    was_killed: bool
    claims: frozenset[str]

    @property
    def held(self) -> Mapping[Key, Decimal]:
        """What was held at the start, with what others than sellkit traded since."""
        found = dict(self.before)
        for one in self.executions:
            if one.order.client_id >= PLAIN or one.order.is_by_hand:
                found[key_of(one.order)] = found.get(key_of(one.order), Decimal(0)) + signed(one)
        return found


def key_of(order: Order) -> Key:
    return order.terms.account, order.terms.security.con_id


def signed(execution: Execution) -> Decimal:
    """What a fill adds to a position."""
    return execution.quantity * execution.order.terms.sign


def is_sellkits(order: Order) -> bool:
    """Whether sellkit placed an order in the course of the play."""
    return order.placed_at is not None and not order.is_by_hand and order.client_id < PLAIN


def gather(play: Play) -> Evidence:
    """Everything, as it stands now."""
    runs: tuple[Row, ...] = ()
    decisions: dict[str, tuple[Row, ...]] = {}
    tickets: dict[str, tuple[Row, ...]] = {}
    standings: dict[str, tuple[Row, ...]] = {}
    if play.journal_path.is_file():
        with closing(SqliteJournal(play.journal_path)) as journal:
            runs = journal.runs()
            for run in runs:
                run_id = str(run["run_id"])
                decisions[run_id] = journal.decisions(run_id)
                tickets[run_id] = journal.tickets(run_id)
                standings[run_id] = journal.standings(run_id)
    books = [gateway.exchange for gateway in play.gateways]
    return Evidence(
        before={
            (h.account, h.security.con_id): h.quantity * _split(play, h.security.con_id)
            for h in play.scenario.holdings
        },
        after={(h.account, h.security.con_id): h.quantity for h in books[-1].holdings()},
        requests=tuple(
            each.name
            for gateway in play.gateways
            for each in list(gateway.requests)
            if each.client_id is None or each.client_id < PLAIN
        ),
        orders=tuple(
            order
            for each in books
            for order in (*each.book.working(), *each.book.ended_since(_LONG_AGO))
            if is_sellkits(order)
        ),
        executions=tuple(one for each in books for one in _fills(each.ledger.executions)),
        runs=runs,
        decisions=decisions,
        tickets=tickets,
        standings=standings,
        alarms=frozenset(
            (str(getattr(each, "run_id", "")), str(getattr(each, "token", "")))
            for each in play.ears.records
            if each.levelno >= _ALARMED
        ),
        ran=tuple(play.ran),
        replays=replayed(play),
        was_killed=play.was_killed,
        claims=_claims(play),
    )


def _claims(play: Play) -> frozenset[str]:
    if not play.journal_path.is_file():
        return frozenset()
    with closing(SqliteJournal(play.journal_path)) as journal:
        records = journal.book.ticket_records("main", _LONG_AGO)
        records += journal.book.ticket_records("second", _LONG_AGO)
    return frozenset(each.reference for each in records if each.claimed_at is not None)


def _split(play: Play, con_id: int) -> Decimal:
    """How many shares of today one of a contract's was when the gateway started."""
    found = Decimal(1)
    for action in (*play.scenario.corporate_actions, *play.splits):
        if action.con_id == con_id and action.at <= play.clock.now():
            found *= Decimal(action.ratio.numerator) / action.ratio.denominator
    return found


def _fills(executions: list[Execution]) -> list[Execution]:
    """Each fill once: a correction takes the place of what it corrects."""
    return list({one.family: one for one in executions}.values())
