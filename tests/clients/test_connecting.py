"""Connections of the three clients: versions, ids, reconnects, and several at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.clients.checks import AAPL, ACCOUNT, MSFT, eventually, limit, trading
from tests.simgateway.trading import SCENARIO

if TYPE_CHECKING:
    from tests.clients.driving import Client

VERSIONS = {"ibapi": 157, "ib_insync": 176, "ib_async": 178}


def test_each_client_gets_the_newest_version_that_it_speaks(client: Client) -> None:
    with trading() as (gateway, _):
        found = client.ask("connect", port=gateway.port, client_id=1)
    assert found["version"] == VERSIONS[client.library]


def test_a_client_learns_the_accounts_and_its_next_order_id(client: Client) -> None:
    scenario = replace(SCENARIO, accounts=("DU1", "DU2"), holdings=())
    with trading(scenario=scenario) as (gateway, _):
        found = client.ask("connect", port=gateway.port, client_id=1)
    assert found["accounts"] == ["DU1", "DU2"]
    assert found["next_id"] >= 1


def test_the_gateways_clock_is_told(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        assert client.ask("time") == "2025-11-26T17:00:05+00:00"


def test_an_id_that_is_in_use_is_refused_and_its_owner_stays(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway, 7)
        second = client.another("second")
        found = second.ask("connect", port=gateway.port, client_id=7)
        assert 326 in found["refused"]
        assert client.ask("time")


def test_a_client_comes_back_under_its_id_once_its_socket_has_gone(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway, 7)
        # That of Interactive Brokers' own client stays for up to a second.
        client.ask("disconnect", lingers=True)
        refusals: list[list[int]] = []

        def is_back() -> bool:
            found = client.ask("connect", port=gateway.port, client_id=7)
            refusals.append(found.get("refused", []))
            return "version" in found

        eventually(is_back)
        assert client.ask("time")
    assert refusals.pop() == []
    assert all(326 in codes for codes in refusals)


def test_an_order_is_told_to_its_own_client_only_and_listed_for_all(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway, 1)
        other = client.another("other").connect(gateway, 2)
        client.ask("place", order_id=900, contract=MSFT, order=limit("BUY", 1, 50))
        assert client.settle("open", "status")
        assert other.settle("open", "status") == []
        assert other.ask("open_orders") == []
        (listed,) = other.ask("all_open_orders")
    assert (listed["client_id"], listed["order_id"]) == (1, 900)


def test_the_master_client_hears_of_every_order(client: Client) -> None:
    with trading(master_client_id=9) as (gateway, _):
        client.connect(gateway, 1)
        master = client.another("master").connect(gateway, 9)
        client.ask("place", order_id=900, contract=MSFT, order=limit("BUY", 1, 200))
        client.settle()
        told = master.settle("open", "fill")
    assert {one["client_id"] for one in told} == {1}
    assert told[-1]["symbol"] == "MSFT"


def test_client_0_takes_over_what_was_placed_by_hand(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway, 0)
        client.ask("bind")
        gateway.terminal.place("AAPL", "SELL", 5, "LMT", limit_price=500)
        (order,) = client.ask("open_orders")
        assert order["order_id"] < 0
        client.settle()
        client.ask("cancel", order_id=order["order_id"])
        assert client.settle("status")[-1]["status"] == "Cancelled"


def test_three_connections_work_side_by_side(client: Client) -> None:
    with trading() as (gateway, _):
        ids = {"a": 11, "b": 12, "c": 13}
        others = [client.another(name).connect(gateway, ids[name]) for name in ids]
        for number, one in enumerate(others):
            one.ask("place", order_id=500, contract=AAPL, order=limit("SELL", 1, 300 + number))
        orders = [one.ask("open_orders") for one in others]
    assert [order["limit"] for (order,) in orders] == [300, 301, 302]
    assert {order["account"] for (order,) in orders} == {ACCOUNT}
