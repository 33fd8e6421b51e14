"""What the market shows of a symbol, made from its latest rows."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from sellkit.core.market_time import UTC
from sellkit.simgateway.quote import Quote
from sellkit.simgateway.rows import Rows, fold
from sellkit.simgateway.shown import bars_of

if TYPE_CHECKING:
    from fractions import Fraction

_LOT = 100
_AN_INSTANT = dt.timedelta(microseconds=1)


def quote_of(
    rows: Rows,
    days: Rows,
    unit: Fraction,
    tick: float,
    *,
    traded_at: dt.datetime,
    is_open: bool,
) -> Quote:
    """The last trade of the rows, a tick to each side of it, and the session that it was in.

    Parameters
    ----------
    rows
        The finest of the last sessions, at least one.
    days
        Regular sessions before that of the last row, for the close before it.
    unit, tick
        What the prices of rows are counted in, and their least step.
    traded_at, is_open
        As `Quote` tells them.
    """
    latest = rows.of_sessions(range(int(rows.session[-1]), int(rows.session[-1]) + 1))
    day = fold(latest, np.full_like(latest.minute, latest.minute[0]))
    bar = bars_of(day, None, "TRADES", unit, tick)[0]
    before = days.part(days.session < rows.session[-1])
    closes = bars_of(before, None, "TRADES", unit, tick)[-1:]
    step = int(rows.minute[-1]) % 7
    return Quote(
        bid=round(bar.close - tick, 8),
        ask=round(bar.close + tick, 8),
        last=bar.close,
        bid_size=_LOT * (1 + step),
        ask_size=_LOT * (7 - step),
        last_size=_LOT,
        volume=bar.volume,
        open=bar.open,
        high=bar.high,
        low=bar.low,
        previous_close=closes[0].close if closes else bar.open,
        average=bar.average,
        trades=bar.count,
        traded_at=traded_at,
        is_open=is_open,
    )


def seen_at(now: dt.datetime) -> dt.datetime:
    """The moment whose rows a quote is made of.

    With a whole minute a row begins, and its open is the price then: of an opening, of a reopening
    after a halt, or of a move at that very moment.
    """
    return now if now.second or now.microsecond else now + _AN_INSTANT


def last_trade(now: dt.datetime, row_end: float) -> dt.datetime:
    """When the last trade was, in whole seconds: now, or at the end of the last row before.

    `row_end` is in minutes after 1970.
    """
    return dt.datetime.fromtimestamp(int(min(now.timestamp(), row_end * 60)), UTC)
