"""From a signal to a ticket: the one order that would close the position, and its identity."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from sellkit.core.portfolio import OWN_REFERENCE, Side

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.core.portfolio import Position
    from sellkit.core.signals import Signal


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """To close one position on the strength of one completed bar.

    Quantity and assignment are left out of its identity: after a partial fill, or with another
    average, the same bar must not yield a second order.
    """

    account_number: str = field(repr=False)
    con_id: int
    bar_end: dt.datetime

    @property
    def ticket_id(self) -> str:
        """Twelve hex digits, the same for the same (account, contract, bar end, CLOSE)."""
        meaning = f"{self.account_number}|{self.con_id}|{self.bar_end.isoformat()}|CLOSE"
        return hashlib.sha256(meaning.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class OrderTicket:
    """A full-close order, prepared.

    Attributes
    ----------
    signal
        The EXIT it carries out.
    ticket_id
        See `OrderIntent.ticket_id`.
    side
        From the sign of the position.
    quantity
        Whole shares of the position.
    fraction
        What a whole-share order leaves behind, 0 to below 1 share.
    attempt
        1; a higher one exists only for the confirmed remainder of a partial fill.
    limit_price
        The lowest price it may be sold at, in the instrument's currency; None at the market.
    """

    signal: Signal
    ticket_id: str
    side: Side
    quantity: Decimal
    fraction: Decimal
    attempt: int = 1
    order_type: str = "MKT"
    time_in_force: str = "DAY"
    limit_price: Decimal | None = None

    @property
    def position(self) -> Position:
        """The position it closes."""
        return self.signal.position

    @property
    def reference(self) -> str:
        """The order reference that goes to the gateway: `SK1-<12 hex>-<attempt>`."""
        return f"{OWN_REFERENCE}{self.ticket_id}-{self.attempt}"

    @property
    def notional(self) -> Decimal | None:
        """Quantity times the deciding close, in the instrument's currency."""
        certificate = self.signal.certificate
        return None if certificate is None else self.quantity * Decimal(str(certificate.close))

    def order(self) -> dict[str, dict[str, object]]:
        """The complete order by Interactive Brokers' field names; the account by its alias."""
        instrument = self.position.instrument
        return {
            "contract": {
                "conId": instrument.con_id,
                "symbol": instrument.token.symbol,
                "secType": instrument.security_type,
                "currency": instrument.currency,
                "exchange": "SMART",
                "primaryExchange": instrument.token.exchange,
            },
            "order": {
                "action": str(self.side),
                "totalQuantity": str(self.quantity),
                "orderType": self.order_type,
                "tif": self.time_in_force,
                "account": self.position.account.alias,
                "orderRef": self.reference,
                "outsideRth": False,
                "transmit": True,
                **({} if self.limit_price is None else {"lmtPrice": str(self.limit_price)}),
            },
        }


def limited(ticket: OrderTicket, bid: Decimal, offset: Decimal, step: Decimal) -> OrderTicket:
    """The same close with a limit below the bid, so that it executes at once or rests there.

    Parameters
    ----------
    bid
        What is bid for a share, in the instrument's currency.
    offset
        How far below it the limit lies, as a part of the bid.
    step
        The price step at the bid; the limit is rounded down to it.
    """
    steps = (bid * (1 - offset) / step).to_integral_value(rounding=ROUND_DOWN)
    return replace(ticket, order_type="LMT", limit_price=steps * step)


def prepare(signal: Signal) -> OrderTicket:
    """The ticket that closes an EXIT's position in full.

    Raises
    ------
    ValueError
        The signal carries no certificate: an EXIT always does.
    """
    if signal.certificate is None:
        raise ValueError(f"{signal.decision} on {signal.position.instrument} has no certificate")
    position = signal.position
    whole = abs(position.quantity).to_integral_value(rounding=ROUND_DOWN)
    intent = OrderIntent(
        position.account.number, position.instrument.con_id, signal.certificate.slot.end
    )
    return OrderTicket(
        signal=signal,
        ticket_id=intent.ticket_id,
        side=Side.SELL if position.quantity > 0 else Side.BUY,
        quantity=whole,
        fraction=abs(position.quantity) - whole,
    )
