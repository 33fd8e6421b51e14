"""What a gateway must survive: bad input, bad clients, many clients, and a long life."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest
from ib_insync import IB, Contract, MarketOrder, Trade

from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.orders.habits import OrderHabits
from sellkit.simgateway.pacing import MAX_OPEN
from sellkit.simgateway.server import serve
from tests.simgateway.wire import AAPL, WireClient, bars, contract, frame, hello, order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.gateway import Gateway

NOON = parse_instant("2025-11-26T12:00:05")
SCENARIO = default_scenario()
TWO_GIB = b"\x80\x00\x00\x00"
RESET = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # on, zero seconds


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with serve(SCENARIO, clock=VirtualClock(NOON, 0)) as running:
        yield running


@pytest.fixture(autouse=True)
def no_failure_in_the_gateway(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Every test fails when the gateway, or asyncio below it, logs an error."""
    with caplog.at_level(logging.INFO):
        yield
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.fixture
def watcher(gateway: Gateway) -> Iterator[WireClient]:
    """A client that does nothing wrong, and is still served at the end."""
    with WireClient(gateway) as client:
        client.start(900)
        yield client
        assert client.ask(49, 1)[0] == "49"


def until_alone(gateway: Gateway, watcher: WireClient) -> None:
    """Wait until the gateway has noticed that all others are gone."""
    while len(gateway.sessions) > 1 or len(gateway.clients.connections) > 1:
        watcher.ask(49, 1)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00" * 5000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        TWO_GIB + b"x" * 1000,
        b"\xff\xff\xff\xff",
        frame(61, 1)[:-1] + b"x",
        frame("\u0661", 1),
        frame(*["x"] * 10_000),
    ],
)
def test_garbage_after_the_start_ends_that_session_alone(
    gateway: Gateway, watcher: WireClient, sent: bytes
) -> None:
    with WireClient(gateway) as client:
        client.start(1)
        client.socket.sendall(sent)
        assert client.is_closed()
    until_alone(gateway, watcher)


@pytest.mark.parametrize(
    "sent", [b"\x00" * 5000, b"GET / HTTP/1.1\r\n\r\n", b"API\0" + TWO_GIB, hello("v157..176") * 9]
)
def test_garbage_instead_of_the_start_ends_that_connection_alone(
    gateway: Gateway, watcher: WireClient, sent: bytes
) -> None:
    with WireClient(gateway) as client:
        client.socket.sendall(sent)
        assert client.is_closed()
    until_alone(gateway, watcher)


@pytest.mark.parametrize("keep", [1, 3, 4, 5, 20])
def test_half_a_frame_and_then_the_end_frees_the_client_id(
    gateway: Gateway, watcher: WireClient, keep: int
) -> None:
    for _ in range(3):
        with WireClient(gateway) as client:
            client.start(1)
            client.socket.sendall(frame(9, 8, 7, *contract(), 0, "", "")[:keep])
        until_alone(gateway, watcher)


def test_a_whole_conversation_may_come_one_byte_at_a_time(
    gateway: Gateway, watcher: WireClient
) -> None:
    spoken = hello("v157..176") + frame(71, 2, 1, "") + frame(61, 1) + frame(*bars(5))
    with WireClient(gateway) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in spoken:
            client.socket.sendall(bytes((byte,)))
        assert client.receive()[0] == "176"
        assert len(client.until(62)) == 5 + 7
        assert client.receive()[:2] == ("17", "5")
    until_alone(gateway, watcher)


def pings(watcher: WireClient, count: int) -> list[float]:
    """How long so many questions for the time take."""
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        watcher.ask(49, 1)
        taken.append(time.perf_counter() - began)
    return taken


def assert_not_delayed(waits: list[float], before: list[float]) -> None:
    """What waits for a client that reads nothing waits for ever; a busy machine is not meant."""
    assert statistics.median(waits) < 20 * statistics.median(before) + 0.25


