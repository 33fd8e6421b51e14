"""Orders of every type and time in force, as the three clients place and see them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.checks import ACCOUNT, MSFT, limit, move, order, pass_time, trading
from tests.simgateway.trading import EVENING, NOON, OPENING, go_to, held

if TYPE_CHECKING:
    from tests.clients.driving import Client

CLOSE = NOON.replace(hour=21, minute=0, second=1)


def place(client: Client, wanted: dict[str, Any], order_id: int = 900) -> None:
    client.ask("place", order_id=order_id, contract=MSFT, order=wanted)


def status(client: Client) -> str:
    """The last status that the client was told."""
    return str(client.settle("status")[-1]["status"])


def test_a_market_order_is_told_in_the_order_of_a_real_gateway(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, order("SELL", 10))
        told = client.said()
    states = [(kind, one.get("status")) for kind, one in told if kind in {"open", "status", "fill"}]
    assert states == [
        ("open", "PreSubmitted"),
        ("status", "PreSubmitted"),
        ("open", "Submitted"),
        ("status", "Submitted"),
        ("fill", None),
        ("open", "Filled"),
        ("status", "Filled"),
    ]
    kinds = [kind for kind, _ in told]
    assert kinds.index("commission") > kinds.index("fill")


def test_the_fill_of_a_market_order_names_everything(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway, 5)
        place(client, order("SELL", 10, orderRef="kit 1"))
        said = dict(client.said())
    fill, report, last = said["fill"], said["commission"], said["status"]
    assert (fill["request_id"], fill["order_id"], fill["client_id"]) == (-1, 900, 5)
    assert (fill["side"], fill["shares"], fill["price"], fill["cumulated"]) == (
        *("SLD", 10.0, 99.99, 10.0),
    )
    assert (fill["account"], fill["ref"], fill["symbol"]) == (ACCOUNT, "kit 1", "MSFT")
    assert fill["time"] == "2025-11-26T17:00:05+00:00"
    assert report["exec_id"] == fill["exec_id"]
    assert (report["commission"], report["currency"]) == (1.0, "USD")
    assert report["realized"] == pytest.approx(10 * (99.99 - 441.15) - 1.0)
    assert (last["filled"], last["remaining"], last["average"]) == (10.0, 0.0, 99.99)
    assert last["perm_id"] == fill["perm_id"] > 0


def test_a_purchase_has_no_realized_profit(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, order("BUY", 10))
        said = dict(client.said())
    assert (said["fill"]["side"], said["fill"]["price"]) == ("BOT", 100.01)
    # ib_async and ib_insync show what is not set as 0.
    assert said["commission"]["realized"] in (None, 0.0)


def test_a_limit_order_rests_and_fills_when_the_price_comes(client: Client) -> None:
    with trading() as (gateway, prices):
        client.connect(gateway)
        place(client, limit("SELL", 10, 105, orderRef="patient"))
        assert status(client) == "Submitted"
        (listed,) = client.ask("open_orders")
        move(gateway, prices, 105.5)
        assert client.settle("fill")[0]["price"] == 105.49
    assert (listed["type"], listed["limit"], listed["quantity"]) == ("LMT", 105.0, 10.0)
    assert (listed["tif"], listed["ref"], listed["account"]) == ("DAY", "patient", ACCOUNT)


def test_a_stop_waits_for_its_price_and_then_sells_at_the_market(client: Client) -> None:
    with trading() as (gateway, prices):
        client.connect(gateway)
        place(client, order("SELL", 10, "STP", auxPrice=95))
        held_back = client.settle("status")[-1]
        move(gateway, prices, 94)
        told = client.settle("status", "fill")
    assert (held_back["status"], held_back["why_held"]) == ("PreSubmitted", "trigger")
    assert [one["price"] for one in told if "price" in one] == [93.99]
    assert told[-1]["status"] == "Filled"


def test_a_stop_with_a_limit_becomes_a_limit_order(client: Client) -> None:
    with trading() as (gateway, prices):
        client.connect(gateway)
        place(client, order("SELL", 10, "STP LMT", auxPrice=95, lmtPrice=94.5))
        move(gateway, prices, 93)
        assert status(client) == "Submitted"
        move(gateway, prices, 94.6)
        assert status(client) == "Filled"


def test_a_trailing_stop_follows_by_an_amount(client: Client) -> None:
    with trading() as (gateway, prices):
        client.connect(gateway)
        place(client, order("SELL", 10, "TRAIL", auxPrice=5))
        move(gateway, prices, 120)
        (listed,) = client.ask("open_orders")
        move(gateway, prices, 114.5)
        assert status(client) == "Filled"
    assert (listed["type"], listed["aux"], listed["trail_stop"]) == ("TRAIL", 5.0, 115.0)


def test_a_trailing_stop_follows_by_a_percentage(client: Client) -> None:
    with trading() as (gateway, prices):
        client.connect(gateway)
        place(client, order("SELL", 10, "TRAIL", trailingPercent=10))
        move(gateway, prices, 120)
        (listed,) = client.ask("open_orders")
        move(gateway, prices, 107.9)
        assert status(client) == "Filled"
    assert (listed["trail_percent"], listed["trail_stop"]) == (10.0, 108.0)


def test_a_market_on_close_order_fills_at_the_close(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, order("SELL", 10, "MOC"))
        assert status(client) == "PreSubmitted"
        go_to(gateway, CLOSE)
        (fill,) = client.settle("fill")
    assert fill["time"] == "2025-11-26T21:00:00+00:00"


def test_an_order_for_the_day_ends_with_it(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 500))
        go_to(gateway, CLOSE)
        assert status(client) == "Cancelled"


def test_an_order_until_cancelled_outlives_the_day(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 500, tif="GTC"))
        go_to(gateway, CLOSE + dt.timedelta(days=4))
        (listed,) = client.ask("open_orders")
    assert (listed["tif"], listed["status"]) == ("GTC", "Submitted")


def test_an_immediate_order_fills_what_it_can_and_is_cancelled(client: Client) -> None:
    with trading(fill_size=Decimal(4)) as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 99, tif="IOC"))
        last = client.settle("status")[-1]
    assert (last["status"], last["filled"], last["remaining"]) == ("Cancelled", 4.0, 6.0)


def test_an_order_fills_in_parts(client: Client) -> None:
    with trading(fill_size=Decimal(4)) as (gateway, _):
        client.connect(gateway)
        place(client, order("SELL", 10))
        pass_time(gateway, 1)
        pass_time(gateway, 1)
        told = client.settle("fill", "status", "commission")
    fills = [one for one in told if "shares" in one]
    assert [one["shares"] for one in fills] == [4.0, 4.0, 2.0]
    assert [one["cumulated"] for one in fills] == [4.0, 8.0, 10.0]
    assert len({one["exec_id"] for one in fills}) == 3
    assert sum(one["commission"] for one in told if "commission" in one) == 1.0
    assert told[-2]["status"] == "Filled"


def test_outside_regular_hours_an_order_waits_with_message_399(client: Client) -> None:
    with trading(at=EVENING) as (gateway, _):
        client.connect(gateway)
        place(client, order("SELL", 10))
        told = client.settle("error", "status")
        go_to(gateway, OPENING)
        filled = status(client)
    assert [one["code"] for one in told if "code" in one] == [399]
    assert [one["status"] for one in told if "status" in one] == ["PreSubmitted"]
    assert filled == "Filled"


def test_an_order_that_may_trade_outside_regular_hours_does(client: Client) -> None:
    with trading(at=EVENING) as (gateway, _):
        client.connect(gateway)
        place(client, limit("SELL", 10, 99, outsideRth=True))
        assert status(client) == "Filled"
        assert held(gateway) == 30


def test_the_wish_to_trade_outside_hours_is_ignored_with_notice_2109(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        place(client, order("SELL", 10, "MOC", outsideRth=True))
        assert client.codes() == [2109]
        assert client.ask("open_orders")


def test_there_are_at_most_so_many_active_orders_on_one_side(client: Client) -> None:
    with trading(max_active=2) as (gateway, _):
        client.connect(gateway)
        for number in range(3):
            place(client, limit("SELL", 1, 110 + number), 900 + number)
        assert client.codes() == [201]
        assert [one["order_id"] for one in client.ask("open_orders")] == [900, 901]
