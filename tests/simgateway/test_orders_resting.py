"""Orders of a scenario that no client could place, and what comes late to one that has ended."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from ib_insync import IB, LimitOrder

from sellkit.simgateway.orders import intervention
from sellkit.simgateway.scenario import OrderKind, RestingOrder
from tests.simgateway.trading import (
    ACCOUNT,
    SCENARIO,
    connected,
    move,
    place,
    trading,
    until,
)

if TYPE_CHECKING:
    from sellkit.simgateway.scenario import Scenario


def with_order(**terms: Any) -> Scenario:
    """A scenario with one resting sale."""
    microsoft = next(one for one in SCENARIO.securities if one.symbol == "MSFT")
    nothing = {"limit_price": None, "aux_price": None, "trail_stop_price": None}
    order = RestingOrder(
        account=ACCOUNT,
        security=microsoft,
        kind=OrderKind.OWN,
        client_id=1,
        action="SELL",
        quantity=Decimal(5),
        reference="",
        outside_rth=False,
        oca_group="",
        **(nothing | terms),
    )
    return replace(SCENARIO, orders=(order,))


@pytest.mark.parametrize(
    "terms",
    [
        {"order_type": "LOC", "limit_price": Decimal(120), "time_in_force": "DAY"},
        {"order_type": "LMT", "limit_price": Decimal(90), "time_in_force": "OPG"},
        {"order_type": "MKT", "time_in_force": "OPG"},
    ],
)
def test_what_belongs_to_an_auction_only_rests(terms: dict[str, Any]) -> None:
    with trading(scenario=with_order(**terms)) as (gateway, market):
        move(gateway, market, 130.0)
        (order,) = gateway.exchange.orders()
        assert order.filled == 0


def test_an_order_if_touched_waits_for_its_trigger() -> None:
    touched = with_order(order_type="MIT", aux_price=Decimal(120), time_in_force="GTC")
    with trading(scenario=touched) as (gateway, market):
        move(gateway, market, 119.0)
        (order,) = gateway.exchange.orders()
        assert order.filled == 0
        move(gateway, market, 120.5)
        assert gateway.floor.book.now(order).average_price == Decimal("120.49")


def test_a_late_fill_of_a_part_leaves_a_cancelled_order_among_the_completed() -> None:
    with trading() as (gateway, _market):

        async def trade(ib: IB) -> None:
            placed = await place(ib, LimitOrder("SELL", 10, 120, orderRef="late"), "Submitted")
            order = gateway.exchange.orders()[0]
            ib.cancelOrder(placed.order)
            await until(lambda: not gateway.exchange.orders())
            ended = gateway.floor.book.now(order)
            now = gateway.clock.now()
            gateway.terminal.on_loop(
                lambda: intervention.fill(gateway.floor, ended, Decimal(4), None, now)
            )
            (completed,) = await ib.reqCompletedOrdersAsync(False)
            assert completed.order.orderRef == "late"
            assert completed.orderStatus.status == "Cancelled"
            assert completed.order.filledQuantity == 4

        connected(gateway, trade)
