"""A quote as the ticks that a client gets, live or delayed.

Source of the numbers: https://interactivebrokers.github.io/tws-api/tick_types.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sellkit.simgateway import messages
from sellkit.simgateway.generic_ticks import (
    DIVIDENDS,
    MARK_PRICE,
    TRADE_COUNT,
    TRADES_WITH_TIME,
    TRADES_WITH_TIME_TOO,
)
from sellkit.simgateway.market_messages import tick_generic

if TYPE_CHECKING:
    from sellkit.simgateway.framing import Message
    from sellkit.simgateway.quote import Quote


class _Numbers(NamedTuple):
    """The types of the ticks that every request gets."""

    bid: int
    ask: int
    last: int
    bid_size: int
    ask_size: int
    last_size: int
    volume: int
    high: int
    low: int
    close: int
    open: int
    time: int
    halted: int


_LIVE: Final = _Numbers(1, 2, 4, 0, 3, 5, 8, 6, 7, 9, 14, 45, 49)
_DELAYED: Final = _Numbers(66, 67, 68, 69, 70, 71, 74, 72, 73, 75, 76, 88, 90)
_MARK: Final = 37
_TRADE_COUNT: Final = 54
_DIVIDENDS: Final = 59
_TRADES: Final = {TRADES_WITH_TIME: 48, TRADES_WITH_TIME_TOO: 77}
_NONE: Final = -1.0
_NO_DIVIDENDS: Final = ",,,"

TIMED: Final = frozenset({_LIVE.time, _DELAYED.time, *_TRADES.values()})
"""Ticks that carry a time, and come only with a trade."""

Ticks = dict[tuple[int, int], "Message"]
"""Ticks by the number of their message and their type."""


class Picture(NamedTuple):
    """What is to be told of a contract.

    Attributes
    ----------
    unit
        Shares in one unit of size.
    halted
        -1 unknown, 0 no, 1 for a regulatory reason, 2 for volatility.
    has_sides
        Bid and ask are told; without, they are -1 with the size 0.
    """

    quote: Quote
    unit: int
    halted: int
    has_sides: bool


def default_ticks(request_id: int, picture: Picture, *, delayed: bool) -> Ticks:
    """The ticks that every request gets: prices first, each side with its size, then sizes."""
    quote, unit = picture.quote, picture.unit
    kinds = _DELAYED if delayed else _LIVE
    has_sides = picture.has_sides
    bid, ask = (quote.bid, quote.ask) if has_sides else (_NONE, _NONE)
    sizes = {
        kinds.bid_size: quote.bid_size // unit * has_sides,
        kinds.ask_size: quote.ask_size // unit * has_sides,
        kinds.last_size: quote.last_size // unit,
        kinds.volume: quote.volume // unit,
    }
    prices = {
        kinds.bid: (bid, sizes[kinds.bid_size]),
        kinds.ask: (ask, sizes[kinds.ask_size]),
        kinds.last: (quote.last, sizes[kinds.last_size]),
        kinds.high: (quote.high, 0),
        kinds.low: (quote.low, 0),
        kinds.close: (quote.previous_close, 0),
        kinds.open: (quote.open, 0),
    }
    ticks: Ticks = {
        (1, kind): messages.tick_price(request_id, kind, price, size)
        for kind, (price, size) in prices.items()
    }
    ticks |= {(2, kind): messages.tick_size(request_id, kind, n) for kind, n in sizes.items()}
    if quote.traded_at is not None:
        moment = str(int(quote.traded_at.timestamp()))
        ticks[46, kinds.time] = messages.tick_string(request_id, kinds.time, moment)
    ticks[45, kinds.halted] = tick_generic(request_id, kinds.halted, float(picture.halted))
    return ticks


def generic_ticks(
    request_id: int, picture: Picture, wanted: frozenset[int], told_volume: int | None
) -> Ticks:
    """The ticks that were asked for by number, as far as this market knows them.

    Parameters
    ----------
    told_volume
        The day's volume in shares that the client was told before, None for nothing.
    """
    quote = picture.quote
    ticks: Ticks = {}
    if MARK_PRICE in wanted:
        ticks[1, _MARK] = messages.tick_price(request_id, _MARK, quote.last, 0)
    if TRADE_COUNT in wanted and quote.trades is not None:
        ticks[45, _TRADE_COUNT] = tick_generic(request_id, _TRADE_COUNT, float(quote.trades))
    if DIVIDENDS in wanted:
        ticks[46, _DIVIDENDS] = messages.tick_string(request_id, _DIVIDENDS, _NO_DIVIDENDS)
    for number, kind in _TRADES.items():
        if number in wanted:
            text = _trade(picture, told_volume)
            ticks[46, kind] = messages.tick_string(request_id, kind, text)
    return ticks


def _trade(picture: Picture, told_volume: int | None) -> str:
    """Price, size, time in milliseconds, the day's volume and average, and whether it was one."""
    quote, unit = picture.quote, picture.unit
    size = quote.last_size
    if told_volume is not None and quote.volume > told_volume:
        size = quote.volume - told_volume
    moment = "" if quote.traded_at is None else str(int(quote.traded_at.timestamp() * 1000))
    average = "" if quote.average is None else f"{quote.average:.8f}"
    is_one = "true" if size <= quote.last_size else "false"
    return f"{quote.last};{size // unit};{moment};{quote.volume // unit};{average};{is_one}"
