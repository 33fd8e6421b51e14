"""What tests of prices share: a gateway whose clock a test moves, and what a client then hears."""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.market_terms import MarketTerms
from sellkit.simgateway.server import serve
from tests.simgateway.wire import contract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.prices import Prices
    from sellkit.simgateway.scenario import Scenario
    from tests.simgateway.wire import WireClient

NOON = parse_instant("2025-11-26T12:00:05")
SATURDAY = parse_instant("2025-11-29T12:00:00")
JPM = contract(1520593)
SCENARIO = replace(default_scenario(), orders=())
SECONDS = 10.0

Messages = list[tuple[str, ...]]


@contextmanager
def watched(
    *,
    at: dt.datetime = NOON,
    market: Prices | None = None,
    scenario: Scenario = SCENARIO,
    control_port: int | None = None,
    **terms: Any,
) -> Iterator[Gateway]:
    """A gateway whose clock stands still, with the terms of its market that are given."""
    own = replace(scenario, market_data=MarketTerms(**terms))
    clock = VirtualClock(at, 0)
    with serve(own, market=market, clock=clock, control_port=control_port) as gateway:
        yield gateway


def pass_time(gateway: Gateway, seconds: float) -> None:
    """Let time pass, and clients hear of it."""
    assert isinstance(gateway.clock, VirtualClock)
    gateway.clock.advance(dt.timedelta(seconds=seconds))

    async def tell() -> None:
        gateway.let_orders_trade()
        gateway.tell_prices()
        jobs = [s.job for one in gateway.sessions for s in one.bar_streams.values() if s.job]
        # A client may cancel its bars while somebody looks for news of them.
        await asyncio.gather(*jobs, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(tell(), gateway.loop).result(SECONDS)


def heard(client: WireClient) -> Messages:
    """Everything that came before the answer to a question that is asked now.

    Notices about nothing are left out: one goes behind whatever has a length that a client could
    lose, and how much leaves at once is a matter of chance.
    """
    client.send(49, 1)
    return [one for one in client.until(49)[:-1] if one[0] != "4" or one[2] != "-1"]


def codes(messages: Messages) -> list[tuple[int, int]]:
    """Request id and code of the errors among messages."""
    return [(int(one[2]), int(one[3])) for one in messages if one[0] == "4"]


def ticks(messages: Messages, number: int) -> dict[int, str]:
    """The values of the ticks with one message number, by type."""
    return {int(one[3]): one[4] for one in messages if one[0] == str(number)}
