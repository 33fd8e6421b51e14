"""What a client tells, in its order: a real client at a simulated gateway."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from ib_insync import IB, MarketOrder

from sellkit.present.heard import Heard
from tests.simgateway.trading import MSFT, settled, trading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.gateway import Gateway

CONNECTED = ("error", "error", "error")


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """A listener takes the library's log to itself, where other tests look for errors."""
    library = logging.getLogger("ib_insync")
    handlers, propagates = library.handlers[:], library.propagate
    yield
    library.handlers, library.propagate = handlers, propagates


async def _connected(gateway: Gateway) -> tuple[IB, Heard]:
    ib = IB()
    heard = Heard(ib)
    await ib.connectAsync(gateway.host, gateway.port, clientId=1)
    return ib, heard


def _messages(heard: Heard) -> tuple[str, ...]:
    lines = repr(heard.latest()).splitlines()
    return tuple(line.partition(", ")[0].removeprefix("message: ") for line in lines)


def test_a_fill_is_told_in_the_order_of_its_messages() -> None:
    async def trade(gateway: Gateway) -> tuple[tuple[str, ...], str, str]:
        ib, heard = await _connected(gateway)
        before = _messages(heard)
        ib.placeOrder(MSFT, MarketOrder("BUY", 10))
        await settled(ib)
        told, after = repr(heard.latest()), repr(heard.latest())
        ib.disconnect()
        return before, told, after

    with trading() as (gateway, _):
        before, told, after = asyncio.run(trade(gateway))
    assert before == CONNECTED
    assert after == "nothing"
    places = [told.index(word) for word in ("openOrder", "Submitted", "execDetails", "Filled")]
    assert places == sorted(places)
    assert told.splitlines()[-1].startswith("message: commissionReport")


def test_a_lost_connection_is_told_by_the_log_and_the_event() -> None:
    async def lose(gateway: Gateway) -> str:
        ib, heard = await _connected(gateway)
        heard.latest()
        gateway.loop.call_soon_threadsafe(gateway.clients.drop)
        await ib.disconnectedEvent
        return repr(heard.latest())

    with trading() as (gateway, _):
        told = asyncio.run(lose(gateway)).splitlines()
    assert [line.partition(", ")[0] for line in told] == ["message: log", "message: disconnected"]


def test_the_librarys_own_line_about_an_error_is_not_told_twice() -> None:
    async def refuse(gateway: Gateway) -> tuple[str, ...]:
        ib, heard = await _connected(gateway)
        heard.latest()
        ib.placeOrder(MSFT, MarketOrder("BUY", 1_000_000))
        await settled(ib)
        told = _messages(heard)
        ib.disconnect()
        return told

    with trading() as (gateway, _):
        told = asyncio.run(refuse(gateway))
    assert told.count("error") == 1
    assert "log" not in told


def test_a_later_listener_takes_the_log_over() -> None:
    former, latter = Heard(IB()), Heard(IB())
    logging.getLogger("ib_insync.client").warning("one line")
    assert repr(former.latest()) == "nothing"
    assert repr(latter.latest()) == "message: log, id: , says: one line"
