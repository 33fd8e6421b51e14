"""Prices of stocks that were split: from that moment on, all of them are told in the new shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sellkit.simgateway.row_source import Overlay

if TYPE_CHECKING:
    from fractions import Fraction

    from sellkit.simgateway.bar_sizes import Span
    from sellkit.simgateway.chance import Floats
    from sellkit.simgateway.listing import Listing
    from sellkit.simgateway.row_source import RowSource
    from sellkit.simgateway.rows import Rows

# Recorded prices are no multiples of a tick; six decimals are more than anybody records.
_FINE: Final = 1e-6


class Split(NamedTuple):
    """New shares for each old one, and the moment in seconds after 1970."""

    seconds: float
    ratio: Fraction


class Splits(Overlay):
    """The prices of a source, told in the shares that there are at the time of the question.

    Before a split nothing is changed. From its moment on every price is divided by its ratio, also
    those of long ago, and every volume multiplied by it, as IB's own TRADES are. What is paid for
    all shares traded stays the same.
    """

    def __init__(self, source: RowSource) -> None:
        super().__init__(source)
        self._splits: dict[str, tuple[Split, ...]] = {}

    def add(self, symbol: str, split: Split) -> None:
        """Split a symbol's shares."""
        self._splits[symbol] = (*self._splits.get(symbol, ()), split)

    def rows(
        self, listing: Listing, span: Span, sessions: range, now: float, *, rth: bool
    ) -> Rows | None:
        """Rows that fold into bars of `span`; see `Synthetic.rows`."""
        rows = self._source.rows(listing, span, sessions, now, rth=rth)
        if rows is None:
            return None
        for split in self._splits.get(listing.symbol, ()):
            if split.seconds <= now:
                step = 1.0 if self.unit(listing) == listing.tick else _FINE
                rows = _divided(rows, float(split.ratio), step)
        return rows


def _divided(rows: Rows, ratio: float, step: float) -> Rows:
    def divided(prices: Floats) -> Floats:
        return np.maximum(np.rint(prices / ratio / step), 1.0) * step

    return rows._replace(
        open=divided(rows.open),
        high=divided(rows.high),
        low=divided(rows.low),
        close=divided(rows.close),
        volume=np.maximum(np.rint(rows.volume * ratio), 1).astype(np.int64),
    )
