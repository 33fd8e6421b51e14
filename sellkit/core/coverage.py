"""Which bars are missing, and whether it is any use to ask for them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from sellkit.core.bars import micros

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sellkit.core.bars import Slot

# How long what the source said it does not have is believed, by how often it has said so.
_BELIEVED: Final = {1: dt.timedelta(days=1), 2: dt.timedelta(days=7)}
_A_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Absence:
    """A bar that the source does not have.

    Attributes
    ----------
    asked_at
        When it last said so; aware UTC.
    times
        How often it has.
    """

    asked_at: dt.datetime
    times: int = 1

    def holds(self, now: dt.datetime) -> bool:
        """Whether asking again is no use yet: after a day, and after a week, then never."""
        believed = _BELIEVED.get(self.times)
        return believed is None or dt.timedelta() <= now - self.asked_at < believed


def missing_slots(
    stored: pd.DataFrame,
    due: Sequence[Slot],
    lag: dt.timedelta = dt.timedelta(),
    since: dt.datetime | None = None,
) -> list[Slot]:
    """The slots of `due` that the store has no bar for, or only one fetched before it was final.

    Parameters
    ----------
    stored
        A bar frame of the same bar size as the slots.
    due
        Slots that have ended, in order.
    lag
        How long after its end a bar may still change.
    since
        When all prices may have changed last, aware UTC: the newest bar must have been fetched
        after that, too.
    """
    if not due:
        return []
    starts = pd.DatetimeIndex([slot.start for slot in due]).as_unit("us")
    ready = [slot.end + lag for slot in due]
    ready[-1] = max(ready[-1], since or ready[-1])
    finals = pd.DatetimeIndex(ready).as_unit("us").asi8
    place = stored.index.get_indexer(starts)
    fetched = micros(stored["fetched_at"])
    told = fetched[place] if len(stored) else np.zeros(len(due), dtype=np.int64)
    good = (place >= 0) & (told >= finals)
    return [slot for slot, is_good in zip(due, good.tolist(), strict=True) if not is_good]


def worth_asking(
    missing: Sequence[Slot],
    absent: Mapping[dt.datetime, Absence],
    now: dt.datetime,
    lag: dt.timedelta = dt.timedelta(),
) -> list[Slot]:
    """The missing slots that are final, without those that the source said it has no bar for.

    Parameters
    ----------
    missing
        Slots without a bar, in order.
    absent
        By start of slot, what the source answered.
    now
        Aware UTC.
    lag
        How long after its end a bar may still change.
    """
    return [
        slot
        for slot in missing
        if slot.end + lag <= now and not (slot.start in absent and absent[slot.start].holds(now))
    ]


def noted(
    absent: Mapping[dt.datetime, Absence], lacking: Iterable[Slot], now: dt.datetime
) -> dict[dt.datetime, Absence]:
    """What is newly known after the source answered for `lacking` without giving their bars.

    A bar may come late, so the answer counts only from a day after its end on; and it counts no
    second time while it is believed.
    """
    found: dict[dt.datetime, Absence] = {}
    for slot in lacking:
        known = absent.get(slot.start)
        if now - slot.end < _A_DAY or (known is not None and known.holds(now)):
            continue
        # After a clock went back the ladder begins anew.
        is_later = known is not None and known.asked_at <= now
        found[slot.start] = Absence(now, known.times + 1 if known and is_later else 1)
    return found


@dataclass(frozen=True, slots=True)
class SessionCoverage:
    """How much of one session is stored.

    Attributes
    ----------
    date
        The session's.
    due
        Bars that should be there.
    stored
        Those of them that are, told once they were final.
    absent
        Those that the source said it does not have.
    """

    date: dt.date
    due: int
    stored: int
    absent: int

    @property
    def missing(self) -> int:
        """Bars that could be asked for."""
        return self.due - self.stored - self.absent


def by_session(
    stored: pd.DataFrame,
    due: Sequence[Slot],
    absent: Mapping[dt.datetime, Absence],
    lag: dt.timedelta = dt.timedelta(),
) -> list[SessionCoverage]:
    """Of each session in `due`, in order, how much is stored; parameters as of `missing_slots`."""
    lacking = {slot.start for slot in missing_slots(stored, due, lag)}
    found: list[SessionCoverage] = []
    for date, slots in groupby(due, key=lambda slot: slot.session.date):
        starts = [slot.start for slot in slots]
        gone = [start for start in starts if start in lacking]
        known = sum(start in absent for start in gone)
        found.append(SessionCoverage(date, len(starts), len(starts) - len(gone), known))
    return found
