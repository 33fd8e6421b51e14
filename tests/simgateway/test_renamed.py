"""After a changed symbol both the old one and the new one mean the same contract."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import pytest
from ib_insync import IB, Contract

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.control import Control
from sellkit.simgateway.corporate_actions import CorporateAction
from sellkit.simgateway.server import serve
from tests.simgateway.trading import SCENARIO, client

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway

NVDA, NEW = 4815747, 999001
AFTERNOON = parse_instant("2025-11-25T15:00:00")
NIGHT = parse_instant("2025-11-26T03:00:00")
BAR_END = parse_instant("2025-11-26T11:00:00")
STOCK = Contract(conId=NEW, exchange="SMART")

Answer = TypeVar("Answer")


def told(gateway: Gateway, ask: Callable[[IB], Awaitable[Answer]]) -> tuple[Answer, list[int]]:
    """What a client of its own is answered, and the codes that it hears."""
    codes: list[int] = []

    async def connect_and_ask() -> Answer:
        ib = await client(gateway)
        ib.errorEvent += lambda _number, code, *_: codes.append(code)
        try:
            return await ask(ib)
        finally:
            ib.disconnect()

    return asyncio.run(connect_and_ask()), codes


both = pytest.mark.parametrize("symbol", ["NVDA", "NVDX"])


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway in whose last night NVDA became NVDX, with another number."""
    action = CorporateAction(at=NIGHT, con_id=NVDA, symbol="NVDX", new_con_id=NEW)
    scenario = replace(SCENARIO, corporate_actions=(action,))
    with serve(scenario, clock=VirtualClock(AFTERNOON, 0), control_port=0) as gateway:
        yield gateway


@pytest.fixture
def control(gateway: Gateway) -> Iterator[Control]:
    assert gateway.control is not None
    with Control(gateway.control.address) as control:
        control.set_clock(parse_instant("2025-11-26T11:10:05"))
        yield control


@both
def test_it_is_halted_and_resumed(gateway: Gateway, control: Control, symbol: str) -> None:
    control.halt(symbol)
    (ticker,), _ = told(gateway, lambda ib: ib.reqTickersAsync(STOCK))
    assert ticker.halted == 1
    assert [control.resume(each) for each in ("NVDX", "NVDA")] == [1, 0]


@both
def test_its_bars_are_corrected(gateway: Gateway, control: Control, symbol: str) -> None:
    def close() -> float:
        wanted = (STOCK, BAR_END, "1 D", "1 hour", "TRADES", True, 2)
        bars, _ = told(gateway, lambda ib: ib.reqHistoricalDataAsync(*wanted))
        return float(bars[-1].close)

    before = close()
    control.correct_bar(symbol, BAR_END, 0.9)
    assert close() == pytest.approx(0.9 * before, rel=1e-3)


@both
def test_its_price_is_moved_and_it_is_ordered(control: Control, symbol: str) -> None:
    assert control.set_price(symbol, 50) == pytest.approx(50, abs=0.02)
    assert control.place(symbol, "BUY", 1)["status"] == "Filled"


@both
def test_who_sees_it_is_changed(gateway: Gateway, control: Control, symbol: str) -> None:
    control.ask("market_data", symbol=symbol, subscription="none")
    _, codes = told(gateway, lambda ib: ib.reqTickersAsync(STOCK))
    assert 354 in codes


@both
def test_a_fault_strikes_its_messages(gateway: Gateway, control: Control, symbol: str) -> None:
    number = control.inject(
        {"direction": "in", "message": "reqHistoricalData", "symbol": symbol, "do": "drop"}
    )
    by_name = Contract(symbol="NVDX", secType="STK", exchange="SMART", currency="USD")
    for contract, duration in ((STOCK, "1 D"), (by_name, "2 D")):
        wanted = (contract, "", duration, "1 hour", "TRADES", True, 2, False, [], 0.2)
        bars, _ = told(gateway, lambda ib, wanted=wanted: ib.reqHistoricalDataAsync(*wanted))
        assert not bars
    (rule,) = [each for each in control.state()["faults"] if each["number"] == number]
    assert rule["struck"] == 2


def test_what_was_said_of_the_old_symbol_before_the_change_still_holds(gateway: Gateway) -> None:
    assert gateway.control is not None
    with Control(gateway.control.address) as control:
        control.ask("market_data", symbol="NVDA", subscription="none")
        control.halt("NVDA")
        control.set_clock(parse_instant("2025-11-26T11:10:05"))
        _, codes = told(gateway, lambda ib: ib.reqTickersAsync(STOCK))
        assert 354 in codes
        assert control.resume("NVDX") == 1


def test_a_symbol_that_nobody_ever_had_is_refused(control: Control) -> None:
    for action in ("halt", "resume", "bust"):
        with pytest.raises(ConfigError, match="NVDY"):
            control.ask(action, symbol="NVDY")
