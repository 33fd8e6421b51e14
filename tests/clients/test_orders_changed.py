"""Changed, cancelled and refused orders, as the three clients see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.checks import AAPL, MSFT, limit, order, pass_time, trading
from tests.simgateway.trading import held

if TYPE_CHECKING:
    from tests.clients.driving import Client, Said


def place(client: Client, wanted: dict[str, Any], order_id: int = 900) -> None:
    client.ask("place", order_id=order_id, contract=MSFT, order=wanted)


def cancel(client: Client, order_id: int = 900) -> list[Said]:
    client.ask("cancel", order_id=order_id)
    return client.settle("status", "error")


def believed(client: Client) -> str | None:
    """What a library thinks of the order, right or wrong; Interactive Brokers' own keeps none."""
    if client.library == "ibapi":
        return None
    return str(client.ask("local_status", order_id=900))


# --- changes and cancels --------------------------------------------------------------------------


def test_a_changed_order_keeps_its_number(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 110))
        before = client.settle("open")[-1]
        place(client, limit("SELL", 20, 108.5))
        after = client.settle("open")[-1]
    assert (after["quantity"], after["limit"]) == (20.0, 108.5)
    assert after["perm_id"] == before["perm_id"]


def test_a_limit_changed_to_the_market_fills(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 110))
        client.settle()
        place(client, limit("SELL", 10, 99))
        assert client.settle("fill")[0]["price"] == 99.99


def test_a_cancelled_order_is_told_by_status_and_error_202(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 110))
        client.settle()
        status, error = cancel(client)
        assert client.ask("open_orders") == []
    assert (status["status"], status["remaining"]) == ("Cancelled", 10.0)
    assert (error["id"], error["code"]) == (900, 202)


def test_a_slow_cancel_is_pending_first(client: Client) -> None:
    with trading(cancel_after_seconds=5) as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 110))
        client.settle()
        (pending,) = cancel(client)
        pass_time(gateway, 6)
        ended = client.settle("status")
    assert pending["status"] == "PendingCancel"
    assert [one["status"] for one in ended] == ["Cancelled"]


def test_a_global_cancel_ends_the_orders_of_every_client(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway, 1)
        other = client.another("other").connect(gateway, 2)
        place(client, limit("SELL", 10, 110))
        place(other, limit("SELL", 10, 111))
        client.settle()
        other.settle()
        client.ask("cancel_all")
        assert client.settle("status")[-1]["status"] == "Cancelled"
        assert other.settle("status")[-1]["status"] == "Cancelled"
        assert client.ask("all_open_orders") == []


# --- refusals -------------------------------------------------------------------------------------


def test_shares_that_another_order_claims_cannot_be_sold(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 40, 110))
        client.settle()
        place(client, order("SELL", 1), 901)
        told = client.settle("error", "status")
        (living,) = client.ask("open_orders")
    assert [one.get("code", one.get("status")) for one in told] == [201, "Inactive"]
    assert living["order_id"] == 900


def test_a_symbol_without_permission_is_rejected(client: Client) -> None:
    with trading(no_permission=frozenset({"MSFT"})) as (gateway, _):
        client.connect(gateway)
        place(client, order("SELL", 1))
        assert client.codes() == [201]


def test_a_price_off_the_tick_is_error_110(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 110.005))
        assert client.codes() == [110]
        assert client.ask("open_orders") == []


def test_a_change_to_a_bad_price_leaves_the_order_alive(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 110))
        client.settle()
        place(client, limit("SELL", 10, 110.005))
        assert client.codes() == [110]
        wrong = {"ib_insync": "Submitted", "ib_async": "ValidationError"}
        assert believed(client) == wrong.get(client.library)
        (living,) = client.ask("open_orders")
    assert (living["limit"], living["status"]) == (110.0, "Submitted")


def test_a_change_that_is_rejected_leaves_the_order_alive(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 110))
        client.settle()
        place(client, limit("SELL", 1000, 110))
        assert client.codes() == [201]
        wrong = {"ib_insync": "Cancelled", "ib_async": "Cancelled"}
        assert believed(client) == wrong.get(client.library)
        (living,) = client.ask("open_orders")
    assert living["quantity"] == 10.0


def test_the_id_of_a_cancelled_order_is_a_duplicate(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 110))
        client.settle()
        cancel(client)
        place(client, limit("SELL", 10, 111))
        assert client.codes() == [103]


