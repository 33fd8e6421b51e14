"""Present prices, asked for once and not kept up. Everything here runs on the loop's thread."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ib_insync import Contract

from sellkit.adapters.ib import translate
from sellkit.adapters.ib.notices import masked
from sellkit.core.quotes import Quote

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from ib_insync import Ticker

    from sellkit.adapters.ib.link import Link
    from sellkit.core.instrument import Instrument

_LIVE: Final = 1
_UNTOLD: Final = 0
_AT_ONCE: Final = 20
"""An account has 100 lines of market data by default, which its terminals use, too."""

_TICKER: Final = "mktData"
# Interactive Brokers' market data types beside the live one.
_TYPES: Final = {
    2: "are frozen, those of the last close",
    3: "are delayed",
    4: "are delayed and frozen",
}

# Tick type 49; a venue may halt for other reasons, too, and 0 and -1 stand for none and unknown.
_HALTS: Final = {1: "", 2: " for its volatility"}

_NOT_SUBSCRIBED: Final = "are not subscribed for this account"
_CODES: Final = {
    101: "could not be had, all lines of market data are in use",
    354: _NOT_SUBSCRIBED,
    10089: "are not subscribed for the API",
    10090: "are subscribed in part only",
    10091: "are subscribed in part only for the API",
    10167: "are delayed",
    10168: _NOT_SUBSCRIBED,
    10186: _NOT_SUBSCRIBED,
    10197: "go to another session of the same login",
}
_WARNINGS: Final = range(2100, 2200)


@dataclass(slots=True)
class _Heard:
    """What came back to one question."""

    code: int | None = None
    text: str = ""


class Quotes:
    """Asks for present prices over a link.

    Parameters
    ----------
    link
        The connection.
    seconds
        How long one instrument's prices are waited for. A market that is closed may never tell
        them all.
    """

    def __init__(self, link: Link, seconds: float) -> None:
        self._link = link
        self._seconds = seconds
        self._lines = asyncio.Semaphore(_AT_ONCE)

    async def of(self, instruments: Sequence[Instrument], at: dt.datetime) -> Mapping[int, Quote]:
        """By contract, what is shown of each at a moment."""
        self._link.ib.client.reqMarketDataType(_LIVE)
        found = await asyncio.gather(*(self._one(each, at) for each in instruments))
        return dict(zip((each.con_id for each in instruments), found, strict=True))

    async def _one(self, instrument: Instrument, at: dt.datetime) -> Quote:
        async with self._lines:
            ticker, heard = await self._ask(Contract(conId=instrument.con_id, exchange="SMART"))
        return Quote(
            asked_at=at,
            bid=_price(ticker.bid),
            ask=_price(ticker.ask),
            last=_price(ticker.last),
            trouble=_trouble(instrument, ticker.marketDataType, heard) or _halt(instrument, ticker),
        )

    async def _ask(self, contract: Contract) -> tuple[Ticker, _Heard]:
        """Subscribe, wait until everything was told or refused, and cancel in any case.

        A snapshot would need no cancel, but the gateway may keep one open for eleven seconds.
        """
        ib, heard, done = self._link.ib, _Heard(), asyncio.Event()
        number = ib.client.getReqId()
        ticker = ib.wrapper.startTicker(number, contract, _TICKER)
        ticker.marketDataType = _UNTOLD  # the library takes live for granted

        def on_error(of: int, code: int, text: str, _contract: Contract | None) -> None:
            if of == number and code not in _WARNINGS:
                heard.code, heard.text = code, masked(text, ib.wrapper.accounts)
                done.set()

        def on_update(_ticker: Ticker) -> None:
            if _is_whole(ticker):
                done.set()

        ib.errorEvent += on_error
        ticker.updateEvent += on_update
        ib.client.reqMktData(number, contract, "", False, False, [])
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await done.wait()
        finally:
            ib.errorEvent -= on_error
            self._end(number, ticker)
        return ticker, heard

    def _end(self, number: int, ticker: Ticker) -> None:
        """Give the line back; also after a refusal, for some of those leave it in use."""
        ib = self._link.ib
        ib.wrapper.endTicker(ticker, _TICKER)
        # The library would keep it for good under both names.
        ib.wrapper.tickers.pop(id(ticker.contract), None)
        ib.wrapper.reqId2Ticker.pop(number, None)
        if ib.client.isReady():
            ib.client.cancelMktData(number)


def _is_whole(ticker: Ticker) -> bool:
    """Whether its kind and both sides were told; of a side that is not there, the last price."""
    sides = (ticker.bid, ticker.ask)
    if ticker.marketDataType == _UNTOLD or any(math.isnan(each) for each in sides):
        return False
    return min(sides) > 0 or not math.isnan(ticker.last)


def _price(told: float) -> Decimal | None:
    """A price; -1 and 0 stand for none."""
    found = translate.price(told)
    return found if found is not None and found > 0 else None


def _trouble(instrument: Instrument, kind: int, heard: _Heard) -> str | None:
    prices = f"prices of {instrument}"
    if heard.code is not None:
        known = _CODES.get(heard.code, "could not be had")
        return f"{prices} {known} ({heard.code}: {heard.text}); no order rests on them"
    if kind == _UNTOLD:
        return f"{prices} did not come, so that nobody knows whether they are live"
    if kind != _LIVE:
        known = _TYPES.get(kind, "are of an unknown kind")
        return f"{prices} {known} (market data type {kind}); no order rests on them"
    return None


def _halt(instrument: Instrument, ticker: Ticker) -> str | None:
    """Why an order would wait in a halt, to be executed at any price when that ends."""
    if not ticker.halted > 0:  # not a number where nothing was told
        return None
    why = _HALTS.get(int(ticker.halted), "")
    return f"trading in {instrument} is halted{why}; an order would wait for the reopening"
