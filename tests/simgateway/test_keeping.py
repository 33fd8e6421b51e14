"""What a gateway with a state folder still knows when it starts again, and what it forgets."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from ib_insync import ExecutionFilter, LimitOrder, MarketOrder, Order, StopOrder

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock, WallClock, parse_instant
from sellkit.simgateway.control import Control
from sellkit.simgateway.corporate_actions import CorporateAction
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.gateway import Gateway
from sellkit.simgateway.keeping.state_file import FILE_NAME
from sellkit.simgateway.market import Market
from sellkit.simgateway.orders.habits import OrderHabits
from sellkit.simgateway.server import serve
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.trading import (
    AAPL,
    MSFT,
    NOON,
    SCENARIO,
    connected,
    held,
    move,
    pass_time,
    place,
    settled,
)
from tests.simgateway.wire import WireClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ib_insync import IB

    from sellkit.simgateway.scenario import Scenario

NEXT_MORNING = parse_instant("2025-11-28T09:00:00")


@contextmanager
def kept(
    folder: Path,
    *,
    at: dt.datetime | None = NOON,
    scenario: Scenario = SCENARIO,
    market: FakeMarket | None = None,
    **habits: Any,
) -> Iterator[Gateway]:
    """A gateway that keeps its state; `at=None` goes on from the time that is kept."""
    own = OrderHabits(**({"status_repeats": 1} | habits))
    clock = None if at is None else VirtualClock(at, 0)
    with serve(
        replace(scenario, habits=own), market=market or FakeMarket(), clock=clock, state=folder
    ) as gateway:
        yield gateway


def gtc(order: Order, **more: Any) -> Order:
    order.tif = "GTC"
    for name, value in more.items():
        setattr(order, name, value)
    return order


def books(gateway: Gateway) -> object:
    """Everything that fills leave behind, and the orders."""
    ledger = gateway.exchange.ledger
    return (
        ledger.state(),
        ledger.executions,
        gateway.exchange.book.state(),
        gateway.exchange.orders(),
    )


# --- what lives on --------------------------------------------------------------------------------


def test_orders_positions_cash_and_executions_live_on(tmp_path: Path) -> None:
    async def trade(ib: IB) -> None:
        await place(ib, MarketOrder("BUY", 30), "Filled")
        await place(ib, MarketOrder("SELL", 10), "Filled", AAPL)
        await place(ib, gtc(LimitOrder("BUY", 5, 90.0), orderRef="rests"), "Submitted")

    with kept(tmp_path) as gateway:
        connected(gateway, trade)
        before = books(gateway)
        positions = gateway.exchange.holdings()
    with kept(tmp_path) as gateway:
        assert books(gateway) == before
        assert gateway.exchange.holdings() == positions

        async def look(ib: IB) -> None:
            (trade,) = ib.openTrades()
            assert (trade.order.orderRef, trade.order.permId) == ("rests", 1_400_000_003)
            fills = await ib.reqExecutionsAsync(ExecutionFilter())
            assert [fill.execution.shares for fill in fills] == [30, 10]
            assert [fill.commissionReport.commission for fill in ib.fills()] == [1, 1]
            done = await ib.reqCompletedOrdersAsync(apiOnly=False)
            assert [each.orderStatus.status for each in done] == ["Filled", "Filled"]

        connected(gateway, look)


def test_order_ids_perm_ids_and_exec_ids_count_on(tmp_path: Path) -> None:
    async def buy(ib: IB) -> None:
        await place(ib, MarketOrder("BUY", 1), "Filled")

    for _ in range(3):
        with kept(tmp_path) as gateway:
            connected(gateway, buy)
            orders = gateway.exchange.book.ended_since(NOON - dt.timedelta(days=1))
            executions = gateway.exchange.ledger.executions
    assert len({order.perm_id for order in orders}) == 3
    assert len({order.order_id for order in orders}) == 3
    assert len({each.exec_id for each in executions}) == 3


def test_a_correction_lives_on_and_can_be_corrected_again(tmp_path: Path) -> None:
    async def buy(ib: IB) -> None:
        await place(ib, MarketOrder("BUY", 10), "Filled")

    with kept(tmp_path) as gateway:
        connected(gateway, buy)
        fill = gateway.exchange.ledger.executions[0]
        gateway.terminal.correct(fill.exec_id, Decimal(101))
    with kept(tmp_path) as gateway:
        again = gateway.terminal.correct(f"{fill.family}.02", Decimal(102))
        assert again.exec_id == f"{fill.family}.03"
        assert held(gateway) == 10 + held_at_start("MSFT")


def held_at_start(symbol: str) -> Decimal:
    found = [h.quantity for h in SCENARIO.holdings if h.security.symbol == symbol]
    return found[0] if found else Decimal(0)


def test_a_trailing_stop_goes_on_from_where_it_stood(tmp_path: Path) -> None:
    trail = Order(action="SELL", orderType="TRAIL", totalQuantity=5, auxPrice=2.0, tif="GTC")

    async def rest(ib: IB) -> None:
        await place(ib, trail, "PreSubmitted", AAPL)

    market = FakeMarket()
    with kept(tmp_path, market=market) as gateway:
        connected(gateway, rest)
        move(gateway, market, 110.0)
        assert gateway.exchange.orders()[0].stop_price == 108
    market.last = 109.0
    with kept(tmp_path, at=None, market=market) as gateway:
        assert gateway.exchange.orders()[0].stop_price == 108
        move(gateway, market, 107.5)
        assert gateway.exchange.orders() == []


def test_groups_and_brackets_hold_together(tmp_path: Path) -> None:
    async def rest(ib: IB) -> None:
        parent, profit, loss = ib.bracketOrder("BUY", 5, 90.0, 120.0, 80.0)
        for order in (parent, profit, loss):
            ib.placeOrder(MSFT, gtc(order))
        for price in (85.0, 84.0):
            ib.placeOrder(AAPL, gtc(LimitOrder("BUY", 1, price), ocaGroup="one", ocaType=1))
        await settled(ib)

    market = FakeMarket()
    with kept(tmp_path, market=market) as gateway:
        connected(gateway, rest)
        assert len(gateway.exchange.orders()) == 5
    with kept(tmp_path, market=market) as gateway:
        move(gateway, market, 84.5)
        left = {(o.terms.order_type, o.status) for o in gateway.exchange.orders()}
        assert left == {("LMT", "Submitted"), ("STP", "PreSubmitted")}


def test_a_commission_that_was_not_told_yet_is_told_later(tmp_path: Path) -> None:
    async def buy(ib: IB) -> None:
        await place(ib, MarketOrder("BUY", 10), "Filled")

    with kept(tmp_path, commission_after_seconds=60) as gateway:
        connected(gateway, buy)
    with kept(tmp_path, commission_after_seconds=60) as gateway, WireClient(gateway) as client:
        client.start(1)
        pass_time(gateway, 61)
        assert client.receive()[0] == "59"


def test_the_ids_of_an_order_that_was_refused_stay_used(tmp_path: Path) -> None:
    async def refused(ib: IB) -> None:
        ib.client.placeOrder(7, MSFT, LimitOrder("BUY", 1, 0.0))
        await settled(ib)

    with kept(tmp_path) as gateway:
        connected(gateway, refused)
    with kept(tmp_path) as gateway:
        assert gateway.exchange.next_order_id(1) == 8


# --- the clock ------------------------------------------------------------------------------------


def test_the_virtual_clock_goes_on_unless_a_start_is_given(tmp_path: Path) -> None:
    with kept(tmp_path) as gateway:
        pass_time(gateway, 90)
    with kept(tmp_path, at=None) as gateway:
        assert gateway.clock.now() == NOON + dt.timedelta(seconds=90)
        assert gateway.clock.describe() == "virtual, stands still"
    with kept(tmp_path, at=NEXT_MORNING) as gateway:
        assert gateway.clock.now() == NEXT_MORNING


def test_the_machines_clock_is_never_kept(tmp_path: Path) -> None:
    for _ in range(2):
        with serve(SCENARIO, market=FakeMarket(), state=tmp_path) as gateway:
            assert isinstance(gateway.clock, WallClock)


def test_orders_meet_the_market_of_the_time_when_the_gateway_was_down(tmp_path: Path) -> None:
    async def rest(ib: IB) -> None:
        await place(ib, gtc(LimitOrder("BUY", 5, 90.0)), "Submitted")

    market = FakeMarket()
    with kept(tmp_path, market=market) as gateway:
        connected(gateway, rest)
    market.last = 89.0
    with kept(tmp_path, at=NOON + dt.timedelta(hours=2), market=market) as gateway:
        (fill,) = gateway.exchange.ledger.executions
        assert fill.time == NOON + dt.timedelta(minutes=1)


# --- what is forgotten ----------------------------------------------------------------------------


def test_the_next_day_forgets_executions_and_ended_orders_but_no_position(tmp_path: Path) -> None:
    async def buy(ib: IB) -> None:
        await place(ib, MarketOrder("BUY", 10), "Filled")
        await place(ib, gtc(LimitOrder("BUY", 5, 90.0)), "Submitted")

    with kept(tmp_path) as gateway:
        connected(gateway, buy)
        cash = gateway.exchange.ledger.cash("DU0000001")
        last = gateway.exchange.ledger.executions[-1].exec_id
    for _ in range(2):
        with kept(tmp_path, at=NEXT_MORNING) as gateway:
            assert gateway.exchange.ledger.executions == []
            assert gateway.exchange.book.ended_since(NOON - dt.timedelta(days=9)) == []
            assert held(gateway) == 10 + held_at_start("MSFT")
            assert gateway.exchange.ledger.cash("DU0000001") == cash
            assert len(gateway.exchange.orders()) == 1
    with kept(tmp_path, at=NEXT_MORNING + dt.timedelta(hours=1)) as gateway:
        connected(gateway, buy)
        assert gateway.exchange.ledger.executions[-1].exec_id > last


def test_an_order_that_was_not_transmitted_ends_with_the_gateway(tmp_path: Path) -> None:
    async def hold_back(ib: IB) -> None:
        ib.placeOrder(MSFT, gtc(LimitOrder("BUY", 5, 90.0), transmit=False))
        await settled(ib)

    with kept(tmp_path) as gateway:
        connected(gateway, hold_back)
        order_id = gateway.exchange.next_order_id(1) - 1
        assert gateway.exchange.book.find(1, order_id) is not None
    with kept(tmp_path) as gateway:
        assert gateway.exchange.book.find(1, order_id) is None
        assert gateway.exchange.next_order_id(1) == order_id + 1


def test_without_a_folder_nothing_is_written(tmp_path: Path) -> None:
    with serve(SCENARIO, market=FakeMarket(), clock=VirtualClock(NOON, 0)) as gateway:
        gateway.terminal.hold("MSFT", Decimal(1), Decimal(1))
    assert list(tmp_path.iterdir()) == []


# --- orders that come back without their tags -----------------------------------------------------


@pytest.mark.parametrize(("kinds", "untagged"), [("none", 0), ("stops", 1), ("all", 2)])
def test_orders_come_back_untagged_where_that_is_the_habit(
    tmp_path: Path, kinds: str, untagged: int
) -> None:
    async def rest(ib: IB) -> None:
        await place(ib, gtc(StopOrder("SELL", 5, 90.0), orderRef="mine"), "PreSubmitted", AAPL)
        await place(ib, gtc(LimitOrder("BUY", 5, 90.0), orderRef="mine"), "Submitted")

    with kept(tmp_path) as gateway:
        connected(gateway, rest)
    with kept(tmp_path, untags_on_restart=kinds) as gateway:

        async def look(ib: IB) -> None:
            trades = await ib.reqAllOpenOrdersAsync()
            bare = [t for t in trades if t.order.orderId == 0 and not t.order.orderRef]
            assert len(bare) == untagged
            assert all(t.order.clientId == 0 for t in bare)

        connected(gateway, look)

        async def bind(ib: IB) -> None:
            trades = await ib.reqOpenOrdersAsync()
            assert len(trades) == untagged
            assert all(t.order.orderRef == "mine" and t.order.orderId < 0 for t in trades)

        connected(gateway, bind, client_id=0)


def test_an_untagged_order_cannot_be_cancelled_by_its_old_id(tmp_path: Path) -> None:
    async def rest(ib: IB) -> None:
        await place(ib, gtc(StopOrder("SELL", 5, 90.0)), "PreSubmitted", AAPL)

    with kept(tmp_path) as gateway:
        connected(gateway, rest)
        (order,) = gateway.exchange.orders()
    with kept(tmp_path, untags_on_restart="stops") as gateway, WireClient(gateway) as client:
        assert client.start(1).ask(4, 1, order.order_id, "")[3] == "10147"
        assert len(gateway.exchange.orders()) == 1


# --- folders that are refused ---------------------------------------------------------------------


def refusal(folder: Path, scenario: Scenario = SCENARIO) -> str:
    """The one line with which a folder is refused; the file is left as it is."""
    path = folder / FILE_NAME
    before = path.read_bytes()
    with (
        pytest.raises(ConfigError) as refused,
        serve(scenario, market=FakeMarket(), clock=VirtualClock(NOON, 0), state=folder),
    ):
        pass
    assert path.read_bytes() == before
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2
    return str(refused.value)


def test_a_second_gateway_on_one_folder_is_refused(tmp_path: Path) -> None:
    with kept(tmp_path) as gateway:
        assert "another gateway keeps its state in" in refusal(tmp_path)
        gateway.terminal.hold("MSFT", Decimal(3), Decimal(1))
    with kept(tmp_path) as gateway:
        assert held(gateway) == 3


def test_a_folder_of_other_accounts_is_refused(tmp_path: Path) -> None:
    with kept(tmp_path):
        pass
    other = replace(SCENARIO, accounts=("DU0000002",), holdings=())
    assert "belongs to DU0000001, not to DU0000002" in refusal(tmp_path, other)


def test_a_folder_about_other_contracts_is_refused(tmp_path: Path) -> None:
    with kept(tmp_path):
        pass
    fewer = replace(SCENARIO, holdings=SCENARIO.holdings[:1], symbols=())
    assert "which the scenario does not know" in refusal(tmp_path, fewer)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    with kept(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as database:
        database.execute("PRAGMA user_version = 9")
    assert "has format 9, this sellkit knows 1" in refusal(tmp_path)


@pytest.mark.parametrize("kept_bytes", [100, 4096, 6000])
def test_a_torn_file_is_refused(tmp_path: Path, kept_bytes: int) -> None:
    with kept(tmp_path):
        pass
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:kept_bytes])
    assert "is torn" in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"no database at all\n" * 100])
def test_a_file_of_somebody_else_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    assert "no state of a gateway" in refusal(tmp_path)


def test_a_database_of_somebody_else_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as database:
        database.execute("CREATE TABLE own (value)")
    assert "is no state of a gateway" in refusal(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE kept SET body = '{' WHERE key = 'clock'",
        "UPDATE kept SET body = '[]' WHERE key = 'numbers'",
        "DELETE FROM kept WHERE key = 'next_ids'",
        "DELETE FROM kept WHERE key = 'ledger cash'",
        "INSERT INTO kept VALUES ('order', '1', '{\"$order\":{\"colour\":1}}')",
        "INSERT INTO kept VALUES ('order', '1', '5')",
    ],
)
def test_content_that_makes_no_sense_is_refused(tmp_path: Path, change: str) -> None:
    with kept(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as database:
        database.execute(change)
        database.commit()
    assert "cannot be read" in refusal(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be opened"), kept(tmp_path / "file"):
        pass


def test_a_refused_port_gives_the_folder_up_again(tmp_path: Path) -> None:
    with serve(default_scenario(), market=FakeMarket()) as other:
        clock, market = VirtualClock(NOON, 0), FakeMarket()
        gateway = Gateway(SCENARIO, market=market, clock=clock, port=other.port, state=tmp_path)
        with pytest.raises(ConfigError, match="cannot listen"):
            gateway_start(gateway)
    with kept(tmp_path):
        pass


def gateway_start(gateway: Gateway) -> None:
    import asyncio

    asyncio.run(gateway.start())


# --- corporate actions ----------------------------------------------------------------------------


def split_at(moment: dt.datetime) -> Scenario:
    renamed = CorporateAction(
        at=moment, con_id=265598, ratio=Fraction(4), symbol="APPL", new_con_id=999001
    )
    return replace(SCENARIO, corporate_actions=(renamed,))


def test_a_split_is_done_once_however_often_the_gateway_starts(tmp_path: Path) -> None:
    moment = NOON + dt.timedelta(minutes=5)
    scenario = split_at(moment)
    market = Market.of(scenario)
    with serve(scenario, market=market, clock=VirtualClock(NOON, 0), state=tmp_path) as gateway:
        pass_time(gateway, 600)
        after = gateway.exchange.holdings()
        last = market.quote("AAPL", gateway.clock.now()).last
    for _ in range(2):
        again = Market.of(scenario)
        with serve(scenario, market=again, state=tmp_path) as gateway:
            pass_time(gateway, 1)
            assert gateway.exchange.holdings() == after
            assert gateway.exchange.directory.get(265598) is None
            assert gateway.exchange.named("APPL").con_id == 999001
            assert again.quote("AAPL", gateway.clock.now()).last == pytest.approx(last, rel=0.01)


def test_a_split_that_came_while_the_gateway_was_down_is_done_at_the_next_start(
    tmp_path: Path,
) -> None:
    scenario = split_at(NOON + dt.timedelta(hours=3))
    with kept(tmp_path, scenario=scenario):
        pass
    with kept(tmp_path, scenario=scenario, at=NEXT_MORNING) as gateway:
        pass_time(gateway, 1)
        assert held(gateway, "APPL") == 400


def test_a_fill_of_a_renamed_contract_can_be_corrected_after_a_restart(tmp_path: Path) -> None:
    scenario = split_at(NOON + dt.timedelta(minutes=5))
    with kept(tmp_path, scenario=scenario) as gateway:
        gateway.terminal.place("AAPL", "BUY", Decimal(10))
        (fill,) = gateway.exchange.ledger.executions
        cost = gateway.exchange.ledger.cost(fill.order.terms.account, fill.order.terms.security)
        pass_time(gateway, 600)
    with kept(tmp_path, scenario=scenario, at=NOON + dt.timedelta(hours=1)) as gateway:
        gateway.terminal.correct(fill.exec_id, fill.price - 1)
        ledger, now = gateway.exchange.ledger, gateway.exchange.named("APPL")
        assert ledger.cost(fill.order.terms.account, now) == cost - 10
        assert ledger.realized_by_currency(fill.order.terms.account) == {"USD": 0}
        assert held(gateway, "APPL") == 440


def test_a_state_from_before_renamed_contracts_were_kept_is_carried_on(tmp_path: Path) -> None:
    with kept(tmp_path) as gateway:
        gateway.terminal.hold("MSFT", Decimal(3), Decimal(1))
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as database:
        assert database.execute("DELETE FROM kept WHERE key = 'ledger successors'").rowcount == 1
        database.commit()
    with kept(tmp_path) as gateway:
        assert held(gateway) == 3


def test_rates_and_moved_prices_live_on(tmp_path: Path) -> None:
    markets = []
    for number in range(2):
        market = Market.of(SCENARIO)
        markets.append(market)
        clock = VirtualClock(NOON, 0)
        with serve(SCENARIO, market=market, clock=clock, state=tmp_path, control_port=0) as gateway:
            assert gateway.control is not None
            if number == 0:
                with Control(gateway.control.address) as control:
                    control.move_price("MSFT", 0.5)
                    control.set_rate("EUR", 2.0)
            assert gateway.exchange.ledger.rates.of("EUR", "USD") == 2
    first, second = (market.quote("MSFT", NOON).last for market in markets)
    assert first == second
