"""The real adapter, with the real client library, before the simulated gateway."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest

from sellkit.adapters.clock import SystemClock
from sellkit.adapters.ib.broker import IbBroker
from sellkit.core.bars import BarSize
from sellkit.core.instrument import Instrument, Token
from sellkit.core.pacing import PacingRules
from sellkit.core.portfolio import Account, GatewayKind, Side
from sellkit.core.windows import BarRequest
from sellkit.errors import (
    ConfigError,
    NotConnected,
    RequestRejected,
    RequestTimedOut,
)
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.gateway import Gateway
from sellkit.simgateway.scenario import Holding, OrderKind, RestingOrder, Scenario, Security
from sellkit.simgateway.server import serve
from tests.simgateway.fake_market import FakeMarket

NOW = dt.datetime(2025, 12, 5, 16, 0, 5, tzinfo=dt.UTC)
AAPL = Instrument(265598, Token("NASDAQ", "AAPL"))
RULES = PacingRules(identical_gap_seconds=0, requests_per_second=1000, burst=100)
OWN, OTHER = "DU0000001", "DU0000002"

APPLE = default_scenario().holdings[0].security
BERKSHIRE = Security(con_id=72063691, symbol="BRK B", primary_exchange="NYSE", start_price=480.0)
CALL = Security(
    con_id=777,
    symbol="AAPL",
    sec_type="OPT",
    primary_exchange="CBOE",
    local_symbol="AAPL  251219C00250000",
    last_trade_date="20251219",
    strike=Decimal(250),
    right="C",
    multiplier="100",
)


def resting(
    kind: OrderKind, client_id: int | None, order_type: str, **prices: Decimal
) -> RestingOrder:
    return RestingOrder(
        account=OWN,
        security=APPLE,
        kind=kind,
        client_id=client_id,
        action="SELL",
        quantity=Decimal(50),
        order_type=order_type,
        reference="SK1-0123456789ab-1" if kind is OrderKind.OWN else "",
        limit_price=prices.get("limit"),
        aux_price=prices.get("aux"),
        trail_stop_price=prices.get("trail"),
    )


SCENARIO = Scenario(
    accounts=(OWN, OTHER),
    holdings=(
        Holding(OWN, APPLE, Decimal(100), Decimal("205.40")),
        Holding(OWN, BERKSHIRE, Decimal("2.5"), Decimal(400)),
        Holding(OWN, CALL, Decimal(-1), Decimal(1250)),
        Holding(OTHER, APPLE, Decimal(7), Decimal(100)),
    ),
    orders=(
        resting(OrderKind.OWN, 1, "STP LMT", limit=Decimal(179), aux=Decimal(180)),
        resting(OrderKind.FOREIGN, 55, "TRAIL", aux=Decimal(5), trail=Decimal("190.5")),
        resting(OrderKind.MANUAL, None, "LMT", limit=Decimal("300.25")),
        replace(resting(OrderKind.FOREIGN, 55, "LMT", limit=Decimal(1)), account=OTHER),
    ),
)


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with serve(SCENARIO, clock=VirtualClock(NOW, 0)) as running:
        yield running


def connect(port: int, client_id: int = 7, **changes: object) -> IbBroker:
    return IbBroker.connect(
        **{"host": "127.0.0.1", "port": port, "client_id": client_id, "pacing": RULES} | changes  # type: ignore[arg-type]
    )


@pytest.fixture
def broker(gateway: Gateway) -> Iterator[IbBroker]:
    with connect(gateway.port) as connected:
        yield connected


def ask(duration: str = "2 D", end: dt.datetime = NOW, size: BarSize = BarSize.M30) -> BarRequest:
    return BarRequest(AAPL, size, end, duration)


# --- what is held ---------------------------------------------------------------------------------


def test_only_the_account_that_was_asked_for_is_told(broker: IbBroker) -> None:
    own, other = broker.snapshot(Account("a", OWN)), broker.snapshot(Account("b", OTHER))

    assert [str(each.instrument) for each in own.positions] == [
        "NASDAQ:AAPL",
        "NYSE:BRK.B",
        "CBOE:AAPL.251219C00250000",
    ]
    assert [each.quantity for each in other.positions] == [Decimal(7)]
    assert [each.client_id for each in other.open_orders] == ["55"]


def test_stocks_are_qualified_and_other_types_are_shown_as_they_are(broker: IbBroker) -> None:
    apple, berkshire, call = broker.snapshot(Account("a", OWN)).positions

    assert apple.instrument.tick == Decimal("0.01")
    assert apple.instrument.long_name == "Apple Inc."
    assert berkshire.quantity == Decimal("2.5")
    assert (call.instrument.security_type, call.quantity) == ("OPT", Decimal(-1))
    assert not call.instrument.is_decided


def test_orders_of_every_client_are_told_with_their_stops(broker: IbBroker) -> None:
    own, trailing, by_hand = broker.snapshot(Account("a", OWN)).open_orders

    assert own.is_own
    assert (own.limit_price, own.stop_price) == (Decimal(179), Decimal(180))
    assert (trailing.client_id, trailing.stop_price) == ("55", Decimal("190.5"))
    assert not trailing.is_own
    assert (by_hand.order_id, by_hand.client_id) == ("0", "0")
    assert (by_hand.limit_price, by_hand.stop_price) == (Decimal("300.25"), None)
    assert {each.side for each in (own, trailing, by_hand)} == {Side.SELL}


def test_each_snapshot_asks_anew(gateway: Gateway, broker: IbBroker) -> None:
    account = Account("b", OTHER)
    assert broker.snapshot(account).positions[0].quantity == Decimal(7)
    try:
        gateway.terminal.hold("AAPL", Decimal(9), Decimal(100), OTHER)
        assert broker.snapshot(account).positions[0].quantity == Decimal(9)
        gateway.terminal.hold("AAPL", Decimal(0), Decimal(0), OTHER)
        assert broker.snapshot(account).positions == ()
    finally:
        gateway.terminal.hold("AAPL", Decimal(7), Decimal(100), OTHER)


def test_details_of_a_contract_are_asked_for_once(gateway: Gateway, broker: IbBroker) -> None:
    before = sum(each.name == "reqContractDetails" for each in gateway.requests)

    for _ in range(3):
        broker.snapshot(Account("a", OWN))

    assert sum(each.name == "reqContractDetails" for each in gateway.requests) - before == 2


def test_a_login_without_positions_tells_so_to_the_end() -> None:
    with (
        serve(Scenario(accounts=(OWN,)), clock=VirtualClock(NOW, 0)) as empty,
        connect(empty.port) as broker,
    ):
        snapshot = broker.snapshot(Account("a", OWN))

    assert (snapshot.positions, snapshot.open_orders) == ((), ())


def test_a_gateway_in_read_only_mode_is_read() -> None:
    with (
        serve(replace(SCENARIO, read_only=True), clock=VirtualClock(NOW, 0)) as locked,
        connect(locked.port) as broker,
    ):
        assert len(broker.snapshot(Account("a", OWN)).positions) == 3


def test_a_symbol_of_two_parts_is_found_by_its_token(broker: IbBroker) -> None:
    assert broker.find(Token.parse("NYSE:BRK-B")).con_id == BERKSHIRE.con_id


# --- bars -----------------------------------------------------------------------------------------


def test_a_refused_duration_is_told_with_the_gateways_words(broker: IbBroker) -> None:
    with pytest.raises(RequestRejected, match=r"NASDAQ:AAPL.*321.*years") as caught:
        broker.bars(ask("400 D"))

    assert caught.value.code == 321


def test_a_gateway_that_gives_few_bars_gives_the_newest(gateway: Gateway, broker: IbBroker) -> None:
    gateway.max_bars_per_answer = 5
    try:
        frame = broker.bars(ask("31 D"))
    finally:
        gateway.max_bars_per_answer = None

    assert len(frame) == 5
    assert frame.index[-1] == NOW.replace(second=0)


def test_the_same_question_gets_the_same_bars(broker: IbBroker) -> None:
    assert broker.bars(ask()).equals(broker.bars(ask()))


def test_many_threads_ask_at_once_and_each_gets_its_own_answer(broker: IbBroker) -> None:
    durations = [f"{days} D" for days in range(1, 17)]

    with ThreadPoolExecutor(16) as pool:
        frames = list(pool.map(lambda duration: broker.bars(ask(duration)), durations))

    days = [len({start.date() for start in frame.index}) for frame in frames]
    assert days == list(range(1, 17))


def test_bars_that_are_not_told_in_time_are_cancelled_at_the_gateway() -> None:
    market = FakeMarket()
    market.gate.clear()
    with (
        serve(SCENARIO, market=market, clock=VirtualClock(NOW, 0)) as slow,
        connect(slow.port, request_timeout_seconds=0.2) as broker,
    ):
        with pytest.raises(RequestTimedOut, match="NASDAQ:AAPL"):
            broker.bars(ask())
        broker.server_time()  # its answer comes behind the cancel
        names = [each.name for each in slow.requests]
        market.gate.set()
        assert len(broker.bars(ask())) == 3

    assert "cancelHistoricalData" in names


# --- the clock ------------------------------------------------------------------------------------


def test_without_a_clock_it_lives_by_the_gateways_time(broker: IbBroker) -> None:
    assert broker.clock.now() == NOW
    assert broker.snapshot(Account("a", OWN)).taken_at == NOW


def test_with_a_clock_it_lives_by_that_one(gateway: Gateway) -> None:
    with connect(gateway.port, clock=SystemClock()) as broker:
        fetched = broker.bars(ask())["fetched_at"].iloc[0]

    assert abs((SystemClock().now() - fetched).total_seconds()) < 60


def test_bars_carry_the_time_at_which_the_request_left() -> None:
    market = FakeMarket()
    market.gate.clear()
    clock = VirtualClock(NOW, 0)
    with (
        serve(SCENARIO, market=market, clock=clock) as slow,
        connect(slow.port) as broker,
        ThreadPoolExecutor(1) as pool,
    ):
        answer = pool.submit(broker.bars, ask())
        _wait_until(lambda: bool(market.queries))
        clock.advance(dt.timedelta(minutes=30))
        market.gate.set()
        frame = answer.result(10)

    assert set(frame["fetched_at"]) == {NOW}


# --- connecting -----------------------------------------------------------------------------------


def test_it_knows_the_simulated_gateway(broker: IbBroker) -> None:
    assert broker.kind is GatewayKind.SIMULATED
    assert broker.account_numbers == (OWN, OTHER)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_on_which_nothing_listens_says_what_to_do(host: str) -> None:
    port = free_port()

    with pytest.raises(NotConnected, match=rf"nothing listens on {host}:{port}; start IB Gateway"):
        connect(port, host=host)


def test_an_unknown_host_is_named() -> None:
    with pytest.raises(NotConnected, match=r"no machine is called 'nowhere.invalid'"):
        connect(4002, host="nowhere.invalid")


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(ConfigError, match="is not a port"):
        connect(port)


def test_a_gateway_that_stays_silent_is_given_up_in_time() -> None:
    with serve(SCENARIO) as mute:
        mute.silent = True
        began = time.monotonic()
        with pytest.raises(RequestTimedOut, match=r"stayed silent for 0\.3 s"):
            connect(mute.port, connect_timeout_seconds=0.3)

    assert time.monotonic() - began < 5


def test_a_client_id_in_use_is_told_at_once(gateway: Gateway, broker: IbBroker) -> None:
    began = time.monotonic()

    with pytest.raises(NotConnected, match=r"client id 7 is in use .*--client-id"):
        connect(gateway.port, client_id=7)

    assert time.monotonic() - began < 5
    assert broker.server_time() == NOW


def test_a_client_id_is_free_again_after_closing(gateway: Gateway) -> None:
    for _ in range(3):
        connect(gateway.port, client_id=8).close()
        _wait_until(lambda: len(gateway.sessions) == 0)


# --- its own thread -------------------------------------------------------------------------------


def test_it_works_in_a_thread_that_runs_an_event_loop_as_a_notebook_does(gateway: Gateway) -> None:
    async def cell() -> tuple[int, int]:
        with connect(gateway.port, client_id=9) as broker:
            held = len(broker.snapshot(Account("a", OWN)).positions)
            return held, len(broker.bars(ask("1 D")))

    held, bars = asyncio.run(cell())

    assert held == 3
    assert bars == 4


def test_closing_leaves_no_thread_and_no_complaint(
    gateway: Gateway, recwarn: pytest.WarningsRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    before = set(threading.enumerate())
    with connect(gateway.port, client_id=10) as broker:
        broker.snapshot(Account("a", OWN))
        broker.bars(ask())
    del broker
    gc.collect()

    own = [each for each in threading.enumerate() if each not in before]
    assert [each.name for each in own if "sellkit" in each.name or "asyncio" in each.name] == []
    assert [str(each.message) for each in recwarn] == []
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


def test_a_failed_connection_leaves_no_thread() -> None:
    before = threading.active_count()

    with pytest.raises(NotConnected):
        connect(free_port())

    assert threading.active_count() == before


def test_the_libraries_do_not_reach_the_terminal() -> None:
    program = f"""
from sellkit.adapters.ib.broker import IbBroker
from sellkit.errors import NotConnected
try:
    IbBroker.connect(host="127.0.0.1", port={free_port()}, client_id=7)
except NotConnected as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.startswith("nothing listens")
    assert done.stderr == ""


def test_it_only_reads() -> None:
    with serve(SCENARIO, clock=VirtualClock(NOW, 0)) as watched:
        with connect(watched.port, client_id=0) as broker:
            broker.snapshot(Account("a", OWN))
            broker.find(AAPL.token)
            broker.bars(ask())
            broker.server_time()

        assert {each.name for each in watched.requests} == {
            "startApi",
            "reqCurrentTime",
            "reqPositions",
            "cancelPositions",
            "reqAllOpenOrders",
            "reqContractDetails",
            "reqHistoricalData",
        }
        assert watched.exchange.placed_orders == []


def _wait_until(holds: object, seconds: float = 10.0) -> None:
    """Turn over until another thread has done its part."""
    assert callable(holds)
    pause = threading.Event()
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        pause.wait(0.005)
