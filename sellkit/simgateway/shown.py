"""What a client asks to be shown, and rows of prices made into the bars it gets."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core.market_time import UTC
from sellkit.simgateway.history import NO_DATA, NOT_VALID, HistoryBar, Refused

if TYPE_CHECKING:
    from sellkit.simgateway.chance import Floats
    from sellkit.simgateway.rows import Rows

# The name behind a symbol in the text of an empty answer; what is asked for, as it is spoken of.
_TITLES: Final = {
    "TRADES": "Trades",
    "MIDPOINT": "Midpoint",
    "BID": "Bid",
    "ASK": "Ask",
    "BID_ASK": "BidAsk",
    "ADJUSTED_LAST": "AdjustedLast",
    "HISTORICAL_VOLATILITY": "HistoricalVolatility",
    "OPTION_IMPLIED_VOLATILITY": "OptionImpliedVolatility",
    "SCHEDULE": "Schedule",
}
_TRADED: Final = {"TRADES", "ADJUSTED_LAST"}
_QUOTED: Final = {"MIDPOINT", "BID", "ASK", "BID_ASK"}
_DECIMALS: Final = 8
_INSTANTS_KEPT: Final = 1 << 16

MOST_BARS: Final = 300_000
"""More fit into no answer, and to make them all up first would take seconds and much memory."""


class NoData(Refused):
    """The answer to a question to which there is no bar.

    Parameters
    ----------
    symbol, exchange
        As the client is told them.
    what_to_show
        What it asked for.
    """

    def __init__(self, symbol: str, what_to_show: str, exchange: str = "SMART") -> None:
        title = _TITLES.get(what_to_show, what_to_show)
        super().__init__(
            NO_DATA,
            "Historical Market Data Service error message:HMDS query returned no data: "
            f"{symbol}@{exchange} {title}",
        )
        self.what_to_show = what_to_show


def too_many(count: int) -> Refused:
    """The answer to a question to which there are more bars than an answer holds."""
    return Refused(
        NO_DATA,
        "Historical Market Data Service error message:"
        f"{count} bars are too many for one answer; ask for a shorter time or longer bars",
    )


def check_shown(symbol: str, what_to_show: str, *, end: dt.datetime | None) -> None:
    """Refuse what cannot be shown.

    Raises
    ------
    Refused
        321: not a legal value, SCHEDULE (which clients of version 165 and later get otherwise),
        ADJUSTED_LAST with an end. 162: volatilities, of which there are none.
    """
    if what_to_show not in _TITLES:
        raise Refused(
            NOT_VALID,
            f"Error validating request: what to show {what_to_show!r} is not valid. "
            f"Legal ones are: {', '.join(_TITLES)}",
        )
    if what_to_show == "SCHEDULE":
        raise Refused(NOT_VALID, "Error validating request: SCHEDULE is not served.")
    if what_to_show == "ADJUSTED_LAST" and end is not None:
        raise Refused(
            NOT_VALID, "Error validating request: ADJUSTED_LAST needs an empty end date and time."
        )
    if what_to_show not in _TRADED | _QUOTED:
        raise NoData(symbol, what_to_show)


def bars_of(
    rows: Rows, dates: list[dt.date] | None, what_to_show: str, unit: Fraction, tick: float
) -> list[HistoryBar]:
    """Rows as a client gets them.

    Parameters
    ----------
    rows
        One for each bar.
    dates
        The date of each bar, None for bars that carry a time.
    what_to_show
        TRADES or ADJUSTED_LAST, the same here; or quotes: a bid lies a tick below the trade, an ask
        a tick above, the midpoint on it. BID_ASK has the average bid as open, the lowest bid, the
        highest ask, and the average ask as close.
    unit
        What the prices of the rows are counted in.
    tick
        The least step of a price.
    """
    opened, high, low, close = (
        column * unit.numerator / unit.denominator
        for column in (rows.open, rows.high, rows.low, rows.close)
    )
    average = np.clip(_averages(rows) * float(unit), low, high)
    prices = _shown((opened, high, low, close), average, what_to_show, tick)
    volume, trades = rows.volume, rows.trades
    sums = (volume, average, trades)
    if what_to_show in _QUOTED:
        sums = (np.full_like(volume, -1), np.full_like(average, -1), np.full_like(trades, -1))
    columns = (*prices, *sums)
    starts = dates or map(_instant, rows.minute.tolist())
    values = zip(starts, *(column.tolist() for column in columns), strict=True)
    return list(map(HistoryBar._make, values))


@lru_cache(_INSTANTS_KEPT)
def _instant(minute: int) -> dt.datetime:
    """A minute after 1970; the same object again, so that what is kept of it is found sooner."""
    return dt.datetime.fromtimestamp(minute * 60, UTC)


def _averages(rows: Rows) -> Floats:
    """Price by volume, in the unit of the rows; where nothing was traded, the close."""
    return np.where(rows.volume > 0, rows.turnover / (4 * np.maximum(rows.volume, 1)), rows.close)


def _shown(
    prices: tuple[Floats, Floats, Floats, Floats], average: Floats, what_to_show: str, tick: float
) -> tuple[Floats, ...]:
    opened, high, low, close = prices
    if what_to_show == "BID":
        moved = tuple(column - tick for column in prices)
    elif what_to_show == "ASK":
        moved = tuple(column + tick for column in prices)
    elif what_to_show == "BID_ASK":
        middle = np.rint(average / tick) * tick
        moved = (middle - tick, high + tick, low - tick, middle + tick)
    else:
        return opened, high, low, close
    return tuple(np.round(column, _DECIMALS) for column in moved)
