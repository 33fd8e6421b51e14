"""Protective orders that rested when the account was last looked at, and rest no more.

Interactive Brokers cancels resting orders by itself, at a split for instance. Whoever believes that
a stop protects a position has to hear of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sellkit.core.portfolio import Side

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from sellkit.core.portfolio import AccountSnapshot, OpenOrder

_NOTHING: Final = Decimal(0)
_ONE_DAY: Final = "DAY"
_STOPS: Final = ("STP", "TRAIL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """An order as it rested when the journal last saw the orders of its account.

    Attributes
    ----------
    order
        As it was.
    seen_at
        When; aware UTC.
    held
        Shares of its contract then.
    is_accounted
        Whether the journal knows why it may be gone: sellkit cancelled it, or it was executed.
    """

    order: OpenOrder
    seen_at: dt.datetime
    held: Decimal
    is_accounted: bool


def lapsed(seen: Iterable[Resting], now: AccountSnapshot) -> tuple[Resting, ...]:
    """The protective orders that are gone while what they protected is still held.

    None of a contract that others protect in whole now; nor one that the journal accounts for, that
    has taken its shares off the position, or that was for one day alone, and that day is over.
    """
    held = {each.instrument.con_id: each.quantity for each in now.positions}
    return tuple(
        each
        for each in seen
        if _is_protective(each.order)
        and held.get(each.order.con_id, _NOTHING) > 0
        and not any(_is_same(each.order, order) for order in now.open_orders)
        and not each.is_accounted
        and not _is_executed(each, held[each.order.con_id])
        and not _is_past(each, now.taken_at)
        and _protected(now, each.order.con_id) < held[each.order.con_id]
    )


def _is_protective(order: OpenOrder) -> bool:
    """Whether it sells when the price falls."""
    return order.side is Side.SELL and order.order_type.startswith(_STOPS)


def _is_same(order: OpenOrder, other: OpenOrder) -> bool:
    """By the account's number of it; without one by that of its client."""
    if order.perm_id not in ("", "0"):
        return order.perm_id == other.perm_id
    return (order.client_id, order.order_id) == (other.client_id, other.order_id)


def _is_executed(resting: Resting, held: Decimal) -> bool:
    return held <= resting.held - resting.order.remaining


def _is_past(resting: Resting, now: dt.datetime) -> bool:
    is_for_a_day = resting.order.time_in_force == _ONE_DAY
    return is_for_a_day and resting.seen_at.date() != now.date()


def _protected(now: AccountSnapshot, con_id: int) -> Decimal:
    """Shares of a contract that protective orders would sell now."""
    orders = (each for each in now.orders_on(con_id) if _is_protective(each))
    return sum((each.remaining for each in orders), _NOTHING)
