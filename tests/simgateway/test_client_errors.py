"""How the real ib_insync client meets the gateway's errors."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from ib_insync import IB, Contract, MarketOrder, Stock
from ib_insync.wrapper import RequestError

from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.server import serve
from tests.simgateway.test_connect import AAPL, SCENARIO

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from sellkit.simgateway.gateway import Gateway

NOW = parse_instant("2025-11-26T12:00:05")


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with serve(SCENARIO, clock=VirtualClock(NOW, 0)) as running:
        yield running


def error_of(gateway: Gateway, ask: Callable[[IB], Awaitable[Any]]) -> RequestError:
    """The error that a request ends in."""

    async def session() -> RequestError:
        ib = IB()
        ib.RaiseRequestErrors = True
        await ib.connectAsync(gateway.host, gateway.port, clientId=1)
        with pytest.raises(RequestError) as raised:
            await ask(ib)
        assert ib.isConnected()
        ib.disconnect()
        return raised.value

    return asyncio.run(session())


def history(ib: IB, **changes: Any) -> Awaitable[Any]:
    asked: dict[str, Any] = {
        "contract": AAPL,
        "endDateTime": "",
        "durationStr": "2 D",
        "barSizeSetting": "1 hour",
        "whatToShow": "TRADES",
        "useRTH": True,
    }
    return ib.reqHistoricalDataAsync(**(asked | changes))


def test_an_unknown_contract_fails_with_200(gateway: Gateway) -> None:
    assert error_of(gateway, lambda ib: ib.reqContractDetailsAsync(Contract(conId=1))).code == 200
    assert (
        error_of(gateway, lambda ib: history(ib, contract=Stock("ZZZ", "SMART", "USD"))).code == 200
    )


def test_an_ambiguous_contract_fails_with_200_that_says_so(gateway: Gateway) -> None:
    jpm = Contract(symbol="JPM", secType="STK", exchange="SMART")
    error = error_of(gateway, lambda ib: history(ib, contract=jpm))
    assert error.code == 200
    assert "ambiguous" in error.message


@pytest.mark.parametrize(
    "changes",
    [
        {"barSizeSetting": "1 sec"},
        {"durationStr": "2D"},
        {"durationStr": "400 D"},
        {"formatDate": 3},
        {"whatToShow": "NOTHING"},
    ],
)
def test_a_request_that_is_not_valid_fails_with_321(
    gateway: Gateway, changes: dict[str, Any]
) -> None:
    assert error_of(gateway, lambda ib: history(ib, **changes)).code == 321


def test_bars_before_the_market_began_fail_with_162(gateway: Gateway) -> None:
    error = error_of(
        gateway, lambda ib: history(ib, endDateTime="19990104 21:00:00 UTC", barSizeSetting="1 day")
    )
    assert error.code == 162


def test_a_cancelled_request_fails_with_162_or_is_gone(gateway: Gateway) -> None:
    async def ask(ib: IB) -> None:
        answer = asyncio.ensure_future(history(ib, durationStr="1 Y", barSizeSetting="1 min"))
        await asyncio.sleep(0)
        ib.client.cancelHistoricalData(ib.client._reqIdSeq - 1)
        await answer

    assert error_of(gateway, ask).code == 162


def test_a_client_id_in_use_is_told_before_the_connection_closes(gateway: Gateway) -> None:
    codes: list[int] = []

    async def twice() -> None:
        first, second = IB(), IB()
        second.errorEvent += lambda _id, code, _text, _contract: codes.append(code)
        await first.connectAsync(gateway.host, gateway.port, clientId=1)
        with pytest.raises((TimeoutError, ConnectionError)):
            await second.connectAsync(gateway.host, gateway.port, clientId=1, timeout=0.5)
        first.disconnect()

    asyncio.run(twice())
    assert codes == [326]


def test_a_silent_gateway_times_out(gateway: Gateway) -> None:
    async def wait() -> None:
        with pytest.raises(TimeoutError):
            await IB().connectAsync(gateway.host, gateway.port, clientId=1, timeout=0.3)

    gateway.silent = True
    try:
        asyncio.run(wait())
    finally:
        gateway.silent = False


def test_an_order_that_is_rejected_is_remembered(gateway: Gateway) -> None:
    async def place() -> None:
        ib = IB()
        await ib.connectAsync(gateway.host, gateway.port, clientId=3)
        trade = ib.placeOrder(AAPL, MarketOrder("SELL", 100))
        await asyncio.wait_for(trade.cancelledEvent, 5)
        assert [entry.errorCode for entry in trade.log if entry.errorCode] == [201]
        ib.disconnect()

    before = len(gateway.exchange.placed_orders)
    asyncio.run(place())
    assert len(gateway.exchange.placed_orders) == before + 1
    assert gateway.exchange.placed_orders[-1].client_id == 3
