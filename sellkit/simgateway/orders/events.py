"""What happens to orders, in the order in which clients are to hear of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sellkit.simgateway.orders.ledger import Execution
    from sellkit.simgateway.orders.order import Order
    from sellkit.simgateway.scenario import Security


@dataclass(frozen=True, slots=True)
class Told:
    """How an order stands; `in_full` describes the order, too, not only its status."""

    order: Order
    in_full: bool = True


@dataclass(frozen=True, slots=True)
class Executed:
    """A fill, or the correction of one."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class Charged:
    """The commission of a fill is known."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class Noted:
    """An error, a warning or a notice about an order, for the client that placed it."""

    order: Order
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Bound:
    """Client 0 took over an order that was placed by hand."""

    order: Order


@dataclass(frozen=True, slots=True)
class Changed:
    """A position, and with it the account, is no longer what it was."""

    account: str
    security: Security


Event = Told | Executed | Charged | Noted | Bound | Changed
