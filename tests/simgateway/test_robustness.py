"""What a gateway must survive: bad input, bad clients, many clients, and a long life."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import statistics
import time
import tracemalloc
from collections import deque
from typing import TYPE_CHECKING

import pytest
from ib_insync import IB

from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.server import serve
from tests.simgateway.wire import WireClient, bars, contract, frame, hello

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


def test_a_client_that_never_reads_delays_nobody(gateway: Gateway, watcher: WireClient) -> None:
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
            began = time.monotonic()
            watcher.ask(49, 1)
            waits.append(time.monotonic() - began)
        else:
            pytest.fail("the gateway took requests without end")
    assert max(waits) < 2.0  # whoever waited for the deaf one would wait for ever
    assert statistics.median(waits) < 0.3
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
    async def serve_all() -> list[int]:
        clients = [IB() for _ in range(32)]
        try:
            await asyncio.gather(
                *(
                    client.connectAsync(gateway.host, gateway.port, clientId=number, timeout=20)
                    for number, client in enumerate(clients, 1)
                )
            )
            return [len(client.positions()) for client in clients]
        finally:
            for client in clients:
                client.disconnect()

    assert asyncio.run(serve_all()) == [6] * 32
    until_alone(gateway, watcher)


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


def test_memory_stays_flat_after_the_warm_up() -> None:
    tracemalloc.start()
    try:
        with serve(SCENARIO, clock=VirtualClock(NOON, 0)) as gateway:
            gateway.requests = deque(maxlen=50)  # what came is kept on purpose, and bounded
            live(gateway, 40)
            gc.collect()
            warm, _peak = tracemalloc.get_traced_memory()
            live(gateway, 100)
            gc.collect()
            later, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert later < warm * 1.05
    assert later - warm < 100 * 500  # not even half a kilobyte a life
