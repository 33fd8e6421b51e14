"""Take over what a person placed by hand, so that it can be cancelled before a close.

The gateway binds all of it or nothing, on whichever contract it rests; only what rests on a
position that is being closed is cancelled. A person is told of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.alerts import AlertKind
from sellkit.core.fills import total
from sellkit.core.lifecycle import TicketState
from sellkit.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sellkit.core.portfolio import AccountSnapshot, OpenOrder
    from sellkit.core.reports import BrokerRecords
    from sellkit.operate.trading import Attempt, Trading

_NOTHING: Final[Mapping[str, OpenOrder]] = {}


def to_clear(
    trading: Trading,
    records: BrokerRecords,
    con_id: int,
    bound: Mapping[str, OpenOrder] = _NOTHING,
) -> tuple[OpenOrder, ...]:
    """What has to go from a contract before its close: own orders, and bound ones if wanted.

    Parameters
    ----------
    bound
        By perm id, orders of these lists as they are now; see `take_over`.
    """
    return tuple(
        bound.get(each.perm_id, each)
        for each in records.snapshot.orders_on(con_id)
        if each.is_own or (trading.binds and each.is_by_hand)
    )


def take_over(
    trading: Trading, attempts: Sequence[Attempt], before: BrokerRecords
) -> tuple[Mapping[str, OpenOrder], Mapping[int, str]]:
    """Let client 0 bind what was placed by hand on the attempts' contracts.

    Nothing is asked for where each order there has an id; nothing is cancelled. Every attempt with
    an order that has none moves to CANCELLING first, because binding moves the order.

    Returns
    -------
    bound
        By perm id, orders that had no id and have one now.
    stuck
        By contract, why an order on it can still not be cancelled, so that nothing is to be
        cancelled there. One that has ended meanwhile is none.
    """
    wanted = [order for each in attempts for order in _begin(trading, each, before)]
    if not wanted:
        return _NOTHING, {}
    records, left, trouble = _bound(trading, wanted, before)
    _say(trading, before.snapshot, records.snapshot, {each.con_id for each in wanted})
    had_none = {each.perm_id for each in wanted}
    now = [each for each in records.snapshot.open_orders if each.perm_id in had_none]
    stuck = {
        each.con_id: f"{in_words(each)} could not be taken over: {trouble}; nothing was cancelled"
        for each in left
    }
    return {each.perm_id: each for each in now}, stuck


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


def _begin(trading: Trading, attempt: Attempt, before: BrokerRecords) -> list[OpenOrder]:
    """What is to be bound for an attempt; that it has begun is on the disk by then."""
    resting = to_clear(trading, before, attempt.con_id)
    wanted = [each for each in resting if each.is_unbound]
    if wanted:
        listed = [in_words(each) for each in resting]
        cause = f"to be bound, then cancelled: {', '.join(listed)}"
        trading.step(attempt, TicketState.CANCELLING, cause, orders=listed)
    return [] if attempt.is_given_up else wanted


def _bound(
    trading: Trading, wanted: Sequence[OpenOrder], before: BrokerRecords
) -> tuple[BrokerRecords, Sequence[OpenOrder], str]:
    """The lists once each has an id or has ended, or when patience is over; which have none."""
    try:
        trading.route.wait_until_idle(trading.patience.idle)
        trading.route.bind()
    except BrokerError as error:
        return before, wanted, str(error)
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
    return records, left, "the gateway gave it no id"


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
