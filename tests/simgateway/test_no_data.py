"""How a question to which there are no bars is answered: by the names that the client knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.server import serve
from tests.simgateway.watching import NOON
from tests.simgateway.wire import WireClient, bars
from tests.simgateway.world import EURUSD, FUTURE, RY_CA, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.gateway import Gateway

QUESTIONS = [
    (RY_CA, "", "1 secs", "RY@SMART Trades"),
    (RY_CA, "TSE", "1 secs", "RY@TSE Trades"),
    (FUTURE, "CME", "1 day", "ESZ5@CME Trades"),
    (EURUSD, "IDEALPRO", "1 day", "EUR.USD@IDEALPRO Trades"),
]


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with serve(world(), clock=VirtualClock(NOON, 0)) as running:
        yield running


def of(con_id: int, exchange: str) -> tuple[object, ...]:
    return (con_id, "", "", "", "0.0", "", "", exchange, "", "", "", "")


@pytest.mark.parametrize(("con_id", "exchange", "size", "told"), QUESTIONS)
def test_no_bars_are_told_with_the_contract_and_the_exchange_that_was_asked_for(
    gateway: Gateway, con_id: int, exchange: str, size: str, told: str
) -> None:
    with WireClient(gateway) as client:
        answer = client.start().ask(*bars(7, of=of(con_id, exchange), size=size))
    assert answer[2:4] == ("7", "162")
    assert answer[4].endswith(f"HMDS query returned no data: {told}")


def test_prices_that_nobody_makes_are_told_with_the_contract(gateway: Gateway) -> None:
    with WireClient(gateway) as client:
        answer = client.start().ask(1, 11, 7, *of(FUTURE, "CME"), 0, "", 0, 0, "")
    assert answer[2:5] == ("7", "354", "Requested market data is not subscribed: ES")
