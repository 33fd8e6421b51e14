"""How each fault of a gateway shows to a plain client of the library.

A scene connects, does what the fault waits for, and returns once it has struck; a fault that does
not strike lets it wait until its time is up.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from ib_insync import IB, BarData, Contract, LimitOrder, MarketOrder, Order, Trade

from tests.faults.play import PLAIN

if TYPE_CHECKING:
    from tests.faults.play import Play

APPLE = Contract(conId=265598, exchange="SMART")
MICROSOFT = Contract(conId=272093, exchange="SMART")
ORDER_STATUS, EXECUTION, HISTORICAL_DATA = 3, 11, 17
_SOON = 0.15


class Client:
    """A plain client, and what it heard."""

    def __init__(self, play: Play) -> None:
        self.ib = IB()
        self.codes: list[int] = []
        self.is_gone = False
        self._play = play
        self.counts: Counter[int] = Counter()
        handlers = self.ib.client.decoder.handlers
        for number in (ORDER_STATUS, EXECUTION, HISTORICAL_DATA):
            handlers[number] = self._counted(number, handlers[number])
        self.ib.errorEvent += self._on_error
        self.ib.disconnectedEvent += self._on_gone

    def _counted(self, number: int, handler: Callable[[object], None]) -> Callable[[object], None]:
        def handle(fields: object) -> None:
            self.counts[number] += 1
            handler(fields)

        return handle

    def _on_error(self, _id: int, code: int, _text: str, _contract: object) -> None:
        self.codes.append(code)

    def _on_gone(self) -> None:
        self.is_gone = True

    async def connect(self, client_id: int = PLAIN) -> Client:
        """Connect by the socket alone, as sellkit does: no list is asked for."""
        gateway = self._play.gateway
        self.ib.wrapper.clientId = client_id
        await self.ib.client.connectAsync(gateway.host, gateway.port, client_id, None)
        return self

    def leave(self) -> None:
        """Close the socket, however far the connection came."""
        self.ib.client.disconnect()

    async def until(self, is_so: Callable[[], object]) -> None:
        while not is_so():
            await asyncio.sleep(0.005)

    async def heard(self, *codes: int) -> None:
        """Wait until every one of the codes came."""
        await self.until(lambda: set(codes) <= set(self.codes))

    async def sell(self, order: Order | None = None, contract: Contract = APPLE) -> Trade:
        """Place an order to sell; it is on its way when this returns."""
        order = order or MarketOrder("SELL", 100)
        order.tif = order.tif or "DAY"
        return self.ib.placeOrder(contract, order)

    async def filled(self, trade: Trade) -> None:
        await self.until(lambda: trade.fills)

    async def pass_time(self, seconds: float) -> None:
        """Let the gateway's time pass."""
        now = self._play.clock.now()
        await asyncio.to_thread(self._play.go_to, now + dt.timedelta(seconds=seconds))

    async def bars(self, contract: Contract = APPLE) -> list[BarData]:
        """Two days of half-hours; empty when there are none."""
        ib = self.ib
        return await ib.reqHistoricalDataAsync(
            contract, "", "2 D", "30 mins", "TRADES", True, 2, timeout=1
        )

    async def never(self, awaitable: Awaitable[object], seconds: float = _SOON) -> None:
        """See that nothing comes of it in a while."""
        try:
            await asyncio.wait_for(awaitable, seconds)
        except TimeoutError:
            return
        raise AssertionError("an answer came")


Scene = Callable[["Play", Client], Awaitable[None]]


async def no_greeting(_play: Play, client: Client) -> None:
    await client.never(client.connect())


async def id_in_use(_play: Play, client: Client) -> None:
    attempt = asyncio.ensure_future(client.connect(1))
    await client.heard(326)
    attempt.cancel()


def at(clock: dt.datetime, *codes: int) -> Scene:
    """Connected before a moment; then these codes come."""

    async def scene(play: Play, client: Client) -> None:
        await client.connect()
        await asyncio.to_thread(play.go_to, clock)
        await client.heard(*codes)

    return scene


