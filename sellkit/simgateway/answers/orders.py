"""Answers about orders: to place and to cancel them, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.simgateway import execution_messages, order_messages
from sellkit.simgateway.answers.executions import read_filter
from sellkit.simgateway.exchange import PlacedOrder
from sellkit.simgateway.history import NOT_VALID, Refused
from sellkit.simgateway.orders import checks, desk
from sellkit.simgateway.orders.habits import ExecutionsOfClientZero
from sellkit.simgateway.orders.hours import midnight
from sellkit.simgateway.orders.order import REDUCE_WITHOUT_BLOCK, Terms
from sellkit.simgateway.orders.reading import read_order

if TYPE_CHECKING:
    from sellkit.simgateway.orders.order import Order
    from sellkit.simgateway.orders.reading import OrderRequest
    from sellkit.simgateway.requests import Fields
    from sellkit.simgateway.session import Session

_CANCEL_TIME_SINCE: Final = 169
_READ_ONLY: Final = (
    "Error validating request.-'sim' : cause - The API interface is currently in Read-Only mode."
)


def place_order(session: Session, fields: Fields) -> None:
    """Place an order, change one, or tell what one would do."""
    order_id = fields.request_id()
    gateway = session.gateway
    now = gateway.clock.now()
    gateway.exchange.record(PlacedOrder(session.owner, order_id, now, fields.ahead()))
    _check_writable(session)
    request = read_order(fields, session.version)
    _raise(checks.of_request(request, gateway.floor))
    terms, key = _terms(session, request), (session.owner, order_id)
    if request.what_if:
        _tell_what_if(session, key, terms)
        return
    refusal = desk.place(gateway.floor, key, terms, now, was_preset=not request.time_in_force)
    gateway.tell_orders()
    _raise(refusal)


def _tell_what_if(session: Session, key: tuple[int, int], terms: Terms) -> None:
    now = session.gateway.clock.now()
    answer = desk.price(session.gateway.floor, key, terms, now)
    if isinstance(answer, Refused):
        raise answer
    order, margins = answer
    session.send(order_messages.open_order(session.version, order, margins))


def _terms(session: Session, request: OrderRequest) -> Terms:
    gateway = session.gateway
    accounts = gateway.scenario.accounts
    account = request.account or gateway.account
    if account not in accounts:
        raise Refused(NOT_VALID, f"Error validating request: Invalid account code {account!r}.")
    is_trail = request.order_type == "TRAIL"
    if request.quantity is None:
        raise RuntimeError("an order without a quantity was refused before")
    return Terms(
        account=account,
        security=gateway.exchange.find(request.query),
        action=request.action,
        quantity=request.quantity.to_integral_value(),
        order_type=request.order_type,
        limit_price=request.limit_price,
        aux_price=request.aux_price or None,
        trail_stop_price=request.trail_stop_price if is_trail else None,
        trailing_percent=(request.trailing_percent or None) if is_trail else None,
        time_in_force=request.time_in_force or "DAY",
        reference=request.reference,
        outside_rth=request.outside_rth,
        oca_group=request.oca_group,
        oca_type=request.oca_type or REDUCE_WITHOUT_BLOCK,
        parent_id=request.parent_id,
        transmit=request.transmit,
        exchange=request.query.exchange,
    )


def cancel_order(session: Session, fields: Fields) -> None:
    """Cancel one of the client's own orders."""
    fields.skip()
    order_id = fields.request_id()
    fields.skip(1 if session.version >= _CANCEL_TIME_SINCE else 0)
    fields.end()
    _check_writable(session)
    gateway = session.gateway
    refusal = desk.cancel(gateway.floor, (session.owner, order_id), gateway.clock.now())
    gateway.tell_orders()
    _raise(refusal)


def global_cancel(session: Session, fields: Fields) -> None:
    """Cancel every working order, whoever placed it."""
    fields.skip()
    fields.end()
    _check_writable(session)
    desk.cancel_all(session.gateway.floor, session.gateway.clock.now())
    session.gateway.tell_orders()


def open_orders(session: Session, fields: Fields) -> None:
    """The client's own working orders; client 0 also takes over those placed by hand."""
    fields.skip()
    fields.end()
    _check_writable(session)
    if session.owner == 0:
        _bind(session)
    _list(session, session.gateway.exchange.orders(session.owner))


def all_open_orders(session: Session, fields: Fields) -> None:
    """Every working order, whoever placed it."""
    fields.skip()
    fields.end()
    _list(session, session.gateway.exchange.orders())


def auto_open_orders(session: Session, fields: Fields) -> None:
    """Client 0 takes over what was placed by hand, now and later."""
    fields.skip()
    binds = fields.flag()
    fields.end()
    if session.owner != 0:
        raise Refused(
            NOT_VALID,
            "Error validating request: Only the default client (i.e 0) can auto bind orders.",
        )
    session.gateway.binds_orders = binds and not session.gateway.scenario.read_only
    if session.gateway.binds_orders:
        _bind(session)


def completed_orders(session: Session, fields: Fields) -> None:
    """The orders that ended since midnight."""
    is_api_only = fields.flag()
    fields.end()
    _check_writable(session)
    gateway = session.gateway
    book = gateway.exchange.book
    for order in book.ended_since(midnight(gateway.clock.now())):
        is_rejected = order.completed_status.startswith("Rejected")
        if order.is_unlisted or (is_rejected and not gateway.floor.habits.lists_rejected):
            continue
        if not (is_api_only and order.is_by_hand):
            parent = order.parent_perm_id
            message = execution_messages.completed_order(session.version, order, parent)
            session.send(message)
    session.send(execution_messages.completed_orders_end())


def executions(session: Session, fields: Fields) -> None:
    """The fills since midnight that pass the filter, each with its commission."""
    fields.skip()
    request_id = fields.request_id()
    wanted = read_filter(fields)
    fields.end()
    gateway = session.gateway
    habit = gateway.floor.habits.client_zero
    if wanted.client_id == 0 and habit == ExecutionsOfClientZero.SILENCE:
        return
    is_own_only = habit == ExecutionsOfClientZero.OWN
    since = midnight(gateway.clock.now())
    for execution in gateway.exchange.ledger.executions:
        is_hidden = execution.time < since or execution.order.is_unlisted
        if is_hidden or not wanted.takes(execution, is_zero_own=is_own_only):
            continue
        details = execution_messages.execution_details(session.version, execution, request_id)
        session.send(details, execution_messages.commission_report(execution))
    session.send(execution_messages.executions_end(request_id))


def _bind(session: Session) -> None:
    desk.bind(session.gateway.floor)
    session.gateway.tell_orders()


def _list(session: Session, orders: list[Order]) -> None:
    for order in orders:
        if order.is_unlisted:
            continue
        session.send(order_messages.open_order(session.version, order))
        session.send(order_messages.order_status(order))
    session.send(order_messages.open_order_end())


def _check_writable(session: Session) -> None:
    if session.gateway.scenario.read_only:
        raise Refused(NOT_VALID, _READ_ONLY)


def _raise(refusal: Refused | None) -> None:
    if refusal is not None:
        raise refusal
