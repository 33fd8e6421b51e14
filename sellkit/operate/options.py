"""What the steps are told to do; made from the settings once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.core.bars import Anchor, BarSize, SeriesKey

if TYPE_CHECKING:
    from sellkit.core.assignments import MovingAverage, Timeframe
    from sellkit.core.evaluate import DailyBasis
    from sellkit.core.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskOptions:
    """How the desk works.

    Attributes
    ----------
    limits
        What the gates hold a ticket to.
    daily_basis
        Which close is held against a daily average.
    anchor
        Where hours begin.
    rth
        Regular trading hours only.
    history_days
        Daily bars kept at least, in calendar days.
    history_hours
        Hourly bars that can be folded at least.
    concurrency
        Series downloaded at once.
    lag
        How long after its end a bar may still change; before that it counts for nothing.
    late_bars
        How long after its end a bar that does not come is asked for again.
    all_positions
        Download also for positions without an assignment.
    default_assignment
        What an unassigned position gets, or None.
    """

    limits: Limits
    daily_basis: DailyBasis
    anchor: Anchor
    rth: bool
    history_days: int
    history_hours: int
    concurrency: int
    lag: dt.timedelta = dt.timedelta()
    late_bars: dt.timedelta = dt.timedelta()
    all_positions: bool = False
    default_assignment: tuple[MovingAverage, Timeframe] | None = None

    def key(self, con_id: int, size: BarSize) -> SeriesKey:
        """The series that this desk works on; only hours have an anchor."""
        anchor = self.anchor if size is BarSize.H1 else Anchor.CLOCK
        return SeriesKey(con_id, size, rth=self.rth, anchor=anchor)