def gone_at(clock: dt.datetime, *codes: int) -> Scene:
    """Connected before a moment; then these codes come, and the socket is closed."""

    async def scene(play: Play, client: Client) -> None:
        await at(clock, *codes)(play, client)
        await client.until(lambda: client.is_gone)

    return scene


def gone_and_shut_at(clock: dt.datetime, *codes: int) -> Scene:
    """The socket is closed at a moment, perhaps after codes, and nobody is let in any more."""

    async def scene(play: Play, client: Client) -> None:
        await gone_at(clock, *codes)(play, client)
        again = Client(play)
        with pytest.raises(ConnectionError):
            await again.connect(PLAIN + 1)

    return scene


async def reset(play: Play, client: Client) -> None:
    clock = dt.datetime(2026, 1, 29, 4, 45, tzinfo=dt.UTC)
    await gone_and_shut_at(clock, 1100, 2103, 2105, 2157)(play, client)
    assert client.codes.count(1100) == 2


async def logged_out(play: Play, client: Client) -> None:
    await gone_and_shut_at(dt.datetime(2026, 2, 1, 6, tzinfo=dt.UTC))(play, client)
    assert play.control.state()["downtime"] == "logged out, refuse"
    await asyncio.to_thread(play.go_to, dt.datetime(2026, 2, 2, 12, tzinfo=dt.UTC))
    again = Client(play)
    with pytest.raises(ConnectionRefusedError):
        await again.connect(PLAIN + 1)
    assert await asyncio.to_thread(play.control.log_in)
    await again.connect(PLAIN + 1)
    again.leave()


async def silent(play: Play, client: Client) -> None:
    await client.connect()
    await asyncio.to_thread(play.go_to, MOMENT)
    await client.never(client.ib.reqCurrentTimeAsync())
    assert not client.is_gone


async def a_hundred_times(play: Play, client: Client) -> None:
    await at(MOMENT, 1100)(play, client)
    await client.until(lambda: client.codes.count(1100) == 100)
    await client.never(client.ib.reqCurrentTimeAsync())


async def farms(play: Play, client: Client) -> None:
    await at(HOUR, 2103, 2105)(play, client)
    assert not await client.bars()
    assert 162 in client.codes


async def wrong_account(_play: Play, client: Client) -> None:
    await client.connect()
    assert client.ib.client.getAccounts() == ["U7654321"]


async def no_positions(_play: Play, client: Client) -> None:
    await client.connect()
    await client.never(client.ib.reqPositionsAsync())
    assert not client.ib.positions()


async def half_the_positions(_play: Play, client: Client) -> None:
    await client.connect()
    await client.never(client.ib.reqPositionsAsync())
    assert [each.contract.symbol for each in client.ib.positions()] == ["AAPL"]


async def read_only(_play: Play, client: Client) -> None:
    await client.connect()
    await client.sell()
    await client.heard(321)


async def unreadable(_play: Play, client: Client) -> None:
    await client.connect()
    told = await client.ib.reqPositionsAsync()
    assert [each.contract.symbol for each in told] == ["MSFT"]


async def no_bars(_play: Play, client: Client) -> None:
    await client.connect()
    assert not await client.bars()
    assert 162 in client.codes
    assert await client.bars(MICROSOFT)


async def pacing_twice(_play: Play, client: Client) -> None:
    await client.connect()
    assert [bool(await client.bars()) for _ in range(3)] == [False, False, True]


async def bars_unanswered(_play: Play, client: Client) -> None:
    await client.connect()
    await client.never(client.bars())


async def growing_bar(play: Play, client: Client) -> None:
    await client.connect()
    bars = await client.bars()
    start = bars[-1].date
    assert isinstance(start, dt.datetime)
    assert start + dt.timedelta(minutes=30) > play.clock.now()


