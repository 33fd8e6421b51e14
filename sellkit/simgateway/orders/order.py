"""An order: what was asked for, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.simgateway.scenario import RestingOrder, Security

PRE_SUBMITTED: Final = "PreSubmitted"
SUBMITTED: Final = "Submitted"
PENDING_CANCEL: Final = "PendingCancel"
CANCELLED: Final = "Cancelled"
FILLED: Final = "Filled"
INACTIVE: Final = "Inactive"

WORKING: Final = frozenset({PRE_SUBMITTED, SUBMITTED, PENDING_CANCEL})
STOPS: Final = frozenset({"STP", "STP LMT", "TRAIL"})
LIMITED: Final = frozenset({"LMT", "STP LMT"})
OFFERED: Final = ("MKT", "LMT", "STP", "STP LMT", "TRAIL", "MOC")
TIMES_IN_FORCE: Final = ("DAY", "GTC", "IOC")

CANCEL_THE_REST: Final = 1
REDUCE_WITHOUT_BLOCK: Final = 3
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is asked for; a modification replaces it.

    Attributes
    ----------
    exchange
        Where the client sent it; empty for the contract's first exchange.
    aux_price
        The stop price; of a trailing stop the distance.
    trailing_percent
        The distance of a trailing stop in per cent of the price, instead of `aux_price`.
    parent_id
        Order id, of the same client, that has to be filled first; 0 for none.
    transmit
        False: the order waits in the gateway, unseen by the market.
    """

    account: str
    security: Security
    action: str
    quantity: Decimal
    order_type: str
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    trail_stop_price: Decimal | None = None
    trailing_percent: Decimal | None = None
    time_in_force: str = "DAY"
    reference: str = ""
    outside_rth: bool = False
    oca_group: str = ""
    oca_type: int = REDUCE_WITHOUT_BLOCK
    parent_id: int = 0
    transmit: bool = True
    exchange: str = ""

    @property
    def sign(self) -> int:
        """1 for an order that buys, -1 for one that sells."""
        return 1 if self.action == "BUY" else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order at one moment.

    Attributes
    ----------
    order_id, client_id
        Both 0 for an order placed by hand; once client 0 bound it, its id is below 0.
    perm_id
        Unique among all orders, and the same for the order's life.
    value, commission
        Sum of price times quantity over the fills, and what the fills have cost.
    stop_price
        Where a trailing stop stands.
    is_elected
        Whether the stop was reached.
    expires
        When an order for the day ends; of a market-on-close order the moment of its fill.
    cancel_due
        When a cancel that was asked for takes effect.
    completed_status
        How it ended, in words, as completed orders tell it.
    lost_reference
        The reference that it comes back to once client 0 has bound it.
    is_unheard, is_unlisted
        Nothing is said about it unasked; it does not stand in any list either.
    """

    terms: Terms
    order_id: int
    client_id: int
    perm_id: int
    status: str = PRE_SUBMITTED
    placed_at: dt.datetime | None = None
    filled: Decimal = ZERO
    value: Decimal = ZERO
    commission: Decimal = ZERO
    last_price: Decimal = ZERO
    stop_price: Decimal | None = None
    is_elected: bool = False
    is_on_hold: bool = False
    parent_perm_id: int = 0
    why_held: str = ""
    expires: dt.datetime | None = None
    cancel_due: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    completed_status: str = ""
    lost_reference: str = ""
    is_unheard: bool = False
    is_unlisted: bool = False

    @property
    def remaining(self) -> Decimal:
        """What is left to fill; nothing of an order that has ended."""
        return self.terms.quantity - self.filled

    @property
    def average_price(self) -> Decimal:
        """Average price of the fills, 0 without one."""
        return round(self.value / self.filled, 8).normalize() if self.filled else ZERO

    @property
    def is_working(self) -> bool:
        """Whether it may still fill."""
        return self.status in WORKING and not self.is_on_hold

    @property
    def trades_outside(self) -> bool:
        """Whether it trades outside regular hours: if it may, and has a limit."""
        return self.terms.outside_rth and self.terms.order_type in LIMITED

    @property
    def is_by_hand(self) -> bool:
        """Whether it was placed in the terminal, not by a client of the API."""
        return self.order_id <= 0

    @property
    def key(self) -> tuple[int, int]:
        """Client and order id."""
        return self.client_id, self.order_id


def resting_order(resting: RestingOrder, order_id: int, perm_id: int) -> Order:
    """The order that rests when the gateway starts."""
    terms = Terms(
        account=resting.account,
        security=resting.security,
        action=resting.action,
        quantity=resting.quantity,
        order_type=resting.order_type,
        limit_price=resting.limit_price,
        aux_price=resting.aux_price,
        trail_stop_price=resting.trail_stop_price,
        time_in_force=resting.time_in_force,
        reference=resting.reference,
        outside_rth=resting.outside_rth,
        oca_group=resting.oca_group,
    )
    works_at_once = resting.order_type in {"MKT", "LMT"}
    return Order(
        terms=terms,
        order_id=order_id,
        client_id=resting.client_id or 0,
        perm_id=perm_id,
        status=SUBMITTED if works_at_once else PRE_SUBMITTED,
        stop_price=resting.trail_stop_price,
        why_held="trigger" if resting.order_type in STOPS else "",
    )
