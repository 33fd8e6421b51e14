"""Made-up prices that somebody moved: from one moment on they are multiplied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sellkit.simgateway.bar_sizes import MINUTE, Span, Unit
from sellkit.simgateway.row_source import Overlay
from sellkit.simgateway.rows import Rows, joined, no_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.simgateway.chance import Floats
    from sellkit.simgateway.listing import Listing
    from sellkit.simgateway.row_source import RowSource
    from sellkit.simgateway.timetable import Hours


# Prices stay whole numbers of ticks, exact and far from what a float can hold, however often moved.
_MOST_TICKS: Final = 1e14


class Move(NamedTuple):
    """A factor, and the moment in seconds after 1970 from which prices are multiplied by it."""

    seconds: float
    factor: float


class Moved(Overlay):
    """The prices of a source, with what has been moved in them since.

    Bars before a move stay as they were. The minute in which it comes opens where it opened and
    closes where the move left it. While the exchange is closed a move shows at the next opening.

    Parameters
    ----------
    source
        The prices as they were made up.
    hours
        The sessions of an exchange.
    """

    def __init__(self, source: RowSource, hours: Callable[[str], Hours]) -> None:
        super().__init__(source)
        self._hours = hours
        self._moves: dict[str, tuple[Move, ...]] = {}

    def add(self, symbol: str, move: Move) -> None:
        """Move a symbol's prices, also those that were moved before."""
        self._moves[symbol] = (*self._moves.get(symbol, ()), move)

    @property
    def moves(self) -> list[tuple[str, float, float]]:
        """Every move: symbol, factor, and the moment in seconds after 1970."""
        return [
            (symbol, move.factor, move.seconds)
            for symbol, moves in self._moves.items()
            for move in moves
        ]

    def rows(
        self, listing: Listing, span: Span, sessions: range, now: float, *, rth: bool
    ) -> Rows | None:
        """Rows that fold into bars of `span`; see `Synthetic.rows`."""
        moves = self._moves.get(listing.symbol)
        if not moves or span.unit is Unit.SECOND:
            return self._source.rows(listing, span, sessions, now, rth=rth)
        closes = self._hours(listing.exchange).of(rth=rth).closes
        first = int(np.searchsorted(closes, min(moves).seconds / 60, "right"))
        middle = min(sessions.stop, max(first, sessions.start))
        before, since = range(sessions.start, middle), range(middle, sessions.stop)
        old = self._source.rows(listing, span, before, now, rth=rth) or no_rows()
        # Longer rows would not tell which part of them came after the move.
        new = self._source.rows(listing, MINUTE, since, now, rth=rth) or no_rows()
        for move in moves:
            new = _apply(new, move)
        return joined((old, new))


def _apply(rows: Rows, move: Move) -> Rows:
    is_after = rows.minute * 60.0 >= move.seconds
    is_during = ~is_after & ((rows.minute + 1) * 60.0 > move.seconds)

    def moved(prices: Floats) -> Floats:
        return np.clip(np.rint(prices * move.factor), 1.0, _MOST_TICKS)

    is_touched = is_after | is_during
    open_ = np.where(is_after, moved(rows.open), rows.open)
    close = np.where(is_touched, moved(rows.close), rows.close)
    high = np.where(is_after, moved(rows.high), np.maximum(rows.high, close))
    low = np.where(is_after, moved(rows.low), np.minimum(rows.low, close))
    return rows._replace(
        open=open_,
        high=high,
        low=low,
        close=close,
        turnover=np.where(is_touched, (open_ + high + low + close) * rows.volume, rows.turnover),
    )
