"""What only a probe asks of the gateway, and the narrow way of its one order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sellkit.core.instrument import Instrument
    from sellkit.core.portfolio import Account, OpenOrder
    from sellkit.core.probe_order import ProbeOrder
    from sellkit.core.reports import BrokerRecords, OrderReport


class Survey(Protocol):
    """Reads only; every question raises `NotConnected` while the gateway is not ready."""

    def lists(self, account: Account) -> BrokerRecords:
        """Open orders, completed orders, executions and positions, each to its end marker."""
        ...

    def zone(self, instrument: Instrument) -> str | None:
        """The zone in which the gateway writes times when it is let; None when it names none."""
        ...


class ProbeLine(Protocol):
    """A connection as the account's client for orders, over which a probe may place its order.

    It takes no quantity, no side and no price: there is one order that can be placed by it.
    """

    @property
    def client_id(self) -> str:
        """As whom."""
        ...

    def lists(self, account: Account) -> BrokerRecords:
        """Open orders, completed orders, executions and positions, each to its end marker."""
        ...

    def place(self, account: Account, instrument: Instrument, reference: str) -> ProbeOrder:
        """Order one share, to be bought far below every price that is known, once.

        Raises
        ------
        NotSent
            Not a byte of it was written: also wherever money could be touched.
        SubmissionUncertain
            It may have been written.
        """
        ...

    def cancel(self, order: OpenOrder) -> None:
        """Ask once that an order of this client be cancelled; NotSent for another's."""
        ...

    def reports(self, after: int, seconds: float) -> tuple[OrderReport, ...]:
        """What was told of orders since a report; the first is waited for, at most so long."""
        ...

    def close(self) -> None:
        """End the connection; a second call does nothing."""
        ...
