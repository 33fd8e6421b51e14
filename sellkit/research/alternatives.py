"""The 28 alternatives beside a replay, on the very bars that it judged, and whether one was lucky.

A study follows bars without a hole, so of each timeframe it has the unbroken run that ends with the
last bar: after a hole the averages begin anew, as they do in a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sellkit.core.bars import empty_bars
from sellkit.core.counting import counted
from sellkit.research import chance
from sellkit.research.course import Course
from sellkit.research.series import Bars, Series, Terms
from sellkit.research.sweep import study

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from sellkit.core.aggregate import Completion
    from sellkit.core.bars import Slot
    from sellkit.ports import Progress
    from sellkit.research.chance import Verdict
    from sellkit.research.course import ReplayTerms, Subject
    from sellkit.research.result import StudyResult


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Alternatives:
    """What the 28 choices would have come to for each position.

    Attributes
    ----------
    study
        Their figures.
    luck
        By token, whether the best of them is more than the luckiest of 28; those of which there are
        sessions enough to say.
    """

    study: StudyResult
    luck: Mapping[str, Verdict]

    def __repr__(self) -> str:
        lines = [
            f"{name}: best {each.best} over {each.sessions} sessions, p {each.p_value:.2f}"
            for name, each in self.luck.items()
        ]
        return "\n".join([f"28 alternatives of {counted(len(self.study), 'position')}", *lines])


def alternatives(
    subjects: Sequence[Subject], terms: ReplayTerms, progress: Progress | None = None
) -> Alternatives:
    """What each of the 28 choices would have come to, for each position.

    What was sold is bought again after a close strictly above, or else only the first exit of each
    would count. Seeds weigh as much as the terms allow.

    Parameters
    ----------
    subjects
        The positions.
    terms
        From when to when, and the costs.
    progress
        Told of every position that is done.
    """
    series = [series_of(Course(each, terms)) for each in subjects]
    found = study(
        series,
        terms.costs,
        max_seed_weight=terms.max_seed_weight,
        compiled=False,  # for a trader's positions it would take longer to load than to do
        progress=progress,
    )
    traded = Terms(terms.costs, True, terms.max_seed_weight)
    judged = ((each.name, chance.differences(each, traded)) for each in series)
    luck = {
        name: chance.verdict(gains)
        for name, gains in judged
        if len(gains.sessions) >= chance.FEWEST_SESSIONS
    }
    return Alternatives(found, luck)


def series_of(course: Course) -> Series:
    """The unbroken hours and days of one position up to the end of a replay.

    Both are judged over the same sessions: from the first in the replay of which hours and days are
    there to the last one; the hours of a session that is not over belong to no day yet. Averages
    take in what lies before.
    """
    token = str(course.subject.position.instrument.token)
    (hours, hour_slots), (days, day_slots) = (_run(each) for each in (course.hours, course.days))
    if not len(hour_slots) or not len(day_slots):
        none = Bars.of(empty_bars())
        return Series(token, none, none)
    last = min(each[-1].session.date for each in (hour_slots, day_slots))
    hours, days = _until(last, hours, hour_slots), _until(last, days, day_slots)
    first = max(course.terms.begin, hour_slots[0].start, day_slots[0].session.open_utc)
    opened = (each.session for each in day_slots)
    begin = min((e.date for e in opened if e.open_utc >= first and e.date <= last), default=None)
    if begin is None:
        none = Bars.of(empty_bars())
        return Series(token, none, none)
    return Series.since(token, hours, days, begin, course.calendar.zone.key)


def _until(last: dt.date, bars: pd.DataFrame, slots: Sequence[Slot]) -> pd.DataFrame:
    return bars.iloc[: sum(slot.session.date <= last for slot in slots)]


def _run(series: Completion) -> tuple[pd.DataFrame, Sequence[Slot]]:
    """The unbroken run that ends with the last bar, and its slots."""
    good = np.flatnonzero(series.good)
    if not len(good):
        return empty_bars(), ()
    last = int(good[-1])
    slots = series.grid.each[int(series.begin[last]) : last + 1]
    return series.until(last + 1).frame, slots