def test_a_client_that_never_reads_delays_nobody(gateway: Gateway, watcher: WireClient) -> None:
    before = pings(watcher, 50)
    with WireClient(gateway, receive_buffer=4096) as deaf:
        deaf.start(1)
        deaf.socket.settimeout(0.2)
        asked = frame(6, 2, 1, "DU0000001") * 10_000
        waits = []
        # More than the kernel itself can hold back for the two sockets.
        for _ in range(400):
            try:
                deaf.socket.sendall(asked)
            except TimeoutError:  # the gateway no longer takes what it could not answer
                break
            waits += pings(watcher, 1)
        else:
            pytest.fail("the gateway took requests without end")
        assert_not_delayed(waits + pings(watcher, 20), before)
    until_alone(gateway, watcher)


def test_a_slow_reader_of_bars_delays_neither_the_times_nor_the_bars_of_others(
    gateway: Gateway, watcher: WireClient
) -> None:
    before, received = pings(watcher, 50), gateway.received
    with WireClient(gateway, receive_buffer=4096) as slow:
        slow.start(1)
        # More than may be open at once, and far more than the kernel holds back.
        for number in range(3 * MAX_OPEN):
            slow.send(*bars(number, size="30 mins", duration="1 Y"))
        waits, answers, ends = [], [], time.monotonic() + 60
        while gateway.open_history or gateway.received < received + len(waits) + MAX_OPEN:
            waits += pings(watcher, 1)
            assert time.monotonic() < ends, "questions stay open until their client has read"
        for number in range(50):
            slow.socket.recv(1000)
            waits += pings(watcher, 1)
            watcher.send(*bars(number))
            answers.append(watcher.receive()[0])
    assert answers == ["17"] * 50
    assert_not_delayed(waits, before)
    until_alone(gateway, watcher)


def test_500_connects_and_drops_leave_nothing_behind(gateway: Gateway, watcher: WireClient) -> None:
    openings = (b"", b"AP", hello("v157..176"), hello("v157..176") + frame(71, 2, 1, ""))
    for number in range(500):
        with WireClient(gateway) as client:
            client.socket.sendall(openings[number % 4])
            if number % 3 == 0:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    until_alone(gateway, watcher)
    assert gateway.open_history == 0
    with WireClient(gateway) as client:
        client.start(1).send(61, 1)
        assert len(client.until(62)) == 7
    until_alone(gateway, watcher)


def test_32_real_clients_are_served_at_once(gateway: Gateway, watcher: WireClient) -> None:
    async def use(number: int) -> tuple[int, int, str]:
        client = IB()
        try:
            await client.connectAsync(gateway.host, gateway.port, clientId=number, timeout=60)
            stock = Contract(conId=AAPL, exchange="SMART")
            found = await client.reqHistoricalDataAsync(
                stock, "", "5 D", "1 day", "TRADES", True, timeout=60
            )
            filled: asyncio.Future[Trade] = asyncio.get_running_loop().create_future()
            trade = client.placeOrder(stock, MarketOrder("BUY", 1))
            trade.filledEvent += filled.set_result
            done = await asyncio.wait_for(filled, 60)
            return len(client.positions()), len(found), done.orderStatus.status
        finally:
            client.disconnect()

    async def use_all() -> list[tuple[int, int, str]]:
        return await asyncio.gather(*(use(number) for number in range(1, 32)))

    # Together with the one that watches.
    assert asyncio.run(use_all()) == [(6, 5, "Filled")] * 31
    until_alone(gateway, watcher)


