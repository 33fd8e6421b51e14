"""The real ib_insync client against the gateway, with the market that ships."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from ib_insync import IB, Contract, Stock

from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.scenario import OrderKind, Security
from sellkit.simgateway.server import serve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from sellkit.simgateway.gateway import Gateway

NOW = parse_instant("2025-11-26T12:00:05")
DEFAULT = default_scenario()
STOP = DEFAULT.orders[0]
TWIN = Security(con_id=9, symbol="JPM", primary_exchange="ARCA")
SCENARIO = replace(
    DEFAULT,
    symbols=(TWIN,),
    orders=(
        STOP,
        replace(STOP, kind=OrderKind.FOREIGN, client_id=77, aux_price=Decimal(151)),
        replace(STOP, kind=OrderKind.MANUAL, client_id=None, aux_price=Decimal(152)),
    ),
)
AAPL = Contract(conId=265598, exchange="SMART")


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with serve(SCENARIO, clock=VirtualClock(NOW, 0)) as running:
        yield running


@pytest.fixture(autouse=True)
def silent_client(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Every test fails when the client logs an error: that is how it tells a bad message."""
    with caplog.at_level(logging.INFO, "ib_insync"):
        yield
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


def connected(gateway: Gateway, use: Callable[[IB], Awaitable[None]], client_id: int = 1) -> None:
    """Connect, use the connection, and disconnect."""

    async def session() -> None:
        ib = IB()
        ib.RaiseRequestErrors = True
        await ib.connectAsync(gateway.host, gateway.port, clientId=client_id)
        try:
            await use(ib)
        finally:
            ib.disconnect()

    asyncio.run(session())


def test_the_whole_connect_sequence_is_answered(gateway: Gateway) -> None:
    async def look(ib: IB) -> None:
        assert ib.client.serverVersion() == 176
        assert ib.client.getAccounts() == ["DU0000001"]
        assert len(ib.positions()) == len(ib.portfolio()) == 6
        assert {value.tag for value in ib.accountValues()} >= {"AccountReady", "NetLiquidation"}
        assert ib.fills() == []

    connected(gateway, look)
    names = [one.name for one in gateway.requests]
    assert names[:7] == [
        *("startApi", "reqPositions", "reqOpenOrders", "reqCompletedOrders"),
        *("reqAccountUpdates", "reqAccountUpdatesMulti", "reqExecutions"),
    ]


def test_positions_and_portfolio_are_read_in_full(gateway: Gateway) -> None:
    async def look(ib: IB) -> None:
        position = ib.positions()[0]
        assert position.contract == Stock(
            "AAPL",
            "NASDAQ",
            "USD",
            conId=265598,
            localSymbol="AAPL",
            tradingClass="NMS",
        )
        assert (position.account, position.position, position.avgCost) == ("DU0000001", 100, 205.4)
        item = ib.portfolio()[0]
        assert (item.contract.exchange, item.contract.primaryExchange) == ("", "NASDAQ")
        assert item.marketValue == pytest.approx(100 * item.marketPrice)
        assert item.unrealizedPNL == pytest.approx(item.marketValue - 100 * 205.4, abs=0.01)

    connected(gateway, look)


@pytest.mark.parametrize(
    ("client_id", "stops"), [(1, [150.0]), (77, [151.0]), (5, []), (0, [152.0])]
)
def test_a_client_sees_its_own_orders_and_client_0_those_by_hand(
    gateway: Gateway, client_id: int, stops: list[float]
) -> None:
    async def look(ib: IB) -> None:
        assert [trade.order.auxPrice for trade in ib.openTrades()] == stops

    connected(gateway, look, client_id)


def test_all_orders_are_told_to_whoever_asks(gateway: Gateway) -> None:
    async def look(ib: IB) -> None:
        own, foreign, manual = await ib.reqAllOpenOrdersAsync()
        assert (own.order.clientId, own.order.orderId) == (1, 1)
        assert (foreign.order.clientId, foreign.order.orderId) == (77, 1)
        assert manual.order.clientId == 0
        assert manual.order.orderId <= 0  # below 0 once client 0 has taken it over
        assert len({trade.order.permId for trade in (own, foreign, manual)}) == 3
        assert own.contract.conId == 265598
        assert (own.order.action, own.order.orderType) == ("SELL", "STP")
        assert (own.order.tif, own.order.account) == ("GTC", "DU0000001")
        assert own.orderStatus.status == "PreSubmitted"
        assert own.remaining() == 100

    connected(gateway, look, 5)


