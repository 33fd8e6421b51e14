"""Answers about orders. None is taken: an order that comes is remembered and refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.simgateway import order_messages
from sellkit.simgateway.exchange import PlacedOrder
from sellkit.simgateway.history import NOT_VALID, Refused

if TYPE_CHECKING:
    from sellkit.simgateway.exchange import OpenOrder
    from sellkit.simgateway.requests import Fields
    from sellkit.simgateway.session import Session

_REJECTED: Final = 201
_NO_SUCH_ORDER: Final = 10147
_CANCEL_TIME_SINCE: Final = 169
_READ_ONLY: Final = (
    "Error validating request.-'sim' : cause - The API interface is currently in Read-Only mode."
)


def place_order(session: Session, fields: Fields) -> None:
    """Remember the order and refuse it; only its id is read."""
    order_id = fields.request_id()
    gateway = session.gateway
    order = PlacedOrder(session.owner, order_id, gateway.clock.now(), fields.rest())
    gateway.exchange.record(order)
    _check_writable(session)
    raise Refused(_REJECTED, "Order rejected - reason:This simulated gateway takes no orders yet")


def cancel_order(session: Session, fields: Fields) -> None:
    """Refuse to cancel: no resting order changes yet."""
    fields.skip()
    order_id = fields.request_id()
    fields.skip(1 if session.version >= _CANCEL_TIME_SINCE else 0)
    fields.end()
    _check_writable(session)
    own = session.gateway.exchange.orders(session.owner)
    if not any(order.order_id == order_id for order in own):
        raise Refused(
            _NO_SUCH_ORDER, f"OrderId {order_id} that needs to be cancelled is not found."
        )
    raise Refused(NOT_VALID, "Cancelling an order is not offered by this gateway yet")


def global_cancel(session: Session, fields: Fields) -> None:
    """Refuse to cancel everything."""
    fields.skip()
    fields.end()
    _check_writable(session)
    raise Refused(NOT_VALID, "Cancelling all orders is not offered by this gateway yet")


def open_orders(session: Session, fields: Fields) -> None:
    """The client's own working orders; for client 0 also those placed by hand."""
    fields.skip()
    fields.end()
    _check_writable(session)
    _list(session, session.gateway.exchange.orders(session.owner))


def all_open_orders(session: Session, fields: Fields) -> None:
    """Every working order, whoever placed it."""
    fields.skip()
    fields.end()
    _list(session, session.gateway.exchange.orders())


def auto_open_orders(session: Session, fields: Fields) -> None:
    """Nothing to bind: what rests here was placed before the client came."""
    fields.skip(2)
    fields.end()
    if session.owner != 0:
        raise Refused(
            NOT_VALID,
            "Error validating request: Only the default client (i.e 0) can auto bind orders.",
        )


def completed_orders(session: Session, fields: Fields) -> None:
    """No order has ended."""
    fields.skip()
    fields.end()
    _check_writable(session)
    session.send(order_messages.completed_orders_end())


def executions(session: Session, fields: Fields) -> None:
    """Nothing was traded."""
    fields.skip()
    request_id = fields.request_id()
    fields.integer()
    fields.skip(6)
    fields.end()
    session.send(order_messages.executions_end(request_id))


def _list(session: Session, orders: list[OpenOrder]) -> None:
    for order in orders:
        session.send(order_messages.open_order(session.version, order))
        session.send(order_messages.order_status(order))
    session.send(order_messages.open_order_end())


def _check_writable(session: Session) -> None:
    if session.gateway.scenario.read_only:
        raise Refused(NOT_VALID, _READ_ONLY)
