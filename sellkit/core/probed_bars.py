"""What bars that a gateway told say of how it makes and counts them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from sellkit.core.aggregate import fold
from sellkit.core.bars import PRICES, Anchor, BarSize, day_label, session_slots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.core.bars import Slot
    from sellkit.core.market_time import Calendar, Session

# Prices are told in cents or finer steps; what differs less is the same number.
_SAME: Final = 1e-6
# Corrected trades reach one of two answers before the other.
_MOST_DIFFERING: Final = 0.02
_HALF_HOUR: Final = dt.timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class AnchorFit:
    """How native hourly bars lie against the hours that one anchor folds of half-hours.

    Attributes
    ----------
    sessions, short
        How many closed sessions were compared, and how many of them were half days.
    compared
        Hours of which both are there.
    off_grid
        Native bars that begin where no hour of this anchor does.
    absent
        Hours that half-hours make, and of which there is no native bar.
    differing
        Hours whose open, high, low or close differ.
    """

    anchor: Anchor
    sessions: int
    short: int
    compared: int
    off_grid: int
    absent: int
    differing: int

    @property
    def is_on_grid(self) -> bool:
        """Whether the native bars begin where this anchor's hours do."""
        return self.compared > 0 and not self.off_grid

    @property
    def fits(self) -> bool:
        """Whether they are the same hours, a rare correction aside."""
        off = self.absent + self.differing
        return self.is_on_grid and off <= _MOST_DIFFERING * (self.compared + self.absent)


def anchor_fit(
    native: pd.DataFrame,
    half_hours: pd.DataFrame,
    calendar: Calendar,
    anchor: Anchor,
    now: dt.datetime,
) -> AnchorFit:
    """Compare the sessions that had closed at `now` and that both frames reach."""
    sessions = _closed(native, half_hours, calendar, now)
    if not sessions:
        return AnchorFit(anchor, 0, 0, 0, 0, 0, 0)
    slots = [
        slot
        for session in sessions
        for slot in session_slots(session, BarSize.H1, calendar, anchor)
    ]
    first, last = _stamp(sessions[0].open_utc - _HALF_HOUR * 2), _stamp(sessions[-1].close_utc)
    told = native[(native.index >= first) & (native.index < last)]
    starts = pd.DatetimeIndex([slot.start for slot in slots]).as_unit("us")
    folded = fold(half_hours, slots)
    parts = dict(zip(starts, (slot.parts for slot in slots), strict=True))
    whole = folded[
        [int(n) == parts[at] for at, n in zip(folded.index, folded["parts"], strict=True)]
    ]
    both = whole.index.intersection(told.index)
    ours, theirs = whole.loc[both, PRICES].to_numpy(), told.loc[both, PRICES].to_numpy()
    is_same = np.isclose(ours, theirs, rtol=_SAME, atol=0).all(axis=1)
    return AnchorFit(
        anchor=anchor,
        sessions=len(sessions),
        short=_short(sessions),
        compared=len(both),
        off_grid=int((~told.index.isin(starts)).sum()),
        absent=len(whole) - len(both),
        differing=int((~is_same).sum()),
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """What one answer of bars covers, counted against the session calendar.

    Attributes
    ----------
    bars, due
        How many there are, and how many slots had begun between the first one and now.
    sessions
        Days on which a bar lies.
    first
        The date of the first of them, on the exchange's clock.
    off_calendar
        Bars where the calendar has no slot.
    """

    bars: int
    due: int
    sessions: int
    first: dt.date
    off_calendar: int


def reach(frame: pd.DataFrame, size: BarSize, calendar: Calendar, now: dt.datetime) -> Reach:
    """Count an answer of at least one half-hourly or daily bar."""
    dates = [_date(at, size, calendar) for at in frame.index]
    found = calendar.between(dates[0], max(dates[-1], calendar.latest_opened(now).date))
    slots = [slot for each in found for slot in session_slots(each, size, calendar)]
    due = pd.DatetimeIndex([slot.start for slot in slots if _has_begun(slot, now)])
    off = ~frame.index.isin(due.as_unit("us"))
    since = due[due >= frame.index[0]]
    return Reach(len(frame), len(since), len(set(dates)), dates[0], int(off.sum()))


def sessions_back(count: int, calendar: Calendar, now: dt.datetime) -> dt.date:
    """The date of the first of `count` sessions, the latest that has opened among them."""
    return calendar.back_from(calendar.latest_opened(now), count - 1).date


def months_back(count: int, calendar: Calendar, now: dt.datetime) -> dt.date:
    """The date so many calendar months earlier, on the exchange's clock."""
    local = pd.Timestamp(calendar.local(now).date())
    return (local - pd.DateOffset(months=count)).date()


@dataclass(frozen=True, slots=True)
class Sighting:
    """A bar as it was told some time after its end; without numbers where it was not yet there."""

    after_seconds: float
    numbers: tuple[float, ...] | None


def sighting(frame: pd.DataFrame, slot: Slot, after_seconds: float) -> Sighting:
    """The bar of a slot in an answer."""
    rows = frame[frame.index == _stamp(slot.start)][[*PRICES, "volume"]].to_numpy()
    if not len(rows):
        return Sighting(after_seconds, None)
    return Sighting(after_seconds, tuple(float(each) for each in rows[0]))


def final_after(seen: Sequence[Sighting]) -> float | None:
    """When the bar was first as it stayed; None when it never came or changed to the end.

    In seconds after its end. What was only seen once cannot be known to have stayed.
    """
    if len(seen) < 2 or seen[-1].numbers is None or seen[-1].numbers != seen[-2].numbers:
        return None
    first = len(seen) - 1
    while first > 0 and seen[first - 1].numbers == seen[-1].numbers:
        first -= 1
    return seen[first].after_seconds


def _closed(
    native: pd.DataFrame, half_hours: pd.DataFrame, calendar: Calendar, now: dt.datetime
) -> Sequence[Session]:
    """The closed sessions that both answers hold from their beginning."""
    if native.empty or half_hours.empty:
        return ()
    dates = [_date(frame.index[0], BarSize.M30, calendar) for frame in (native, half_hours)]
    last = calendar.latest_closed(now)
    if max(dates) > last.date:
        return ()
    found = calendar.between(max(dates), last.date)
    is_cut = any(frame.index[0] > _stamp(found[0].open_utc) for frame in (native, half_hours))
    return found[1:] if is_cut else found  # an answer may begin within a session


def _short(sessions: Sequence[Session]) -> int:
    lengths = [each.close_utc - each.open_utc for each in sessions]
    return sum(each < max(lengths) for each in lengths)


def _has_begun(slot: Slot, now: dt.datetime) -> bool:
    is_daily = slot.start == day_label(slot.session.date)
    return (slot.session.open_utc if is_daily else slot.start) <= now


def _date(at: pd.Timestamp, size: BarSize, calendar: Calendar) -> dt.date:
    moment = at.to_pydatetime()
    return moment.date() if size is BarSize.D1 else calendar.local(moment).date()


def _stamp(instant: dt.datetime) -> pd.Timestamp:
    return pd.Timestamp(instant).as_unit("us")
