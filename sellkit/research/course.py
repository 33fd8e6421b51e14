"""The moments of one position on stored bars, and what the live evaluator says at each.

Nothing here looks ahead: a moment is given to `core.histories`, which lets nothing through that
ended later, and the averages are carried on bar by bar.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core.assignments import Timeframe
from sellkit.core.bars import BarSize, micros, slots_until
from sellkit.core.evaluate import DailyBasis, evaluate
from sellkit.core.histories import Histories, in_doubt
from sellkit.core.indicators import followed
from sellkit.core.limits import AtClose
from sellkit.core.market_time import calendar_for
from sellkit.core.slots import Slots
from sellkit.research.knowledge import Knowledge, Told
from sellkit.research.market import micros_of
from sellkit.research.series import Costs

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from sellkit.core.aggregate import Completion
    from sellkit.core.assignments import Assignment
    from sellkit.core.bars import Anchor
    from sellkit.core.evaluate import History
    from sellkit.core.market_time import Calendar
    from sellkit.core.portfolio import Position
    from sellkit.core.running import RunningAverages
    from sellkit.core.signals import Signal

_GLANCE: Final = dt.timedelta(days=7)
"""How far before the first moment a series without bars is looked at, to say which bar lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayTerms:
    """How a replay goes.

    Attributes
    ----------
    begin, end
        The first and the last moment; aware UTC.
    anchor, rth, lag, daily_basis
        As the settings have them, and as live runs go by them.
    at_close
        What becomes of a signal at a session's close.
    max_seed_weight
        An average that owes more of itself to its seed sells nothing.
    costs
        Of each trade.
    reenters
        Whether a position that was sold is bought again, at the first bar after a completed one
        that closes strictly above its average. That is no part of the rule.
    whipsaw_bars
        Prices that are back above the average within so many bars make an exit a whipsaw.
    """

    begin: dt.datetime
    end: dt.datetime
    anchor: Anchor
    rth: bool = True
    lag: dt.timedelta = dt.timedelta()
    daily_basis: DailyBasis = DailyBasis.CLOSE
    at_close: AtClose = AtClose.NEXT_OPEN
    max_seed_weight: float = 0.001
    costs: Costs = field(default_factory=Costs)
    reenters: bool = False
    whipsaw_bars: int = 5


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A position with all that is stored of it.

    Attributes
    ----------
    halves, days
        Bar frames.
    doubt
        Why its series must not be decided on, or "".
    revised_halves, revised_days
        What was told of bars before other numbers were, with `replaced_at`; None where nothing was.
    """

    position: Position
    assignment: Assignment
    halves: pd.DataFrame
    days: pd.DataFrame
    doubt: str = ""
    revised_halves: pd.DataFrame | None = None
    revised_days: pd.DataFrame | None = None

    @property
    def calendar_name(self) -> str:
        return self.position.instrument.token.exchange


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a run at a moment would have said.

    Attributes
    ----------
    at
        The end of the bar that was due; aware UTC.
    is_close
        Whether the session ended with it.
    is_stored
        Whether a bar is stored of that time, or of any before.
    """

    at: dt.datetime
    is_close: bool
    is_stored: bool
    signal: Signal


