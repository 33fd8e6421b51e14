"""Cancels, rejections and other refusals, and what they leave alive."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from ib_insync import IB, Contract, LimitOrder, MarketOrder, Order

from tests.simgateway.trading import (
    AAPL,
    ACCOUNT,
    MSFT,
    OF_MSFT,
    SCENARIO,
    answers,
    connected,
    held,
    move,
    pass_time,
    place,
    plain,
    settled,
    trading,
    until,
)
from tests.simgateway.wire import WireClient, contract, order

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway


def codes(messages: list[tuple[str, ...]]) -> list[int]:
    return [int(message[3]) for message in messages if message[0] == "4"]


def resting(client: WireClient, order_id: int = 7, **changes: Any) -> None:
    """Place a sale of 40 shares at a limit that the market does not reach."""
    changed = {20: "120"} | changes.pop("changes", {})
    fields = order(157, order_id, "SELL", 40, "LMT", of=OF_MSFT, changes=changed, **changes)
    assert codes(answers(client, *fields)) == []


# --- cancels --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("silent_client")
def test_a_cancelled_order_is_told_as_cancelled_with_202(gateway: Gateway) -> None:
    async def trade(ib: IB) -> None:
        told: list[int] = []
        ib.errorEvent += lambda _id, code, _text, _contract: told.append(code)
        sale = await place(ib, LimitOrder("SELL", 40, 120), "Submitted")
        ib.cancelOrder(sale.order)
        await until(sale.isDone)
        await settled(ib)
        assert (sale.orderStatus.status, told) == ("Cancelled", [202])

    connected(gateway, trade)
    assert gateway.exchange.orders() == []


def test_a_cancel_of_an_unknown_order_is_10147(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        assert codes(answers(plain(client), 4, 1, 77)) == [10147]


@pytest.mark.parametrize("version", [157, 178])
def test_a_cancel_of_a_filled_order_is_10148_and_later_10147(version: int) -> None:
    cancel = (4, 1, 7, "") if version >= 169 else (4, 1, 7)
    with (
        trading(forgets_ended_after_seconds=60) as (gateway, _market),
        WireClient(gateway) as client,
    ):
        client.start(1, f"v100..{version}")
        answers(client, *order(version, 7, "SELL", of=OF_MSFT))
        (refused,) = answers(client, *cancel)
        assert refused[3] == "10148"
        assert refused[4].endswith("state: Filled.")
        pass_time(gateway, 61)
        assert codes(answers(client, *cancel)) == [10147]


def test_a_cancel_that_takes_its_time_can_lose_the_race_against_a_fill() -> None:
    with trading(cancel_after_seconds=5) as (gateway, market):

        async def trade(ib: IB) -> None:
            lost = await place(ib, LimitOrder("SELL", 20, 120), "Submitted")
            ib.cancelOrder(lost.order)
            await settled(ib)
            assert lost.orderStatus.status == "PendingCancel"
            move(gateway, market, 121.0)
            await until(lambda: lost.orderStatus.status == "Filled")
            market.last = 100.0
            won = await place(ib, LimitOrder("SELL", 20, 130), "Submitted")
            ib.cancelOrder(won.order)
            await settled(ib)
            pass_time(gateway, 5)
            await until(lambda: won.orderStatus.status == "Cancelled")

        connected(gateway, trade)


def test_a_global_cancel_reaches_every_clients_orders(gateway: Gateway) -> None:
    gateway.terminal.place("AAPL", "SELL", Decimal(5), "LMT", limit_price=Decimal(200))
    with WireClient(gateway) as first, WireClient(gateway) as second:
        resting(plain(first))
        plain(second, 2).send(58, 1)
        statuses = [m for m in first.until(4) if m[0] == "3"]
        assert statuses[-1][1:3] == ("7", "Cancelled")
        second.send(16, 1)
        assert second.receive()[0] == "53"


def test_another_clients_order_cannot_be_cancelled(gateway: Gateway) -> None:
    with WireClient(gateway) as first, WireClient(gateway) as second:
        resting(plain(first))
        assert codes(answers(plain(second, 2), 4, 1, 7)) == [10147]
    assert len(gateway.exchange.orders()) == 1


# --- rejections -----------------------------------------------------------------------------------


def rejection(gateway: Gateway, asked: Order, of: Contract = MSFT) -> str:
    """The text with which an order is rejected."""
    texts: list[str] = []

    async def trade(ib: IB) -> None:
        ib.errorEvent += lambda _id, code, text, _contract: texts.append(f"{code} {text}")
        trade = ib.placeOrder(of, asked)
        await until(lambda: trade.orderStatus.status == "Inactive")
        await settled(ib)

    connected(gateway, trade)
    (text,) = texts
    assert text.startswith("201 Order rejected - reason:")
    return text


def test_shares_that_a_resting_sale_claims_cannot_be_sold_again(gateway: Gateway) -> None:
    with WireClient(gateway) as other:
        resting(plain(other, 9))
        assert "claimed already" in rejection(gateway, MarketOrder("SELL", 1))
    assert held(gateway) == 40


def test_a_cash_account_cannot_sell_short(gateway: Gateway) -> None:
    assert "cannot sell short" in rejection(gateway, MarketOrder("SELL", 41))


def test_a_cash_account_cannot_buy_beyond_its_cash(gateway: Gateway) -> None:
    assert "does not cover" in rejection(gateway, MarketOrder("BUY", 1000))


def test_a_margin_account_cannot_go_beyond_its_equity() -> None:
    margin = replace(SCENARIO, margin_accounts=frozenset({ACCOUNT}))
    with trading(scenario=margin) as (gateway, _market):
        assert "initial margin" in rejection(gateway, MarketOrder("BUY", 10_000))


def test_a_symbol_without_permission_is_rejected() -> None:
    with trading(no_permission=frozenset({"MSFT"})) as (gateway, _market):
        assert "permission" in rejection(gateway, MarketOrder("SELL", 1))


def test_a_limit_far_beyond_the_market_is_rejected_when_so_set() -> None:
    with trading(price_band=Decimal("0.03")) as (gateway, _market):
        assert "too far beyond" in rejection(gateway, LimitOrder("SELL", 1, 90))


def trailing(**prices: float) -> Order:
    return Order(action="BUY", totalQuantity=1, orderType="TRAIL", **prices)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (LimitOrder("SELL", 1, 0), "limit price"),
        (Order(action="SELL", totalQuantity=1, orderType="STP"), "stop price"),
        (trailing(), "either an amount or"),
        (trailing(trailingPercent=100), "below 100"),
        (trailing(auxPrice=1, trailStopPrice=-5), "stop price"),
        (MarketOrder("SELL", 1, tif="OPG"), "time in force"),
        (MarketOrder("SELL", 1, parentId=99), "no parent order 99"),
    ],
)
def test_an_order_that_makes_no_sense_is_rejected(gateway: Gateway, asked: Order, why: str) -> None:
    assert why in rejection(gateway, asked)


def test_the_twenty_first_active_order_on_one_side_is_rejected(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        plain(client)
        for number in range(1, 21):
            limit = order(157, number, "SELL", 1, "LMT", of=OF_MSFT, changes={20: "120"})
            assert codes(answers(client, *limit)) == []
        assert codes(answers(client, *order(157, 21, "SELL", 1, of=OF_MSFT))) == [201]
        assert codes(answers(client, *order(157, 22, "BUY", 1, of=OF_MSFT))) == []
        assert codes(answers(client, *order(157, 23, "SELL", 1))) == []  # another contract


@pytest.mark.parametrize(
    ("changes", "of", "code"),
    [
        ({19: "LMT", 20: "100.005"}, OF_MSFT, 110),
        ({19: "STP", 21: "90.001"}, OF_MSFT, 110),
        ({18: 0}, OF_MSFT, 434),
        ({18: "1.5"}, OF_MSFT, 10243),
        ({54: 1}, OF_MSFT, 10268),
        ({55: 1}, OF_MSFT, 10268),
        ({19: "REL"}, OF_MSFT, 387),
        ({24: "DU9"}, OF_MSFT, 321),
        ({}, contract(1), 200),
        ({}, contract(MSFT.conId, exchange=""), 321),
    ],
)
def test_an_order_that_cannot_be_taken_has_its_error(
    gateway: Gateway, changes: dict[int, object], of: tuple[object, ...], code: int
) -> None:
    with WireClient(gateway) as client:
        found = answers(plain(client), *order(157, 7, "SELL", of=of, changes=changes))
    assert [message[:4] for message in found] == [("4", "2", "7", str(code))]
    assert gateway.exchange.orders() == []


# --- ids and changes ------------------------------------------------------------------------------


def test_an_id_that_was_used_is_refused(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        resting(plain(client))
        answers(client, 4, 1, 7)
        answers(client, *order(157, 9, "SELL", of=OF_MSFT))
        assert codes(answers(client, *order(157, 7, "SELL", of=OF_MSFT))) == [103]
        assert codes(answers(client, *order(157, 8, "SELL", of=OF_MSFT))) == [103]
        assert codes(answers(client, *order(157, 9, "SELL", of=OF_MSFT))) == [104]
        assert len(gateway.exchange.ledger.executions) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [({20: "120.005"}, 110), ({20: "0"}, 201), ({18: "41"}, 201), ({17: "BUY"}, 105)],
)
def test_a_change_that_is_refused_leaves_the_order_as_it_was(
    gateway: Gateway, changes: dict[int, object], code: int
) -> None:
    with WireClient(gateway) as client:
        resting(plain(client))
        (before,) = gateway.exchange.orders()
        changed = order(157, 7, "SELL", 40, "LMT", of=OF_MSFT, changes={20: "120"} | changes)
        assert codes(answers(client, *changed)) == [code]
    assert gateway.exchange.orders() == [before]


def test_a_preset_time_in_force_is_told_by_10349_and_the_order_lives_and_fills() -> None:
    with trading(warns_of_preset=True) as (gateway, market):

        async def trade(ib: IB) -> None:
            sale = ib.placeOrder(AAPL, LimitOrder("SELL", 100, 110, tif=""))
            await until(lambda: 10349 in [entry.errorCode for entry in sale.log])
            move(gateway, market, 111.0)
            await until(lambda: sale.orderStatus.status == "Filled")
            assert sale.filled() == 100

        connected(gateway, trade)
    assert held(gateway, "AAPL") == 0
