"""Orders outside trading hours: held for the open, and ended with their day."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ib_insync import IB, LimitOrder, MarketOrder

from sellkit.simgateway.clock import parse_instant
from tests.simgateway.trading import (
    EVENING,
    MSFT,
    OPENING,
    SCENARIO,
    connected,
    go_to,
    held,
    notes,
    place,
    settled,
    trading,
    until,
)

pytestmark = pytest.mark.usefixtures("silent_client")


def test_a_market_order_in_the_evening_waits_and_fills_at_the_open() -> None:
    with trading(at=EVENING) as (gateway, _market):

        async def trade(ib: IB) -> None:
            told = notes(ib)
            sale = await place(ib, MarketOrder("SELL", 40), "PreSubmitted")
            await settled(ib)
            ((code, text),) = told
            assert code == 399
            assert text.endswith("until 20251126 09:30:00 US/Eastern")
            go_to(gateway, parse_instant("2025-11-26T09:29:59"))
            await settled(ib)
            assert (sale.orderStatus.status, sale.fills) == ("PreSubmitted", [])
            go_to(gateway, OPENING)
            await until(sale.isDone)
            statuses = [entry.status for entry in sale.log if not entry.message]
            assert statuses[-2:] == ["Submitted", "Filled"]

        connected(gateway, trade)
        assert held(gateway) == 0


def test_a_limit_allowed_outside_regular_hours_fills_in_the_evening() -> None:
    with trading(at=EVENING) as (gateway, _market):

        async def trade(ib: IB) -> None:
            await place(ib, LimitOrder("SELL", 40, 99, outsideRth=True), "Filled")

        connected(gateway, trade)


def test_a_market_order_outside_regular_hours_is_told_that_it_has_to_wait() -> None:
    with trading(at=EVENING) as (gateway, _market):

        async def trade(ib: IB) -> None:
            told = notes(ib)
            await place(ib, MarketOrder("SELL", 40, outsideRth=True), "PreSubmitted")
            await settled(ib)
            assert [code for code, _text in told] == [2109, 399]

        connected(gateway, trade)


def test_an_order_for_the_day_ends_with_it_and_one_till_cancelled_does_not() -> None:
    with trading() as (gateway, _market):

        async def trade(ib: IB) -> None:
            day = await place(ib, LimitOrder("SELL", 20, 120, tif="DAY"), "Submitted")
            good = await place(ib, LimitOrder("SELL", 20, 120, tif="GTC"), "Submitted")
            go_to(gateway, parse_instant("2025-11-26T16:00:00"))
            await until(day.isDone)
            assert day.orderStatus.status == "Cancelled"
            assert good.orderStatus.status == "Submitted"

        connected(gateway, trade)


def test_a_market_that_never_closes_takes_orders_at_any_time() -> None:
    always = replace(SCENARIO, always_open=True)
    with trading(at=EVENING, scenario=always) as (gateway, _market):

        async def trade(ib: IB) -> None:
            await place(ib, MarketOrder("SELL", 40), "Filled")

        connected(gateway, trade)


def test_a_half_day_closes_early() -> None:
    with trading(at=parse_instant("2025-11-28T13:00:00")) as (gateway, _market):

        async def trade(ib: IB) -> None:
            told = notes(ib)
            await place(ib, MarketOrder("SELL", 40), "PreSubmitted", MSFT)
            await settled(ib)
            assert told[0][1].endswith("until 20251201 09:30:00 US/Eastern")

        connected(gateway, trade)


def test_a_cancel_in_the_evening_can_wait_for_the_open_and_comes_before_the_fill() -> None:
    with trading(at=EVENING, cancels_wait_for_open=True) as (gateway, _market):

        async def trade(ib: IB) -> None:
            sale = await place(ib, MarketOrder("SELL", 40), "PreSubmitted")
            ib.cancelOrder(sale.order)
            await settled(ib)
            go_to(gateway, parse_instant("2025-11-26T09:29:59"))
            await settled(ib)
            assert sale.orderStatus.status == "PendingCancel"
            go_to(gateway, OPENING)
            await until(sale.isDone)
            assert (sale.orderStatus.status, sale.fills) == ("Cancelled", [])

        connected(gateway, trade)
