"""Stops, trailing stops and orders at the close."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from ib_insync import IB, Order

from sellkit.simgateway.clock import parse_instant
from tests.simgateway.trading import (
    EVENING,
    OPENING,
    connected,
    go_to,
    move,
    place,
    settled,
    trading,
    until,
)

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway
    from tests.simgateway.fake_market import FakeMarket

pytestmark = pytest.mark.usefixtures("silent_client")


def sale(kind: str, quantity: int = 40, **prices: object) -> Order:
    return Order(action="SELL", totalQuantity=quantity, orderType=kind, tif="DAY", **prices)


def test_a_stop_waits_for_its_trigger_and_then_sells_at_the_market(
    floor: tuple[Gateway, FakeMarket],
) -> None:
    gateway, market = floor

    async def trade(ib: IB) -> None:
        stop = await place(ib, sale("STP", auxPrice=95), "PreSubmitted")
        await settled(ib)
        assert stop.orderStatus.whyHeld == "trigger"
        move(gateway, market, 95.01)
        await settled(ib)
        assert stop.orderStatus.status == "PreSubmitted"
        move(gateway, market, 94.0)
        await until(stop.isDone)
        assert stop.orderStatus.avgFillPrice == 93.99
        statuses = [entry.status for entry in stop.log if not entry.message]
        assert statuses[-2:] == ["Submitted", "Filled"]

    connected(gateway, trade)


def test_a_stop_to_buy_waits_above_the_market(floor: tuple[Gateway, FakeMarket]) -> None:
    gateway, market = floor

    async def trade(ib: IB) -> None:
        order = Order(action="BUY", totalQuantity=5, orderType="STP", auxPrice=105, tif="DAY")
        stop = await place(ib, order, "PreSubmitted")
        move(gateway, market, 105.0)
        await until(stop.isDone)
        assert stop.orderStatus.avgFillPrice == 105.01

    connected(gateway, trade)


def test_a_stop_with_a_limit_rests_at_it_once_triggered(
    floor: tuple[Gateway, FakeMarket],
) -> None:
    gateway, market = floor

    async def trade(ib: IB) -> None:
        stop = await place(ib, sale("STP LMT", auxPrice=95, lmtPrice=94.5), "PreSubmitted")
        move(gateway, market, 94.0)
        await until(lambda: stop.orderStatus.status == "Submitted")
        assert stop.fills == []
        move(gateway, market, 94.6)
        await until(stop.isDone)
        assert stop.orderStatus.avgFillPrice == 94.59

    connected(gateway, trade)


@pytest.mark.parametrize("distance", [{"auxPrice": 5.0}, {"trailingPercent": 5.0}])
def test_a_trailing_stop_follows_the_price_up_and_not_down(
    floor: tuple[Gateway, FakeMarket], distance: dict[str, float]
) -> None:
    gateway, market = floor

    async def trade(ib: IB) -> None:
        stop = await place(ib, sale("TRAIL", **distance), "PreSubmitted")
        for last in (110.0, 106.0, 105.5):
            move(gateway, market, last)
        await settled(ib)
        assert stop.orderStatus.status == "PreSubmitted"
        (order,) = gateway.exchange.orders()
        assert order.stop_price == (105 if "auxPrice" in distance else pytest.approx(104.5))
        move(gateway, market, 104.0)
        await until(stop.isDone)
        assert stop.orderStatus.avgFillPrice == 103.99

    connected(gateway, trade)


def test_a_trailing_stop_keeps_a_tick_away_however_small_its_percentage(
    floor: tuple[Gateway, FakeMarket],
) -> None:
    gateway, _ = floor

    async def trade(ib: IB) -> None:
        await place(ib, sale("TRAIL", trailingPercent=0.001), "PreSubmitted")
        await settled(ib)
        (order,) = gateway.exchange.orders()
        assert order.stop_price == Decimal("99.99")

    connected(gateway, trade)


def test_a_gap_over_night_reaches_a_trailing_stop_that_was_placed_in_the_evening() -> None:
    with trading(at=EVENING) as (gateway, market):

        async def trade(ib: IB) -> None:
            stop = await place(ib, sale("TRAIL", auxPrice=5), "PreSubmitted")
            market.last = 90.0
            go_to(gateway, OPENING)
            await until(stop.isDone)
            assert stop.orderStatus.avgFillPrice == 89.99

        connected(gateway, trade)


def test_a_trailing_stop_tells_where_it_stands(floor: tuple[Gateway, FakeMarket]) -> None:
    gateway, market = floor

    async def trade(ib: IB) -> None:
        await place(ib, sale("TRAIL", auxPrice=5, trailStopPrice=93), "PreSubmitted")
        move(gateway, market, 110.0)

    async def look(ib: IB) -> None:
        (stop,) = await ib.reqAllOpenOrdersAsync()
        assert stop.order.trailStopPrice == 105

    connected(gateway, trade)
    connected(gateway, look, 2)


def test_an_order_at_the_close_fills_when_the_session_ends(
    floor: tuple[Gateway, FakeMarket],
) -> None:
    gateway, market = floor

    async def trade(ib: IB) -> None:
        closing = await place(ib, sale("MOC"), "PreSubmitted")
        market.last = 99.0
        go_to(gateway, parse_instant("2025-11-26T15:59:59"))
        await settled(ib)
        assert closing.fills == []
        go_to(gateway, parse_instant("2025-11-26T16:04:00"))
        await until(closing.isDone)
        (fill,) = closing.fills
        assert fill.execution.price == 99.0
        assert fill.execution.time == parse_instant("2025-11-26T16:00:00")

    connected(gateway, trade)
