"""Orders that must fill at once or end: in a halt, outside trading hours, and as children."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from ib_insync import IB, LimitOrder, MarketOrder, Order

from sellkit.simgateway.clock import parse_instant
from sellkit.simgateway.halts import Halt, HaltKind
from tests.simgateway.trading import (
    EVENING,
    MSFT,
    NOON,
    connected,
    go_to,
    held,
    move,
    notes,
    place,
    settled,
    trading,
    until,
)

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway

STOPPED = Halt("MSFT", NOON, None, HaltKind.REGULATORY)


def ended(gateway: Gateway) -> None:
    """Nothing works, and nothing was sold."""
    assert gateway.exchange.orders() == []
    assert held(gateway) == 40


@pytest.mark.parametrize("wait", [0, 5])
@pytest.mark.usefixtures("silent_client")
def test_an_immediate_order_is_cancelled_in_a_halt(wait: float) -> None:
    async def trade(ib: IB) -> None:
        told = notes(ib)
        await place(ib, MarketOrder("SELL", 40, tif="IOC"), "Cancelled")
        await settled(ib)
        assert told == [(202, "Order Canceled - reason:")]

    with trading(fill_after_seconds=wait) as (gateway, _market):
        gateway.halts.begin(STOPPED)
        connected(gateway, trade)
        ended(gateway)


def test_the_rest_of_an_immediate_order_ends_when_a_halt_begins() -> None:
    async def trade(ib: IB) -> None:
        sale = await place(ib, MarketOrder("SELL", 40, tif="IOC"), "Submitted")
        gateway.halts.begin(STOPPED)
        gateway.terminal.let_trade()
        await until(lambda: sale.orderStatus.status == "Cancelled")

    with trading(fill_after_seconds=5) as (gateway, _market):
        connected(gateway, trade)
        ended(gateway)


@pytest.mark.parametrize("more", [{}, {"outsideRth": True}])
def test_an_immediate_order_is_rejected_while_the_exchange_is_closed(more: dict[str, Any]) -> None:
    async def trade(ib: IB) -> None:
        told = notes(ib)
        await place(ib, LimitOrder("SELL", 40, 99, tif="IOC", **more), "Inactive")
        assert told == [(201, "Order rejected - reason:Exchange is closed.")]

    with trading(at=parse_instant("2025-11-25T21:00:00")) as (gateway, _market):
        connected(gateway, trade)
        ended(gateway)


def test_an_immediate_order_for_the_evening_fills_in_the_evening() -> None:
    async def trade(ib: IB) -> None:
        await place(ib, LimitOrder("SELL", 40, 99, tif="IOC", outsideRth=True), "Filled")

    with trading(at=EVENING) as (gateway, _market):
        connected(gateway, trade)
        assert held(gateway) == 0


def test_a_working_order_cannot_be_made_immediate_at_night() -> None:
    async def trade(ib: IB) -> None:
        told = notes(ib)
        sale = await place(ib, LimitOrder("SELL", 40, 99, tif="GTC"), "PreSubmitted")
        told.clear()
        sale.order.tif = "IOC"
        ib.placeOrder(MSFT, sale.order)
        await until(lambda: told)
        assert told == [(201, "Order rejected - reason:Exchange is closed.")]

    with trading(at=EVENING) as (gateway, _market):
        connected(gateway, trade)
        (order,) = gateway.exchange.orders()
        assert order.terms.time_in_force == "GTC"


def test_an_immediate_order_by_hand_is_cancelled_outside_trading_hours() -> None:
    with trading(at=EVENING) as (gateway, _market):
        placed = gateway.terminal.place("MSFT", "SELL", Decimal(40), time_in_force="IOC")
        assert placed.status == "Cancelled"
        ended(gateway)


@pytest.mark.usefixtures("silent_client")
def test_an_immediate_stop_that_was_not_reached_ends_with_its_day() -> None:
    async def trade(ib: IB) -> None:
        stop = Order(action="SELL", totalQuantity=40, orderType="STP", auxPrice=95, tif="IOC")
        trade = await place(ib, stop, "PreSubmitted")
        go_to(gateway, parse_instant("2025-11-26T15:59:59"))
        await settled(ib)
        assert trade.orderStatus.status == "PreSubmitted"
        go_to(gateway, parse_instant("2025-11-26T16:00:00"))
        await until(lambda: trade.orderStatus.status == "Cancelled")

    with trading() as (gateway, _market):
        connected(gateway, trade)
        ended(gateway)


@pytest.mark.usefixtures("silent_client")
def test_an_immediate_child_waits_for_its_parent_and_then_for_nothing() -> None:
    async def trade(ib: IB) -> None:
        parent = LimitOrder("BUY", 10, 98, transmit=False)
        ib.placeOrder(MSFT, parent)
        child = LimitOrder("SELL", 10, 120, parentId=parent.orderId, tif="IOC")
        sale = await place(ib, child, "PreSubmitted")
        move(gateway, market, 97.0)
        await until(lambda: sale.orderStatus.status == "Cancelled")

    with trading() as (gateway, market):
        connected(gateway, trade)
        assert held(gateway) == 50
