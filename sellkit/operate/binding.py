"""Take over what a person placed by hand, so that it can be cancelled before a close.

The gateway binds all of it or nothing, on whichever contract it rests; only what rests on a
position that is being closed is cancelled. A person is told of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.core.alerts import AlertKind
from sellkit.core.fills import total
from sellkit.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sellkit.core.portfolio import AccountSnapshot, OpenOrder
    from sellkit.core.reports import BrokerRecords
    from sellkit.operate.trading import Trading


def to_clear(trading: Trading, records: BrokerRecords, con_id: int) -> tuple[OpenOrder, ...]:
    """What has to go from a contract before its close: own orders, and bound ones if wanted."""
    return tuple(
        each
        for each in records.snapshot.orders_on(con_id)
        if each.is_own or (trading.binds and each.is_by_hand)
    )


def take_over(
    trading: Trading, resting: Sequence[OpenOrder], before: BrokerRecords
) -> tuple[tuple[OpenOrder, ...], str]:
    """The same orders with the ids by which they can be cancelled, and why some have none yet.

    Nothing is asked for where each has one. An order that has ended meanwhile is left as it was.
    """
    wanted = [each for each in resting if each.is_unbound]
    if not wanted:
        return tuple(resting), ""
    records, trouble = _bound(trading, wanted, before)
    _say(trading, before.snapshot, records.snapshot, {each.con_id for each in resting})
    now = {each.perm_id: each for each in records.snapshot.open_orders}
    return tuple(now.get(each.perm_id, each) for each in resting), trouble


def in_words(order: OpenOrder) -> str:
    """An order for a person: `SELL 100 STP at 95.5`."""
    price = order.stop_price if order.stop_price is not None else order.limit_price
    at = "" if price is None else f" at {price.normalize():f}"
    by_hand = " placed by hand" if order.is_by_hand else ""
    return f"{order.side} {order.remaining.normalize():f} {order.order_type}{at}{by_hand}"


def say_cancelled(trading: Trading, before: AccountSnapshot, gone: Iterable[OpenOrder]) -> None:
    """Tell a person which of the orders placed by hand were cancelled."""
    by_hand = {each.perm_id for each in before.open_orders if each.is_by_hand}
    for order in gone:
        if order.perm_id in by_hand:
            told = f"{in_words(order)} (order {order.perm_id})"
            trading.alarm(
                AlertKind.BOUND_ORDER,
                f"{_ticker(before, order.con_id)}: cancelled before its close: {told}",
            )


def _bound(
    trading: Trading, wanted: Sequence[OpenOrder], before: BrokerRecords
) -> tuple[BrokerRecords, str]:
    """The lists once none of them is without an id, or when patience has ended."""
    try:
        trading.route.wait_until_idle(trading.patience.idle)
        trading.route.bind()
    except BrokerError as error:
        return before, str(error)
    end = trading.timer() + trading.patience.cancel
    records, left = before, list(wanted)
    while left and trading.timer() < end:
        try:
            records = trading.read("orders placed by hand")
        except BrokerError:
            pass  # what is not known to be bound is not
        else:
            left = [each for each in wanted if not _is_settled(each, records)]
        if left:
            trading.hear(min(trading.patience.pause, end - trading.timer()))
    return records, "the gateway gave it no id" if left else ""


def _is_settled(order: OpenOrder, records: BrokerRecords) -> bool:
    """Whether it has an id, or has ended; one that is in no list may be on its way to both."""
    if order.perm_id in ("", "0"):
        return False
    found = [each for each in records.snapshot.open_orders if each.perm_id == order.perm_id]
    if found:
        return not found[0].is_unbound
    if any(each.perm_id == order.perm_id for each in records.completed):
        return True
    filled = total(each for each in records.fills if each.perm_id == order.perm_id)
    return filled >= order.remaining


def _say(
    trading: Trading, before: AccountSnapshot, now: AccountSnapshot, closing: set[int]
) -> None:
    """Name every order that is bound now and was not."""
    unbound = {each.perm_id for each in before.open_orders if each.is_unbound}
    for order in now.open_orders:
        if order.perm_id not in unbound or order.is_unbound:
            continue
        then = "it goes before the close" if order.con_id in closing else "it stays"
        told = f"taken over by client 0: {in_words(order)} (order {order.perm_id})"
        trading.alarm(AlertKind.BOUND_ORDER, f"{_ticker(now, order.con_id)}: {told}; {then}")


def _ticker(snapshot: AccountSnapshot, con_id: int) -> str:
    held = (each.instrument for each in snapshot.positions if each.instrument.con_id == con_id)
    return next((str(each.token) for each in held), f"contract {con_id}")