def test_1000_orders_work_at_once_and_are_cancelled_at_once() -> None:
    scenario = replace(SCENARIO, habits=OrderHabits(max_active=1000), orders=())
    with (
        serve(scenario, clock=VirtualClock(NOON, 60)) as gateway,
        WireClient(gateway) as client,
        WireClient(gateway) as other,
    ):
        client.start(1)
        other.start(2)
        for number in range(1, 1001):
            client.send(*order(176, number, "BUY", 1, "LMT", changes={20: "1"}))
        submitted: set[str] = set()
        while len(submitted) < 1000:
            told = client.receive()
            submitted |= {told[1]} if told[0] == "3" and told[2] == "Submitted" else set()
        other.send(16, 1)
        assert [one[0] for one in other.until(53)].count("5") == 1000
        other.send(58, 1)
        cancelled: set[str] = set()
        while len(cancelled) < 1000:
            told = client.receive()
            cancelled |= {told[1]} if told[0] == "3" and told[2] == "Cancelled" else set()
        assert [one[0] for one in ask_all(other, 16, 1)] == ["53"]


def ask_all(client: WireClient, *request: object) -> list[tuple[str, ...]]:
    """The answer to a request for open orders."""
    client.send(*request)
    return client.until(53)


def live(gateway: Gateway, rounds: int) -> None:
    """What a client does in a short life, again and again."""
    for number in range(rounds):
        with WireClient(gateway) as client:
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.start(1 + number % 7)
            client.send(6, 2, 1, "DU0000001")
            client.until(54)
            client.send(9, 8, number, *contract(), 0, "", "", "")
            client.until(52)
            client.send(1, 11, number + 1, *contract(), 0, "", 0, 0, "")
            client.until(2)
            client.send(*bars(number + 2))
            client.until(17)
            client.socket.sendall(frame(9, 8, "seven"))
            assert client.is_closed()


def test_a_clients_life_leaves_no_memory_behind() -> None:
    tracemalloc.start()
    try:
        with serve(SCENARIO, clock=VirtualClock(NOON, 0)) as gateway:
            gateway.requests = deque(maxlen=50)  # what came is kept on purpose, and bounded
            live(gateway, 30)
            gc.collect()
            warm, _peak = tracemalloc.get_traced_memory()
            live(gateway, 50)
            gc.collect()
            later, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert later < warm * 1.05
    assert later - warm < 50 * 500  # not even half a kilobyte a life


class Lives:
    """What goes on at a gateway in a process of its own, as users run it."""

    def __init__(self, port: int) -> None:
        self.host, self.port = "127.0.0.1", port
        self._orders = 0

    def pass_by(self) -> None:
        """A hundred connects and drops, years of bars, streams, and 250 orders that fill."""
        for number in range(100):
            with self._client() as client:
                if number % 2:
                    client.start(number)
        with self._client().start(1000) as client:
            for number in range(6):
                client.send(*bars(number, size="30 mins", duration="1 Y"))
                client.until(17)
        for _ in range(5):
            with self._client().start(1000) as client:
                for number in range(20):
                    client.send(1, 11, number, *contract(), 0, "", 0, 0, "")
                client.send(49, 1)
                client.until(49)
        with self._client().start(1001) as client:
            client.send(6, 2, 1, "DU0000001")
            client.until(54)
            for _ in range(250):
                self._orders += 1
                action = "BUY" if self._orders % 2 else "SELL"
                client.send(*order(176, self._orders, action, 1))
                client.until(59)

    def _client(self) -> WireClient:
        client = WireClient(self)
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.socket.settimeout(60)
        return client


def test_the_memory_of_the_process_stays_flat_within_5_per_cent_over_1000_orders() -> None:
    command = [sys.executable, "-m", "sellkit", "gateway", "--port", "0"]
    clock = ["--at", "2025-11-26T12:00:05", "--speed", "1"]
    with subprocess.Popen([*command, *clock], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline().split(",")[0].rpartition(":")[2])
            lives, measured = Lives(port), psutil.Process(process.pid)
            for _ in range(2):
                lives.pass_by()
            warm = measured.memory_info().rss
            for _ in range(4):
                lives.pass_by()
            # The day's orders and fills are kept, as clients may ask for them: 5 kB each.
            assert measured.memory_info().rss < warm * 1.05
        finally:
            process.terminate()
