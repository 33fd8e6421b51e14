"""What a fill does to the other orders of its group."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_UP
from typing import TYPE_CHECKING

from sellkit.simgateway.orders.events import Told
from sellkit.simgateway.orders.order import CANCEL_THE_REST, FILLED

if TYPE_CHECKING:
    import datetime as dt
    from decimal import Decimal

    from sellkit.simgateway.orders.floor import Floor
    from sellkit.simgateway.orders.order import Order


def settle_group(floor: Floor, order: Order, quantity: Decimal, now: dt.datetime) -> None:
    """Cancel or reduce the other orders of a group after a fill of so much.

    They shrink as what was left of the order did, so that several fills add up to no more.
    """
    cancels = order.status == FILLED or order.terms.oca_type == CANCEL_THE_REST
    for other in floor.book.group(order):
        share = other.remaining * quantity / (order.remaining + quantity)
        left = other.terms.quantity - share.to_integral_value(ROUND_UP)
        if cancels or left <= other.filled:
            floor.end(other, now)
        else:
            terms = replace(other.terms, quantity=left)
            floor.note(Told(floor.book.put(replace(other, terms=terms))))
