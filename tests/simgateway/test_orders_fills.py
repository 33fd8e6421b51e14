"""Orders that fill, in whole and in parts, as the real ib_insync client sees them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from ib_insync import IB, LimitOrder, MarketOrder, Order

from tests.simgateway.trading import (
    ACCOUNT,
    MSFT,
    SCENARIO,
    SECONDS,
    connected,
    held,
    move,
    pass_time,
    place,
    settled,
    trading,
    until,
)
from tests.simgateway.wire import WireClient, contract, order

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway
    from tests.simgateway.fake_market import FakeMarket

pytestmark = pytest.mark.usefixtures("silent_client")


def test_a_market_sale_fills_at_the_bid(floor: tuple[Gateway, FakeMarket]) -> None:
    gateway, _market = floor

    async def trade(ib: IB) -> None:
        sale = await place(ib, MarketOrder("SELL", 15, orderRef="SK1-1"), "Filled")
        await settled(ib)
        (fill,) = sale.fills
        assert (fill.execution.side, fill.execution.shares, fill.execution.price) == (
            *("SLD", 15, 99.99),
        )
        assert fill.execution.orderRef == "SK1-1"
        assert fill.execution.permId == sale.order.permId
        assert sale.orderStatus.avgFillPrice == 99.99
        assert (sale.filled(), sale.remaining()) == (15, 0)
        assert fill.commissionReport.execId == fill.execution.execId
        assert fill.commissionReport.commission == 1.0
        gain = 15 * (99.99 - 441.15) - 1
        assert fill.commissionReport.realizedPNL == pytest.approx(gain)

    connected(gateway, trade)
    assert held(gateway) == 25


def test_statuses_come_in_their_order(floor: tuple[Gateway, FakeMarket]) -> None:
    async def trade(ib: IB) -> None:
        sale = await place(ib, MarketOrder("SELL", 15), "Filled")
        statuses = [entry.status for entry in sale.log if not entry.message]
        assert statuses == ["PendingSubmit", "PreSubmitted", "Submitted", "Filled"]

    connected(floor[0], trade)


def test_positions_portfolio_and_cash_follow_a_fill(floor: tuple[Gateway, FakeMarket]) -> None:
    async def trade(ib: IB) -> None:
        await place(ib, MarketOrder("SELL", 40), "Filled")
        await place(ib, MarketOrder("BUY", 10), "Filled")
        await settled(ib)
        (own,) = [p for p in ib.positions() if p.contract.conId == MSFT.conId]
        (item,) = [p for p in ib.portfolio() if p.contract.conId == MSFT.conId]
        cash = 100_000 + 40 * 99.99 - 1 - 10 * 100.01 - 1
        figures = {v.tag: float(v.value) for v in ib.accountValues() if v.tag == "TotalCashValue"}
        assert (own.position, own.avgCost) == (10, pytest.approx(100.11))
        assert item.realizedPNL == pytest.approx(40 * (99.99 - 441.15) - 1)
        assert figures["TotalCashValue"] == pytest.approx(cash)

    connected(floor[0], trade)


def test_a_closed_position_is_told_as_gone(floor: tuple[Gateway, FakeMarket]) -> None:
    async def trade(ib: IB) -> None:
        await place(ib, MarketOrder("SELL", 40), "Filled")
        await settled(ib)
        assert MSFT.conId not in [p.contract.conId for p in (*ib.positions(), *ib.portfolio())]

    connected(floor[0], trade)


def test_a_limit_waits_for_its_price(floor: tuple[Gateway, FakeMarket]) -> None:
    gateway, market = floor

    async def trade(ib: IB) -> None:
        sale = await place(ib, LimitOrder("SELL", 40, 101), "Submitted")
        move(gateway, market, 101.0)
        await settled(ib)
        assert sale.orderStatus.status == "Submitted"
        move(gateway, market, 101.5)
        await until(sale.isDone)
        assert sale.orderStatus.avgFillPrice == 101.49

    connected(gateway, trade)


def test_a_marketable_limit_fills_at_the_better_price(floor: tuple[Gateway, FakeMarket]) -> None:
    async def trade(ib: IB) -> None:
        sale = await place(ib, LimitOrder("SELL", 40, 95), "Filled")
        assert sale.orderStatus.avgFillPrice == 99.99

    connected(floor[0], trade)


def test_an_order_fills_in_parts_with_one_execution_each() -> None:
    with trading(fill_size=Decimal(15)) as (gateway, market):

        async def trade(ib: IB) -> None:
            sale = await place(ib, MarketOrder("SELL", 40), "Submitted")
            await until(lambda: sale.filled() == 15)
            assert (sale.orderStatus.status, sale.orderStatus.remaining) == ("Submitted", 25)
            move(gateway, market, 102.0)
            move(gateway, market, 103.0)
            await until(sale.isDone)
            assert [fill.execution.shares for fill in sale.fills] == [15, 15, 10]
            assert [fill.execution.cumQty for fill in sale.fills] == [15, 30, 40]
            assert len({fill.execution.execId for fill in sale.fills}) == 3
            average = (15 * 99.99 + 15 * 101.99 + 10 * 102.99) / 40
            assert sale.orderStatus.avgFillPrice == pytest.approx(average)
            costs = [fill.commissionReport.commission for fill in sale.fills]
            assert costs == [1.0, 0.0, 0.0]  # the least commission is for the whole order

        connected(gateway, trade)


def test_what_is_not_filled_at_once_of_an_immediate_order_is_cancelled() -> None:
    with trading(fill_size=Decimal(15)) as (gateway, _market):

        async def trade(ib: IB) -> None:
            sale = await place(ib, MarketOrder("SELL", 40, tif="IOC"), "Cancelled")
            assert sale.filled() == 15

        connected(gateway, trade)
        assert held(gateway) == 25


def test_an_order_works_for_a_while_when_so_set() -> None:
    with trading(fill_after_seconds=2) as (gateway, _market):

        async def trade(ib: IB) -> None:
            sale = await place(ib, MarketOrder("SELL", 40), "Submitted")
            pass_time(gateway, 1)
            await settled(ib)
            assert sale.fills == []
            pass_time(gateway, 1)
            await until(sale.isDone)

        connected(gateway, trade)


def test_a_what_if_tells_margins_and_places_nothing(floor: tuple[Gateway, FakeMarket]) -> None:
    gateway, _market = floor

    async def trade(ib: IB) -> None:
        state = await ib.whatIfOrderAsync(MSFT, LimitOrder("BUY", 100, 100))
        assert state.status == "PreSubmitted"
        assert float(state.initMarginChange) == 10_000
        assert float(state.equityWithLoanChange) == -1
        assert (state.commission, state.commissionCurrency) == (1.0, "USD")
        assert ib.openTrades() == ib.fills() == []

    connected(gateway, trade)
    assert gateway.exchange.orders() == []


def test_a_what_if_that_would_be_rejected_says_so(floor: tuple[Gateway, FakeMarket]) -> None:
    with WireClient(floor[0]) as client:
        client.start(2, "v100..157")
        asked = order(157, 1, "SELL", 41, of=contract(MSFT.conId), changes={86: 1})
        assert client.ask(*asked)[2:4] == ("1", "201")
        taken = order(157, 1, "SELL", 40, of=contract(MSFT.conId))
        assert client.ask(*taken)[0] == "5"  # the id is still free


def test_a_what_if_of_a_change_does_not_count_the_order_itself(
    floor: tuple[Gateway, FakeMarket],
) -> None:
    gateway, _ = floor
    with WireClient(gateway) as client:
        client.start(1, "v100..157")
        for changes in ({20: "120"}, {20: "121", 86: 1}):
            sale = order(157, 1, "SELL", 40, "LMT", of=contract(MSFT.conId), changes=changes)
            client.send(*sale)
        client.send(49, 1)
        found = client.until(49)[:-1]
    assert [message[0] for message in found] == ["5", "3", "5", "3", "5"]
    assert gateway.exchange.orders()[0].terms.limit_price == 120


def test_a_what_if_of_a_child_may_sell_what_its_parent_buys() -> None:
    with trading() as (gateway, _market):

        async def trade(ib: IB) -> None:
            parent = LimitOrder("BUY", 20, 90, tif="GTC")
            await place(ib, parent, "Submitted")
            child = LimitOrder("SELL", 60, 120, tif="GTC", parentId=parent.orderId)
            state = await asyncio.wait_for(ib.whatIfOrderAsync(MSFT, child), SECONDS)
            assert state.commission == 1

        connected(gateway, trade)


def test_a_margin_account_borrows_and_sells_short() -> None:
    margin = replace(SCENARIO, margin_accounts=frozenset({ACCOUNT}))
    with trading(scenario=margin) as (gateway, _market):

        async def trade(ib: IB) -> None:
            await place(ib, MarketOrder("SELL", 100), "Filled")
            await settled(ib)
            (own,) = [p for p in ib.positions() if p.contract.conId == MSFT.conId]
            assert own.position == -60
            state = await ib.whatIfOrderAsync(MSFT, MarketOrder("BUY", 60))
            assert float(state.initMarginChange) < 0
            figures = {one.tag: one.value for one in ib.accountValues() if one.currency == "USD"}
            gross = float(figures["GrossPositionValue"])
            assert float(figures["InitMarginReq"]) == pytest.approx(gross / 2)
            available = float(figures["NetLiquidation"]) - gross / 2
            assert float(figures["AvailableFunds"]) == pytest.approx(available)

        connected(gateway, trade)


def test_a_changed_order_keeps_its_number_and_works_at_the_new_price(
    floor: tuple[Gateway, FakeMarket],
) -> None:
    gateway, _market = floor

    async def trade(ib: IB) -> None:
        sale = await place(ib, LimitOrder("SELL", 40, 101), "Submitted")
        number = sale.order.permId
        sale.order.lmtPrice = 102
        sale.order.totalQuantity = 30
        ib.placeOrder(MSFT, sale.order)
        await settled(ib)
        (order,) = gateway.exchange.orders()
        assert (order.perm_id, order.terms.limit_price) == (number, Decimal("102"))
        assert order.terms.quantity == 30
        sale.order.lmtPrice = 99
        ib.placeOrder(MSFT, sale.order)
        await until(sale.isDone)
        assert (sale.order.permId, sale.filled()) == (number, 30)

    connected(gateway, trade)


def test_a_stop_turned_into_a_limit_works_as_one(floor: tuple[Gateway, FakeMarket]) -> None:
    async def trade(ib: IB) -> None:
        stop = Order(action="SELL", totalQuantity=40, orderType="STP", auxPrice=90, tif="GTC")
        sale = await place(ib, stop, "PreSubmitted")
        sale.order.orderType, sale.order.lmtPrice, sale.order.auxPrice = "LMT", 105, 0
        ib.placeOrder(MSFT, sale.order)
        await until(lambda: sale.orderStatus.status == "Submitted")
        assert sale.orderStatus.whyHeld == ""

    connected(floor[0], trade)


def test_an_immediate_stop_ends_only_once_it_was_triggered(
    floor: tuple[Gateway, FakeMarket],
) -> None:
    gateway, market = floor

    async def trade(ib: IB) -> None:
        terms = {"orderType": "STP LMT", "auxPrice": 95, "lmtPrice": 94.5, "tif": "IOC"}
        stop = await place(ib, Order(action="SELL", totalQuantity=40, **terms), "PreSubmitted")
        move(gateway, market, 96.0)
        await settled(ib)
        assert stop.orderStatus.status == "PreSubmitted"
        move(gateway, market, 94.0)
        await until(lambda: stop.orderStatus.status == "Cancelled")

    connected(gateway, trade)
