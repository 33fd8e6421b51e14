"""What an account holds and what rests in the market for it, as the gateway tells it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.core.instrument import Instrument

SIMULATED_FARM: Final = "sellkitsim"
"""Name of the data farms of the simulated gateway: the mark by which a client can tell it."""

OWN_REFERENCE: Final = "SK1-"
"""How the order reference of every order of sellkit begins."""


_PAPER_PREFIXES: Final = ("DU", "DF")
"""How Interactive Brokers numbers paper accounts, single and of an adviser."""


class GatewayKind(StrEnum):
    """What stands at the other end."""

    SIMULATED = "simulated"
    PAPER = "paper"
    LIVE = "live"


class Side(StrEnum):
    """Interactive Brokers' order actions."""

    BUY = "BUY"
    SELL = "SELL"


def is_paper_number(number: str) -> bool:
    """Whether an account number is that of a paper account."""
    return number.upper().startswith(_PAPER_PREFIXES)


@dataclass(frozen=True, slots=True)
class Account:
    """An account by its alias; the number stays out of every text that sellkit writes.

    Attributes
    ----------
    alias
        The name from the settings.
    number
        Interactive Brokers' account number. Identity, but never shown.
    """

    alias: str
    number: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that tell two accounts apart without naming either."""
        return hashlib.sha256(f"sellkit account {self.number}".encode()).hexdigest()[:12]

    def __str__(self) -> str:
        return self.alias


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom stored data belong to."""

    gateway: GatewayKind
    alias: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Position:
    """A holding.

    Attributes
    ----------
    account, instrument
        Whose, and of what.
    quantity
        Shares or contracts; negative when short.
    average_cost
        Per share in the instrument's currency; None when the gateway told none above zero.
    """

    account: Account
    instrument: Instrument
    quantity: Decimal
    average_cost: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """An order that rests in the market, whoever placed it.

    Attributes
    ----------
    con_id
        The contract, the only tie to a position.
    order_id, client_id, perm_id
        Interactive Brokers' numbers as text; ids repeat between clients, the perm id does not.
    reference
        The order reference; those of sellkit begin with `SK1-`.
    limit_price, stop_price
        In the contract's currency; the stop of a trailing order is where it stands now.
    status
        As the gateway named it: PreSubmitted, Submitted, ...
    """

    account: Account
    con_id: int
    order_id: str
    client_id: str
    perm_id: str
    reference: str
    side: Side
    order_type: str
    quantity: Decimal
    remaining: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    time_in_force: str
    status: str

    @property
    def is_own(self) -> bool:
        """Whether sellkit placed it. An untagged order is nobody's, hence foreign."""
        return self.reference.startswith(OWN_REFERENCE)

    @property
    def is_by_hand(self) -> bool:
        """Whether a person placed it in the terminal, bound since or not.

        Such orders are client 0's. They have no id until that client binds them, and by the
        terminal's usual setting one below 0 from then on.
        """
        return self.client_id == "0" and not self.is_own and (self.is_unbound or self.is_bound)

    @property
    def is_unbound(self) -> bool:
        """Whether it has no id by which a client could cancel it."""
        return self.order_id == "0"

    @property
    def is_bound(self) -> bool:
        """Whether client 0 took it over from whoever placed it by hand."""
        return self.order_id.startswith("-")


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """Positions and open orders of one account, each complete to its end marker.

    Attributes
    ----------
    account
        Whose.
    taken_at
        When the last of the lists was complete; aware UTC.
    positions, open_orders
        Everything that the gateway listed; empty means that it listed nothing, to the end.
    epoch
        The connection over which they were read; see `sellkit.core.standing`.
    """

    account: Account
    taken_at: dt.datetime
    positions: tuple[Position, ...]
    open_orders: tuple[OpenOrder, ...]
    epoch: int

    def held(self, con_id: int) -> Decimal:
        """Shares or contracts held of one contract; 0 where it is not listed."""
        found = (each.quantity for each in self.positions if each.instrument.con_id == con_id)
        return next(found, Decimal(0))

    def orders_on(self, con_id: int) -> tuple[OpenOrder, ...]:
        """The open orders on one contract."""
        return tuple(order for order in self.open_orders if order.con_id == con_id)
