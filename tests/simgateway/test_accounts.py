"""Several accounts, in cash and on margin: figures, positions, and their changes."""

from __future__ import annotations

from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from ib_insync import IB, Contract, MarketOrder

from sellkit.simgateway.clock import VirtualClock, parse_instant
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.trading import connected, pass_time, place, settled, trading, until
from tests.simgateway.wire import WireClient
from tests.simgateway.world import (
    AAPL,
    CASH,
    EURO,
    FRACTION,
    FUTURE,
    MARGIN,
    OPTION,
    SAP,
    SHORT,
    world,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.gateway import Gateway

pytestmark = pytest.mark.usefixtures("silent_client")
SCENARIO = world()
LONDON_IS_OPEN = parse_instant("2025-11-26T11:00:05")
THREE_MINUTES = 180
LEDGER_KEYS = 14


@contextmanager
def wired() -> Iterator[tuple[Gateway, FakeMarket, WireClient]]:
    """A gateway, and a plain client that has started the API."""
    with trading(scenario=SCENARIO) as (gateway, market), WireClient(gateway) as client:
        yield gateway, market, client.start()


def answered(client: WireClient) -> list[tuple[str, ...]]:
    """Everything that the gateway has sent by now."""
    client.send(49, 1)
    return client.until(49)[:-1]


def refresh(gateway: Gateway, seconds: float) -> None:
    """Let time pass, and let the gateway tell what is due then."""
    pass_time(gateway, seconds)
    assert isinstance(gateway.clock, VirtualClock)
    now = gateway.clock.now()
    gateway.terminal._do(lambda: [each.watches.refresh(now) for each in gateway.sessions])


def summary(client: WireClient, tags: str, group: str = "All") -> dict[tuple[str, str, str], str]:
    """An account summary by account, tag and currency."""
    client.send(62, 1, 5, group, tags)
    rows = client.until(64)[:-1]
    client.send(63, 1, 5)
    return {(row[3], row[4], row[6]): row[5] for row in rows}


# --- figures --------------------------------------------------------------------------------------


def test_each_account_has_its_own_cash_in_its_own_base_currency() -> None:
    with wired() as (_, _, client):
        told = summary(client, "TotalCashValue")
    assert told == {
        (CASH, "TotalCashValue", "USD"): "12350.00",  # 10,000 + 2,000 x 1.25 - 100 x 1.5
        (MARGIN, "TotalCashValue", "USD"): "50000.00",
        (EURO, "TotalCashValue", "EUR"): "50000.00",
    }


def test_positions_in_other_currencies_count_at_their_rate() -> None:
    with wired() as (_, _, client):
        told = summary(client, "NetLiquidation,GrossPositionValue")
    # 100 AAPL at 100 dollars, and 1,000 VOD at 100 pence.
    assert told[CASH, "GrossPositionValue", "USD"] == "11500.00"
    assert told[CASH, "NetLiquidation", "USD"] == "23850.00"
    # AAPL 700, SAP 1,000 x 1.25, Toyota 250,000 x 0.01, options -2,500, FRAC 1,050, short -4,000,
    # and of the future only the 50 that it has gained.
    assert told[MARGIN, "NetLiquidation", "USD"] == "49050.00"


def test_a_cash_account_borrows_nothing_and_a_margin_account_does() -> None:
    with wired() as (_, _, client):
        told = summary(client, "AvailableFunds,BuyingPower,InitMarginReq,EquityWithLoanValue")
    assert told[CASH, "BuyingPower", "USD"] == told[CASH, "AvailableFunds", "USD"] == "12350.00"
    equity = float(told[MARGIN, "EquityWithLoanValue", "USD"])
    free = equity - float(told[MARGIN, "InitMarginReq", "USD"])
    assert float(told[MARGIN, "AvailableFunds", "USD"]) == free
    assert float(told[MARGIN, "BuyingPower", "USD"]) == 2 * free


@pytest.mark.parametrize(
    ("tag", "currencies"),
    [
        ("$LEDGER", ["BASE"]),
        ("$LEDGER:EUR", ["EUR"]),
        ("$LEDGER:ALL", ["BASE", "EUR", "GBP", "USD"]),
    ],
)
def test_the_ledger_comes_in_base_in_one_or_in_all_currencies(
    tag: str, currencies: list[str]
) -> None:
    with wired() as (_, _, client):
        told = summary(client, tag, CASH)
    assert sorted({currency for _, _, currency in told}) == currencies
    assert {key for _, key, _ in told} >= {
        "CashBalance",
        "ExchangeRate",
        "NetLiquidationByCurrency",
    }
    assert len(told) == LEDGER_KEYS * len(currencies)


def test_the_ledger_has_each_currency_by_itself_and_its_rate() -> None:
    with wired() as (_, _, client):
        told = summary(client, "$LEDGER:ALL", CASH)
    assert told[CASH, "ExchangeRate", "GBP"] == "1.5000000"
    assert told[CASH, "ExchangeRate", "USD"] == told[CASH, "ExchangeRate", "BASE"] == "1.00"
    assert told[CASH, "CashBalance", "GBP"] == "-100.00"
    assert told[CASH, "StockMarketValue", "GBP"] == "1000.00"
    assert told[CASH, "UnrealizedPnL", "GBP"] == "200.00"
    assert told[CASH, "NetLiquidationByCurrency", "BASE"] == "23850.00"
    # 100 AAPL gained 2,000 dollars, 1,000 VOD 200 pounds.
    assert told[CASH, "UnrealizedPnL", "BASE"] == "2300.00"


def test_a_summary_tells_only_what_changed_and_only_every_three_minutes() -> None:
    with wired() as (gateway, market, client):
        client.send(62, 1, 5, "All", "NetLiquidation,TotalCashValue")
        client.until(64)
        market.last = 101.0
        refresh(gateway, THREE_MINUTES - 1)
        assert answered(client) == []
        refresh(gateway, 1)
        rows = [row[3:] for row in answered(client)]
        assert [(row[0], row[1]) for row in rows] == [
            (CASH, "NetLiquidation"),
            (MARGIN, "NetLiquidation"),
        ]
        client.send(63, 1, 5)
        answered(client)
        market.last = 102.0
        refresh(gateway, THREE_MINUTES)
        assert answered(client) == []


def test_a_third_summary_at_once_is_refused() -> None:
    with wired() as (_, _, client):
        for number in (5, 6):
            client.send(62, 1, number, "All", "NetLiquidation")
            client.until(64)
        assert client.ask(62, 1, 7, "All", "NetLiquidation")[2:4] == ("7", "322")


# --- one account at a time ------------------------------------------------------------------------


def test_a_second_account_replaces_the_first_and_2100_says_so() -> None:
    with wired() as (gateway, _, client):
        client.send(6, 2, 1, CASH)
        first = client.until(54)
        assert ("6", "2", "AccountReady", "true", "", CASH) in first
        assert first[-1] == ("54", "1", CASH)
        client.send(6, 2, 1, MARGIN)
        second = client.until(54)
        assert second[0][3] == "2100"
        assert {row[-1] for row in second if row[0] == "7"} == {MARGIN}
        gateway.hold("AAPL", Decimal(90), Decimal(80), CASH)
        gateway.hold("AAPL", Decimal(8), Decimal(90), MARGIN)
        assert {row[-1] for row in answered(client)} == {MARGIN}


def test_asking_for_the_same_account_again_replaces_nothing() -> None:
    with wired() as (_, _, client):
        for _ in range(2):
            client.send(6, 2, 1, CASH)
            assert {row[0] for row in client.until(54)} == {"6", "7", "8", "54"}


def test_an_account_is_told_anew_every_three_minutes_also_without_a_change() -> None:
    with wired() as (gateway, _, client):
        client.send(6, 2, 1, CASH)
        first = client.until(54)
        answered(client)
        refresh(gateway, THREE_MINUTES - 1)
        assert answered(client) == []
        refresh(gateway, 1)
        again = answered(client)
        kinds = {"6", "7"}
        assert [row for row in again if row[0] in kinds] == [r for r in first if r[0] in kinds]
        assert again[-1] == ("8", "1", "12:03")
        client.send(6, 2, 0, CASH)
        assert client.receive()[3] == "2100"
        refresh(gateway, THREE_MINUTES)
        assert answered(client) == []


def test_an_unknown_account_is_321() -> None:
    with wired() as (_, _, client):
        assert client.ask(6, 2, 1, "DU9")[3] == "321"
        assert client.ask(76, 1, 4, "DU9", "", 0)[2:4] == ("4", "321")
        assert client.ask(74, 1, 4, "DU9", "")[2:4] == ("4", "321")


# --- several at once ------------------------------------------------------------------------------


def test_figures_of_several_accounts_end_and_then_follow_changes() -> None:
    with wired() as (gateway, _, client):
        for number, account in enumerate((CASH, MARGIN), 4):
            client.send(76, 1, number, account, "", 0)
            assert client.until(74)[-1] == ("74", "1", str(number))
        gateway.hold("AAPL", Decimal(99), Decimal(80), CASH)
        changed = answered(client)
        assert {(row[0], row[2], row[3]) for row in changed} == {("73", "4", CASH)}
        # key, value, currency; the cash is as it was
        told = {(row[5], row[7]): row[6] for row in changed}
        assert told["NetLiquidation", "USD"] == "23750.00"
        assert ("TotalCashValue", "USD") not in told
        client.send(77, 1, 4)
        answered(client)
        gateway.hold("AAPL", Decimal(98), Decimal(80), CASH)
        assert answered(client) == []


def test_figures_of_all_accounts_come_with_one_end() -> None:
    with wired() as (_, _, client):
        client.send(76, 1, 4, "", "", 0)
        rows = client.until(74)
    assert {row[3] for row in rows[:-1]} == {CASH, MARGIN, EURO}


def test_ledger_and_nlv_are_nothing_else() -> None:
    with wired() as (_, _, client):
        client.send(76, 1, 4, EURO, "", 1)
        rows = client.until(74)[:-1]
    assert rows[0][3:] == (EURO, "", "NetLiquidation", "50000.00", "EUR")
    assert len(rows) == 1 + 2 * LEDGER_KEYS


@pytest.mark.parametrize(
    ("asked", "end"), [((76, 1, 4, CASH, "M", 0), 74), ((74, 1, 4, CASH, "M"), 72)]
)
def test_a_model_that_nobody_has_holds_nothing(asked: tuple[object, ...], end: int) -> None:
    with wired() as (_, _, client):
        client.send(*asked)
        assert client.receive() == (str(end), "1", "4")


def test_positions_of_one_account_end_and_then_follow_changes() -> None:
    with wired() as (gateway, _, client):
        client.send(74, 1, 4, MARGIN, "")
        rows = client.until(72)
        assert {row[3] for row in rows[:-1]} == {MARGIN}
        option = next(row for row in rows if row[4] == str(OPTION))
        assert option[5:18] == (
            *("AAPL", "OPT", "20260116", "200", "C", "100", "CBOE", "USD"),
            *("AAPL  260116C00200000", "AAPL", "-2", "1000", ""),
        )
        gateway.hold("AAPL", Decimal(1), Decimal(80), CASH)
        gateway.hold("AAPL", Decimal(0), Decimal(0), MARGIN)
        assert [(row[0], row[2], row[3], row[15]) for row in answered(client)] == [
            ("71", "4", MARGIN, "0")
        ]
        client.send(75, 1, 4)
        answered(client)
        gateway.hold("AAPL", Decimal(5), Decimal(80), MARGIN)
        assert answered(client) == []


# --- with the real client -------------------------------------------------------------------------


def test_a_client_sees_every_account_and_kind_of_position() -> None:
    async def use(ib: IB) -> None:
        assert ib.managedAccounts() == [CASH, MARGIN, EURO]
        held = {(p.account, p.contract.conId): (p.position, p.avgCost) for p in ib.positions()}
        assert held[CASH, AAPL] == (100, 80)
        assert held[MARGIN, AAPL] == (7, 90)
        assert held[MARGIN, OPTION] == (-2, 1000)
        assert held[MARGIN, FUTURE] == (1, 5000)
        assert held[MARGIN, SHORT] == (-40, 120)
        assert 10.5 in {p.position for p in ib.positions(MARGIN)}
        ib.client.reqAccountUpdates(True, MARGIN)
        await settled(ib)
        shown = {p.contract.conId: p for p in ib.portfolio()}
        # price, value, gain: a contract counts for its multiplier
        assert shown[OPTION][2:6] == (12.5, -2500, 1000, -500)
        assert shown[FUTURE][2:6] == (101, 5050, 5000, 50)
        assert shown[SHORT][2:6] == (100, -4000, 120, 800)
        assert shown[SAP][2:6] == (100, 1000, 90, 100)
        assert shown[OPTION].contract.localSymbol == "AAPL  260116C00200000"
        assert shown[FUTURE].contract.localSymbol == "ESZ5"

    with trading(scenario=SCENARIO) as (gateway, _):
        connected(gateway, use)


def test_a_price_in_pence_is_held_in_pounds() -> None:
    async def use(ib: IB) -> None:
        ib.client.reqAccountUpdates(True, CASH)
        await settled(ib)
        pounds = next(p for p in ib.portfolio() if p.contract.currency == "GBP")
        assert (pounds.marketPrice, pounds.marketValue, pounds.averageCost) == (1.0, 1000.0, 0.8)
        details = await ib.reqContractDetailsAsync(pounds.contract)
        assert details[0].priceMagnifier == 100
        vod = Contract(conId=pounds.contract.conId, exchange="SMART")
        trade = await place(ib, MarketOrder("SELL", 10, account=CASH), "Filled", vod)
        assert trade.orderStatus.avgFillPrice == 99.99  # pence

    with trading(scenario=SCENARIO, at=LONDON_IS_OPEN) as (gateway, _):
        connected(gateway, use)
        # 10 x 99.99 pence, less 3 pounds of commission
        assert gateway.exchange.ledger.cash(CASH)["GBP"] == Decimal("-93.001")


def test_profit_and_loss_follow_the_price_each_second() -> None:
    async def use(ib: IB) -> None:
        whole, single = ib.reqPnL(CASH), ib.reqPnLSingle(CASH, "", AAPL)
        await until(lambda: single.value > 0)
        # yesterday's close is 97; the pence count a hundredth of 1.50 dollars
        assert (single.dailyPnL, single.unrealizedPnL, single.value) == (300, 2000, 10_000)
        assert (whole.dailyPnL, whole.unrealizedPnL) == (345, 2300)
        market.last = 99.0
        refresh(gateway, 1)
        await settled(ib)
        assert (single.dailyPnL, single.unrealizedPnL) == (200, 1900)
        ib.cancelPnL(CASH)
        ib.cancelPnLSingle(CASH, "", AAPL)

    with trading(scenario=SCENARIO) as (gateway, market):
        connected(gateway, use)


def test_the_profit_of_a_fraction_has_whole_shares_that_every_client_can_read() -> None:
    with wired() as (_, _, client):
        answer = client.ask(94, 4, MARGIN, "", FRACTION)
    # 10.5 shares gained 3 each since yesterday, and 90 each since they were bought
    assert answer == ("95", "4", "10", "31.5", "945.0", "0.0", "1050.0")


def test_a_day_s_profit_counts_what_was_traded_in_it_at_its_price() -> None:
    async def use(ib: IB) -> None:
        aapl = Contract(conId=AAPL, exchange="SMART")
        await place(ib, MarketOrder("SELL", 40, account=CASH), "Filled", aapl)
        single = ib.reqPnLSingle(CASH, "", AAPL)
        await until(lambda: single.value > 0)
        # 60 gained 3 each; 40 were sold at 99.99 after 97, for a dollar
        assert single.dailyPnL == pytest.approx(60 * 3 + 40 * 2.99 - 1)
        assert single.realizedPnL == pytest.approx(40 * 19.99 - 1)

    with trading(scenario=SCENARIO) as (gateway, _):
        connected(gateway, use)
