"""What is particular to trailing stops before they meet the market."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.orders.matching import price_of, stop_of

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.simgateway.orders.order import Order, Terms
    from sellkit.simgateway.orders.quotes import Quotes

_WHOLE: Final = 100


def complaint(terms: Terms) -> str | None:
    """What is wrong with the terms of a trailing stop; None for nothing."""
    share, stop = terms.trailing_percent, terms.trail_stop_price
    distances = [one for one in (terms.aux_price, share) if one is not None and one > 0]
    if len(distances) != 1:
        return "A trailing stop takes either an amount or a percentage, above zero."
    if share is not None and share >= _WHOLE:
        return "A trailing stop's percentage must be below 100."
    if stop is not None and stop < 0:
        return "The stop price must be above zero."
    return None


def anchored(order: Order, quotes: Quotes, now: dt.datetime) -> Order:
    """The order with its first stop, which belongs to the price at which it was taken.

    So a gap over night reaches the stop. A child begins where its parent's fill leaves the price.
    """
    is_trail = order.terms.order_type == "TRAIL"
    if not is_trail or order.stop_price is not None or order.parent_perm_id:
        return order
    quote = quotes.of(order.terms.security, now)
    if quote is None:
        return order
    return replace(order, stop_price=stop_of(order, price_of(quote.last)))
