"""Tells clients what happened to orders: who hears what, in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.simgateway import execution_messages, order_messages
from sellkit.simgateway.orders.events import (
    Bound,
    Changed,
    Charged,
    Event,
    Executed,
    Noted,
    Told,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sellkit.simgateway.framing import Message
    from sellkit.simgateway.orders.habits import OrderHabits
    from sellkit.simgateway.orders.order import Order
    from sellkit.simgateway.session import Session


def tell(sessions: Iterable[Session], events: Sequence[Event], habits: OrderHabits) -> None:
    """Send events to the clients that they concern."""
    if not habits.acknowledges_first:
        events = [e for e in events if isinstance(e, Executed)] + [
            e for e in events if not isinstance(e, Executed)
        ]
    for session in sessions:
        for event in events:
            _send(session, event, habits)


def _send(session: Session, event: Event, habits: OrderHabits) -> None:
    if isinstance(event, Changed):
        session.watches.position_changed(event.account, event.security)
    elif isinstance(event, Noted):
        if session.client_id == event.order.client_id:
            session.error(event.order.order_id, event.code, event.text)
    elif session.client_id in (_order_of(event).client_id, habits.master_client_id):
        # A client hears of its own orders, client 0 of those by hand, the master of all.
        session.send(*_messages(session.version, event, max(1, habits.status_repeats)))


def _order_of(event: Told | Bound | Executed | Charged) -> Order:
    return event.order if isinstance(event, Told | Bound) else event.execution.order


def _messages(
    version: int, event: Told | Bound | Executed | Charged, repeats: int
) -> list[Message]:
    match event:
        case Executed(execution):
            return [execution_messages.execution_details(version, execution)]
        case Charged(execution):
            return [execution_messages.commission_report(execution)]
        case Bound(order):
            bound = order_messages.order_bound(order)
            full = order_messages.open_order(version, order)
            return [bound, full, order_messages.order_status(order)]
        case Told(order, in_full):
            full = order_messages.open_order(version, order)
            status = order_messages.order_status(order)
            return [full] * in_full + [status] * repeats
