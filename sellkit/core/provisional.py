"""A session's last bar before its end: completed half-hours, and what is told of the running one.

Such a bar is put behind the completed ones for one judgement, and is never stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import pandas as pd

from sellkit.core.adjustment import price_ratio
from sellkit.core.aggregate import BarsUntil, CompletedBars, completed, fold
from sellkit.core.bars import COLUMNS, INSTANT, BarSize, Slot, empty_bars, session_slots
from sellkit.core.sifting import sifted

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from sellkit.core.market_time import Calendar, Session


@dataclass(frozen=True, slots=True)
class LastBars:
    """The half-hours of a session of which the last one is running.

    Attributes
    ----------
    session
        It is open.
    halves
        Its half-hourly slots, in order; the last one is running.
    stored
        The stored half-hours of the instrument, a bar frame.
    running
        What is told of the last one, a bar frame of one row; none where there is a problem.
    problem
        Why nothing can be judged on it, or None.
    """

    session: Session
    halves: Sequence[Slot]
    stored: pd.DataFrame
    running: pd.DataFrame
    problem: str | None = None

    @classmethod
    def of(
        cls,
        session: Session,
        calendar: Calendar,
        stored: pd.DataFrame,
        answer: pd.DataFrame | str,
    ) -> Self:
        """From what the source answered to a question up to this moment, or why it did not.

        Parameters
        ----------
        stored
            The stored half-hours, a bar frame.
        answer
            Those of this session, the running one among them; or why they could not be had.
        """
        halves = session_slots(session, BarSize.M30, calendar)
        if isinstance(answer, str):
            return cls(session, halves, stored, empty_bars(), answer)
        running = answer[answer.index == pd.Timestamp(halves[-1].start)]
        problem = _doubt(halves[-1], stored, answer, running)
        return cls(session, halves, stored, empty_bars() if problem else running, problem)

    def behind(
        self, base: CompletedBars | BarsUntil, slot: Slot, lag: dt.timedelta
    ) -> CompletedBars:
        """The completed run with the provisional bar behind it.

        Parameters
        ----------
        base
            The run up to the slot before.
        slot
            The session's last hour, or its day.
        lag
            How long after its end a half-hour may still change.
        """
        begin = max(slot.start, self.session.open_utc)
        halves = [each for each in self.halves if each.start >= begin]
        problem = base.problem or self.problem or self._hole(halves[:-1], lag)
        if problem is not None:
            return CompletedBars(slot, empty_bars(), problem)
        kept = self.stored[self.stored.index >= pd.Timestamp(begin)]
        kept = kept[kept.index < pd.Timestamp(halves[-1].start)]
        whole = Slot(begin, slot.end, self.session, len(halves))
        bar = fold(pd.concat([kept, self.running]), [whole])[COLUMNS]
        bar.index = pd.DatetimeIndex([slot.start], dtype=INSTANT, name="start")
        return CompletedBars(slot, pd.concat([base.frame, bar]), base.problem)

    def _hole(self, ended: Sequence[Slot], lag: dt.timedelta) -> str | None:
        """Which of the half-hours that have ended is not there."""
        if not ended:
            return None
        found = completed(self.stored, ended, lag)
        if found.problem is not None or len(found.frame) == len(ended):
            return found.problem
        return f"only {len(found.frame)} of the {len(ended)} half-hours that have ended are stored"


def _doubt(
    last: Slot, stored: pd.DataFrame, answer: pd.DataFrame, running: pd.DataFrame
) -> str | None:
    """Why what is told of the running half-hour is no use, or None."""
    when = f"the half-hour from {last.start:%H:%M} UTC, which is running,"
    if running.empty:
        return f"the gateway tells nothing of {when} so that the last bar cannot be judged early"
    if running["fetched_at"].iloc[0] >= pd.Timestamp(last.end):
        return "the session ended while its last bar was asked for: run again"
    ratio = price_ratio(stored, answer[answer.index < pd.Timestamp(last.start)])
    if ratio is not None:
        return f"stored prices are told {ratio:.6g} times as high now: run again"
    before = stored[stored.index < pd.Timestamp(last.start)].iloc[-1:]
    bad = sifted(running, BarSize.M30, before, empty_bars()).bad
    return f"{when} cannot be: {bad['reason'].iloc[0]}" if len(bad) else None