class Course:
    """The moments of one subject.

    Parameters
    ----------
    subject
        What is judged.
    terms
        From when to when, and how.
    """

    def __init__(self, subject: Subject, terms: ReplayTerms) -> None:
        self.subject, self.terms = subject, terms
        self.calendar: Calendar = calendar_for(subject.calendar_name, extended=not terms.rth)
        self._hours = self._slots(BarSize.H1, subject.halves)
        self._days = self._slots(BarSize.D1, subject.days)
        self._knowledge = Knowledge.of(
            Told.of(subject.halves, subject.revised_halves),
            Told.of(subject.days, subject.revised_days),
        )
        self._known: tuple[int, Histories] | None = None
        latest = self._made(subject.halves, subject.days)
        timeframe = subject.assignment.timeframe
        is_hourly = timeframe is Timeframe.H1 or terms.daily_basis is DailyBasis.HOURLY
        judged = self._hours if is_hourly else self._days
        self.hours: Completion = latest.hours
        self.days: Completion = latest.days
        self.series: Completion = self.hours if is_hourly else self.days
        """The bars that are held against the average."""
        first = int(np.searchsorted(judged.ends, micros_of(terms.begin)))
        self.slots = judged.each[first:]
        """Those that end at the moments, in order."""
        self._state: tuple[tuple[int, int], RunningAverages] | None = None

    def __len__(self) -> int:
        return len(self.slots)

    @property
    def corrected(self) -> int:
        """How many times one of its bars was told with another close, within the replay."""
        begin, end = micros_of(self.terms.begin), micros_of(self.terms.end)
        told = (self._knowledge.halves.revised, self._knowledge.days.revised)
        starts = [micros(each.index) for each in told if each is not None]
        return sum(int(((each >= begin) & (each <= end)).sum()) for each in starts)

    @property
    def first(self) -> dt.datetime:
        """When the first stored bar of those judged begins, a day's at its label; the end if none.

        A moment whose slot begins before it has nothing to be judged on.
        """
        bars = self.series.bars
        return bars.index[0].to_pydatetime() if len(bars) else self.terms.end

    def __iter__(self) -> Iterator[Judgement]:
        """The live evaluator at each moment, in order."""
        position, assignment = self.subject.position, self.subject.assignment
        first = self.first
        ends = np.array([micros_of(slot.end) for slot in self.slots], dtype=np.int64)
        hours = np.searchsorted(self._hours.ends, ends, side="right").tolist()
        days = np.searchsorted(self._days.ends, ends, side="right").tolist()
        ages = self._knowledge.ages(ends)
        for slot, *ended, age in zip(self.slots, hours, days, ages, strict=True):
            history = self._history(age, *ended)
            signal = evaluate(position, assignment, history, self.terms.daily_basis)
            is_close = slot.end == slot.session.close_utc
            yield Judgement(slot.end, is_close, slot.start >= first, signal)

    def _history(self, age: int, hours: int, days: int) -> History:
        known = self._histories(age)
        history = known.at(hours, days)
        if self.subject.doubt:
            return in_doubt(history, self.subject.doubt)
        timeframe = self.subject.assignment.timeframe
        is_hours = timeframe is Timeframe.H1
        series = known.hours if is_hours else known.days
        count = hours if is_hours else days
        if not count or not series.good[count - 1]:
            return history
        begin = int(series.begin[count - 1])
        state = self._carried(history.of(timeframe).closes, (age, begin))
        return replace(history, states={timeframe: state})

    def _carried(self, closes: NDArray[np.float64], run: tuple[int, int]) -> RunningAverages:
        """The averages after a run, taken on from the moment before where it is the same run."""
        known = self._state
        if known is None or known[0] != run or known[1].count > len(closes):
            self._state = known = (run, followed(closes)[1])
        state = known[1]
        state.advance_all(closes[state.count :].tolist())
        return state

    def _histories(self, age: int) -> Histories:
        """The bars as they were told in one age of what is known of them."""
        if self._known is None or self._known[0] != age:
            self._known = (age, self._made(*self._knowledge.at(age)))
        return self._known[1]

    def _made(self, halves: pd.DataFrame, days: pd.DataFrame) -> Histories:
        slots = (self._hours, self._days)
        return Histories.of(halves, days, *slots, self.calendar.zone, self.terms.lag)

    def _slots(self, size: BarSize, bars: pd.DataFrame) -> Slots:
        since = self.terms.begin - _GLANCE
        if len(bars):
            since = min(bars.index[0].to_pydatetime(), since)
        anchor = self.terms.anchor
        return Slots.of(
            slots_until(self.terms.end, size, self.calendar, anchor=anchor, since=since)
        )
