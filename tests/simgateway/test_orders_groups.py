"""Orders that depend on one another: groups that cancel, and children of a parent."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from ib_insync import IB, LimitOrder, MarketOrder, Order, Trade

from tests.simgateway.trading import MSFT, connected, held, move, place, settled, trading, until

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway
    from tests.simgateway.fake_market import FakeMarket

pytestmark = pytest.mark.usefixtures("silent_client")


async def pair(ib: IB, kind: int) -> tuple[Trade, Trade]:
    """A limit above and a stop below the market, in one group."""
    group = {"ocaGroup": "exit", "ocaType": kind, "tif": "GTC"}
    limit = await place(ib, LimitOrder("SELL", 40, 110, **group), "Submitted")
    stop = Order(action="SELL", totalQuantity=40, orderType="STP", auxPrice=90, **group)
    return limit, await place(ib, stop, "PreSubmitted")


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_a_fill_cancels_the_rest_of_its_group(floor: tuple[Gateway, FakeMarket], kind: int) -> None:
    gateway, market = floor

    async def trade(ib: IB) -> None:
        limit, stop = await pair(ib, kind)
        move(gateway, market, 111.0)
        await until(lambda: limit.isDone() and stop.isDone())
        assert (limit.orderStatus.status, stop.orderStatus.status) == ("Filled", "Cancelled")

    connected(gateway, trade)


@pytest.mark.parametrize(("kind", "status"), [(1, "Cancelled"), (3, "PreSubmitted")])
def test_a_partial_fill_cancels_or_reduces_the_rest(kind: int, status: str) -> None:
    with trading(fill_size=Decimal(15)) as (gateway, market):

        async def trade(ib: IB) -> None:
            limit, stop = await pair(ib, kind)
            move(gateway, market, 111.0)
            await until(lambda: limit.filled() == 15)
            await settled(ib)
            assert stop.orderStatus.status == status
            assert kind == 1 or stop.orderStatus.remaining == 25

        connected(gateway, trade)


def test_a_bracket_is_unseen_until_its_last_order_transmits(
    floor: tuple[Gateway, FakeMarket],
) -> None:
    gateway, market = floor

    async def trade(ib: IB) -> None:
        parent, profit, loss = ib.bracketOrder("BUY", 10, 98, 110, 90)
        entry, gain = ib.placeOrder(MSFT, parent), ib.placeOrder(MSFT, profit)
        await settled(ib)
        assert await ib.reqAllOpenOrdersAsync() == []
        stop = await place(ib, loss, "PreSubmitted")
        await settled(ib)
        assert (entry.orderStatus.status, gain.orderStatus.status) == ("Submitted", "PreSubmitted")
        assert (gain.orderStatus.whyHeld, stop.orderStatus.whyHeld) == ("child", "child,trigger")
        assert gain.orderStatus.parentId == entry.order.orderId
        move(gateway, market, 97.0)
        await until(entry.isDone)
        await until(lambda: gain.orderStatus.status == "Submitted")
        assert stop.orderStatus.whyHeld == "trigger"
        move(gateway, market, 89.0)
        await until(lambda: stop.isDone() and gain.isDone())
        assert (stop.orderStatus.status, gain.orderStatus.status) == ("Filled", "Cancelled")

    connected(gateway, trade)


def test_a_cancelled_parent_takes_its_children_along(floor: tuple[Gateway, FakeMarket]) -> None:
    async def trade(ib: IB) -> None:
        trades = [ib.placeOrder(MSFT, one) for one in ib.bracketOrder("BUY", 10, 98, 110, 90)]
        await until(lambda: trades[0].orderStatus.status == "Submitted")
        await settled(ib)
        ib.cancelOrder(trades[0].order)
        await until(lambda: all(one.orderStatus.status == "Cancelled" for one in trades))

    connected(floor[0], trade)


def test_an_order_on_hold_is_sent_when_it_is_placed_again_to_transmit(
    floor: tuple[Gateway, FakeMarket],
) -> None:
    async def trade(ib: IB) -> None:
        sale = ib.placeOrder(MSFT, MarketOrder("SELL", 10, transmit=False))
        await settled(ib)
        assert sale.orderStatus.status == "PendingSubmit"
        sale.order.transmit = True
        ib.placeOrder(MSFT, sale.order)
        await until(sale.isDone)
        assert sale.orderStatus.status == "Filled"

    connected(floor[0], trade)


def test_a_child_sent_by_itself_waits_for_its_parents_fill(
    floor: tuple[Gateway, FakeMarket],
) -> None:
    gateway, market = floor

    async def trade(ib: IB) -> None:
        entry = await place(ib, LimitOrder("BUY", 10, 98), "Submitted")
        child = LimitOrder("SELL", 10, 97, parentId=entry.order.orderId)
        later = await place(ib, child, "PreSubmitted")
        move(gateway, market, 98.5)
        await settled(ib)
        assert later.fills == []
        move(gateway, market, 97.5)
        await until(lambda: entry.isDone() and later.isDone())
        assert later.orderStatus.avgFillPrice == 97.49

    connected(gateway, trade)


def test_a_child_that_would_sell_claimed_shares_is_rejected_when_its_turn_comes(
    floor: tuple[Gateway, FakeMarket], caplog: pytest.LogCaptureFixture
) -> None:
    gateway, market = floor

    async def trade(ib: IB) -> None:
        await place(ib, LimitOrder("SELL", 40, 120), "Submitted")
        entry = await place(ib, LimitOrder("BUY", 10, 98), "Submitted")
        parent = entry.order.orderId
        child = await place(ib, LimitOrder("SELL", 11, 90, parentId=parent), "PreSubmitted")
        move(gateway, market, 97.0)
        await until(lambda: child.orderStatus.status == "Inactive")

    connected(gateway, trade)
    caplog.clear()  # the client logs error 201, which is the point here
    assert held(gateway) == 50


@pytest.mark.parametrize("kind", [2, 3])
def test_a_reduced_group_never_has_more_left_than_the_order_that_fills(kind: int) -> None:
    with trading(fill_size=Decimal(10)) as (gateway, market):

        async def trade(ib: IB) -> None:
            limit, stop = await pair(ib, kind)
            for left in (30, 20, 10):
                move(gateway, market, 111.0)
                await until(lambda left=left: limit.orderStatus.remaining == left)
                await settled(ib)
                assert stop.orderStatus.remaining == left

        connected(gateway, trade)


@pytest.mark.parametrize(
    ("change", "code"), [({"lmtPrice": 90.005}, 110), ({"action": "SELL"}, 105)]
)
def test_a_change_of_an_order_on_hold_is_looked_at_like_any_other(
    floor: tuple[Gateway, FakeMarket], change: dict[str, object], code: int
) -> None:
    gateway, _ = floor

    async def trade(ib: IB) -> None:
        codes: list[int] = []
        ib.errorEvent += lambda _id, code, _text, _contract: codes.append(code)
        order = LimitOrder("BUY", 10, 90, transmit=False)
        ib.placeOrder(MSFT, order)
        await settled(ib)
        for name, value in {"transmit": True, **change}.items():
            setattr(order, name, value)
        ib.placeOrder(MSFT, order)
        await until(lambda: code in codes)
        assert gateway.exchange.orders() == []

    connected(gateway, trade)


def test_an_order_cannot_be_its_own_parent(floor: tuple[Gateway, FakeMarket]) -> None:
    gateway, _ = floor

    async def trade(ib: IB) -> None:
        own = ib.client.getReqId()
        order = LimitOrder("BUY", 10, 90, orderId=own, parentId=own)
        await place(ib, order, "Inactive")
        assert gateway.exchange.orders() == []

    connected(gateway, trade)
