"""The 28 alternatives beside a replay, on the very bars that it judged.

A study follows bars without a hole, so of each timeframe it has the unbroken run that ends with the
last bar: after a hole the averages begin anew, as they do in a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sellkit.core.bars import empty_bars
from sellkit.research.course import Course
from sellkit.research.series import Bars, Series
from sellkit.research.sweep import study

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import pandas as pd

    from sellkit.core.aggregate import Completion
    from sellkit.core.bars import Slot
    from sellkit.ports import Progress
    from sellkit.research.course import ReplayTerms, Subject
    from sellkit.research.result import StudyResult


def alternatives(
    subjects: Sequence[Subject], terms: ReplayTerms, progress: Progress | None = None
) -> StudyResult:
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
    return study(
        [series_of(Course(each, terms)) for each in subjects],
        terms.costs,
        max_seed_weight=terms.max_seed_weight,
        compiled=False,  # for a trader's positions it would take longer to load than to do
        progress=progress,
    )


def series_of(course: Course) -> Series:
    """The unbroken hours and days of one position up to the end of a replay.

    Both are judged from the opening of the same session on: the first in the replay of which hours
    and days are there. Averages take in what lies before.
    """
    token = str(course.subject.position.instrument.token)
    hours, days = (_run(each) for each in (course.hours, course.days))
    begins = [slots[0].start for _, slots in (hours, days) if slots]
    if len(begins) < 2:
        return Series(token, Bars.of(empty_bars()), Bars.of(empty_bars()))
    first = max(course.terms.begin, *begins)
    opening = min(
        (each.session.open_utc for each in days[1] if each.session.open_utc >= first),
        default=course.terms.end,
    )
    return Series(token, *(_bars(frame, slots, opening) for frame, slots in (hours, days)))


def _run(series: Completion) -> tuple[pd.DataFrame, Sequence[Slot]]:
    """The unbroken run that ends with the last bar, and its slots."""
    good = np.flatnonzero(series.good)
    if not len(good):
        return empty_bars(), ()
    last = int(good[-1])
    slots = series.grid.each[int(series.begin[last]) : last + 1]
    return series.until(last + 1).frame, slots


def _bars(frame: pd.DataFrame, slots: Sequence[Slot], opening: dt.datetime) -> Bars:
    begin = sum(each.session.open_utc < opening for each in slots)
    return Bars.of(frame, begin)
