"""What tests of orders share: a gateway at noon on a fake market, and a client that trades.

The fixtures are known to every test beside this file through its conftest.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from ib_insync import IB, Contract, Order, Trade

from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.orders.habits import OrderHabits
from sellkit.simgateway.server import serve
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.wire import WireClient, contract

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.scenario import Scenario

NOON = parse_instant("2025-11-26T12:00:05")
EVENING = parse_instant("2025-11-25T18:30:00")
OPENING = parse_instant("2025-11-26T09:30:00")
SCENARIO = replace(default_scenario(), orders=())
ACCOUNT = "DU0000001"
AAPL = Contract(conId=265598, exchange="SMART")
MSFT = Contract(conId=272093, exchange="SMART")
OF_MSFT = contract(MSFT.conId)
SECONDS = 5.0


@contextmanager
def trading(
    *, at: dt.datetime = NOON, scenario: Scenario = SCENARIO, **habits: Any
) -> Iterator[tuple[Gateway, FakeMarket]]:
    """A gateway whose clock stands still, with the habits given; statuses come once."""
    market = FakeMarket()
    own = OrderHabits(**({"status_repeats": 1} | habits))
    with serve(replace(scenario, habits=own), market=market, clock=VirtualClock(at, 0)) as gateway:
        yield gateway, market


@pytest.fixture
def floor() -> Iterator[tuple[Gateway, FakeMarket]]:
    """A gateway as `trading` makes it, and its market."""
    with trading() as running:
        yield running


@pytest.fixture
def gateway(floor: tuple[Gateway, FakeMarket]) -> Gateway:
    """The gateway alone."""
    return floor[0]


def plain(client: WireClient, client_id: int = 1) -> WireClient:
    """A client that speaks the oldest version."""
    return client.start(client_id, "v100..157")


def answers(client: WireClient, *fields: object) -> list[tuple[str, ...]]:
    """Everything that a request brings."""
    client.send(*fields)
    client.send(49, 1)
    return client.until(49)[:-1]


def notes(ib: IB) -> list[tuple[int, str]]:
    """Codes and texts of the errors that come from now on."""
    found: list[tuple[int, str]] = []
    ib.errorEvent += lambda _id, code, text, _contract: found.append((code, text))
    return found


def connected(gateway: Gateway, use: Callable[[IB], Awaitable[None]], client_id: int = 1) -> None:
    """Connect, use the connection, and disconnect."""

    async def session() -> None:
        ib = await client(gateway, client_id)
        try:
            await use(ib)
        finally:
            ib.disconnect()

    asyncio.run(session())


async def client(gateway: Gateway, client_id: int = 1) -> IB:
    """A connected client."""
    ib = IB()
    await ib.connectAsync(gateway.host, gateway.port, clientId=client_id)
    return ib


async def until(is_so: Callable[[], object]) -> None:
    """Wait for what a message is going to bring."""
    async with asyncio.timeout(SECONDS):
        while not is_so():
            await asyncio.sleep(0.002)


async def place(ib: IB, order: Order, status: str, contract: Contract = MSFT) -> Trade:
    """Place an order, and wait for a status."""
    trade = ib.placeOrder(contract, order)
    await until(lambda: trade.orderStatus.status == status)
    return trade


async def settled(ib: IB) -> None:
    """Wait until everything that was sent before has been answered."""
    await asyncio.wait_for(ib.reqCurrentTimeAsync(), SECONDS)


def move(gateway: Gateway, market: FakeMarket, last: float, *, seconds: float = 1.0) -> None:
    """Let time pass and the price move, and orders with it."""
    market.last = last
    pass_time(gateway, seconds)


def pass_time(gateway: Gateway, seconds: float) -> None:
    """Let time pass, and let orders trade then."""
    assert isinstance(gateway.clock, VirtualClock)
    gateway.clock.advance(dt.timedelta(seconds=seconds))
    gateway.terminal.let_trade()


def go_to(gateway: Gateway, moment: dt.datetime) -> None:
    """Go to a moment, and let orders trade then."""
    assert isinstance(gateway.clock, VirtualClock)
    gateway.clock.set(moment)
    gateway.terminal.let_trade()


def held(gateway: Gateway, symbol: str = "MSFT") -> Decimal:
    """The position that the gateway holds."""
    found = [h for h in gateway.exchange.holdings() if h.security.symbol == symbol]
    return found[0].quantity if found else Decimal(0)
