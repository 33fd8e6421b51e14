"""A split and a changed symbol overnight: the books, the history, the orders, the clients."""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from ib_insync import Contract, LimitOrder, StopOrder

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.control import Control
from sellkit.simgateway.corporate_actions import CorporateAction
from sellkit.simgateway.history import HistoryBar, HistoryQuery
from sellkit.simgateway.market import Market
from sellkit.simgateway.orders.habits import OrderHabits
from sellkit.simgateway.server import serve
from tests.simgateway.trading import ACCOUNT, SCENARIO, client, go_to, place, until
from tests.simgateway.wire import WireClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ib_insync import IB, BarDataList

    from sellkit.simgateway.gateway import Gateway

NVDA, NEW = 4815747, 999001
BEFORE = parse_instant("2025-11-25T15:00:00")
NIGHT = parse_instant("2025-11-26T03:00:00")
AFTER = parse_instant("2025-11-26T11:00:05")
SPLIT = CorporateAction(at=NIGHT, con_id=NVDA, ratio=Fraction(4))
STOCK = Contract(conId=NVDA, exchange="SMART")
HELD, COST = Decimal(150), Decimal("96.72")


@contextmanager
def splitting(*actions: CorporateAction) -> Iterator[Gateway]:
    """A gateway on the afternoon before, with a made-up market."""
    scenario = replace(SCENARIO, corporate_actions=actions, habits=OrderHabits(status_repeats=1))
    with serve(scenario, clock=VirtualClock(BEFORE, 0), control_port=0) as gateway:
        yield gateway


def history(
    gateway: Gateway, now: dt.datetime, size: str, duration: str = "5 D", symbol: str = "NVDA"
) -> list[HistoryBar]:
    """Bars up to the evening before the split."""
    end = parse_instant("2025-11-25T20:00:00")
    query = HistoryQuery(symbol, "NASDAQ", end, duration, size, "TRADES", rth=True)
    assert isinstance(gateway.market, Market)
    return gateway.market.history(query, now)


# --- the books ------------------------------------------------------------------------------------


def test_a_split_multiplies_the_position_and_divides_its_average_cost() -> None:
    with splitting(SPLIT) as gateway:
        go_to(gateway, NIGHT - dt.timedelta(seconds=1))
        held = next(h for h in gateway.exchange.holdings() if h.security.con_id == NVDA)
        assert (held.quantity, held.average_cost) == (HELD, COST)
        cash = gateway.exchange.ledger.cash(ACCOUNT)
        go_to(gateway, NIGHT)
        held = next(h for h in gateway.exchange.holdings() if h.security.con_id == NVDA)
        assert (held.quantity, held.average_cost) == (4 * HELD, COST / 4)
        assert gateway.exchange.ledger.cost(ACCOUNT, held.security) == HELD * COST
        assert gateway.exchange.ledger.cash(ACCOUNT) == cash


def test_a_reverse_split_keeps_fractions_of_shares() -> None:
    reverse = replace(SPLIT, ratio=Fraction(1, 7))
    with splitting(reverse) as gateway:
        go_to(gateway, NIGHT)
        held = next(h for h in gateway.exchange.holdings() if h.security.con_id == NVDA)
        assert held.quantity == Decimal("21.4285")
        assert abs(held.quantity * held.average_cost - HELD * COST) < Decimal("0.001")


def test_what_the_account_is_worth_stays() -> None:
    with splitting(SPLIT) as gateway:
        go_to(gateway, NIGHT - dt.timedelta(seconds=1))
        valuer, clock = gateway.valuer, gateway.clock
        before = {v.holding.security.con_id: v for v in valuer.positions(ACCOUNT, clock.now())}
        go_to(gateway, NIGHT)
        after = {v.holding.security.con_id: v for v in valuer.positions(ACCOUNT, clock.now())}
    assert after[NVDA].price == pytest.approx(before[NVDA].price / 4, abs=0.005)
    # Quarters of prices are rounded to whole cents.
    assert after[NVDA].value == pytest.approx(before[NVDA].value, abs=0.005 * 600)
    assert {k: v for k, v in after.items() if k != NVDA} == {
        k: v for k, v in before.items() if k != NVDA
    }


