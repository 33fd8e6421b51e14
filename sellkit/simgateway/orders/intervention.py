"""What is done to an order from outside: fill it, or end it with a code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.simgateway.history import Refused
from sellkit.simgateway.orders import checks, matching

if TYPE_CHECKING:
    import datetime as dt
    from decimal import Decimal

    from sellkit.simgateway.orders.floor import Floor
    from sellkit.simgateway.orders.order import Order


def find(floor: Floor, perm_id: int) -> Order:
    """The order that works and has a number.

    Raises
    ------
    KeyError
        There is none.
    """
    found = [order for order in floor.book.working() if order.perm_id == perm_id]
    if not found:
        raise KeyError(f"no working order has the number {perm_id}")
    return found[0]


def fill(
    floor: Floor,
    order: Order,
    quantity: Decimal | None,
    price: Decimal | None,
    now: dt.datetime,
) -> Decimal:
    """Fill an order, also one that was cancelled, and give the price.

    Parameters
    ----------
    quantity
        None fills what is left.
    price
        None takes the market's: the ask for a buyer, the bid for a seller.

    Raises
    ------
    Refused
        There is not so much left to fill, or the market has no price.
    """
    size = order.remaining if quantity is None else quantity
    if not 0 < size <= order.remaining:
        text = f"{size:f} cannot be filled of an order with {order.remaining:f} left"
        raise Refused(checks.REJECTED, text)
    if price is None:
        quote = floor.quotes.of(order.terms.security, now)
        if quote is None:
            text = f"the market has no price for {order.terms.security.symbol}; give one"
            raise Refused(checks.REJECTED, text)
        price = matching.price_of(quote.ask if order.terms.sign > 0 else quote.bid)
    floor.fill(order, size, price, now)
    return price


def kill(floor: Floor, order: Order, notice: Refused, now: dt.datetime) -> None:
    """End an order with a code and a text; 201 rejects it, any other code cancels it."""
    if notice.code == checks.REJECTED:
        floor.reject(order, notice, now)
    else:
        floor.end(order, now, notice.text, code=notice.code, note=notice.text)