async def late_bar(play: Play, client: Client) -> None:
    await client.connect()
    latest = []
    for seconds in (20, 41):
        await asyncio.to_thread(play.go_to, HOUR + dt.timedelta(seconds=seconds))
        latest.append((await client.bars())[-1].date)
    last_half_hour = HOUR - dt.timedelta(minutes=30)
    assert latest[0] < last_half_hour <= latest[1]


async def corrected(play: Play, client: Client) -> None:
    await client.connect()
    closes = []
    for seconds in (1, 301):
        await asyncio.to_thread(play.go_to, HOUR + dt.timedelta(seconds=seconds))
        told = await client.bars()
        closes += [bar.close for bar in told if bar.date == HOUR - dt.timedelta(minutes=30)]
    assert closes[1] == pytest.approx(1.5 * closes[0], rel=0.001)


async def a_hole(play: Play, client: Client) -> None:
    await client.connect()
    await asyncio.to_thread(play.go_to, HOUR + dt.timedelta(seconds=20))
    starts = {bar.date for bar in await client.bars()}
    half = dt.timedelta(minutes=30)
    assert HOUR - 2 * half in starts
    assert HOUR - half not in starts


async def bars_twice(_play: Play, client: Client) -> None:
    await client.connect()
    assert await client.bars()
    await client.ib.reqCurrentTimeAsync()
    assert client.counts[HISTORICAL_DATA] == 2


async def split(play: Play, client: Client) -> None:
    await client.connect()
    (before,) = await client.ib.reqHistoricalDataAsync(
        APPLE, play.clock.now(), "1 D", "1 day", "TRADES", True, 2
    )
    await asyncio.to_thread(play.go_to, HOUR + dt.timedelta(days=1))
    after = await client.ib.reqHistoricalDataAsync(APPLE, "", "2 D", "1 day", "TRADES", True, 2)
    assert abs(after[0].open * 4 - before.open) < 0.1
    apple = next(each for each in await client.ib.reqPositionsAsync() if each.avgCost == 25)
    assert apple.position == 400


async def below_zero(_play: Play, client: Client) -> None:
    await client.connect()
    assert (await client.bars())[0].close == -1
    assert (await client.bars(MICROSOFT))[0].close > 0


async def just_listed(_play: Play, client: Client) -> None:
    await client.connect()
    assert len(await client.bars()) < 20


async def no_live_prices(_play: Play, client: Client) -> None:
    await client.connect()
    client.ib.reqMarketDataType(3)
    for contract in (APPLE, MICROSOFT):
        client.ib.reqMktData(contract)
    await client.heard(10167, 354)


async def six_are_held(_play: Play, client: Client) -> None:
    await client.connect()
    assert len(await client.ib.reqPositionsAsync()) == 6


async def halted(play: Play, client: Client) -> None:
    await client.connect()
    await asyncio.to_thread(play.go_to, HOUR + dt.timedelta(seconds=1))
    ticker = client.ib.reqMktData(APPLE)
    await client.until(lambda: ticker.halted == 2)


async def contract_gone(_play: Play, client: Client) -> None:
    await client.connect()
    assert not await client.ib.reqContractDetailsAsync(APPLE)
    assert 200 in client.codes


async def a_fraction(_play: Play, client: Client) -> None:
    await client.connect()
    assert {each.position for each in await client.ib.reqPositionsAsync()} == {30.5, 40}


async def a_short(_play: Play, client: Client) -> None:
    await client.connect()
    assert {each.position for each in await client.ib.reqPositionsAsync()} == {-50, 40}


async def two_accounts(_play: Play, client: Client) -> None:
    await client.connect()
    told = await client.ib.reqPositionsAsync()
    apples = {each.account: each.position for each in told if each.contract.symbol == "AAPL"}
    assert apples == {"DU0000001": 100, "DU0000002": 70}


# --- orders ---------------------------------------------------------------------------------------