# --- the history ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "duration"), [("30 mins", "3 D"), ("1 day", "2 Y"), ("1W", "1 Y")]
)
def test_all_history_is_divided_from_the_split_on_and_not_before(size: str, duration: str) -> None:
    with splitting(SPLIT) as gateway:
        go_to(gateway, NIGHT - dt.timedelta(seconds=1))
        before = history(gateway, gateway.clock.now(), size, duration)
        go_to(gateway, NIGHT)
        after = history(gateway, gateway.clock.now(), size, duration)
    assert [bar.start for bar in after] == [bar.start for bar in before]
    for old, new in zip(before, after, strict=True):
        for field in ("open", "high", "low", "close"):
            assert getattr(new, field) == pytest.approx(getattr(old, field) / 4, abs=0.0051)
        assert new.average == pytest.approx(old.average / 4, abs=0.0051)
        assert new.low <= new.average <= new.high
        assert (new.volume, new.count) == (4 * old.volume, old.count)


def test_split_bars_of_a_day_are_the_fold_of_its_half_hours() -> None:
    with splitting(SPLIT) as gateway:
        go_to(gateway, NIGHT)
        now = gateway.clock.now()
        day = history(gateway, now, "1 day", "1 D")[0]
        halves = history(gateway, now, "30 mins", "1 D")
    assert (day.open, day.close) == (halves[0].open, halves[-1].close)
    assert day.high == max(bar.high for bar in halves)
    assert day.low == min(bar.low for bar in halves)
    assert day.volume == sum(bar.volume for bar in halves)


def test_quotes_go_on_at_the_new_level_and_others_as_before() -> None:
    with splitting() as plain, splitting(SPLIT) as gateway:
        for running in (plain, gateway):
            go_to(running, AFTER)
        old, new = (
            running.market.quote("NVDA", running.clock.now()) for running in (plain, gateway)
        )
        assert new.last == pytest.approx(old.last / 4, abs=0.0051)
        assert new.previous_close == pytest.approx(old.previous_close / 4, abs=0.0051)
        assert new.volume == 4 * old.volume
        same = [running.market.quote("AAPL", running.clock.now()) for running in (plain, gateway)]
        assert same[0] == same[1]


@pytest.mark.parametrize(("new", "old"), [(1, 7), (3, 2), (20, 1)])
def test_any_ratio_divides_prices_and_multiplies_volumes(new: int, old: int) -> None:
    market = Market.of(SCENARIO)
    query = HistoryQuery("NVDA", "NASDAQ", None, "3 D", "1 day", "TRADES", rth=True)
    before = market.history(query, AFTER)
    market.split("NVDA", Fraction(new, old), NIGHT)
    after = market.history(query, AFTER)
    assert market.history(query, BEFORE)[-1].close > 0
    for one, other in zip(before, after, strict=True):
        assert other.close == pytest.approx(one.close * old / new, abs=0.0051)
        assert other.volume == pytest.approx(one.volume * new / old, abs=1)


async def bars(ib: IB) -> BarDataList:
    """Hours up to an instant before the split."""
    end = dt.datetime(2025, 11, 24, 21, tzinfo=dt.UTC)
    return await ib.reqHistoricalDataAsync(STOCK, end, "5 D", "1 hour", "TRADES", useRTH=True)


# --- the clients ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("silent_client")
def test_a_client_hears_of_the_position_and_loses_its_orders() -> None:

    async def use() -> None:
        ib, codes = await client(gateway), []
        ib.errorEvent += lambda _id, code, text, _contract: codes.append((code, text))
        stop = StopOrder("SELL", 150, 50, tif="GTC")
        old = await bars(ib)
        trade = await place(ib, stop, "PreSubmitted", STOCK)
        other = await place(ib, StopOrder("SELL", 10, 50, tif="GTC"), "PreSubmitted")
        go_to(gateway, NIGHT)
        await until(lambda: trade.orderStatus.status == "Cancelled")
        await until(lambda: codes)
        assert codes[0][0] == 202
        assert "corporate action" in codes[0][1]
        held = next(p for p in ib.positions() if p.contract.conId == NVDA)
        assert (held.position, held.avgCost) == (600, 24.18)
        shown = next(p for p in ib.portfolio() if p.contract.conId == NVDA)
        assert (shown.position, shown.averageCost) == (600, 24.18)
        assert other.orderStatus.status == "PreSubmitted"
        assert [bar.date for bar in await bars(ib)] == [bar.date for bar in old]
        for one, other in zip(old, await bars(ib), strict=True):
            assert other.close == pytest.approx(one.close / 4, abs=0.0051)
        completed = await ib.reqCompletedOrdersAsync(False)
        assert [t.orderStatus.status for t in completed] == ["Cancelled"]
        go_to(gateway, AFTER)
        # the shares that the stop claimed are free again
        await place(ib, LimitOrder("SELL", 600, 1), "Filled", STOCK)
        ib.disconnect()

    with splitting(SPLIT) as gateway:
        asyncio.run(use())


