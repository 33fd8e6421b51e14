"""Which bars are missing, and the requests that fetch them."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from sellkit.core.bars import BarSize, micros

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sellkit.core.bars import Slot
    from sellkit.core.instrument import Instrument
    from sellkit.core.market_time import Calendar

# Interactive Brokers' current limits allow 365 sessions of half-hours in one request, the older
# published table one month; 31 sessions are legal under both.
SLICE_SESSIONS: Final = 31

# "For durations longer than 365 days the request must be made in years."
MAX_DAYS: Final = 365
_SESSIONS_A_YEAR: Final = 250

_MERGED: Final = dt.timedelta(days=10)
_LONG_AGO: Final = dt.timedelta(days=90)
_ONE_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BarRequest:
    """One question for bars.

    Attributes
    ----------
    end
        Bars that start before this instant; aware UTC.
    duration
        Interactive Brokers' form: `31 D` counts sessions, `4 Y` calendar years.
    rth
        Regular trading hours only.
    """

    instrument: Instrument
    bar_size: BarSize
    end: dt.datetime
    duration: str
    rth: bool = True
    what_to_show: str = "TRADES"


def missing_slots(stored: pd.DataFrame, due: Sequence[Slot]) -> list[Slot]:
    """The slots of `due` that the store has no bar for, or only one fetched before its end.

    Parameters
    ----------
    stored
        A bar frame of the same bar size as the slots.
    due
        Slots that have ended, in order.
    """
    if not due:
        return []
    starts = pd.DatetimeIndex([slot.start for slot in due]).as_unit("us")
    ends = pd.DatetimeIndex([slot.end for slot in due]).as_unit("us").asi8
    place = stored.index.get_indexer(starts)
    fetched = micros(stored["fetched_at"])
    told = fetched[place] if len(stored) else np.zeros(len(due), dtype=np.int64)
    good = (place >= 0) & (told >= ends)
    return [slot for slot, is_good in zip(due, good.tolist(), strict=True) if not is_good]


def worth_asking(
    missing: Sequence[Slot], absent: Mapping[dt.datetime, dt.datetime], now: dt.datetime
) -> list[Slot]:
    """The missing slots without those that the source lately said it has no bar for.

    Parameters
    ----------
    missing
        Slots without a bar, in order.
    absent
        By start of slot, when the source last answered for it without giving a bar.
    now
        Aware UTC.
    """
    return [slot for slot in missing if not _is_settled(slot, absent.get(slot.start), now)]


def _is_settled(slot: Slot, asked_at: dt.datetime | None, now: dt.datetime) -> bool:
    # A fresh bar may come late, so "none" counts only from a day on; and for a day.
    if asked_at is None:
        return False
    return asked_at - slot.end >= _ONE_DAY and dt.timedelta() <= now - asked_at < _ONE_DAY


def next_window(missing: Sequence[Slot], size: BarSize, calendar: Calendar) -> Sequence[Slot]:
    """The newest missing slots that one request should bring, in order.

    It ends where the next missing slot lies so far back that a request of its own is cheaper, and
    intraday where a request of `SLICE_SESSIONS` sessions, one of overlap included, would end.
    """
    later = missing[-1].session.date
    first = dt.date.min
    if size is not BarSize.D1:
        sessions = calendar.between(later - _LONG_AGO, later)
        first = sessions[-(SLICE_SESSIONS - 1) :][0].date
    count = 0
    for slot in reversed(missing):
        date = slot.session.date
        if date < first or later - date > _MERGED:
            break
        later = date
        count += 1
    return missing[len(missing) - count :]


def request_for(
    window: Sequence[Slot], instrument: Instrument, size: BarSize, sessions: int, *, rth: bool
) -> BarRequest:
    """The request that covers a window.

    Parameters
    ----------
    window
        Missing slots, in order.
    sessions
        How many sessions back from the window's last one, itself included, the request reaches.
    """
    if sessions <= MAX_DAYS:
        duration = f"{sessions} D"
    else:
        duration = f"{math.ceil(sessions / _SESSIONS_A_YEAR)} Y"
    return BarRequest(instrument, size, window[-1].end, duration, rth)


def unanswered(missing: Sequence[Slot], window: Sequence[Slot], answer: pd.DataFrame) -> list[Slot]:
    """What is still to be asked for after an answer.

    A gateway may give fewer bars than asked for, always the newest. Slots of the window from the
    answer's first bar on are settled, bar or no bar; older ones stay missing. An answer without
    bars, or one that settles nothing, settles the whole window: asking again would loop.
    """
    oldest = answer.index[0] if len(answer) else None
    settled = [slot for slot in window if oldest is not None and slot.start >= oldest]
    done = {slot.start for slot in (settled or window)}
    return [slot for slot in missing if slot.start not in done]
