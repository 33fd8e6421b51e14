"""What is left of orders after a reconnect, under the same id and under another one."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from sellkit.simgateway.orders.habits import ExecutionsOfClientZero
from tests.clients.checks import ACCOUNT, MSFT, eventually, limit, order, trading

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway
    from tests.clients.driving import Client, Said


def trade(client: Client, gateway: Gateway) -> Said:
    """As client 3 fill an order, cancel one, let one rest, and leave; gives the fill."""
    client.connect(gateway, 3)
    for number, wanted in enumerate(
        (order("SELL", 10, orderRef="sold"), limit("SELL", 5, 110), limit("SELL", 6, 111)), 900
    ):
        client.ask("place", order_id=number, contract=MSFT, order=wanted)
    client.ask("cancel", order_id=901)
    (fill,) = client.settle("fill")
    client.ask("disconnect")
    eventually(lambda: not gateway.sessions)
    return fill


@pytest.mark.parametrize("client_id", [3, 4, 0])
def test_executions_are_told_again_with_their_commissions(client: Client, client_id: int) -> None:
    with trading() as (gateway, _):
        before = trade(client, gateway)
        client.connect(gateway, client_id)
        found = client.ask("executions")
    (fill,) = found["fills"]
    assert fill | {"request_id": -1} == before
    assert fill["request_id"] != -1
    (report,) = found["commissions"]
    assert (report["exec_id"], report["commission"]) == (fill["exec_id"], 1.0)


def test_executions_of_one_client_are_told_by_its_id(client: Client) -> None:
    with trading() as (gateway, _):
        trade(client, gateway)
        client.connect(gateway, 4)
        own = client.ask("executions", client_id=4)
        other = client.ask("executions", client_id=3)
    assert own["fills"] == []
    assert [one["ref"] for one in other["fills"]] == ["sold"]


def test_client_0_may_be_told_its_own_executions_only(client: Client) -> None:
    with trading(client_zero=ExecutionsOfClientZero.OWN) as (gateway, _):
        trade(client, gateway)
        client.connect(gateway, 4)
        assert client.ask("executions")["fills"] == []


@pytest.mark.parametrize("client_id", [3, 4])
def test_completed_orders_are_told_without_ids_but_with_numbers(
    client: Client, client_id: int
) -> None:
    with trading() as (gateway, _):
        fill = trade(client, gateway)
        client.connect(gateway, client_id)
        sold, cancelled = client.ask("completed")
    assert (sold["perm_id"], sold["ref"]) == (fill["perm_id"], "sold")
    assert (sold["status"], sold["how"], sold["filled"]) == ("Filled", "Filled Size: 10", 10.0)
    assert sold["when"] == "2025-11-26T17:00:05+00:00"
    assert (cancelled["status"], cancelled["how"]) == ("Cancelled", "Cancelled by Trader")
    assert (cancelled["limit"], cancelled["account"]) == (110.0, ACCOUNT)


def test_the_same_id_finds_its_resting_order_and_may_change_it(client: Client) -> None:
    with trading() as (gateway, _):
        trade(client, gateway)
        found = client.ask("connect", port=gateway.port, client_id=3)
        (resting,) = client.ask("open_orders")
        wanted = limit("SELL", 6, 112)
        client.ask("place", order_id=resting["order_id"], contract=MSFT, order=wanted)
        changed = client.settle("open")[-1]
    assert found["next_id"] > 902
    assert (resting["order_id"], resting["limit"]) == (902, 111.0)
    assert (changed["perm_id"], changed["limit"]) == (resting["perm_id"], 112.0)


def test_another_id_sees_the_resting_order_but_cannot_cancel_it(client: Client) -> None:
    with trading() as (gateway, _):
        trade(client, gateway)
        client.connect(gateway, 4)
        assert client.ask("open_orders") == []
        (resting,) = client.ask("all_open_orders")
        client.ask("cancel", order_id=902)
        assert client.codes() == [10147]
    assert (resting["client_id"], resting["order_id"]) == (3, 902)


def test_a_corrected_fill_differs_behind_the_last_dot(client: Client) -> None:
    with trading() as (gateway, _):
        wrong = trade(client, gateway)
        client.connect(gateway, 3)
        gateway.terminal.correct(wrong["exec_id"], Decimal(100))
        (right,) = client.settle("fill")
    assert right["exec_id"] != wrong["exec_id"]
    assert right["exec_id"].rpartition(".")[0] == wrong["exec_id"].rpartition(".")[0]
    assert right["price"] == 100.0
