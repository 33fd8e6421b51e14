"""Which bars are missing, and the requests that fetch them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from sellkit.core.bars import BarSize, micros

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from sellkit.core.bars import Slot
    from sellkit.core.instrument import Instrument

# Interactive Brokers' current limits allow 365 sessions of half-hours in one request, the older
# published table one month; 31 sessions are legal under both.
SLICE_SESSIONS: Final = 31

# "For durations longer than 365 days the request must be made in years."
MAX_DAYS: Final = 365
_SESSIONS_A_YEAR: Final = 250


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


def next_window(missing: Sequence[Slot], size: BarSize) -> Sequence[Slot]:
    """The newest missing slots that one request can bring, in order.

    Intraday at most `SLICE_SESSIONS` exchange dates back from the newest; daily all of them.
    """
    if size is BarSize.D1:
        return missing
    newest = missing[-1].session.date
    dates = sorted({slot.session.date for slot in missing})
    # Dates with a missing bar are fewer than sessions, so calendar days bound the reach.
    reach = [date for date in dates if (newest - date).days <= _calendar_days(SLICE_SESSIONS)]
    first = reach[0]
    return [slot for slot in missing if slot.session.date >= first]


def _calendar_days(sessions: int) -> int:
    """Calendar days that are sure to hold no more than this many sessions of five a week."""
    weeks, rest = divmod(sessions - 1, 5)
    return weeks * 7 + rest


def request_for(
    window: Sequence[Slot], instrument: Instrument, size: BarSize, sessions: int, *, rth: bool
) -> BarRequest:
    """The request that covers a window.

    Parameters
    ----------
    window
        Missing slots, in order.
    sessions
        How many sessions the exchange holds from the window's first to its last.
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
