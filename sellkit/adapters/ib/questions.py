"""The questions that sellkit asks a gateway. Everything here runs on the loop's thread."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ib_insync import BarDataList, Contract, ExecutionFilter
from ib_insync.util import formatIBDatetime
from ib_insync.wrapper import RequestError

from sellkit.adapters.ib.error_codes import NOT_VALID
from sellkit.adapters.ib.link import NO_REQUEST, heard
from sellkit.errors import BrokerError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Awaitable, Callable

    from ib_insync import ContractDetails, Fill, Trade
    from ib_insync.objects import Position, PriceIncrement

    from sellkit.adapters.ib.link import Link
    from sellkit.core.windows import BarRequest

Result = TypeVar("Result")

_EPOCH_SECONDS: Final = 2
_IN_A_ZONE: Final = 1
_DETAILS_AT_ONCE: Final = 8
# Those that the gateway refuses without a number, the likelier first.
_REFUSED: Final = ("completed orders", "orders", "positions", "price steps")
_TURNS: Final = ("time", "executions", *_REFUSED)


class Questions:
    """What can be asked over a link.

    Parameters
    ----------
    link
        The connection.
    seconds
        How long the gateway may take to answer one question; then `TimeoutError` is raised.
    """

    def __init__(self, link: Link, seconds: float) -> None:
        self._link = link
        self._seconds = seconds
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._turns = {name: asyncio.Lock() for name in _TURNS}
        self._details = asyncio.Semaphore(_DETAILS_AT_ONCE)
        link.ib.errorEvent += self._on_error

    async def server_time(self) -> dt.datetime:
        """The gateway's clock, aware UTC, to the second.

        Every answer is as good as the one that was waited for, so one that is owed from before
        keeps nobody waiting.
        """
        async with self._turns["time"], asyncio.timeout(self._seconds):
            return await self._link.ib.reqCurrentTimeAsync()

    async def positions(self) -> list[Position]:
        """Every position of every account, complete to the end marker."""
        told = await self._take_turn("positions", self._link.ib.reqPositionsAsync)
        # Without this the gateway would tell changes for ever, some of them into the next answer.
        self._link.ib.client.cancelPositions()
        return told

    async def open_orders(self) -> list[Trade]:
        """Every open order of every client, complete to the end marker."""

        def ask() -> Awaitable[list[Trade]]:
            # The library would hand out the orders that it knows, refreshed only in part: where a
            # trailing stop stands now is not among it.
            self._link.ib.wrapper.trades.clear()
            self._link.ib.wrapper.permId2Trade.clear()
            return self._link.ib.reqAllOpenOrdersAsync()

        return await self._take_turn("orders", ask)

    async def bind(self) -> None:
        """Let client 0 take over every order that was placed by hand.

        Its list of open orders binds those that are there, and some gateways bind only those that
        come while they are told to. No later ones are wanted, so that is ended at once.
        """
        client = self._link.ib.client

        def ask() -> Awaitable[list[Trade]]:
            client.reqAutoOpenOrders(True)
            return self._link.ib.reqOpenOrdersAsync()

        try:
            await self._take_turn("orders", ask)
        finally:
            if client.isReady():
                client.reqAutoOpenOrders(False)

    async def completed_orders(self) -> list[Trade]:
        """Every order of this day that has ended, of every client, complete to the end marker."""
        ask = partial(self._link.ib.reqCompletedOrdersAsync, apiOnly=False)
        return await self._take_turn("completed orders", ask)

    async def executions(self, client_id: int) -> list[Fill]:
        """This day's executions of one client, complete to the end marker; 0 stands for all."""
        wanted = ExecutionFilter(clientId=client_id)
        return await self._take_turn("executions", lambda: self._link.ib.reqExecutionsAsync(wanted))

    async def market_rule(self, number: int) -> list[PriceIncrement]:
        """The bands of a market rule. The library's own method gives up after a second."""

        def ask() -> Awaitable[list[PriceIncrement]]:
            name = f"marketRule-{number}"
            answer: Awaitable[list[PriceIncrement]] = self._link.ib.wrapper.startReq(name)
            self._link.ib.client.reqMarketRule(number)
            return answer

        return await self._take_turn("price steps", ask)

    async def contract_details(self, contract: Contract) -> list[ContractDetails]:
        """Every contract that fits."""
        async with self._details, asyncio.timeout(self._seconds):
            return await self._link.ib.reqContractDetailsAsync(contract)

    async def bars(self, request: BarRequest) -> BarDataList:
        """One answer of historical bars, which may hold none; times are aware or dates.

        It is cancelled at the gateway when nobody waits for it any more. The library's own method
        returns an empty list on a time-out and keeps the number that a cancel needs to itself.
        """
        contract = Contract(conId=request.instrument.con_id, exchange="SMART")
        end, size = formatIBDatetime(request.end), str(request.bar_size)
        terms = (end, request.duration, size, request.what_to_show, request.rth)
        return await self._history(contract, terms)

    async def latest_bar(self, con_id: int) -> BarDataList:
        """The latest daily bar of a stock, whatever it is worth."""
        contract = Contract(conId=con_id, exchange="SMART")
        return await self._history(contract, ("", "1 D", "1 day", "TRADES", True))

    async def zoned_bars(self, con_id: int) -> BarDataList:
        """Half-hourly bars of a stock's latest session, their times as the gateway writes them."""
        contract = Contract(conId=con_id, exchange="SMART")
        return await self._history(contract, ("", "1 D", "30 mins", "TRADES", True), _IN_A_ZONE)

    async def _history(
        self,
        contract: Contract,
        terms: tuple[str, str, str, str, bool],
        date_format: int = _EPOCH_SECONDS,
    ) -> BarDataList:
        client, bars = self._link.ib.client, BarDataList()
        number = client.getReqId()
        answer = self._link.ib.wrapper.startReq(number, contract, container=bars)
        client.reqHistoricalData(
            number,
            contract,
            *terms,
            date_format,
            False,  # not kept up to date
            [],
        )
        try:
            async with asyncio.timeout(self._seconds):
                await answer
        finally:
            if answer.cancelled() and client.isReady():
                client.cancelHistoricalData(number)
        return bars

    async def _take_turn(self, name: str, ask: Callable[[], Awaitable[Result]]) -> Result:
        """Ask one of the questions whose answers carry no number.

        Two at once would mix their answers, and the answer to one that was given up would end the
        next one early. So they are asked one after the other, and each only when the one before it
        has been answered.
        """
        async with self._turns[name]:
            owed = self._answers.get(name)
            if owed is not None:
                await self._wait_for(owed)
            unreadable = self._link.unreadable
            answer = asyncio.ensure_future(ask())
            self._answers[name] = answer
            answer.add_done_callback(heard)
            await self._wait_for(answer)
            if self._link.unreadable != unreadable:
                raise BrokerError(
                    f"the gateway's list of {name} may be incomplete: a message that came with it "
                    "could not be read; ask again, and see the log"
                )
            return answer.result()

    async def _wait_for(self, answer: asyncio.Future[Result]) -> None:
        """Wait without cancelling: the gateway goes on answering."""
        await asyncio.wait({answer}, timeout=self._seconds)
        if not answer.done():
            raise TimeoutError

    def _on_error(self, number: int, code: int, text: str, _contract: Contract | None) -> None:
        """A refusal without a number answers a question without a number."""
        if number != NO_REQUEST or code != NOT_VALID:
            return
        open_ones = (self._answers.get(name) for name in _REFUSED)
        for answer in open_ones:
            if answer is not None and not answer.done():
                answer.set_exception(RequestError(number, code, text))
                return
