"""What can be asked over the control channel about orders, positions and ids."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sellkit.errors import ConfigError
from sellkit.simgateway.control_contract import read_contract
from sellkit.simgateway.history import Refused
from sellkit.simgateway.orders import desk, intervention
from sellkit.simgateway.orders.floor import ORDER_CANCELLED
from sellkit.simgateway.orders.order import LIMITED, OFFERED, STOPS, TIMES_IN_FORCE, Terms
from sellkit.simgateway.state import show_execution, show_order
from sellkit.simgateway.terminal import set_position

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from decimal import Decimal

    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.orders.order import Order
    from sellkit.simgateway.table import Table


def place(gateway: Gateway, table: Table) -> object:
    """Place an order by hand."""
    terms = _terms(gateway, table)
    table.end()
    gateway.floor.quotes.forget()
    now, binds = gateway.clock.now(), gateway.binds_orders
    order = desk.place_by_hand(gateway.floor, terms, now, binds=binds)
    gateway.tell_orders()
    return show_order(order)


def cancel(gateway: Gateway, table: Table) -> object:
    """Cancel any order by hand."""
    perm_id = table.required_integer("permId")
    table.end()
    with _known():
        desk.cancel_by_hand(gateway.floor, perm_id, gateway.clock.now())
    gateway.tell_orders()
    return _shown(gateway, perm_id)


def fill(gateway: Gateway, table: Table) -> object:
    """Fill an order, in whole or in part, at the market's price or at one."""
    perm_id = table.required_integer("permId")
    quantity, price = table.positive("quantity"), table.positive("price")
    table.end()
    floor, now = gateway.floor, gateway.clock.now()
    floor.quotes.forget()
    with _known():
        intervention.fill(floor, intervention.find(floor, perm_id), quantity, price, now)
    gateway.tell_orders()
    return _shown(gateway, perm_id)


def kill(gateway: Gateway, table: Table) -> object:
    """End an order with an error code: 201 rejects it, any other cancels it."""
    perm_id = table.required_integer("permId")
    code = table.integer("code")
    code = ORDER_CANCELLED if code is None else code
    text = table.text("text") or ""
    table.end()
    floor = gateway.floor
    with _known():
        order = intervention.find(floor, perm_id)
        intervention.kill(floor, order, Refused(code, text), gateway.clock.now())
    gateway.tell_orders()
    return _shown(gateway, perm_id)


def correct(gateway: Gateway, table: Table) -> object:
    """Correct the price of a fill."""
    exec_id, price = table.required_text("execId"), table.positive("price")
    table.end()
    if price is None:
        raise table.missing("price")
    with _known():
        corrected = desk.correct(gateway.floor, exec_id, price)
    gateway.tell_orders()
    return show_execution(corrected)


def hold(gateway: Gateway, table: Table) -> object:
    """Set a position, to zero as well."""
    security = read_contract(gateway, table)
    quantity, cost = table.required_number("position"), table.required_number("avgCost")
    account = table.choice("account", gateway.scenario.accounts) or gateway.account
    table.end()
    set_position(gateway, security, quantity, cost, account)
    return {"account": account, "symbol": security.symbol, "position": quantity, "avgCost": cost}


def roll_back(gateway: Gateway, table: Table) -> object:
    """Let the next order id go back: of one client, or of all."""
    client_id, count = table.integer("clientId"), table.count("by")
    table.end()
    if count is None:
        raise table.missing("by")
    exchange = gateway.exchange
    if client_id is None:
        exchange.roll_back_all_ids(count)
    else:
        exchange.roll_back_ids(client_id, count)
    clients = exchange.clients() if client_id is None else {client_id}
    return {str(each): exchange.next_order_id(each) for each in sorted(clients)}


def _terms(gateway: Gateway, table: Table) -> Terms:
    security = read_contract(gateway, table)
    action, quantity = table.choice("side", ("BUY", "SELL")), table.positive("quantity")
    if action is None or quantity is None:
        raise table.missing("side" if action is None else "quantity")
    kind = table.choice("orderType", OFFERED) or "MKT"
    limit, aux = table.positive("lmtPrice"), table.positive("auxPrice")
    _check_price(table, "lmtPrice", limit, kind, LIMITED)
    _check_price(table, "auxPrice", aux, kind, STOPS)
    return Terms(
        account=table.choice("account", gateway.scenario.accounts) or gateway.account,
        security=security,
        action=action,
        quantity=quantity,
        order_type=kind,
        limit_price=limit,
        aux_price=aux,
        time_in_force=table.choice("tif", TIMES_IN_FORCE) or "DAY",
        outside_rth=table.flag("outsideRth") or False,
    )


def _check_price(
    table: Table, key: str, price: Decimal | None, kind: str, kinds: Collection[str]
) -> None:
    """Refuse a price that is missing, or that the type of order has no use for."""
    if price is None and kind in kinds:
        table.fail(key, f"must be given for {kind}")
    if price is not None and kind not in kinds:
        table.fail(key, f"is for {' and '.join(sorted(kinds))} alone, not for {kind}")


def _shown(gateway: Gateway, perm_id: int) -> object:
    found: Order = gateway.exchange.book.by_number(perm_id)
    return show_order(found)


@contextmanager
def _known() -> Iterator[None]:
    """What is not to be found is the asker's error."""
    try:
        yield
    except KeyError as error:
        raise ConfigError(str(error.args[0])) from error
