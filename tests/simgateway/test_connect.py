"""The real ib_insync client against the gateway, with the market that ships."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from ib_insync import IB, Contract, Stock
from ib_insync.wrapper import RequestError

from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.scenario import OrderKind, Security
from sellkit.simgateway.server import serve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from sellkit.simgateway.gateway import Gateway

NOW = parse_instant("2025-11-26T12:00:05")
DEFAULT = default_scenario()
STOP = DEFAULT.orders[0]
TWIN = Security(con_id=9, symbol="JPM", primary_exchange="TSE", currency="CAD")
SCENARIO = replace(
    DEFAULT,
    symbols=(TWIN,),
    orders=(
        STOP,
        replace(STOP, kind=OrderKind.FOREIGN, client_id=77, aux_price=Decimal(151)),
        replace(STOP, kind=OrderKind.MANUAL, client_id=None, aux_price=Decimal(152)),
    ),
)
AAPL = Contract(conId=265598, exchange="SMART")


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with serve(SCENARIO, clock=VirtualClock(NOW, 0)) as running:
        yield running


@pytest.fixture(autouse=True)
def silent_client(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Every test fails when the client logs an error: that is how it tells a bad message."""
    with caplog.at_level(logging.INFO, "ib_insync"):
        yield
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


def connected[T](gateway: Gateway, use: Callable[[IB], Awaitable[T]], client_id: int = 1) -> T:
    """Connect, use the connection, and disconnect."""

    async def session() -> T:
        ib = IB()
        ib.RaiseRequestErrors = True
        await ib.connectAsync(gateway.host, gateway.port, clientId=client_id)
        try:
            return await use(ib)
        finally:
            ib.disconnect()

    return asyncio.run(session())


async def whole(ib: IB) -> IB:
    """The client as it is after the connect sequence; it forgets everything when it disconnects."""
    return ib
