"""Contracts: several exchanges and several matches, market rules, and orders on every kind."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from ib_insync import (
    IB,
    Contract,
    ContractDetails,
    Forex,
    Future,
    LimitOrder,
    MarketOrder,
    Option,
    Order,
    Stock,
    StopOrder,
)

from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.control import Control
from sellkit.simgateway.orders.habits import OrderHabits
from sellkit.simgateway.server import serve
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.trading import connected, go_to, move, place, settled, trading, until
from tests.simgateway.wire import WireClient
from tests.simgateway.world import (
    AAPL,
    CASH,
    EURO,
    EURUSD,
    FRACTION,
    FUTURE,
    MARGIN,
    OPTION,
    RY,
    RY_CA,
    SAP,
    SHORT,
    TOYOTA,
    VOD,
    world,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.gateway import Gateway

SCENARIO = world()
UNPRICED = 30001
# Frankfurt, London and New York trade.
MORNING = parse_instant("2025-11-26T10:30:05")


@pytest.fixture
def gateway(silent_client: None) -> Iterator[Gateway]:
    with trading(scenario=SCENARIO, at=MORNING) as (running, _):
        yield running


def details(gateway: Gateway, contract: Contract) -> list[ContractDetails]:
    """What the gateway knows of the contracts that fit."""
    found: list[ContractDetails] = []

    async def use(ib: IB) -> None:
        found.extend(await ib.reqContractDetailsAsync(contract))

    connected(gateway, use)
    return found


def codes(gateway: Gateway, contract: Contract, order: Order) -> list[int]:
    """The errors that an order gets."""
    told: list[int] = []

    async def use(ib: IB) -> None:
        ib.errorEvent += lambda _id, code, _text, _contract: told.append(code)
        ib.placeOrder(contract, order)
        await settled(ib)

    connected(gateway, use)
    return told


def by_number(con_id: int, exchange: str = "SMART") -> Contract:
    return Contract(conId=con_id, exchange=exchange)


# --- the search -----------------------------------------------------------------------------------


def test_a_contract_without_an_exchange_comes_once_for_each_of_them(gateway: Gateway) -> None:
    found = details(gateway, Stock("AAPL", "", "USD"))
    exchanges = [one.contract.exchange for one in found if one.contract]
    assert exchanges[:2] == ["SMART", "NASDAQ"]
    assert exchanges == found[0].validExchanges.split(",")
    assert {one.contract.conId for one in found if one.contract} == {AAPL}


@pytest.mark.parametrize("con_id", [AAPL, SAP, OPTION, FUTURE, EURUSD])
def test_a_contract_by_number_alone_comes_once(gateway: Gateway, con_id: int) -> None:
    (found,) = details(gateway, Contract(conId=con_id))
    assert found.contract is not None
    assert found.contract.exchange in found.validExchanges.split(",")


def test_several_contracts_of_one_symbol_all_come(gateway: Gateway) -> None:
    found = details(gateway, Stock("RY", "SMART"))
    told = {one.contract.conId: one.contract.currency for one in found if one.contract}
    assert told == {RY: "USD", RY_CA: "CAD"}
    (only,) = details(gateway, Stock("RY", "SMART", "CAD"))
    assert only.contract is not None
    assert only.contract.primaryExchange == "TSE"


def test_a_request_that_needs_one_contract_is_200_where_two_fit(gateway: Gateway) -> None:
    ambiguous = Stock("RY", "SMART")
    assert codes(gateway, ambiguous, MarketOrder("BUY", 1, account=MARGIN)) == [200]
    narrow = Stock("RY", "SMART", "USD")
    assert codes(gateway, narrow, MarketOrder("BUY", 1, account=MARGIN)) == []


def test_nasdaq_is_also_called_island(gateway: Gateway) -> None:
    (found,) = details(gateway, Stock("AAPL", "ISLAND", "USD"))
    assert found.contract is not None
    assert (found.contract.exchange, found.contract.primaryExchange) == ("ISLAND", "NASDAQ")


def test_symbols_are_found_with_the_kinds_of_their_derivatives(gateway: Gateway) -> None:
    async def use(ib: IB) -> None:
        found = await ib.reqMatchingSymbolsAsync("AAP")
        assert found is not None
        assert [(one.contract.conId, one.derivativeSecTypes) for one in found] == [(AAPL, ["OPT"])]
        both = await ib.reqMatchingSymbolsAsync("royal bank")
        assert both is not None
        assert [one.contract.currency for one in both] == ["USD", "CAD"]

    connected(gateway, use)


def test_an_option_is_found_by_its_terms_or_its_local_symbol(gateway: Gateway) -> None:
    for wanted in (
        Option("AAPL", "20260116", 200, "C", "SMART"),
        Contract(secType="OPT", localSymbol="AAPL 260116C00200000", exchange="SMART"),
    ):
        (found,) = details(gateway, wanted)
        assert found.contract is not None
        assert found.contract.localSymbol == "AAPL  260116C00200000"
        assert (found.contract.strike, found.contract.right) == (200, "C")
        assert (found.contract.multiplier, found.contractMonth) == ("100", "202601")
        assert (found.underConId, found.underSymbol, found.underSecType) == (AAPL, "AAPL", "STK")
        assert found.realExpirationDate == "20260116"


def test_a_future_is_found_by_its_month_and_only_on_its_exchange(gateway: Gateway) -> None:
    (found,) = details(gateway, Future("ES", "202512", "CME"))
    assert found.contract is not None
    assert (found.contract.localSymbol, found.contract.multiplier) == ("ESZ5", "50")
    assert found.contract.lastTradeDateOrContractMonth == "20251219"
    assert (found.validExchanges, found.minTick) == ("CME", 0.25)
    assert codes(gateway, by_number(FUTURE), MarketOrder("BUY", 1, account=MARGIN)) == [200]


def test_a_pair_of_currencies_is_a_contract(gateway: Gateway) -> None:
    (found,) = details(gateway, Forex("EURUSD"))
    assert found.contract is not None
    assert (found.contract.conId, found.contract.localSymbol) == (EURUSD, "EUR.USD")


# --- market rules ---------------------------------------------------------------------------------


def test_a_contract_names_a_market_rule_for_each_exchange(gateway: Gateway) -> None:
    async def use(ib: IB) -> None:
        (found,) = await ib.reqContractDetailsAsync(by_number(SAP))
        assert found.validExchanges.split(",") == ["SMART", "IBIS", "FWB"]
        assert found.marketRuleIds.split(",") == ["98", "98", "99"]
        assert found.minTick == 0.0001
        rule = await ib.reqMarketRuleAsync(98)
        assert rule is not None
        assert [(one.lowEdge, one.increment) for one in rule] == [
            (0, 0.0001),
            (1, 0.01),
            (100, 0.05),
        ]

    connected(gateway, use)


@pytest.mark.parametrize(
    ("price", "is_taken"),
    [(0.1234, True), (1.2, True), (1.234, False), (99.99, True), (100.01, False), (100.05, True)],
)
def test_a_price_has_to_lie_on_the_step_of_its_band(
    gateway: Gateway, price: float, is_taken: bool
) -> None:
    order = LimitOrder("BUY", 1, price, account=MARGIN)
    assert codes(gateway, by_number(SAP), order) == ([] if is_taken else [110])


@pytest.mark.parametrize(
    ("exchange", "price", "is_taken"),
    [
        ("SMART", 1.234, False),
        ("IBIS", 1.234, False),
        ("FWB", 1.234, True),
        ("SMART", 1.23, True),
        ("IBIS", 1.23, True),
        ("FWB", 1.23, True),
        ("FWB", 1.2345, False),
    ],
)
def test_a_price_has_to_lie_on_the_step_of_the_exchange_that_it_is_sent_to(
    gateway: Gateway, exchange: str, price: float, is_taken: bool
) -> None:
    order = LimitOrder("BUY", 1, price, account=MARGIN)
    found = codes(gateway, Contract(conId=SAP, exchange=exchange), order)
    assert found == ([] if is_taken else [110])


def test_an_open_order_is_told_with_the_exchange_that_it_was_sent_to(gateway: Gateway) -> None:
    async def use(ib: IB) -> None:
        for exchange in ("FWB", "SMART"):
            order = LimitOrder("BUY", 1, 1.23, account=MARGIN)
            await place(ib, order, "Submitted", Contract(conId=SAP, exchange=exchange))

    async def look(ib: IB) -> None:
        told = await ib.reqAllOpenOrdersAsync()
        assert [each.contract.exchange for each in told] == ["FWB", "SMART"]

    connected(gateway, use)
    connected(gateway, look)


def test_a_stop_has_to_lie_on_the_step_of_its_band_and_a_distance_need_not(
    gateway: Gateway,
) -> None:
    assert codes(gateway, by_number(SAP), StopOrder("SELL", 1, 50.005, account=MARGIN)) == [110]
    trail = Order(
        action="SELL",
        orderType="TRAIL",
        totalQuantity=1,
        auxPrice=5.0001,
        account=MARGIN,
        tif="DAY",
    )
    assert codes(gateway, by_number(SAP), trail) == []


# --- orders on every kind -------------------------------------------------------------------------


def test_a_short_is_closed_by_buying_and_a_fraction_cannot_be_sold(gateway: Gateway) -> None:
    async def use(ib: IB) -> None:
        short = by_number(SHORT)
        await place(ib, MarketOrder("BUY", 40, account=MARGIN), "Filled", short)
        await until(lambda: SHORT not in {p.contract.conId for p in ib.positions(MARGIN)})
        await place(ib, MarketOrder("SELL", 10, account=MARGIN), "Filled", by_number(FRACTION))
        await until(lambda: 0.5 in {p.position for p in ib.positions(MARGIN)})

    connected(gateway, use)
    half = MarketOrder("SELL", 0.5, account=MARGIN)
    assert codes(gateway, by_number(FRACTION), half) == [10243]


def test_an_option_trades_at_the_price_that_was_stated(gateway: Gateway) -> None:
    async def use(ib: IB) -> None:
        before = gateway.exchange.ledger.cash(MARGIN)["USD"]
        trade = await place(ib, MarketOrder("BUY", 2, account=MARGIN), "Filled", by_number(OPTION))
        assert trade.orderStatus.avgFillPrice == 12.51
        await until(lambda: trade.fills[0].commissionReport.commission)
        report = trade.fills[0].commissionReport
        assert report.commission == 1.3
        # written at 1,000 each, bought back at 1,251 and 0.65
        assert report.realizedPNL == pytest.approx(-503.3)
        paid = before - gateway.exchange.ledger.cash(MARGIN)["USD"]
        assert paid == Decimal("2503.30")

    connected(gateway, use)


def test_a_future_moves_cash_only_by_its_profit(gateway: Gateway) -> None:
    async def use(ib: IB) -> None:
        future = by_number(FUTURE, "CME")
        ledger = gateway.exchange.ledger
        await place(ib, MarketOrder("BUY", 1, account=MARGIN), "Filled", future)
        assert ledger.cash(MARGIN)["USD"] == 50_000
        holding = next(h for h in ledger.holdings(MARGIN) if h.security.con_id == FUTURE)
        # 5,000, and 50 x 101.25 with 0.85 of commission
        assert holding.average_cost == (Decimal(5000) + Decimal("5062.5") + Decimal("0.85")) / 2
        await place(ib, MarketOrder("SELL", 2, account=MARGIN), "Filled", future)
        gain = 2 * 50 * Decimal("100.75") - Decimal("1.70") - 2 * holding.average_cost
        assert ledger.cash(MARGIN)["USD"] == 50_000 + gain

    connected(gateway, use)


def test_a_stated_price_moves_on_demand_and_keeps_to_its_step() -> None:
    with (
        serve(
            SCENARIO, market=FakeMarket(), clock=VirtualClock(MORNING, 0), control_port=0
        ) as running,
        WireClient(running) as client,
    ):
        assert running.control is not None
        client.start().send(6, 2, 1, MARGIN)
        client.until(54)
        with Control(running.control.address) as control:
            assert control.move_price("ESZ5", 1.1) == 111.0  # 111.1 lies between two steps
            control.ask("price", symbol="AAPL  260116C00200000", factor=2)
        client.send(6, 2, 1, MARGIN)
        shown = {row[2]: row[13:16] for row in client.until(54) if row[0] == "7"}
        assert shown[str(FUTURE)] == ("1", "111.0", "5550.0")
        assert shown[str(OPTION)] == ("-2", "25.0", "-5000.0")


def test_an_order_on_what_nobody_prices_rests(silent_client: None) -> None:
    async def use(ib: IB) -> None:
        ib.client.reqAccountUpdates(True, MARGIN)
        await settled(ib)
        shown = next(p for p in ib.portfolio() if p.contract.conId == UNPRICED)
        assert (shown.marketPrice, shown.marketValue, shown.unrealizedPNL) == (3.5, 1050, 0)
        contract = by_number(UNPRICED)
        await place(ib, MarketOrder("SELL", 1, account=MARGIN), "Submitted", contract)
        await place(ib, LimitOrder("BUY", 1, 3, account=MARGIN), "Submitted", contract)

    text = f"""
