"""Orders that are lost or fill after their cancel, and order ids that go back."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ib_insync import LimitOrder, MarketOrder

from sellkit.errors import ConfigError
from sellkit.simgateway.fault_file import read_rules
from sellkit.simgateway.table import Table
from tests.simgateway.trading import (
    MSFT,
    SCENARIO,
    connected,
    held,
    place,
    settled,
    trading,
    until,
)
from tests.simgateway.wire import WireClient, order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ib_insync import IB

    from sellkit.simgateway.faults import Rule
    from sellkit.simgateway.gateway import Gateway

START = sum(h.quantity for h in SCENARIO.holdings if h.security.symbol == "MSFT")


def rules(**keys: object) -> tuple[Rule, ...]:
    table = Table(keys, "faults[1]", Path("a.toml"))
    return read_rules([table], (each.symbol for each in SCENARIO.securities))


@contextmanager
def faulty(habits: dict[str, Any] | None = None, **keys: object) -> Iterator[Gateway]:
    with trading(scenario=replace(SCENARIO, faults=rules(**keys)), **(habits or {})) as (one, _):
        yield one


# --- lost orders ----------------------------------------------------------------------------------


def test_a_lost_order_never_reaches_the_market_and_nobody_speaks_of_it() -> None:
    with faulty(do="lose_order", nth=1) as gateway, WireClient(gateway) as client:
        client.start(1).send(*order(176, 1, of=contract()))
        assert client.ask(49, 1)[0] == "49"
        assert (gateway.exchange.orders(), held(gateway)) == ([], START)
        client.send(*order(176, 2, of=contract()))
        client.until(59)
        assert held(gateway) == START + 10


def contract() -> tuple[object, ...]:
    return (272093, "", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "")


@pytest.mark.parametrize("is_listed", [True, False])
def test_an_unheard_order_works_and_fills_without_a_word(is_listed: bool) -> None:
    with (
        faulty(do="lose_order", reached="market", listed=is_listed, nth=1) as gateway,
        WireClient(gateway) as client,
    ):
        client.start(1).send(*order(176, 1, of=contract()))
        assert client.ask(49, 1)[0] == "49"
        assert held(gateway) == START + 10
        client.send(7, 3, 5, 0, "", "", "", "", "", "")
        executions = [m for m in client.until(55) if m[0] == "11"]
        client.send(99, 0)
        completed = [m for m in client.until(102) if m[0] == "101"]
        assert len(executions) == len(completed) == int(is_listed)


def test_an_unheard_order_that_is_refused_is_not_spoken_of_either() -> None:
    with (
        faulty(do="lose_order", reached="market") as gateway,
        WireClient(gateway) as client,
    ):
        client.start(1).send(*order(176, 1, quantity=0, of=contract()))
        client.send(*order(176, 2, action="SELL", quantity=10**6, of=contract()))
        assert client.ask(49, 1)[0] == "49"


def test_an_unheard_order_rests_unseen_or_in_the_lists() -> None:
    async def rest(ib: IB) -> None:
        ib.placeOrder(MSFT, LimitOrder("BUY", 5, 90.0))
        ib.placeOrder(MSFT, LimitOrder("BUY", 6, 90.0))
        await settled(ib)
        await until(lambda: len(ib.openTrades()) == 2)
        trades = await ib.reqAllOpenOrdersAsync()
        assert [t.order.totalQuantity for t in trades if t.order.permId] == [6]

    with faulty(do="lose_order", reached="market", listed=False, nth=1) as gateway:
        connected(gateway, rest)
        assert len(gateway.exchange.orders()) == 2


# --- fills after the cancel -----------------------------------------------------------------------


def test_an_order_fills_after_it_was_told_cancelled() -> None:
    async def race(ib: IB) -> None:
        trade = await place(ib, LimitOrder("BUY", 5, 90.0), "Submitted")
        ib.cancelOrder(trade.order)
        await until(lambda: trade.orderStatus.status == "Cancelled")
        assert held(gateway) == START
        await until(ib.fills)
        (fill,) = ib.fills()
        assert (fill.execution.shares, fill.execution.price) == (5, 100.01)
        await until(lambda: trade.orderStatus.status == "Filled")
        assert held(gateway) == START + 5

    with faulty(do="fill_after_cancelled", seconds=0.05) as gateway:
        connected(gateway, race)


def test_a_part_can_fill_after_the_cancel_at_a_price_of_its_own() -> None:
    async def race(ib: IB) -> None:
        trade = await place(ib, LimitOrder("BUY", 5, 90.0), "Submitted")
        ib.cancelOrder(trade.order)
        await until(lambda: trade.orderStatus.filled == 2)
        assert trade.orderStatus.status == "Cancelled"
        assert trade.orderStatus.avgFillPrice == 89.5

    with faulty(do="fill_after_cancelled", seconds=0, quantity=2, price=Decimal("89.5")) as gateway:
        connected(gateway, race)


# --- ids that go back -----------------------------------------------------------------------------


def test_ids_that_went_back_are_used_again_and_lower_ones_are_refused() -> None:
    with faulty(do="roll_back_ids", by=2, message="startApi", nth=2) as gateway:
        with WireClient(gateway) as client:
            client.start(1)
            for order_id in (1, 2, 3):
                client.send(*order(176, order_id, of=contract()))
                client.until(59)
        with WireClient(gateway) as client:
            client.shake()
            client.send(71, 2, 1, "")
            assert client.until(9)[-1][2] == "2"
            for _ in range(3):
                client.until(4)
            client.send(*order(176, 1, of=contract()))
            assert client.until(4)[-1][2:4] == ("1", "104")
            client.send(*order(176, 2, of=contract()))
            client.until(59)
        orders = gateway.exchange.book.ended_since(gateway.clock.now())
        assert [each.order_id for each in orders] == [1, 2, 3, 2]
        assert len({each.perm_id for each in orders}) == 4


def test_two_orders_can_share_an_id_and_the_later_one_is_meant() -> None:
    async def first(ib: IB) -> None:
        await place(ib, LimitOrder("BUY", 5, 90.0, tif="GTC"), "Submitted")

    with trading() as (gateway, _market):
        connected(gateway, first)
        (resting,) = gateway.exchange.orders()
        gateway.terminal.cancel(resting.perm_id)
        assert gateway.terminal.roll_back_ids(1, 5) == 1

        async def second(ib: IB) -> None:
            trade = await place(ib, MarketOrder("BUY", 5), "Filled")
            assert trade.order.orderId == resting.order_id

        connected(gateway, second)
        found = gateway.exchange.book.find(1, resting.order_id)
        assert found is not None
        assert found.perm_id != resting.perm_id


def test_ids_of_every_client_go_back_at_a_moment() -> None:
    with faulty(do="roll_back_ids", by=9, at="2025-11-26T12:00:00") as gateway:
        with WireClient(gateway) as client:
            client.start(3).send(*order(176, 7, of=contract()))
            client.until(59)
        gateway.terminal.on_loop(gateway.outage.strike_due)
        assert gateway.exchange.next_order_id(3) in (1, 8)


# --- rules that are refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"do": "lose_order", "reached": "moon"}, "must be one of nothing, market"),
        ({"do": "lose_order", "listed": False}, "goes with reached = 'market'"),
        ({"do": "lose_order", "message": "cancelOrder"}, "must be placeOrder"),
        ({"do": "fill_after_cancelled", "message": "placeOrder"}, "must be cancelOrder"),
        ({"do": "fill_after_cancelled", "seconds": -1}, "must be 0 or more"),
        ({"do": "fill_after_cancelled", "quantity": 0}, "must be above zero"),
        ({"do": "roll_back_ids", "message": "startApi"}, "the key 'by' is missing"),
        ({"do": "roll_back_ids", "by": 0, "message": "startApi"}, "must be 1 or more"),
        ({"do": "nightly_reset", "message": "reqIds", "plan": {"at": "x"}}, "time of day"),
        ({"do": "lose_order", "at": "2025-11-26T12:00:00"}, "leave out one of 'at' and 'message'"),
    ],
)
def test_a_wrong_rule_is_one_clear_line(keys: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        rules(**keys)
    assert "\n" not in str(refused.value)
