"""Whether an order trades at a quote, and at which price."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from sellkit.simgateway.orders.order import LIMITED, PRE_SUBMITTED, STOPS, SUBMITTED

if TYPE_CHECKING:
    from sellkit.simgateway.orders.order import Order
    from sellkit.simgateway.quote import Quote


def moved(order: Order, quote: Quote) -> Order:
    """The order after its stop met the last trade.

    A stop that is reached makes a market order of the order, or a limit order where it has a limit.
    A trailing stop that is not follows the price.
    """
    if order.terms.order_type not in STOPS or order.is_elected:
        return order
    last = price_of(quote.last)
    stop = stop_of(order, last)
    if (last - stop) * order.terms.sign >= 0:
        status = SUBMITTED if order.status == PRE_SUBMITTED else order.status
        return replace(order, is_elected=True, stop_price=stop, status=status, why_held="")
    if order.terms.order_type != "TRAIL":
        return order
    return replace(order, stop_price=_followed(order, stop, last))


def tradable_at(order: Order, quote: Quote) -> Decimal | None:
    """The price at which the order fills, None while it does not.

    A buyer pays the ask, a seller gets the bid, also where a limit would allow a worse price.
    What belongs to an auction only rests, but for market-on-close orders, which never come here.
    """
    terms = order.terms
    if terms.order_type == "LOC" or terms.time_in_force == "OPG":
        return None
    if terms.order_type in STOPS and not order.is_elected:
        return None
    if terms.order_type == "MIT" and not _is_touched(order, price_of(quote.last)):
        return None
    touch = price_of(quote.ask if terms.sign > 0 else quote.bid)
    if touch <= 0:
        return None
    limit = terms.limit_price
    if terms.order_type in LIMITED and limit is not None and (touch - limit) * terms.sign > 0:
        return None
    return touch


def _is_touched(order: Order, last: Decimal) -> bool:
    """Whether the last trade was as good as the trigger of an order that waits for a better one."""
    trigger = order.terms.aux_price
    return trigger is not None and (trigger - last) * order.terms.sign >= 0


def price_of(number: float) -> Decimal:
    """A quoted price with the digits that it shows."""
    return Decimal(str(number))


def stop_of(order: Order, last: Decimal) -> Decimal:
    """Where an order's stop stands; of a trailing stop that has none yet where it begins."""
    terms = order.terms
    if terms.order_type != "TRAIL":
        return terms.aux_price or Decimal(0)
    if order.stop_price is not None:
        return order.stop_price
    return terms.trail_stop_price or last + terms.sign * _distance(order, last)


def _followed(order: Order, stop: Decimal, last: Decimal) -> Decimal:
    wanted = last + order.terms.sign * _distance(order, last)
    return min(stop, wanted) if order.terms.sign > 0 else max(stop, wanted)


def _distance(order: Order, last: Decimal) -> Decimal:
    terms = order.terms
    if terms.trailing_percent is not None:
        tick = terms.security.min_tick
        return max(tick, (last * terms.trailing_percent / 100 / tick).to_integral_value() * tick)
    return terms.aux_price or Decimal(0)
