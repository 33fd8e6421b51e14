"""A client of its own process that does as it is told on its standard input, one line for each job.

A job is a JSON object with `do` and what that takes; the answer is one JSON line on the standard
output. Times are of the machine's steady clock, which all processes share.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from ib_insync import IB, Contract, LimitOrder, MarketOrder, Trade

SECONDS = 60.0
TRADED = "AAPL"
NUMBERS = {
    "AAPL": 265598,
    "MSFT": 272093,
    "NVDA": 4815747,
    "JPM": 1520593,
    "XOM": 13977,
    "SPY": 756733,
}
EPOCH_SECONDS, TEXT = 2, 1
FAR_BELOW = 1.0
ON_ONE_CONTRACT = 19  # of 20 that may work on a side of a contract, one is left for the trips


def contract(symbol: str) -> Contract:
    """A contract by its number, as sellkit asks for it."""
    return Contract(conId=NUMBERS[symbol], exchange="SMART")


class Client:
    """ib_insync as it is, but for the 45 requests a second at which it holds itself back."""

    def __init__(self) -> None:
        self._ib = IB()

    async def connect(self, port: int, client_id: int) -> dict[str, Any]:
        self._ib = IB()
        self._ib.client.MaxRequests = 0
        await self._ib.connectAsync("127.0.0.1", port, clientId=client_id, timeout=SECONDS)
        return {}

    async def disconnect(self) -> dict[str, Any]:
        """Leave without an order at work."""
        if self._ib.openTrades():
            self._ib.reqGlobalCancel()
            async with asyncio.timeout(SECONDS):
                while self._ib.openTrades():
                    await asyncio.sleep(0.001)
        self._ib.disconnect()
        await asyncio.sleep(0)
        return {}

    async def bars(
        self, symbols: list[str], size: str, duration: str, date_format: int
    ) -> dict[str, Any]:
        """Ask for the bars of one symbol after the other."""
        count, begin = 0, time.monotonic()
        for symbol in symbols:
            found = await self._ib.reqHistoricalDataAsync(
                contract(symbol), "", duration, size, "TRADES", True, date_format, timeout=SECONDS
            )
            count += len(found)
        return {"begin": begin, "end": time.monotonic(), "bars": count}

    async def orders(self, resting: int, trips: int) -> dict[str, Any]:
        """Buy and sell one share in turn, while other orders rest far from the market."""
        symbols = list(NUMBERS)
        rest = [
            self._ib.placeOrder(
                contract(symbols[number // ON_ONE_CONTRACT]), LimitOrder("BUY", 1, FAR_BELOW)
            )
            for number in range(resting)
        ]
        async with asyncio.timeout(SECONDS):
            while any(trade.orderStatus.status != "Submitted" for trade in rest):
                await asyncio.sleep(0.001)
        taken = [await self._trip("SELL" if number % 2 else "BUY") for number in range(trips)]
        return {"seconds": taken}

    async def _trip(self, action: str) -> float:
        """Seconds from placing an order until the client knows that it is filled."""
        filled: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def note(_: Trade) -> None:
            if not filled.done():
                filled.set_result(None)

        begin = time.perf_counter()
        trade = self._ib.placeOrder(contract(TRADED), MarketOrder(action, 1))
        trade.filledEvent += note
        await asyncio.wait_for(filled, SECONDS)
        return time.perf_counter() - begin


def main() -> None:
    """Do one job after the other until the input ends."""
    client, loop = Client(), asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    for line in sys.stdin:
        job = json.loads(line)
        answer = loop.run_until_complete(getattr(client, job.pop("do"))(**job))
        print(json.dumps(answer), flush=True)
    loop.close()


if __name__ == "__main__":
    main()
