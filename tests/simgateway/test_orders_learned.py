"""Orders that a client learned from the gateway, and changes by sending them back."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from ib_insync import IB, LimitOrder, Order, Trade

from sellkit.simgateway.orders.order import ZERO
from tests.simgateway.trading import (
    MSFT,
    answers,
    connected,
    notes,
    place,
    plain,
    settled,
    trading,
    until,
)
from tests.simgateway.wire import WireClient, order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sellkit.simgateway.orders.order import Order as ToldOrder

pytestmark = pytest.mark.usefixtures("silent_client")

SALE = {"action": "SELL", "totalQuantity": 4, "tif": "GTC"}
STOP = {**SALE, "orderType": "STP", "auxPrice": 90}
KINDS: tuple[dict[str, Any], ...] = (
    {**SALE, "orderType": "LMT", "lmtPrice": 120},
    {**SALE, "orderType": "LMT", "lmtPrice": 120, "outsideRth": True},
    {**SALE, "orderType": "LMT", "lmtPrice": 120, "tif": "DAY", "orderRef": "mine"},
    STOP,
    {**SALE, "orderType": "STP LMT", "auxPrice": 90, "lmtPrice": 89},
    {**SALE, "orderType": "TRAIL", "auxPrice": 5},
    {**SALE, "orderType": "TRAIL", "auxPrice": 5, "trailStopPrice": 80},
    {**SALE, "orderType": "TRAIL", "trailingPercent": 5},
    {**SALE, "orderType": "MOC", "tif": "DAY"},
    {**STOP, "ocaGroup": "exit", "ocaType": 2},
)
PRICES = ("limit_price", "aux_price", "trailing_percent")


def fewer(order: Order) -> None:
    order.totalQuantity = 3


def nearer(order: Order) -> None:
    """Change the prices, or the distance, that the order has."""
    for name in ("lmtPrice", "auxPrice", "trailingPercent"):
        value = getattr(order, name)
        if 0 < value < 1000:
            setattr(order, name, value - 1)


async def changed(ib: IB, learned: Iterable[Trade], *changes: Callable[[Order], None]) -> None:
    """Change orders by what the client knows of them; the gateway has nothing to say to it."""
    said = notes(ib)
    for trade in learned:
        for change in changes:
            change(trade.order)
            ib.placeOrder(trade.contract, trade.order)
    await settled(ib)
    assert said == []


def told(order: ToldOrder) -> tuple[object, ...]:
    """What a change of quantity and prices leaves alone."""
    terms = replace(order.terms, quantity=ZERO, trail_stop_price=None, **dict.fromkeys(PRICES))
    return order.perm_id, order.order_id, order.status, order.why_held, terms


def test_orders_of_every_type_that_were_learned_after_a_reconnect_are_changed() -> None:
    async def rest(ib: IB) -> None:
        for kind in KINDS:
            ib.placeOrder(MSFT, Order(**kind))
        await settled(ib)

    async def modify(ib: IB) -> None:
        assert len(ib.openTrades()) == len(KINDS)
        await changed(ib, ib.openTrades(), fewer, nearer)

    with trading(price_band=Decimal("0.2")) as (gateway, _market):
        connected(gateway, rest)
        before = gateway.exchange.orders()
        connected(gateway, modify)
        after = gateway.exchange.orders()
    assert list(map(told, after)) == list(map(told, before))
    for old, new in zip(before, after, strict=True):
        assert (old.terms.quantity, new.terms.quantity) == (4, 3)
        for name in PRICES:
            price = getattr(old.terms, name) or ZERO
            assert (getattr(new.terms, name) or ZERO) == max(ZERO, price - 1)


def test_a_learned_child_of_a_bracket_is_changed() -> None:
    async def rest(ib: IB) -> None:
        parent = LimitOrder("BUY", 10, 90, transmit=False)
        ib.placeOrder(MSFT, parent)
        child = LimitOrder("SELL", 10, 120, parentId=parent.orderId, tif="GTC")
        await place(ib, child, "PreSubmitted")

    async def modify(ib: IB) -> None:
        learned = next(trade for trade in ib.openTrades() if trade.order.action == "SELL")
        await changed(ib, [learned], nearer)

    with trading() as (gateway, _market):
        connected(gateway, rest)
        connected(gateway, modify)
        child = next(o for o in gateway.exchange.orders() if o.terms.sign < 0)
        assert (child.terms.limit_price, child.why_held) == (119, "child")


def test_client_0_changes_an_order_that_it_took_over() -> None:
    async def modify(ib: IB) -> None:
        ib.reqAutoOpenOrders(True)
        await ib.reqOpenOrdersAsync()
        (learned,) = ib.openTrades()
        assert learned.order.orderId < 0
        await changed(ib, [learned], fewer)
        ib.cancelOrder(learned.order)
        await until(lambda: learned.orderStatus.status == "Cancelled")

    with trading() as (gateway, _market):
        placed = gateway.terminal.place("MSFT", "SELL", Decimal(40), "STP", aux_price=Decimal(90))
        connected(gateway, modify, 0)
        assert gateway.exchange.book.by_number(placed.perm_id).terms.quantity == 3


def test_a_delta_neutral_order_type_is_still_refused() -> None:
    with trading() as (gateway, _market), WireClient(gateway) as client:
        plain(client)
        for number, (word, codes) in enumerate((("None", []), ("MKT", ["321"])), 1):
            blocks = {67: (0, "", "", "", "?", 0, 0, "")}
            told = answers(client, *order(157, number, changes={66: word}, blocks=blocks))
            assert [message[3] for message in told if message[0] == "4"] == codes
