"""What a client is told about an order that is taken but has to wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.simgateway.clock import stamp
from sellkit.simgateway.orders.events import Noted

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.simgateway.orders.hours import TradingHours
    from sellkit.simgateway.orders.order import Order

ORDER_MESSAGE: Final = 399
OUTSIDE_IGNORED: Final = 2109


def notices(order: Order, hours: TradingHours, now: dt.datetime) -> list[Noted]:
    """The notices about an order: that a flag is ignored, and until when it waits."""
    terms = order.terms
    found = []
    if terms.outside_rth and not order.trades_outside:
        text = "Order Event Warning:Attribute 'Outside Regular Trading Hours' is ignored."
        found.append(Noted(order, OUTSIDE_IGNORED, text))
    if terms.order_type != "MOC" and not hours.is_open(order, now):
        text = (
            f"Order Message:\n{terms.action} {terms.quantity:f} {terms.security.symbol}\n"
            "Warning: your order will not be placed at the exchange until "
            f"{stamp(hours.session(order, now).open_utc)}"
        )
        found.append(Noted(order, ORDER_MESSAGE, text))
    return found