def taken_unheard(status: str) -> Scene:
    """An order is taken, the connection closed, and the gateway knows what became of it."""

    async def scene(play: Play, client: Client) -> None:
        await client.connect()
        trade = await client.sell()
        await client.until(lambda: client.is_gone)
        book = play.gateway.exchange.book
        order = book.find(PLAIN, trade.order.orderId)
        assert order is not None
        assert order.status == status
        assert trade.orderStatus.status == "PendingSubmit"

    return scene


async def swallowed(play: Play, client: Client) -> None:
    await client.connect()
    trade = await client.sell()
    await client.ib.reqCurrentTimeAsync()
    assert trade.orderStatus.status == "PendingSubmit"
    assert not play.gateway.exchange.placed_orders


async def held_back(play: Play, client: Client) -> None:
    await client.connect()
    trade = await client.sell()
    await client.heard(1100, 1102)
    assert not trade.fills
    await client.filled(trade)
    assert len(play.gateway.exchange.placed_orders) == 1


async def sounds_like_errors(play: Play, client: Client) -> None:
    await client.connect()
    order = MarketOrder("SELL", 100)
    trade = client.ib.placeOrder(APPLE, order)
    await client.heard(10349, 399, 481)
    assert "Cancelled" in {entry.status for entry in trade.log}, "the library takes it for dead"
    assert len(play.gateway.exchange.orders()) == 1


async def dead_and_filled(_play: Play, client: Client) -> None:
    await client.connect()
    trade = await client.sell()
    await client.heard(10148)
    await client.pass_time(61)
    await client.filled(trade)


async def rejected(_play: Play, client: Client) -> None:
    await client.connect()
    await client.sell()
    await client.heard(201)


async def off_the_tick(_play: Play, client: Client) -> None:
    await client.connect()
    await client.sell(LimitOrder("SELL", 100, 300.02))
    await client.heard(110)


async def ids_go_back(play: Play, client: Client) -> None:
    await client.connect(1)
    # The gateway itself counts from there again, so nobody changed what it told.
    assert play.gateway.exchange.next_order_id(1) == 1
    trade = await client.sell(LimitOrder("SELL", 40, 900.0), MICROSOFT)
    assert trade.order.orderId == 1
    await client.until(lambda: {103, 105} & set(client.codes))


async def told_twice(_play: Play, client: Client) -> None:
    await client.connect()
    trade = await client.sell()
    await client.filled(trade)
    await client.ib.reqCurrentTimeAsync()
    assert len(trade.fills) == 1
    assert client.counts[EXECUTION] == 2
    assert client.counts[ORDER_STATUS] % 2 == 0


async def never_filled(_play: Play, client: Client) -> None:
    await client.connect()
    trade = await client.sell()
    await client.filled(trade)
    await client.ib.reqCurrentTimeAsync()
    assert "Filled" not in {entry.status for entry in trade.log}


async def a_part_and_silence(_play: Play, client: Client) -> None:
    await client.connect()
    trade = await client.sell()
    await client.filled(trade)
    assert trade.fills[0].execution.shares == 30
    await client.never(client.ib.reqCurrentTimeAsync())


async def cancel_meets_fill(_play: Play, client: Client) -> None:
    await client.connect()
    trade = await client.sell()
    await client.until(lambda: trade.orderStatus.status == "Submitted")
    client.ib.client.cancelOrder(trade.order.orderId, "")
    await client.until(lambda: trade.orderStatus.status == "PendingCancel")
    await client.pass_time(11)
    await client.filled(trade)
    client.ib.client.cancelOrder(trade.order.orderId, "")
    await client.heard(10148)


async def cancel_unconfirmed(_play: Play, client: Client) -> None:
    await client.connect(1)
    (trade,) = await _own_orders(client)
    client.ib.client.cancelOrder(trade.order.orderId, "")
    await client.pass_time(3600)
    await client.until(lambda: trade.orderStatus.status == "PendingCancel")


