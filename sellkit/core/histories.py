"""What may be judged of one instrument, at any of the moments that its bars reach over.

A moment is two numbers: how many hours and how many days have ended by then. A run asks about one
moment, a replay about thousands; both ask here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sellkit.core.adjustment import disagreement
from sellkit.core.aggregate import CompletedBars, Completion, fold
from sellkit.core.evaluate import History

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from sellkit.core.slots import Slots


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """The completed bars of an instrument, made once for all moments.

    Attributes
    ----------
    hours, days
        Which bars count.
    zone
        The exchange's clock.
    is_agreed
        Whether hours and days speak of the same prices all the way.
    """

    hours: Completion
    days: Completion
    zone: dt.tzinfo
    is_agreed: bool

    @classmethod
    def of(
        cls,
        halves: pd.DataFrame,
        days: pd.DataFrame,
        hour_slots: Slots,
        day_slots: Slots,
        zone: dt.tzinfo,
        lag: dt.timedelta,
    ) -> Histories:
        """Fold and look at everything once.

        Parameters
        ----------
        halves, days
            Bar frames of one instrument.
        hour_slots, day_slots
            The slots that have ended by the latest moment, in order.
        zone
            The exchange's clock.
        lag
            How long after its end a bar may still change.
        """
        folded = fold(halves, hour_slots)
        # Of less bars there are less pairs to differ: where all agree, they do at each moment.
        is_agreed = disagreement(folded, days, zone) is None
        found = (Completion.of(folded, hour_slots, lag), Completion.of(days, day_slots, lag))
        return cls(*found, zone, is_agreed)

    def at(self, hours: int, days: int) -> History:
        """What may be judged when so many hours and so many days have ended."""
        judged = History(self.hours.until(hours), self.days.until(days))
        if self.is_agreed:
            return judged
        folded = self.hours.ended(hours)
        problem = disagreement(folded, judged.days.frame, self.zone)
        return judged if problem is None else in_doubt(judged, problem)

    def latest(self) -> History:
        """What may be judged when all of them have ended, with frames that are made once."""
        found = self.at(len(self.hours.good), len(self.days.good))
        hours, days = (CompletedBars(e.due, e.frame, e.problem) for e in (found.hours, found.days))
        return replace(found, hours=hours, days=days)


def in_doubt(history: History, problem: str) -> History:
    """The same bars, with a reason why nothing may be decided on them."""
    hours, days = (each.doubted(problem) for each in (history.hours, history.days))
    return replace(history, hours=hours, days=days)