def test_an_id_below_one_that_was_used_is_a_duplicate(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 110))
        client.settle()
        place(client, limit("SELL", 10, 111), 899)
        assert client.codes() == [103]


def test_a_filled_order_cannot_be_changed(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, order("SELL", 10))
        client.settle()
        place(client, limit("SELL", 20, 110))
        assert client.codes() == [104]
        assert held(gateway) == 30


def test_an_unknown_order_cannot_be_cancelled(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        (error,) = cancel(client, 12345)
    assert (error["id"], error["code"]) == (12345, 10147)


def test_a_filled_order_cannot_be_cancelled_and_later_is_not_known(client: Client) -> None:
    with trading(forgets_ended_after_seconds=60) as (gateway, _):
        client.connect(gateway)
        place(client, order("SELL", 10))
        client.settle()
        (error,) = cancel(client)
        pass_time(gateway, 61)
        (later,) = cancel(client)
    assert (error["code"], later["code"]) == (10148, 10147)
    assert "Filled" in error["text"]


def test_error_10349_leaves_the_order_alive(client: Client) -> None:
    with trading(warns_of_preset=True) as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 110, tif=""))
        told = client.settle("error", "status")
        assert believed(client) == (None if client.library == "ibapi" else "Submitted")
        (living,) = client.ask("open_orders")
    assert [one["code"] for one in told if "code" in one] == [10349]
    assert (living["status"], living["tif"]) == ("Submitted", "DAY")


def test_an_order_without_a_size_is_error_434(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, order("SELL", 0))
        assert client.codes() == [434]


def test_an_order_without_an_exchange_is_error_321(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        bare = {"symbol": "MSFT", "secType": "STK", "currency": "USD"}
        client.ask("place", order_id=900, contract=bare, order=order("SELL", 1))
        assert client.codes() == [321]


def test_electronic_trading_only_is_error_10268(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, order("SELL", 1, eTradeOnly=True))
        assert client.codes() == [10268]


# --- groups and families --------------------------------------------------------------------------


def test_the_fill_of_one_order_ends_its_group(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 110, ocaGroup="pair", ocaType=1), 900)
        place(client, order("SELL", 10, "STP", auxPrice=90, ocaGroup="pair", ocaType=1), 901)
        (listed, *_) = client.ask("open_orders")
        client.settle()
        place(client, limit("SELL", 10, 99, ocaGroup="pair", ocaType=1), 900)
        told = {one["order_id"]: one["status"] for one in client.settle("status")}
    assert (listed["oca"], listed["oca_type"]) == ("pair", 1)
    assert told == {900: "Filled", 901: "Cancelled"}


def test_a_bracket_works_once_its_last_order_is_transmitted(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, limit("BUY", 10, 101, transmit=False), 900)
        place(client, limit("SELL", 10, 120, parentId=900, transmit=False), 901)
        assert client.settle("status", "fill") == []
        place(client, order("SELL", 10, "STP", auxPrice=80, parentId=900), 902)
        told = client.settle("status")
        children = {one["order_id"]: one for one in client.ask("open_orders")}
    last = {one["order_id"]: one["status"] for one in told}
    assert last == {900: "Filled", 901: "Submitted", 902: "PreSubmitted"}
    assert {one["parent"] for one in children.values()} == {900}


def test_a_cancelled_parent_takes_its_children_along(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, limit("BUY", 10, 90, transmit=False), 900)
        place(client, limit("SELL", 10, 120, parentId=900), 901)
        client.settle()
        told = {one["order_id"]: one["status"] for one in cancel(client) if "status" in one}
    assert told == {900: "Cancelled", 901: "Cancelled"}


# --- what if --------------------------------------------------------------------------------------


def test_a_question_what_would_be_places_nothing(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        state = client.ask("what_if", contract=AAPL, order=limit("BUY", 100, 99))
        assert client.ask("open_orders") == []
    assert (state["commission"], state["currency"]) == (1.0, "USD")
    assert state["initMarginAfter"] - state["initMarginBefore"] == pytest.approx(9_900)
    assert state["initMarginChange"] == pytest.approx(9_900)
    assert state["equityWithLoanChange"] == pytest.approx(-1.0)


def test_a_question_about_a_bad_price_is_answered_by_its_error(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        assert client.ask("what_if", contract=AAPL, order=limit("BUY", 1, 99.005)) is None
        assert client.codes() == [110]
