"""What the gateway says of orders: word by word as it comes, and in lists to their end marker."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from decimal import Decimal

    from sellkit.core.fills import Fill
    from sellkit.core.portfolio import AccountSnapshot, OpenOrder


class Meaning(StrEnum):
    """What follows from one of Interactive Brokers' message codes.

    `ORDER_ALIVE` and `ORDER_DEAD` hold for a code that carries an order's id. Whatever leaves an
    order's fate open is `UNKNOWN`, and so is every code that is not in the table.
    """

    INFORMATION = "information"
    REQUEST_FAILED = "request failed"
    ORDER_ALIVE = "order alive"
    ORDER_DEAD = "order dead"
    UNKNOWN = "unknown"


class ReportKind(StrEnum):
    """Interactive Brokers' messages about an order."""

    OPEN_ORDER = "openOrder"
    ORDER_STATUS = "orderStatus"
    EXECUTION = "execDetails"
    CODE = "error"


ENDED_STATUSES = frozenset({"Filled", "Cancelled", "ApiCancelled", "Inactive"})
"""Statuses with which an order does not work any more; an Inactive one may still come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """One message about an order, as it stood on the wire.

    What a kind of message does not carry is None; texts hold no account number.

    Attributes
    ----------
    number
        Its place among the reports of one broker, from 1, over all its connections.
    at, epoch
        When it came, by the broker's clock (aware UTC), and over which connection.
    order_id, client_id, perm_id, reference
        The order's, as text; a message of a code carries the order id alone.
    status
        As the wire said it; what the client library makes of codes is not in it.
    filled, remaining
        Shares, as a status tells them.
    code, text, meaning
        Of a message of a code.
    fill
        Of an execution.
    verbatim
        Every field of the message.
    """

    number: int
    at: dt.datetime
    epoch: int
    kind: ReportKind
    order_id: str
    client_id: str | None = None
    perm_id: str | None = None
    reference: str | None = None
    con_id: int | None = None
    status: str | None = None
    filled: Decimal | None = None
    remaining: Decimal | None = None
    code: int | None = None
    text: str = ""
    meaning: Meaning | None = None
    fill: Fill | None = None
    verbatim: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedOrder:
    """An order of this day that has ended. The list does not tell order and client id."""

    con_id: int
    perm_id: str
    reference: str
    side: str
    quantity: Decimal
    filled: Decimal
    status: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerRecords:
    """Everything that an account's gateway knows, each list complete to its end marker.

    They are asked for one after the other over one connection: open orders, completed orders,
    executions, positions. So an order that ends meanwhile is in one of the lists.

    Attributes
    ----------
    began_at
        When the first list was asked for; `snapshot.taken_at` is no earlier.
    steady_since
        Since when the connection over which they came had stood undisturbed: no break, and no
        notice that Interactive Brokers was lost or is back; by this machine's clock, aware UTC.
    snapshot
        Open orders and positions.
    completed, fills
        Of this day, of all clients, of this account.
    """

    began_at: dt.datetime
    steady_since: dt.datetime
    snapshot: AccountSnapshot
    completed: tuple[CompletedOrder, ...]
    fills: tuple[Fill, ...]

    @property
    def epoch(self) -> int:
        """The connection over which they came."""
        return self.snapshot.epoch

    def open_of(self, reference: str, perm_id: str | None) -> tuple[OpenOrder, ...]:
        """The open orders that are a ticket's, by perm id or else by reference."""
        return tuple(
            each
            for each in self.snapshot.open_orders
            if is_same(reference, perm_id, each.reference, each.perm_id)
        )

    def completed_of(self, reference: str, perm_id: str | None) -> tuple[CompletedOrder, ...]:
        """The completed orders that are a ticket's."""
        return tuple(
            each
            for each in self.completed
            if is_same(reference, perm_id, each.reference, each.perm_id)
        )

    def fills_of(self, reference: str, perm_id: str | None) -> tuple[Fill, ...]:
        """The executions that are a ticket's, corrections among them."""
        return tuple(
            each for each in self.fills if is_same(reference, perm_id, each.reference, each.perm_id)
        )


def is_same(reference: str, perm_id: str | None, told: str, told_perm_id: str) -> bool:
    """Whether an order is a ticket's: by perm id where both are known, else by reference.

    Never by order id alone: ids have come back after a restart of the gateway.
    """
    if perm_id and told_perm_id and perm_id == told_perm_id:
        return True
    return bool(told) and told == reference
