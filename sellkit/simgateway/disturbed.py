"""Prices with what came between: halts, in which nothing trades, and closes corrected later."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from sellkit.simgateway.bar_sizes import MINUTE, Span, Unit
from sellkit.simgateway.row_source import Overlay
from sellkit.simgateway.rows import Rows, joined, no_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sellkit.simgateway.corrections import Correction, Corrections
    from sellkit.simgateway.halts import Halt, Halts
    from sellkit.simgateway.listing import Listing
    from sellkit.simgateway.row_source import RowSource
    from sellkit.simgateway.timetable import Hours


class Disturbed(Overlay):
    """The prices of a source, without what would have traded in halts, and corrected.

    A bar that a halt lies in only in part holds what traded in the other part; of recorded bars,
    which cannot be divided, it is the whole bar. After a halt the first row begins at the start of
    the minute of the reopening.

    Parameters
    ----------
    source
        The prices as they would have been.
    hours
        The sessions of an exchange.
    halts, corrections
        What came between; may grow meanwhile.
    flat
        Rows inside a halt stay, at the last price before it and without volume, instead of missing.
    """

    def __init__(
        self,
        source: RowSource,
        hours: Callable[[str], Hours],
        halts: Halts,
        corrections: Corrections,
        *,
        flat: bool,
    ) -> None:
        super().__init__(source)
        self._hours = hours
        self._halts = halts
        self._corrections = corrections
        self._flat = flat

    def rows(
        self, listing: Listing, span: Span, sessions: range, now: float, *, rth: bool
    ) -> Rows | None:
        """Rows that fold into bars of `span`; see `Synthetic.rows`."""
        halts = [one for one in self._halts.of(listing.symbol) if one.start.timestamp() < now]
        corrections = self._corrections.known(listing.symbol, now)
        fine = self._source.finest(listing)
        is_plain = not (halts or corrections) or span.unit is Unit.SECOND
        if is_plain or fine is None or not fine.folds_into(span):
            return self._source.rows(listing, span, sessions, now, rth=rth)
        touched = self._touched(listing, halts, corrections, now, rth=rth)
        first = min(max(touched.start, sessions.start), sessions.stop)
        stop = min(max(touched.stop, first), sessions.stop)
        parts = (
            self._source.rows(listing, span, range(sessions.start, first), now, rth=rth),
            self._disturbed(
                listing, fine, range(first, stop), now, halts=halts, fixes=corrections, rth=rth
            ),
            self._source.rows(listing, span, range(stop, sessions.stop), now, rth=rth),
        )
        return joined(part for part in parts if part is not None)

    def _touched(
        self,
        listing: Listing,
        halts: Sequence[Halt],
        corrections: Sequence[Correction],
        now: float,
        *,
        rth: bool,
    ) -> range:
        """The sessions from the first to the last in which something came between."""
        table = self._hours(listing.exchange).of(rth=rth)
        starts = [halt.start.timestamp() for halt in halts]
        ends = [now if halt.end is None else halt.end.timestamp() for halt in halts]
        for correction in corrections:
            moment = correction.bar_end.timestamp()
            starts.append(moment - 1)
            ends.append(moment)
        first = int(np.searchsorted(table.closes, min(starts) / 60, "right"))
        return range(first, max(first, table.opened_before(max(ends))))

    def _disturbed(
        self,
        listing: Listing,
        fine: Span,
        sessions: range,
        now: float,
        *,
        halts: Sequence[Halt],
        fixes: Sequence[Correction],
        rth: bool,
    ) -> Rows:
        if not sessions:
            return no_rows()
        table = self._hours(listing.exchange).of(rth=rth)
        rows = self._source.rows(listing, fine, sessions, now, rth=rth) or no_rows()
        for halt in halts:
            rows = self._halted(listing, fine, rows, halt, now, rth=rth)
        ends = table.bounds(fine, rows.session, rows.minute)[1] * 60
        # The least step of a price, in the unit that the rows are counted in.
        step = float(Fraction(listing.tick) / self._source.unit(listing))
        for one in fixes:
            places = np.flatnonzero(ends == one.bar_end.timestamp()).tolist()
            rows = _corrected(rows, places, one, step)
        return rows

    def _halted(
        self, listing: Listing, fine: Span, rows: Rows, halt: Halt, now: float, *, rth: bool
    ) -> Rows:
        """The rows without what a halt swallows."""
        start = halt.start.timestamp()
        end = math.inf if halt.end is None else halt.end.timestamp()
        table = self._hours(listing.exchange).of(rth=rth)
        stops = table.bounds(fine, rows.session, rows.minute)[1] * 60
        is_after = rows.minute * 60 >= start
        # While the halt lasts, nothing of the row in progress has traded.
        is_over = (stops > end) & (now >= end)
        is_cut = ~is_after & ~is_over & (stops > start)
        before = rows.part(~is_after & ~is_over & ~is_cut)
        begun = rows.part(is_cut)
        if fine == MINUTE and len(begun.minute):
            session = int(begun.session[0])
            known = self._source.rows(listing, fine, range(session, session + 1), start, rth=rth)
            begun = begun if known is None else known.part(known.minute == begun.minute[0])
        before = joined((before, begun))
        between = self._stood_still(rows.part(is_after & ~is_over), before)
        return joined((before, between, rows.part(is_over)))

    def _stood_still(self, rows: Rows, before: Rows) -> Rows:
        """What is told of rows inside a halt: nothing, or the last price before it."""
        if not self._flat or not len(before.minute):
            return no_rows()
        level = np.full_like(rows.close, before.close[-1])
        nothing = np.zeros_like(rows.volume)
        return Rows(
            session=rows.session,
            minute=rows.minute,
            open=level,
            high=level,
            low=level,
            close=level,
            volume=nothing,
            turnover=np.zeros_like(level),
            trades=nothing,
        )


def _corrected(rows: Rows, places: Sequence[int], correction: Correction, step: float) -> Rows:
    """The rows with another close in some places."""
    if not places:
        return rows
    close, high, low = rows.close.copy(), rows.high.copy(), rows.low.copy()
    turnover = rows.turnover.copy()
    for place in places:
        close[place] = max(step, round(float(close[place]) * correction.factor / step) * step)
        high[place] = max(high[place], close[place])
        low[place] = min(low[place], close[place])
        four = (
            float(rows.open[place]) + float(high[place]) + float(low[place]) + float(close[place])
        )
        turnover[place] = four * float(rows.volume[place])
    return rows._replace(close=close, high=high, low=low, turnover=turnover)