def test_no_answer_mixes_old_and_new_although_the_clock_was_not_looked_at() -> None:
    with splitting(SPLIT) as gateway, WireClient(gateway) as wire:
        wire.start()
        assert isinstance(gateway.clock, VirtualClock)
        gateway.clock.set(NIGHT)
        wire.send(61, 1)
        rows = {row[3]: row for row in wire.until(62)[:-1]}
        assert rows[str(NVDA)][14:] == ("600", "24.180000")


# --- a changed symbol -----------------------------------------------------------------------------


def test_a_symbol_changes_on_the_same_number() -> None:
    action = replace(SPLIT, ratio=Fraction(1), symbol="NVDX")
    with splitting(action) as gateway, WireClient(gateway) as wire:
        wire.start().send(61, 1)
        wire.until(62)
        go_to(gateway, NIGHT)
        row = wire.receive()
        assert row[:6] == ("61", "3", ACCOUNT, str(NVDA), "NVDX", "STK")
        assert row[12:] == ("NVDX", "NMS", "150", "96.720000")
        wire.send(
            9, 8, 7, 0, "NVDA", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "", 0, "", "", ""
        )
        assert wire.receive()[3] == "200"
        wire.send(
            9, 8, 7, 0, "NVDX", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "", 0, "", "", ""
        )
        assert wire.until(52)[0][12] == str(NVDA)
        # its history goes on
        assert history(gateway, gateway.clock.now(), "1 day")


def test_a_new_number_ends_the_old_one() -> None:
    action = CorporateAction(at=NIGHT, con_id=NVDA, symbol="NVDX", new_con_id=NEW)
    with splitting(action) as gateway, WireClient(gateway) as wire:
        wire.start().send(61, 1)
        wire.until(62)
        go_to(gateway, NIGHT)
        gone, come = wire.receive(), wire.receive()
        assert (gone[3], gone[14]) == (str(NVDA), "0")
        assert (come[3], come[4], come[14:]) == (str(NEW), "NVDX", ("150", "96.720000"))
        for number, code in ((NVDA, "200"), (NEW, None)):
            of = (number, "", "STK", "", "0.0", "", "", "SMART", "", "", "", "")
            wire.send(9, 8, 7, *of, 0, "", "", "")
            answer = wire.receive()
            assert (answer[3] if answer[0] == "4" else None) == code
        wire.until(52)
        of = (NEW, "", "STK", "", "0.0", "", "", "SMART", "", "", "", "")
        wire.send(20, 8, *of, 0, "", "1 day", "5 D", 1, "TRADES", 1, 0, "")
        assert wire.receive()[:2] == ("17", "8")


# --- from outside ---------------------------------------------------------------------------------


def test_the_control_channel_splits_at_once_and_at_a_moment() -> None:
    with splitting() as gateway:
        assert gateway.control is not None
        with Control(gateway.control.address) as control:
            control.corporate_action("NVDA", split="3:1")
            held = {row["symbol"]: row["position"] for row in control.state()["positions"]}
            assert held["NVDA"] == "450"
            control.corporate_action("NVDA", split="1:3", symbol_change="NVDX", at=NIGHT)
            control.set_clock(NIGHT)
            held = {row["symbol"]: row["position"] for row in control.state()["positions"]}
            assert held["NVDX"] == "150"
            with pytest.raises(ConfigError, match="no rate that could change: XXX"):
                control.set_rate("XXX", 2)
            with pytest.raises(ConfigError, match="is not among the positions and symbols: NVDA"):
                control.corporate_action("NVDA", split="3:1")
            control.set_rate("EUR", 1.5)
        assert gateway.exchange.ledger.rates.of("EUR", "USD") == Decimal("1.5")


def test_two_actions_strike_in_their_order_however_late() -> None:
    later = replace(SPLIT, at=AFTER, ratio=Fraction(1, 2), symbol="NVDX")
    with splitting(later, SPLIT) as gateway:
        go_to(gateway, AFTER)
        held = next(h for h in gateway.exchange.holdings() if h.security.con_id == NVDA)
        assert (held.quantity, held.security.symbol) == (300, "NVDX")