[[positions]]
account = "{MARGIN}"
symbol = "XYZ"
secType = "OPT"
conId = {UNPRICED}
primaryExchange = "CBOE"
multiplier = 100
position = 3
avgCost = 350
"""
    with trading(scenario=world(text), at=MORNING) as (running, _):
        connected(running, use)


def test_an_index_cannot_be_traded(silent_client: None) -> None:
    text = """
[[symbols]]
symbol = "SPX"
secType = "IND"
conId = 416904
primaryExchange = "CBOE"
price = 6800
"""
    with trading(scenario=world(text), at=MORNING) as (running, _):
        (found,) = details(running, Contract(conId=416904))
        assert found.validExchanges == "CBOE"
        order = MarketOrder("BUY", 1, account=MARGIN)
        assert codes(running, by_number(416904, "CBOE"), order) == [201]


def test_currencies_are_exchanged_and_leave_no_position(gateway: Gateway) -> None:
    async def use(ib: IB) -> None:
        trade = await place(ib, MarketOrder("BUY", 1000, account=CASH), "Filled", Forex("EURUSD"))
        assert trade.orderStatus.avgFillPrice == 1.25005
        cash = gateway.exchange.ledger.cash(CASH)
        assert cash["EUR"] == 3000
        assert cash["USD"] == 10_000 - Decimal("1250.05") - 2
        assert EURUSD not in {p.contract.conId for p in ib.positions()}

    connected(gateway, use)


def test_a_cash_account_pays_in_the_contract_s_own_currency(gateway: Gateway) -> None:
    sap = by_number(SAP)
    # 2,000 euros are there, and 10,000 dollars do not help
    assert codes(gateway, sap, MarketOrder("BUY", 25, account=CASH)) == [201]
    assert codes(gateway, sap, MarketOrder("BUY", 19, account=CASH)) == []
    assert gateway.exchange.ledger.cash(CASH)["EUR"] == 2000 - 19 * Decimal("100.01") - 3


def test_a_cash_account_sells_no_currency_that_it_lacks(gateway: Gateway) -> None:
    assert codes(gateway, Forex("EURUSD"), MarketOrder("SELL", 2001, account=CASH)) == [201]
    assert codes(gateway, Forex("EURUSD"), MarketOrder("SELL", 2000, account=CASH)) == []


def test_margin_is_counted_in_the_base_currency(gateway: Gateway) -> None:
    async def use(ib: IB) -> None:
        order = MarketOrder("BUY", 100, account=EURO)
        state = await ib.whatIfOrderAsync(by_number(AAPL), order)
        # 100 x 100.01 dollars are 8,000.80 euros, of which a half is backed
        assert float(state.initMarginChange) == 4000.40
        assert float(state.equityWithLoanBefore) == 50_000
        assert (state.commission, state.commissionCurrency) == (1.0, "USD")
        assert float(state.equityWithLoanChange) == -0.8

    connected(gateway, use)
    # 1,200 x 100.01 dollars want 48,004.80 euros, 1,300 want 52,005.20
    assert codes(gateway, by_number(AAPL), MarketOrder("BUY", 1300, account=EURO)) == [201]
    assert codes(gateway, by_number(AAPL), MarketOrder("BUY", 1200, account=EURO)) == []
    assert gateway.exchange.ledger.cash(EURO)["USD"] == -1200 * Decimal("100.01") - 6


def test_a_foreign_stock_trades_in_its_own_hours(silent_client: None) -> None:
    async def use(ib: IB) -> None:
        evening = await place(
            ib, MarketOrder("SELL", 10, account=CASH), "PreSubmitted", by_number(VOD)
        )
        assert not evening.fills
        (toronto,) = await ib.reqContractDetailsAsync(by_number(RY_CA))
        assert toronto.timeZoneId == "America/Toronto"

    with trading(scenario=SCENARIO, at=parse_instant("2025-11-26T12:00:05")) as (running, market):
        connected(running, use)
        move(running, market, 100.0)
        assert [order.status for order in running.exchange.orders()] == ["PreSubmitted"]


def test_a_yen_price_is_worth_its_rate(gateway: Gateway) -> None:
    async def use(ib: IB) -> None:
        tokyo = by_number(TOYOTA)
        state = await ib.whatIfOrderAsync(tokyo, LimitOrder("BUY", 100, 2500, account=MARGIN))
        assert float(state.initMarginChange) == 1250.0  # a half of 250,000 yen
        assert (state.commission, state.commissionCurrency) == (200.0, "JPY")

    connected(gateway, use)


# --- hours ----------------------------------------------------------------------------------------


def test_hours_are_those_of_the_exchange_with_its_lunch_break(silent_client: None) -> None:
    async def use(ib: IB) -> None:
        told = {}
        for con_id in (TOYOTA, OPTION, FUTURE, VOD):
            (found,) = await ib.reqContractDetailsAsync(Contract(conId=con_id))
            told[con_id] = (found.timeZoneId, found.tradingHours.split(";"))
        zone, hours = told[TOYOTA]
        assert zone == "Asia/Tokyo"
        assert hours[:3] == [
            "20251127:0900-20251127:1130",
            "20251127:1230-20251127:1530",
            "20251128:0900-20251128:1130",
        ]
        assert "20251129:CLOSED" in hours
        # No extended hours for an option; the holiday is the American one.
        assert told[OPTION] == (
            "US/Eastern",
            [
                *("20251126:0930-20251126:1600", "20251127:CLOSED", "20251128:0930-20251128:1300"),
                *("20251129:CLOSED", "20251130:CLOSED", "20251201:0930-20251201:1600"),
            ],
        )
        assert told[FUTURE][0] == "America/Chicago"
        assert told[FUTURE][1][0] == "20251125:1700-20251126:1700"
        assert told[VOD][0] == "Europe/London"
        assert told[VOD][1][0] == "20251126:0800-20251126:1630"

    scenario = replace(SCENARIO, habits=OrderHabits())
    with serve(scenario, clock=VirtualClock(MORNING, 0)) as running:
        connected(running, use)


def test_a_day_order_rests_over_tokyo_s_lunch_and_ends_at_its_close(silent_client: None) -> None:
    async def use(ib: IB) -> None:
        tokyo = by_number(TOYOTA)
        await place(ib, LimitOrder("BUY", 1, 2000, account=MARGIN), "Submitted", tokyo)
        go_to(running, LUNCH)
        (order,) = running.exchange.orders()
        assert order.is_working
        assert order.expires == parse_instant("2025-11-26T06:30:00Z")
        await place(ib, MarketOrder("BUY", 1, account=MARGIN), "PreSubmitted", tokyo)
        go_to(running, LUNCH + dt.timedelta(hours=1))
        assert [one.terms.order_type for one in running.exchange.orders()] == ["LMT"]
        go_to(running, LUNCH + dt.timedelta(hours=4))
        assert running.exchange.orders() == []

    with trading(scenario=SCENARIO, at=LUNCH - dt.timedelta(hours=1)) as (running, _):
        connected(running, use)


LUNCH = parse_instant("2025-11-26T02:45:00Z")
