"""The evaluator: completed bars and an assignment in, a signal out.

The hourly run, replay and research all ask this one function, so they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sellkit.core import indicators
from sellkit.core.assignments import Timeframe
from sellkit.core.signals import BarCertificate, Decision, Signal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sellkit.core.aggregate import BarsUntil, CompletedBars
    from sellkit.core.assignments import Assignment
    from sellkit.core.portfolio import Position
    from sellkit.core.running import RunningAverages


class DailyBasis(StrEnum):
    """Which close is held against a daily average: the day's, or that of every hour."""

    CLOSE = "close"
    HOURLY = "hourly"


@dataclass(frozen=True, slots=True)
class History:
    """Completed bars of one instrument.

    Attributes
    ----------
    hours, days
        The unbroken runs up to the last bar due.
    price_basis
        What the bars show.
    states
        The averages after the last bar of a run, where they are at hand: answers are the same
        without them, and come later.
    """

    hours: CompletedBars | BarsUntil
    days: CompletedBars | BarsUntil
    price_basis: str = "TRADES"
    states: Mapping[Timeframe, RunningAverages] = field(default_factory=dict)

    def of(self, timeframe: Timeframe) -> CompletedBars | BarsUntil:
        """The run of one timeframe."""
        return self.hours if timeframe is Timeframe.H1 else self.days

    def state(self, timeframe: Timeframe) -> RunningAverages | None:
        """The averages after the last bar of a run; None unless they are of these very bars."""
        state, closes = self.states.get(timeframe), self.of(timeframe).closes
        if state is None or not len(closes) or state.count != len(closes):
            return None
        return state if state.recent[-1] == closes[-1] else None


def evaluate(
    position: Position,
    assignment: Assignment | None,
    history: History | None,
    daily_basis: DailyBasis = DailyBasis.CLOSE,
) -> Signal:
    """Judge one position on its last completed bar.

    Parameters
    ----------
    position
        What is held.
    assignment
        The average that decides, or None.
    history
        Its completed bars, or None when none could be had.
    daily_basis
        Which close is held against a daily average.
    """
    excluded = _exclusion(position)
    if excluded:
        return Signal(position, assignment, Decision.EXCLUDED, (excluded,))
    if position.instrument.problem:
        return Signal(position, assignment, Decision.UNDECIDED, (position.instrument.problem,))
    if assignment is None:
        token = position.instrument.token
        reason = f"unassigned: no average decides it; `sellkit assign {token} SMA 50 1H` gives one"
        return Signal(position, None, Decision.UNDECIDED, (reason,))
    if history is None:
        return Signal(position, assignment, Decision.UNDECIDED, ("no bars could be had",))
    base = history.of(assignment.timeframe)
    hourly = assignment.timeframe is Timeframe.D1 and daily_basis is DailyBasis.HOURLY
    judged = history.hours if hourly else base
    doubt = _doubt(assignment, base, judged)
    if doubt:
        return Signal(position, assignment, Decision.UNDECIDED, (doubt,))
    return _judge(position, assignment, base, judged, history)


def _exclusion(position: Position) -> str | None:
    instrument = position.instrument
    if not instrument.is_decided:
        return f"{instrument.security_type} is shown and never decided"
    if position.quantity < 0:
        return "a short position is shown and never decided"
    if position.quantity == 0:
        return "nothing is held any more"
    return None


def _doubt(
    assignment: Assignment, base: CompletedBars | BarsUntil, judged: CompletedBars | BarsUntil
) -> str | None:
    problem = judged.problem or base.problem
    if problem:
        return problem
    have, length = len(base.closes), assignment.average.length
    if have < length:
        return f"history is too short: {assignment.label} needs {length} bars in a row, has {have}"
    return None


def _judge(
    position: Position,
    assignment: Assignment,
    base: CompletedBars | BarsUntil,
    judged: CompletedBars | BarsUntil,
    history: History,
) -> Signal:
    closes, judged_close = base.closes, float(judged.closes[-1])
    average, state = assignment.average, history.state(assignment.timeframe)
    below = indicators.is_strictly_below(closes, average, judged_close, state)
    value = state.value(average) if state else float(indicators.average(closes, average)[-1])
    if judged.due is None:
        raise ValueError("bars without a slot cannot be judged")
    certificate = BarCertificate(
        slot=judged.due,
        parts=judged.due.parts,
        fetched_at=judged.fetched_at,
        close=judged_close,
        average=value,
        bars_used=len(closes),
        seed_weight=assignment.average.seed_weight(len(closes)),
        price_basis=history.price_basis,
    )
    relation = "strictly below" if below else "not below"
    label = f"{certificate.provisional_label}: " if certificate.is_provisional else ""
    reason = f"{label}close {certificate.close:.4f} is {relation} {assignment.label} {value:.4f}"
    decision = Decision.EXIT if below else Decision.HOLD
    return Signal(position, assignment, decision, (reason,), certificate)
