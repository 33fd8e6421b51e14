"""Who hears of which order, what stays to be asked for, and in which variations it is told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from ib_insync import IB, LimitOrder, MarketOrder

from sellkit.simgateway.clock import parse_instant
from tests.simgateway.trading import (
    AAPL,
    OF_MSFT,
    SCENARIO,
    answers,
    connected,
    go_to,
    held,
    move,
    pass_time,
    place,
    plain,
    settled,
    trading,
    until,
)
from tests.simgateway.wire import WireClient, order

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway


def sale(order_id: int = 7, **changes: object) -> tuple[object, ...]:
    return order(157, order_id, "SELL", 10, of=OF_MSFT, **changes)  # type: ignore[arg-type]


def executions(request_id: int = 1, **wanted: object) -> tuple[object, ...]:
    keys = ("client", "account", "time", "symbol", "kind", "exchange", "side")
    return (7, 3, request_id, *(wanted.get(key, 0 if key == "client" else "") for key in keys))


# --- other clients, and orders by hand ------------------------------------------------------------


@pytest.mark.usefixtures("silent_client")
def test_executions_and_completed_orders_are_there_after_a_reconnect(gateway: Gateway) -> None:
    async def trade(ib: IB) -> None:
        await place(ib, MarketOrder("SELL", 10, orderRef="SK1-a-1"), "Filled")
        cancelled = await place(ib, LimitOrder("SELL", 10, 120, orderRef="SK1-b-1"), "Submitted")
        ib.cancelOrder(cancelled.order)
        await until(cancelled.isDone)

    async def look(ib: IB) -> None:
        (fill,) = ib.fills()
        assert fill.execution.orderRef == "SK1-a-1"
        assert ib.client._reqIdSeq > fill.execution.orderId > 0
        assert fill.commissionReport.commission == 1.0
        filled, cancelled = await ib.reqCompletedOrdersAsync(True)
        assert (filled.order.orderRef, filled.orderStatus.status) == ("SK1-a-1", "Filled")
        assert filled.order.filledQuantity == 10
        assert filled.order.permId == fill.execution.permId
        assert (cancelled.order.orderRef, cancelled.orderStatus.status) == (
            *("SK1-b-1", "Cancelled"),
        )
        assert filled.order.orderId == filled.order.clientId == 0

    connected(gateway, trade)
    connected(gateway, look)


def test_a_resting_order_outlives_its_connection_and_tells_the_next_one(
    gateway: Gateway,
) -> None:
    async def trade(ib: IB) -> None:
        await place(ib, LimitOrder("SELL", 10, 120), "Submitted")

    async def take_up(ib: IB) -> None:
        (trade,) = ib.openTrades()
        ib.cancelOrder(trade.order)
        await until(lambda: trade.orderStatus.status == "Cancelled")

    connected(gateway, trade)
    connected(gateway, take_up)


def test_only_the_client_that_placed_it_and_the_master_hear_of_an_order() -> None:
    with (
        trading(master_client_id=9) as (gateway, _market),
        WireClient(gateway) as own,
        WireClient(gateway) as other,
        WireClient(gateway) as master,
    ):
        plain(own, 1)
        plain(other, 2)
        plain(master, 9)
        own.send(*sale())
        own.until(59)
        assert other.ask(49, 1)[0] == "49"
        heard = [message[0] for message in master.until(59)]
        assert heard == ["5", "3", "5", "3", "11", "5", "3", "59"]


@pytest.mark.usefixtures("silent_client")
def test_the_real_client_as_master_sees_orders_of_others() -> None:
    with trading(master_client_id=9) as (gateway, _market), WireClient(gateway) as own:
        plain(own, 1)

        async def watch(ib: IB) -> None:
            own.send(*sale())
            await until(ib.fills)
            (trade,) = ib.trades()
            assert (trade.order.clientId, trade.orderStatus.status) == (1, "Filled")

        connected(gateway, watch, 9)


@pytest.mark.usefixtures("silent_client")
def test_an_order_by_hand_is_bound_by_client_0_and_cancelled_under_its_new_id(
    gateway: Gateway,
) -> None:
    limit = {"order_type": "LMT", "limit_price": Decimal(120)}
    placed = gateway.terminal.place("MSFT", "SELL", Decimal(10), **limit)  # type: ignore[arg-type]
    assert (placed.client_id, placed.order_id) == (0, 0)

    async def bind(ib: IB) -> None:
        (trade,) = ib.openTrades()
        assert trade.order.orderId < 0
        assert trade.order.permId == placed.perm_id
        ib.cancelOrder(trade.order)
        await until(lambda: trade.orderStatus.status == "Cancelled")
        gateway.terminal.place("AAPL", "SELL", Decimal(10), **limit)  # type: ignore[arg-type]
        await until(ib.openTrades)
        assert ib.openTrades()[0].order.orderId == -2

    connected(gateway, bind, 0)


def test_an_order_by_hand_is_unbound_for_everybody_else(gateway: Gateway) -> None:
    placed = gateway.terminal.place("MSFT", "SELL", Decimal(10), "LMT", limit_price=Decimal(120))
    with WireClient(gateway) as client:
        opened = answers(plain(client, 5), 16, 1)[0]
        assert (opened[0], opened[2 - 1], opened[25 - 1]) == ("5", "0", "0")
        assert answers(client, 4, 1, 0)[0][3] == "10147"
        gateway.terminal.cancel(placed.perm_id)
        assert answers(client, 16, 1) == [("53", "1")]


def test_a_fill_by_hand_changes_the_position_of_those_who_asked(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        plain(client).send(61, 1)
        client.until(62)
        gateway.terminal.place("MSFT", "SELL", Decimal(40))
        assert client.receive()[14:] == ("0", "0")
        (execution, _report, _end) = answers(client, *executions())
        assert (execution[2], execution[23]) == ("0", "0")


def test_an_order_belongs_to_the_account_that_it_names_else_to_the_first() -> None:
    both = replace(SCENARIO, accounts=("DU0000001", "DU2"))
    with trading(scenario=both) as (gateway, _market), WireClient(gateway) as client:
        answers(plain(client), 61, 1)
        told = answers(client, *order(157, 1, "BUY", 1, of=OF_MSFT, changes={24: "DU2"}))
        assert [m[2] for m in told if m[0] == "61"] == ["DU2"]
        told = answers(client, *order(157, 2, "BUY", 1, of=OF_MSFT))
        assert [(m[2], m[14]) for m in told if m[0] == "61"] == [("DU0000001", "41")]
        assert answers(client, *order(157, 3, "SELL", 2, of=OF_MSFT, changes={24: "DU2"}))[0][
            3
        ] == ("201")


def test_a_fill_tells_the_figures_of_the_account_that_a_client_watches(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        answers(plain(client), 6, 2, 1, "DU0000001")
        told = answers(client, *sale())
        figures = {m[2]: m[3] for m in told if m[0] == "6" and m[4] == "USD"}
        assert figures["TotalCashValue"] == "100998.90"
        assert "AccountCode" not in figures
        (item,) = [m for m in told if m[0] == "7"]
        assert (len(item), item[13], item[18]) == (20, "30", "-3412.600000")
        answers(client, 6, 2, 0, "DU0000001")
        assert {"6", "7"}.isdisjoint(m[0] for m in answers(client, *sale(8)))


# --- executions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["MSFT", "AAPL"]),
        ({"client": 1}, ["MSFT"]),
        ({"client": 2}, ["AAPL"]),
        ({"client": 3}, []),
        ({"account": "DU0000001"}, ["MSFT", "AAPL"]),
        ({"account": "DU9"}, []),
        ({"symbol": "AAPL"}, ["AAPL"]),
        ({"kind": "OPT"}, []),
        ({"exchange": "NASDAQ"}, ["MSFT", "AAPL"]),
        ({"exchange": "NYSE"}, []),
        ({"side": "SELL"}, ["MSFT"]),
        ({"side": "BUY"}, ["AAPL"]),
        ({"time": "20251126-17:00:06"}, ["AAPL"]),
        ({"time": "20251126  12:00:06"}, ["AAPL"]),
        ({"time": "20251126 18:00:00 UTC"}, []),
    ],
)
def test_executions_pass_a_filter(
    gateway: Gateway, wanted: dict[str, object], found: list[str]
) -> None:
    with WireClient(gateway) as first, WireClient(gateway) as second:
        answers(plain(first), *sale())
        pass_time(gateway, 10)
        answers(plain(second, 2), *order(157, 1, "BUY", 1))
        told = answers(first, *executions(5, **wanted))
    assert [message[0] for message in told] == ["11", "59"] * len(found) + ["55"]
    assert [message[4] for message in told if message[0] == "11"] == found
    assert {message[1] for message in told if message[0] == "11"} <= {"5"}


@pytest.mark.parametrize("wanted", [{"time": "yesterday"}, {"side": "UP"}])
def test_a_filter_that_is_none_is_refused(gateway: Gateway, wanted: dict[str, object]) -> None:
    with WireClient(gateway) as client:
        (error,) = answers(plain(client), *executions(5, **wanted))
    assert error[2:4] == ("5", "321")


@pytest.mark.parametrize(("habit", "told"), [("own", ["55"]), ("silence", [])])
def test_client_0_in_a_filter_may_mean_itself_or_nothing(habit: str, told: list[str]) -> None:
    with trading(client_zero=habit) as (gateway, _market), WireClient(gateway) as client:
        answers(plain(client), *sale())
        assert [message[0] for message in answers(client, *executions())] == told


def test_midnight_ends_the_day_of_executions_and_completed_orders(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        answers(plain(client), *sale())
        go_to(gateway, parse_instant("2025-11-26T23:59:59"))
        assert len(answers(client, *executions())) == 3
        go_to(gateway, parse_instant("2025-11-27T00:00:00"))
        assert answers(client, *executions()) == [("55", "1", "1")]
        assert answers(client, 99, 0) == [("102",)]


def test_a_correction_repeats_an_execution_with_another_last_part(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        answers(plain(client), *sale())
        (original, _report, _end) = answers(client, *executions())
        gateway.terminal.correct(original[14], Decimal("98.5"))
        corrected, report = client.receive(), client.receive()
        assert corrected[14] == "0000e0d5.65430001.01.02"
        assert (original[20 - 1], corrected[20 - 1]) == ("10", "10")
        assert (original[20], corrected[20]) == ("99.99", "98.5")
        assert corrected[25] == "98.5"  # the order's average price
        assert report[:3] == ("59", "1", corrected[14])
        assert len(answers(client, *executions())) == 5
    with pytest.raises(KeyError, match="not the latest execution"):
        gateway.terminal.correct(original[14], Decimal(1))
    assert gateway.exchange.ledger.total_cash("DU0000001") == Decimal("100984.00")


def test_a_correction_counts_no_further_than_the_fill_that_it_corrects() -> None:
    with trading(fill_size=Decimal(5)) as (gateway, market), WireClient(gateway) as client:
        answers(plain(client), *sale())
        move(gateway, market, 101.0)
        answers(client, 49, 1)
        first = gateway.exchange.ledger.executions[0]
        right = gateway.terminal.correct(first.exec_id, Decimal("98.5"))
        corrected = client.until(11)[-1]
        assert (corrected[14], corrected[24], corrected[25]) == (right.exec_id, "5", "98.5")
        assert gateway.floor.book.now(right.order).average_price == Decimal("99.745")


# --- completed orders -----------------------------------------------------------------------------


def test_rejected_orders_are_among_the_completed_ones_unless_set_otherwise() -> None:
    with trading() as (gateway, _market), WireClient(gateway) as client:
        answers(plain(client), *order(157, 1, "SELL", 41, of=OF_MSFT))
        completed = answers(client, 99, 0)
        assert completed[0][-2] != ""
        assert completed[0][-1].startswith("Rejected: Order rejected")
        gateway.terminal.set_habits(lists_rejected=False)
        assert answers(client, 99, 0) == [("102",)]


def test_orders_by_hand_are_left_out_when_only_those_of_clients_are_asked_for(
    gateway: Gateway,
) -> None:
    gateway.terminal.place("MSFT", "SELL", Decimal(40))
    with WireClient(gateway) as client:
        assert len(answers(plain(client), 99, 0)) == 2
        assert len(answers(client, 99, 1)) == 1


# --- habits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("habits", "sequence"),
    [
        ({}, "5 PreSubmitted 5 Submitted 11 5 Filled 61 59"),
        ({"execution_first": False}, "5 PreSubmitted 5 Submitted 5 Filled 11 61 59"),
        ({"acknowledges_first": False}, "11 5 PreSubmitted 5 Submitted 5 Filled 61 59"),
        ({"tells_filled": False}, "5 PreSubmitted 5 Submitted 11 61 59"),
        (
            {"status_repeats": 2},
            "5 PreSubmitted PreSubmitted 5 Submitted Submitted 11 5 Filled Filled 61 59",
        ),
    ],
)
def test_each_variation_of_the_sequence_can_be_switched(
    habits: dict[str, object], sequence: str
) -> None:
    with trading(**habits) as (gateway, _market), WireClient(gateway) as client:
        answers(plain(client), 61, 1)
        told = answers(client, *sale())
    assert " ".join(m[2] if m[0] == "3" else m[0] for m in told) == sequence


def test_a_commission_can_come_later() -> None:
    with (
        trading(commission_after_seconds=3) as (gateway, _market),
        WireClient(gateway) as client,
    ):
        assert "59" not in [m[0] for m in answers(plain(client), *sale())]
        pass_time(gateway, 2)
        assert client.ask(49, 1)[0] == "49"
        pass_time(gateway, 1)
        assert client.receive()[0] == "59"


@pytest.mark.parametrize(
    ("status", "told"), [("Inactive", ["4", "3"]), ("Cancelled", ["4", "3"]), ("", ["4"])]
)
def test_the_status_behind_a_rejection_can_be_chosen(status: str, told: list[str]) -> None:
    with (
        trading(status_after_rejection=status) as (gateway, _market),
        WireClient(gateway) as client,
    ):
        messages = answers(plain(client), *order(157, 1, "SELL", 41, of=OF_MSFT))
    assert [m[0] for m in messages] == told
    assert [m[2] for m in messages[1:]] == [status] * (len(told) - 1)


@pytest.mark.usefixtures("silent_client")
def test_the_clock_alone_lets_orders_trade(gateway: Gateway) -> None:
    async def trade(ib: IB) -> None:
        await settled(ib)
        one = await place(ib, LimitOrder("SELL", 100, 101), "Submitted", AAPL)
        gateway.market.last = 102.0  # type: ignore[attr-defined]
        gateway.clock.advance(dt.timedelta(seconds=1))  # type: ignore[attr-defined]
        await until(one.isDone)

    connected(gateway, trade)
    assert held(gateway, "AAPL") == 0


def test_a_moment_that_fails_does_not_stop_the_gateways_time() -> None:
    with trading() as (gateway, market):
        whole = market.quote

        def broken(symbol: str, now: dt.datetime) -> object:
            market.quote = whole  # type: ignore[method-assign]
            raise ZeroDivisionError

        async def trade(ib: IB) -> None:
            one = await place(ib, LimitOrder("SELL", 100, 101), "Submitted", AAPL)
            market.last = 102.0
            market.quote = broken  # type: ignore[method-assign,assignment]

            def is_done_a_second_later() -> bool:
                gateway.clock.advance(dt.timedelta(seconds=1))  # type: ignore[attr-defined]
                return one.isDone()

            await until(is_done_a_second_later)
            assert one.orderStatus.status == "Filled"

        connected(gateway, trade)
