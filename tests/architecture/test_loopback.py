"""The guard of the test run: this machine may be reached, no other."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.loopback import LeftLoopback

ELSEWHERE = "192.0.2.1"  # RFC 5737: kept for documentation, nobody answers there


def test_a_connection_to_this_machine_is_let_through() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as line,
    ):
        assert line.getpeername() == server.getsockname()


def test_a_connection_to_another_machine_is_refused() -> None:
    with socket.socket() as line, pytest.raises(LeftLoopback, match=ELSEWHERE):
        line.connect((ELSEWHERE, 80))


def test_a_connection_out_of_an_event_loop_is_refused() -> None:
    with pytest.raises(LeftLoopback, match=ELSEWHERE):
        asyncio.run(asyncio.open_connection(ELSEWHERE, 80))


def test_a_datagram_to_another_machine_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line, pytest.raises(LeftLoopback):
        line.sendto(b"", (ELSEWHERE, 53))


def test_looking_up_another_machine_is_refused() -> None:
    with pytest.raises(LeftLoopback, match=r"example\.org"):
        socket.getaddrinfo("example.org", 80)


def test_looking_up_this_machine_is_let_through() -> None:
    assert socket.getaddrinfo("localhost", 80)
