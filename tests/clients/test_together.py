"""The three clients at the same time, on one gateway."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.clients.checks import MSFT, limit, order, trading
from tests.clients.driving import Client
from tests.simgateway.trading import held

if TYPE_CHECKING:
    from tests.clients.driving import Driver

_ORDERS = 10


def sell_in_parts(client: Client) -> int:
    """Sell ten shares one by one; how many fills were told."""
    for number in range(_ORDERS):
        client.ask("place", order_id=900 + number, contract=MSFT, order=order("SELL", 1))
    return len(client.settle("fill"))


def test_three_libraries_trade_on_one_gateway_at_the_same_time(drivers: list[Driver]) -> None:
    with trading() as (gateway, _):
        clients = [
            Client(one, "shared").connect(gateway, number) for number, one in enumerate(drivers, 1)
        ]
        with ThreadPoolExecutor(len(clients)) as threads:
            fills = list(threads.map(sell_in_parts, clients))
        positions = [one.ask("positions") for one in clients]
        assert held(gateway) == 40 - 3 * _ORDERS
    assert fills == [_ORDERS] * 3
    for found in positions:
        assert {one["symbol"]: one["quantity"] for one in found}["MSFT"] == 10.0


def test_each_library_sees_the_orders_of_the_others_alike(drivers: list[Driver]) -> None:
    with trading() as (gateway, _):
        clients = [
            Client(one, "alike").connect(gateway, number) for number, one in enumerate(drivers, 1)
        ]
        for number, one in enumerate(clients):
            wanted = limit("SELL", 1 + number, 110 + number, orderRef=one.library)
            one.ask("place", order_id=900, contract=MSFT, order=wanted)
        seen = [one.ask("all_open_orders") for one in clients]
    assert seen[0] == seen[1] == seen[2]
    assert [one["ref"] for one in seen[0]] == [one.library for one in clients]
