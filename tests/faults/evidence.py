"""What a play leaves behind, gathered from the gateway, from the disk and from the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.portfolio import OWN_REFERENCE
from tests.faults.desk import ALIASES, Ran
from tests.faults.play import PLAIN, TURN, Play
from tests.faults.replay import replayed

if TYPE_CHECKING:
    from sellkit.core.tickets import TicketRecord
    from sellkit.simgateway.orders.ledger import Execution
    from sellkit.simgateway.orders.order import Order

Key = tuple[str, int]
"""An account's number and a contract's."""

Row = Mapping[str, object]

LONG_AGO = TURN.replace(year=2000)
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
    attempts
        Every attempt of every ticket that was to be sent, as the journal has it.
    told
        What a person was told about orders.
    resting
        Orders of sellkit's that rested when the gateway started, as they stand at the end.
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
    attempts: tuple[TicketRecord, ...] = ()
    told: tuple[str, ...] = ()
    resting: tuple[Order, ...] = ()

    @property
    def claims(self) -> frozenset[str]:
        """The references of every order that the journal claimed."""
        return frozenset(each.reference for each in self.attempts if each.claimed_at is not None)

    @property
    def broke_off(self) -> bool:
        """Whether a run was killed, or ended with an error."""
        return self.was_killed or any(each.error is not None for each in self.ran)

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


def was_resting(order: Order) -> bool:
    """Whether an order of sellkit's was there before the play."""
    is_own = order.placed_at is None and order.client_id < PLAIN
    return is_own and order.terms.reference.startswith(OWN_REFERENCE)


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
    orders = [
        order
        for each in books
        for order in (*each.book.working(), *each.book.ended_since(LONG_AGO))
    ]
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
        orders=tuple(order for order in orders if is_sellkits(order)),
        resting=tuple(order for order in orders if was_resting(order)),
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
        attempts=_attempts(play),
        told=tuple(text for _, text in play.armoury.alarms),
    )


def _attempts(play: Play) -> tuple[TicketRecord, ...]:
    if not play.journal_path.is_file():
        return ()
    with closing(SqliteJournal(play.journal_path)) as journal:
        return tuple(
            each
            for alias in ALIASES.values()
            for each in journal.book.ticket_records(alias, LONG_AGO)
        )


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
