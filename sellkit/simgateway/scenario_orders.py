"""Reads the resting orders of a scenario file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError
from sellkit.simgateway.scenario import OrderKind, RestingOrder, Security

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sellkit.simgateway.table import Table

# The prices that an order of each type needs.
_PRICES: Final = {
    "MKT": (),
    "MOC": (),
    "LMT": ("lmtPrice",),
    "LOC": ("lmtPrice",),
    "MIT": ("auxPrice",),
    "STP": ("auxPrice",),
    "STP LMT": ("lmtPrice", "auxPrice"),
    "TRAIL": ("auxPrice", "trailStopPrice"),
}
_TIMES_IN_FORCE: Final = ("DAY", "GTC", "OPG", "IOC", "GTD")


def read_orders(
    tables: Iterable[Table], accounts: tuple[str, ...], securities: tuple[Security, ...]
) -> tuple[RestingOrder, ...]:
    """The orders that the tables describe.

    Raises
    ------
    ConfigError
        A key is unknown, missing or wrong, or an order's contract is not in the scenario.
    """
    orders: list[RestingOrder] = []
    for table in tables:
        order = _read_order(table, accounts, securities)
        table.end()
        orders.append(order)
    own = {order.client_id for order in orders if order.kind is OrderKind.OWN}
    for order in orders:
        if order.kind is OrderKind.FOREIGN and order.client_id in own:
            raise ConfigError(
                f"the order on {order.security.symbol} is foreign, but client {order.client_id} "
                "also has own ones; give it another clientId"
            )
    return tuple(orders)


def _read_order(
    table: Table, accounts: tuple[str, ...], securities: tuple[Security, ...]
) -> RestingOrder:
    security = security_named(table, securities)
    kind = OrderKind(table.choice("kind", tuple(OrderKind)) or OrderKind.OWN)
    order_type = table.choice("orderType", tuple(_PRICES))
    if order_type is None:
        raise table.missing("orderType")
    action = table.choice("action", ("BUY", "SELL"))
    if action is None:
        raise table.missing("action")
    quantity = table.positive("totalQuantity")
    if quantity is None:
        raise table.missing("totalQuantity")
    order = RestingOrder(
        account=table.choice("account", accounts) or accounts[0],
        security=security,
        kind=kind,
        client_id=_client_id(table, kind),
        action=action,
        quantity=quantity,
        order_type=order_type,
        limit_price=table.positive("lmtPrice"),
        aux_price=table.positive("auxPrice"),
        trail_stop_price=table.positive("trailStopPrice"),
        time_in_force=table.choice("tif", _TIMES_IN_FORCE) or "GTC",
        reference=table.text("orderRef") or "",
        outside_rth=table.flag("outsideRth") or False,
        oca_group=table.text("ocaGroup") or "",
    )
    for price in ("lmtPrice", "auxPrice", "trailStopPrice"):
        if table.has(price) != (price in _PRICES[order_type]):
            needs = " and ".join(_PRICES[order_type]) or "no price"
            table.fail("orderType", f"is {order_type}, which takes {needs}")
    return order


def security_named(table: Table, securities: tuple[Security, ...]) -> Security:
    """The one contract that `conId` or `symbol` in a table names.

    Raises
    ------
    ConfigError
        Both are missing, or none or several contracts fit.
    """
    con_id, symbol = table.integer("conId"), table.text("symbol")
    if con_id is None and symbol is None:
        raise table.missing("symbol")
    found = [
        security
        for security in securities
        if con_id in (None, security.con_id)
        and (symbol is None or symbol.upper() == security.symbol)
    ]
    if len(found) != 1:
        why = "is not among the positions and symbols" if not found else "fits several contracts"
        table.fail("conId" if symbol is None else "symbol", f"{why}: {symbol or con_id}")
    return found[0]


def _client_id(table: Table, kind: OrderKind) -> int | None:
    client_id = table.integer("clientId")
    if kind is OrderKind.MANUAL:
        if client_id is not None:
            table.fail("clientId", "does not belong to an order placed by hand")
        return None
    if client_id is None:
        raise table.missing("clientId")
    if client_id < 0:
        table.fail("clientId", f"must be 0 or more, not {client_id}")
    return client_id
