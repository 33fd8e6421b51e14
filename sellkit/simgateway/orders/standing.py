"""Keeps what goes wrong with one order from all others."""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from decimal import DecimalException
from typing import TYPE_CHECKING, Final

from sellkit.errors import SellkitError
from sellkit.simgateway.history import Refused

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from sellkit.simgateway.orders.floor import Floor
    from sellkit.simgateway.orders.order import Order

logger = logging.getLogger(__name__)

BEYOND_RECKONING: Final = "Its figures cannot be reckoned with."


@contextmanager
def standing_alone(floor: Floor, order: Order, now: dt.datetime) -> Iterator[None]:
    """Take one step of an order, whose failure ends at the order.

    Where its contract has no price or no calendar the order waits; and see `within_reckoning`.
    """
    with suppress(Refused, SellkitError), within_reckoning(floor, order, now):
        yield


@contextmanager
def within_reckoning(floor: Floor, order: Order, now: dt.datetime) -> Iterator[None]:
    """Take one step of an order, and cancel it where its figures are too large for exact decimals.

    The same would happen at every later step.
    """
    try:
        yield
    except DecimalException:
        logger.warning("order_given_up", extra={"perm_id": order.perm_id}, exc_info=True)
        current = floor.book.now(order)
        if current.is_working:
            reason = f"Cancelled by System: {BEYOND_RECKONING}"
            floor.end(current, now, reason, note=f" {BEYOND_RECKONING}")
