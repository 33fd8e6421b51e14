"""The requests that fetch what is missing: as few as can do the job."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from sellkit.core.bars import BarSize
from sellkit.core.pacing import Urgency

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from sellkit.core.bars import Slot
    from sellkit.core.instrument import Instrument
    from sellkit.core.market_time import Calendar, Session

# Interactive Brokers' current limits allow 365 sessions of half-hours in one request, the older
# published table one month; 31 sessions are legal under both.
SLICE_SESSIONS: Final = 31

# "For durations longer than 365 days the request must be made in years."
MAX_DAYS: Final = 365
_SESSIONS_A_YEAR: Final = 250

# What one more request costs, in bars: a tenth of a second's wait for the budget and the way there
# and back. So many stored bars between two holes are rather told once more.
_A_REQUEST: Final = 500


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
    urgency
        What it is for, as the budget looks at it.
    """

    instrument: Instrument
    bar_size: BarSize
    end: dt.datetime
    duration: str
    rth: bool = True
    what_to_show: str = "TRADES"
    urgency: Urgency = Urgency.BACKFILL


@dataclass(frozen=True, slots=True)
class Window:
    """Missing slots that one request brings, and a stored bar that shows whether they fit.

    Attributes
    ----------
    slots
        The missing ones, in order.
    joint
        A slot beside them whose bar is stored, rather before than after; the request reaches it,
        too. None where on both sides others are missing, or nothing is due.
    end
        Of the newest slot that the request reaches.
    sessions
        How many sessions it spans.
    """

    slots: Sequence[Slot]
    joint: Slot | None
    end: dt.datetime
    sessions: int

    def request(
        self,
        instrument: Instrument,
        size: BarSize,
        *,
        rth: bool,
        urgency: Urgency = Urgency.BACKFILL,
    ) -> BarRequest:
        """The request that covers the slots and the joint."""
        if self.sessions <= MAX_DAYS:
            duration = f"{self.sessions} D"
        else:
            duration = f"{math.ceil(self.sessions / _SESSIONS_A_YEAR)} Y"
        return BarRequest(instrument, size, self.end, duration, rth, urgency=urgency)


@dataclass(frozen=True, slots=True)
class Ground:
    """The slots of a series, and which of them hold bars already.

    Attributes
    ----------
    due
        Every slot that should hold a bar, in order.
    held
        Starts of the bars that were stored before any request of this download.
    """

    due: Sequence[Slot]
    held: pd.DatetimeIndex
    size: BarSize
    calendar: Calendar

    def windows(self, missing: Sequence[Slot]) -> list[Window]:
        """The windows that bring all that is missing, newest first."""
        found: list[Window] = []
        while missing:
            found.append(self.newest_window(missing))
            missing = missing[: len(missing) - len(found[-1].slots)]
        return found

    def newest_window(self, missing: Sequence[Slot]) -> Window:
        """The newest missing slots that one request should bring.

        It ends where the next missing slot lies so far back that a request of its own is cheaper,
        and intraday where a request of `SLICE_SESSIONS` sessions would end.

        Parameters
        ----------
        missing
            Slots of `due`, in order, at least one.
        """
        count = self._worth_bringing(missing)
        while True:
            slots = missing[len(missing) - count :]
            older = missing[-count - 1] if count < len(missing) else None
            window = self._window(slots, older)
            if window.sessions <= SLICE_SESSIONS or self.size is BarSize.D1:
                return window
            first = slots[0].session.date
            count = sum(slot.session.date > first for slot in slots)

    def _worth_bringing(self, missing: Sequence[Slot]) -> int:
        """How many of the newest missing slots lie close enough together for one request."""
        places = [bisect.bisect_left(self.due, slot.start, key=_start) for slot in missing[-1:]]
        first = self._first_session(missing[-1])
        for slot in reversed(missing[:-1]):
            place = bisect.bisect_left(self.due, slot.start, 0, places[-1], key=_start)
            if slot.start < first or places[-1] - place > _A_REQUEST:
                break
            places.append(place)
        return len(places)

    def _first_session(self, newest: Slot) -> dt.datetime:
        """The start of the oldest slot that an intraday request ending at `newest` may reach."""
        if self.size is BarSize.D1:
            return self.due[0].start
        return self.calendar.back_from(newest.session, SLICE_SESSIONS - 1).open_utc

    def _window(self, slots: Sequence[Slot], older: Slot | None) -> Window:
        """The window of some slots, `older` being the next one that is missing before them."""
        first, last = slots[0], slots[-1]
        joint = self._joint_before(first, older)
        if joint is not None:
            # One whole session is told anew, so that a late correction shows, where that is free.
            whole = self._span(self.calendar.back_from(first.session, 1), last)
            tight = self._span(joint.session, last)
            return Window(slots, joint, last.end, whole if whole <= SLICE_SESSIONS else tight)
        joint = self._joint_after(last)
        last = joint or last
        return Window(slots, joint, last.end, self._span(first.session, last))

    def _span(self, first: Session, last: Slot) -> int:
        return len(self.calendar.between(first.date, last.session.date))

    def _joint_before(self, first: Slot, older: Slot | None) -> Slot | None:
        joint = self._held_slot(int(self.held.searchsorted(_stamp(first))) - 1)
        if joint is None or (older is not None and joint.start <= older.start):
            return None
        is_near = joint.session.date >= self.calendar.back_from(first.session, 1).date
        return joint if is_near else None

    def _joint_after(self, last: Slot) -> Slot | None:
        # Only the very next slot: behind others that this download brought, answers that are
        # short would never reach the window.
        place = bisect.bisect_right(self.due, last.start, key=_start)
        joint = self._held_slot(int(self.held.searchsorted(_stamp(last), side="right")))
        return joint if place < len(self.due) and joint == self.due[place] else None

    def _held_slot(self, place: int) -> Slot | None:
        if not 0 <= place < len(self.held):
            return None
        start = self.held[place].to_pydatetime()
        found = bisect.bisect_left(self.due, start, key=_start)
        is_due = found < len(self.due) and self.due[found].start == start
        return self.due[found] if is_due else None


def unanswered(missing: Sequence[Slot], window: Window, answer: pd.DataFrame) -> list[Slot]:
    """What is still to be asked for after an answer.

    A gateway may give fewer bars than asked for, always the newest. Slots of the window from the
    answer's first bar on are settled, bar or no bar; older ones stay missing. An answer without
    bars, or one that settles nothing, settles the whole window: asking again would loop.
    """
    oldest = answer.index[0] if len(answer) else None
    settled = [slot for slot in window.slots if oldest is not None and slot.start >= oldest]
    done = {slot.start for slot in (settled or window.slots)}
    return [slot for slot in missing if slot.start not in done]


def _start(slot: Slot) -> dt.datetime:
    return slot.start


def _stamp(slot: Slot) -> pd.Timestamp:
    return pd.Timestamp(slot.start)
