"""What a gateway holds, as plain tables and lists that JSON can carry."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.orders.hours import midnight

if TYPE_CHECKING:
    from sellkit.simgateway.clock import Clock
    from sellkit.simgateway.faults import Armed
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.orders.ledger import Execution
    from sellkit.simgateway.orders.order import Order
    from sellkit.simgateway.reception import Received
    from sellkit.simgateway.session import Session

Shown = dict[str, Any]


def show_gateway(gateway: Gateway) -> Shown:
    """Everything: clock, clients, positions, orders and rules."""
    exchange = gateway.exchange
    return {
        "host": gateway.host,
        "port": gateway.port,
        "clock": show_clock(gateway.clock),
        "accounts": list(gateway.scenario.accounts),
        "cash": {one: exchange.ledger.cash(one) for one in gateway.scenario.accounts},
        "sessions": [show_session(session) for session in gateway.sessions],
        "positions": [
            {
                "account": holding.account,
                "conId": holding.security.con_id,
                "symbol": holding.security.symbol,
                "position": holding.quantity,
                "avgCost": holding.average_cost,
            }
            for holding in exchange.holdings()
        ],
        "realized": {
            each: exchange.ledger.realized_by_currency(each) for each in gateway.scenario.accounts
        },
        "orders": [show_order(order) for order in exchange.orders()],
        "completed_orders": [
            show_order(order) for order in exchange.book.ended_since(midnight(gateway.clock.now()))
        ],
        "executions": [show_execution(each) for each in exchange.ledger.executions],
        "next_ids": {str(each): exchange.next_order_id(each) for each in exchange.clients()},
        "placed_orders": [asdict(order) for order in exchange.placed_orders],
        "faults": [show_rule(armed) for armed in gateway.faults.armed],
        "mute": gateway.faults.is_mute,
        "halts": [asdict(halt) for halt in gateway.halts.all],
        "downtime": gateway.downtime.shown,
        "recording": gateway.recorder.is_on,
        "open_history": gateway.open_history,
        "received": gateway.received,
    }


def show_order(order: Order) -> Shown:
    """One order, as it is now."""
    return asdict(order)


def show_execution(execution: Execution) -> Shown:
    """One fill, or the correction of one, by the names that clients know."""
    order = execution.order
    return {
        "execId": execution.exec_id,
        "time": execution.time.isoformat(),
        "account": order.terms.account,
        "symbol": order.terms.security.symbol,
        "conId": order.terms.security.con_id,
        "action": order.terms.action,
        "shares": execution.quantity,
        "price": execution.price,
        "commission": execution.commission,
        "realizedPNL": execution.realized,
        "permId": order.perm_id,
        "orderId": order.order_id,
        "clientId": order.client_id,
        "orderRef": order.terms.reference,
    }


def show_clock(clock: Clock) -> Shown:
    """What a clock shows; the wall clock has no speed."""
    is_virtual = isinstance(clock, VirtualClock)
    return {
        "now": clock.now().isoformat(),
        "kind": "virtual" if is_virtual else "wall",
        "speed": clock.speed if isinstance(clock, VirtualClock) else None,
    }


def show_session(session: Session) -> Shown:
    """One client."""
    return {
        "clientId": session.client_id,
        "version": session.version,
        "silent": session.is_silent,
        "wants_positions": session.wants_positions,
        "streams": len(session.streams),
        "data_type": session.data_type,
        "bar_streams": len(session.bar_streams),
        "open_history": len(session.history) + session.kept_history,
    }


def show_rule(armed: Armed) -> Shown:
    """One rule in force; what it leaves open is left out."""
    when = {key: value for key, value in asdict(armed.rule.when).items() if value is not None}
    action = armed.rule.action
    return {
        "number": armed.number,
        "when": when,
        "action": {"name": type(action).__name__, **action.shown()},
        "fitted": armed.fitted,
        "struck": armed.struck,
    }


def show_received(received: Received) -> Shown:
    """One message that a client sent."""
    return {
        "direction": "in",
        "name": received.name,
        "time": received.time.isoformat(),
        "clientId": received.client_id,
        "fields": list(received.fields),
    }