def test_a_contract_is_qualified_by_its_number(gateway: Gateway) -> None:
    async def look(ib: IB) -> None:
        (details,) = await ib.reqContractDetailsAsync(Contract(conId=265598))
        assert details.contract is not None
        assert details.contract.primaryExchange == "NASDAQ"
        assert details.longName == "Apple Inc."
        assert (details.minTick, details.timeZoneId) == (0.01, "US/Eastern")
        assert details.liquidHours.startswith("20251126:0930-20251126:1600;20251127:CLOSED;")

    connected(gateway, look)


@pytest.mark.parametrize("date_format", [1, 2])
def test_bars_start_at_the_same_instants_in_both_date_formats(
    gateway: Gateway, date_format: int
) -> None:
    async def look(ib: IB) -> None:
        bars = await ib.reqHistoricalDataAsync(
            AAPL, "", "2 D", "1 hour", "TRADES", True, formatDate=date_format
        )
        starts = [bar.date for bar in bars if isinstance(bar.date, dt.datetime)]
        assert len(starts) == 7 + 4
        assert starts[0] == parse_instant("2025-11-25T09:30:00")
        assert starts[-1] == parse_instant("2025-11-26T12:00:00")

    connected(gateway, look)


def test_bars_of_days_carry_dates(gateway: Gateway) -> None:
    async def look(ib: IB) -> None:
        bars = await ib.reqHistoricalDataAsync(AAPL, "", "3 D", "1 day", "TRADES", True)
        assert [bar.date for bar in bars] == [dt.date(2025, 11, day) for day in (24, 25, 26)]

    connected(gateway, look)


def test_many_requests_at_once_are_all_answered(gateway: Gateway) -> None:
    async def look(ib: IB) -> None:
        ends = [parse_instant("2025-11-25T16:00:00") - dt.timedelta(days=day) for day in range(30)]
        answers = await asyncio.gather(
            *(
                ib.reqHistoricalDataAsync(AAPL, end, "1 D", "30 mins", "TRADES", True)
                for end in ends
            )
        )
        assert all(answers)

    connected(gateway, look)


@pytest.mark.parametrize("date_format", [1, 2])
def test_the_first_bar_is_known(gateway: Gateway, date_format: int) -> None:
    async def look(ib: IB) -> None:
        head = await ib.reqHeadTimeStampAsync(AAPL, "TRADES", True, date_format)
        assert head.replace(tzinfo=dt.UTC) == dt.datetime(2000, 1, 3, 14, 30, tzinfo=dt.UTC)

    connected(gateway, look)


def test_the_gateways_clock_is_told(gateway: Gateway) -> None:
    async def look(ib: IB) -> None:
        assert await ib.reqCurrentTimeAsync() == NOW

    connected(gateway, look)


def test_a_snapshot_is_complete(gateway: Gateway) -> None:
    async def look(ib: IB) -> None:
        (ticker,) = await ib.reqTickersAsync(AAPL)
        assert ticker.bid < ticker.last < ticker.ask
        assert ticker.low <= ticker.last <= ticker.high
        assert ticker.volume > 0

    connected(gateway, look)


def test_the_account_summary_adds_up(gateway: Gateway) -> None:
    async def look(ib: IB) -> None:
        rows = {
            row.tag: row.value for row in await ib.accountSummaryAsync() if row.currency == "USD"
        }
        assert rows["TotalCashValue"] == rows["BuyingPower"] == "100000.00"
        worth = sum(item.marketValue for item in ib.portfolio())
        assert float(rows["GrossPositionValue"]) == pytest.approx(worth)
        assert float(rows["NetLiquidation"]) == pytest.approx(worth + 100_000)
        assert rows["ExchangeRate"] == "1.00"

    connected(gateway, look)


def test_rules_and_symbols_are_told(gateway: Gateway) -> None:
    async def look(ib: IB) -> None:
        (rule,) = await ib.reqMarketRuleAsync(26) or []
        assert (rule.lowEdge, rule.increment) == (0.0, 0.01)
        found = await ib.reqMatchingSymbolsAsync("JPM") or []
        assert [one.contract and one.contract.primaryExchange for one in found] == ["NYSE", "ARCA"]

    connected(gateway, look)


def test_32_clients_connect_at_once(gateway: Gateway) -> None:
    async def crowd() -> None:
        clients = [IB() for _ in range(32)]
        await asyncio.gather(
            *(
                ib.connectAsync(gateway.host, gateway.port, clientId=number, timeout=20)
                for number, ib in enumerate(clients)
            )
        )
        assert [len(ib.positions()) for ib in clients] == [6] * 32
        assert len(gateway.sessions) == 32
        for ib in clients:
            ib.disconnect()

    asyncio.run(crowd())
