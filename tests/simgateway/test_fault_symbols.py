"""Rules that look at one contract, and the messages that do not carry it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.control import Control
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.server import serve
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.watching import NOON
from tests.simgateway.wire import WireClient, bars, contract, order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.gateway import Gateway

MSFT = contract(272093)
DROP = {"symbol": "AAPL", "do": "drop"}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway with an order of client 1 about AAPL that rests from before."""
    clock = VirtualClock(NOON, 0)
    with serve(default_scenario(), market=FakeMarket(), clock=clock, control_port=0) as running:
        yield running


def inject(gateway: Gateway, message: str) -> None:
    assert gateway.control is not None
    with Control(gateway.control.address) as control:
        control.inject({**DROP, "message": message})


def test_the_status_of_an_order_from_before_is_known_by_its_contract(gateway: Gateway) -> None:
    inject(gateway, "orderStatus")
    with WireClient(gateway) as client:
        client.start(2).send(16, 1)
        assert [one[0] for one in client.until(53)] == ["5", "53"]


def test_the_cancel_of_an_order_from_before_is_known_by_its_contract(gateway: Gateway) -> None:
    inject(gateway, "cancelOrder")
    (resting,) = gateway.exchange.orders()
    with WireClient(gateway) as client:
        client.start(1, "v157..178").send(4, 1, resting.order_id, "")
        assert client.ask(49, 1)[0] == "49"
    assert gateway.exchange.orders() == [resting]


def test_an_order_and_a_request_with_the_same_id_are_told_apart(gateway: Gateway) -> None:
    inject(gateway, "historicalData")
    assert isinstance(gateway.market, FakeMarket)
    gateway.market.gate.clear()
    with WireClient(gateway) as client:
        client.start(5, "v157..178").send(*bars(7))
        client.send(*order(178, 7, kind="LMT", of=MSFT, changes={20: "1"}))
        client.until(3)
        gateway.market.gate.set()
        client.send(*bars(8, of=MSFT))
        assert client.until(17)[-1][1] == "8"


def test_an_order_s_status_is_not_taken_for_that_of_a_request(gateway: Gateway) -> None:
    inject(gateway, "orderStatus")
    with WireClient(gateway) as client:
        client.start(5, "v157..178").send(*order(178, 7, kind="LMT", of=MSFT, changes={20: "1"}))
        client.until(3)
        client.send(*bars(7))
        client.until(17)
        client.send(5, 1)
        assert [one[0] for one in client.until(53)][:2] == ["5", "3"]