async def _own_orders(client: Client) -> list[Trade]:
    client.ib.client.reqOpenOrders()
    await client.until(client.ib.openTrades)
    return client.ib.openTrades()


async def cancel_not_found(_play: Play, client: Client) -> None:
    await client.connect()
    trade = await client.sell()
    await client.filled(trade)
    await client.pass_time(1)
    client.ib.client.cancelOrder(trade.order.orderId, "")
    await client.heard(10147)


async def three_stops(_play: Play, client: Client) -> None:
    await client.connect()
    orders = await client.ib.reqAllOpenOrdersAsync()
    assert sorted(trade.order.clientId for trade in orders) == [0, 0, 55]
    assert {trade.order.orderRef for trade in orders} == {""}


async def stop_fills(play: Play, client: Client) -> None:
    await client.connect(1)
    (trade,) = await _own_orders(client)
    client.ib.client.cancelOrder(trade.order.orderId, "")
    await client.until(lambda: trade.orderStatus.status == "PendingCancel")
    await asyncio.to_thread(play.control.move_price, "AAPL", 0.5)
    await client.pass_time(1)
    await client.filled(trade)


async def stop_cancelled_by_split(play: Play, client: Client) -> None:
    await client.connect(1)
    (trade,) = await _own_orders(client)
    assert trade.order.orderRef.startswith("SK1-")
    await asyncio.to_thread(play.go_to, HOUR + dt.timedelta(days=1))
    await client.until(lambda: trade.orderStatus.status == "Cancelled")


async def may_be_short(play: Play, client: Client) -> None:
    await client.connect()
    trade = await client.sell(MarketOrder("SELL", 150))
    await client.filled(trade)
    held = {h.security.symbol: h.quantity for h in play.gateway.exchange.holdings()}
    assert held["AAPL"] == Decimal(-50)


async def half_day(play: Play, client: Client) -> None:
    await client.connect()
    await asyncio.to_thread(play.go_to, dt.datetime(2025, 11, 28, 20, tzinfo=dt.UTC))
    assert [f"{bar.date:%d %H:%M}" for bar in (await client.bars())[-1:]] == ["28 17:30"]


MOMENT = dt.datetime(2026, 1, 28, 16, 5, tzinfo=dt.UTC)
HOUR = dt.datetime(2026, 1, 28, 16, tzinfo=dt.UTC)

STRIKES: dict[int, Scene] = {
    2: no_greeting,
    3: id_in_use,
    4: gone_at(MOMENT),
    5: silent,
    6: at(MOMENT, 1100, 1102),
    7: at(MOMENT, 1100, 1101),
    8: a_hundred_times,
    9: farms,
    10: reset,
    11: logged_out,
    12: wrong_account,
    13: at(MOMENT, 10197, 1100),
    14: gone_at(MOMENT, 100),
    15: no_positions,
    16: half_the_positions,
    17: read_only,
    18: unreadable,
    20: no_bars,
    21: pacing_twice,
    22: bars_unanswered,
    23: growing_bar,
    24: late_bar,
    25: corrected,
    26: bars_twice,
    27: a_hole,
    28: half_day,
    30: split,
    31: below_zero,
    32: just_listed,
    34: no_live_prices,
    35: six_are_held,
    38: taken_unheard("Submitted"),
    39: taken_unheard("Filled"),
    40: taken_unheard("Inactive"),
    41: swallowed,
    42: held_back,
    43: sounds_like_errors,
    44: dead_and_filled,
    45: rejected,
    46: off_the_tick,
    47: ids_go_back,
    48: told_twice,
    49: never_filled,
    51: a_part_and_silence,
    52: cancel_meets_fill,
    53: cancel_unconfirmed,
    54: cancel_not_found,
    55: three_stops,
    56: stop_fills,
    59: may_be_short,
    64: halted,
    65: contract_gone,
    66: a_fraction,
    67: a_short,
    68: two_accounts,
    71: swallowed,
    73: stop_cancelled_by_split,
}
