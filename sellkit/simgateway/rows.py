"""Rows of prices in columns, and the fold of shorter bars into longer ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sellkit.simgateway.timetable import Integers

Floats = npt.NDArray[np.float64]


class Rows(NamedTuple):
    """Bars in order of time, one array per column, all of one length.

    Attributes
    ----------
    session
        Number of the session.
    minute
        Start, in minutes after 1970-01-01 00:00 UTC.
    open, high, low, close
        Prices, in a unit that the source of the rows names; whole numbers where that is the tick,
        so that folding is exact in any order.
    volume
        Shares.
    turnover
        Four times price x volume, summed over the finest rows, each at the mean of its four prices.
    trades
        Their number.
    """

    session: Integers
    minute: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Integers
    turnover: Floats
    trades: Integers

    def part(self, where: slice | npt.NDArray[np.bool_]) -> Rows:
        """Some of the rows."""
        return Rows._make(column[where] for column in self)

    def of_sessions(self, sessions: range) -> Rows:
        """The rows of some sessions."""
        first, stop = np.searchsorted(self.session, (sessions.start, sessions.stop), "left")
        return self.part(slice(int(first), int(stop)))


def no_rows() -> Rows:
    """Rows of length 0."""
    whole, real = np.empty(0, np.int64), np.empty(0, np.float64)
    return Rows(whole, whole, real, real, real, real, whole, real, whole)


def joined(parts: Iterable[Rows]) -> Rows:
    """All rows, one part behind the other."""
    found = [part for part in parts if len(part.minute)]
    if not found:
        return no_rows()
    if len(found) == 1:
        return found[0]
    return Rows._make(np.concatenate(columns) for columns in zip(*found, strict=True))


def fold(rows: Rows, starts: Integers) -> Rows:
    """Rows into longer bars: first open, highest high, lowest low, last close, sums.

    Parameters
    ----------
    rows
        In order of time.
    starts
        For every row the minute at which its longer bar starts.
    """
    if not len(starts):
        return rows
    first = np.flatnonzero(np.concatenate(([True], starts[1:] != starts[:-1])))
    last = np.append(first[1:], len(starts)) - 1
    return Rows(
        session=rows.session[first],
        minute=starts[first],
        open=rows.open[first],
        high=np.maximum.reduceat(rows.high, first),
        low=np.minimum.reduceat(rows.low, first),
        close=rows.close[last],
        volume=np.add.reduceat(rows.volume, first),
        turnover=np.add.reduceat(rows.turnover, first),
        trades=np.add.reduceat(rows.trades, first),
    )
