"""The way of an order to the gateway. It exists in live mode only: a dry run is given none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from sellkit.core.gates import ApprovedTicket
    from sellkit.core.instrument import Instrument
    from sellkit.core.portfolio import Account, OpenOrder
    from sellkit.core.reports import BrokerRecords, OrderReport


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """An order with the number under which it would go out.

    Attributes
    ----------
    order_id
        Above every number that this client id is known to have used.
    client_id, epoch
        As whom, and over which connection; over another one it cannot be sent.
    reference
        `SK1-<ticket>-<attempt>`.
    order
        The complete order by Interactive Brokers' field names, the account by its alias.
    """

    order_id: str
    client_id: str
    epoch: int
    reference: str
    order: Mapping[str, Mapping[str, object]]


class OrderRoute(Protocol):
    """The gateway, for sending. Every method raises `NotConnected` while it is not ready."""

    @property
    def client_id(self) -> str:
        """As whom orders are sent: the account's one client id for orders."""
        ...

    def records(self, account: Account) -> BrokerRecords:
        """Open orders, completed orders, executions and positions, each to its end marker.

        Raises
        ------
        RequestTimedOut
            An end marker did not come.
        NotConnected
            The connection was not ready throughout.
        """
        ...

    def lowest_price_step(self, instrument: Instrument, price: Decimal) -> Decimal:
        """The tick at a price by the contract's market rule, in its currency."""
        ...

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until nothing queues in the client before the wire; False when it still does."""
        ...

    def draft(self, approved: ApprovedTicket, above: str | None = None) -> OrderDraft:
        """Give an order its number. Nothing is sent.

        Parameters
        ----------
        above
            The highest number that the journal knows of this client id: a gateway that was
            restarted may name lower ones again.
        """
        ...

    def submit(self, approved: ApprovedTicket, draft: OrderDraft) -> None:
        """Write the order to the gateway, once; what becomes of it is told by `reports`.

        Raises
        ------
        NotSent
            Not a byte of it was written: something queued before it, the connection is another one
            or not ready, or this draft was submitted before.
        SubmissionUncertain
            It may have been written.
        """
        ...

    def bind(self) -> None:
        """Take over every order that was placed by hand, so that it can be cancelled.

        They get ids of client 0; which ones did is told by `records`. The gateway cancels each
        and places it anew, so that it loses its place in the queue.

        Raises
        ------
        NotSent
            Orders are sent as another client than 0.
        """
        ...

    def cancel(self, order: OpenOrder) -> None:
        """Ask once that an order be cancelled; its end is told by `reports` and by `records`.

        Raises
        ------
        NotSent
            It belongs to another client id, so that this one cannot cancel it.
        """
        ...

    def reports(self, after: int, seconds: float) -> tuple[OrderReport, ...]:
        """The reports with a number above `after`, oldest first.

        Waits for the first of them, at most so many real seconds; empty when none came. Works on a
        connection that is lost, too: what came is told.
        """
        ...
