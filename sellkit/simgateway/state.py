"""What a gateway holds, as plain tables and lists that JSON can carry."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sellkit.simgateway.clock import VirtualClock

if TYPE_CHECKING:
    from sellkit.simgateway.clock import Clock
    from sellkit.simgateway.faults import Armed
    from sellkit.simgateway.gateway import Gateway
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
        "orders": [asdict(order) for order in exchange.orders()],
        "placed_orders": [asdict(order) for order in exchange.placed_orders],
        "faults": [show_rule(armed) for armed in gateway.faults.armed],
        "mute": gateway.faults.is_mute,
        "halts": [asdict(halt) for halt in gateway.halts.all],
        "open_history": gateway.open_history,
        "received": gateway.received,
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
        "name": received.name,
        "time": received.time.isoformat(),
        "clientId": received.client_id,
        "fields": list(received.fields),
    }
