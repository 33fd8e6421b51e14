"""Answers that are late, withdrawn, or held up by what others asked for."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.control import Control
from sellkit.simgateway.kinds import Direction
from sellkit.simgateway.latency import Latency
from sellkit.simgateway.pacing import MAX_OPEN
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.watching import SCENARIO, SECONDS, codes, heard, watched
from tests.simgateway.wire import WireClient, bars, contract

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.scenario import Scenario

MSFT = contract(272093)


def late(seconds: float, message: str = "historicalData") -> Scenario:
    direction = Direction.OUT if message == "historicalData" else Direction.IN
    slow = Latency(direction=direction, message=message, low=seconds, high=seconds)
    return replace(SCENARIO, latencies=(slow,))


def refresh(gateway: Gateway) -> None:
    """Let a second pass, and clients hear of what they watch."""
    assert isinstance(gateway.clock, VirtualClock)
    gateway.clock.advance(dt.timedelta(seconds=1))

    async def tell() -> None:
        for session in gateway.sessions:
            session.watches.refresh(gateway.clock.now())

    asyncio.run_coroutine_threadsafe(tell(), gateway.loop).result(SECONDS)


def wait_for_answers(gateway: Gateway, client: WireClient) -> None:
    """Wait until every answer with bars has been made, whenever it leaves."""
    client.ask(49, 1)
    while gateway.composing:
        client.ask(49, 1)


def test_a_request_whose_answer_is_late_counts_as_open_until_it_is_cancelled() -> None:
    with watched(market=FakeMarket(), scenario=late(60)) as gateway, WireClient(gateway) as client:
        client.start()
        for number in range(MAX_OPEN):
            client.send(*bars(number))
        wait_for_answers(gateway, client)
        assert codes([client.ask(*bars(90))]) == [(90, 162)]
        cancelled = client.ask(25, 1, 7)
        assert codes([cancelled]) == [(7, 162)]
        assert cancelled[4].endswith("API historical data query cancelled: 7")
        client.send(*bars(91))
        assert heard(client) == []


@pytest.mark.parametrize("message", ["historicalData", "reqHistoricalData"])
def test_a_late_answer_that_was_cancelled_never_comes(message: str) -> None:
    slow = late(0.2, message)
    with watched(market=FakeMarket(), scenario=slow) as gateway, WireClient(gateway) as client:
        client.start().send(*bars(7))
        wait_for_answers(gateway, client)
        assert codes([client.ask(25, 1, 7)]) == [(7, 162)]
        client.send(*bars(8))
        assert [one[1] for one in client.until(17)] == ["8"]
        assert codes([client.ask(25, 1, 8)]) == [(8, 366)]


def test_what_was_late_is_not_said_once_the_gateway_has_fallen_silent() -> None:
    with watched(control_port=0) as gateway, WireClient(gateway) as client:
        assert gateway.control is not None
        with Control(gateway.control.address) as control:
            control.inject({"message": "nextValidId", "from": 2, "do": "delay", "seconds": 0.1})
            control.inject({"message": "reqPositions", "do": "silent", "seconds": 0.3})
        client.start().send(8, 1, 1)
        client.send(61, 1)
        said: list[tuple[str, ...]] = []
        client.socket.settimeout(0.05)
        while not said:
            client.send(49, 1)
            try:
                said.append(client.receive())
            except TimeoutError:
                continue
    assert [one[0] for one in said] == ["49"]


def test_many_requests_of_one_client_let_those_of_others_pass() -> None:
    market = FakeMarket()
    market.gate.clear()
    with (
        watched(market=market) as gateway,
        WireClient(gateway) as busy,
        WireClient(gateway) as other,
    ):
        busy.start(1)
        other.start(2)
        for number in range(20):
            busy.send(*bars(number))
        busy.ask(49, 1)
        other.send(*bars(7, of=MSFT))
        other.ask(49, 1)
        market.gate.set()
        assert other.receive()[:2] == ("17", "7")
        for _ in range(20):
            assert busy.receive()[0] == "17"
    assert "MSFT" in [query.symbol for query in market.queries[:3]]


def test_what_changes_while_the_gateway_is_cut_off_is_told_afterwards() -> None:
    market = FakeMarket()
    with watched(market=market) as gateway, WireClient(gateway) as client:
        before = client.start().ask(92, 7, "", "")
        gateway.faults.is_mute = True
        market.last += 5
        refresh(gateway)
        gateway.faults.is_mute = False
        assert heard(client) == []
        refresh(gateway)
        (after,) = [one for one in heard(client) if one[0] == "94"]
    assert after != before
