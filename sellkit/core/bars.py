"""Bars of price: their sizes, the grid they lie on, the frame that carries them, and merging.

A bar frame is a DataFrame indexed by bar start (`timestamp[us, UTC]`, strictly rising) with the
float64 columns open, high, low, close and volume, and `fetched_at` (`timestamp[us, UTC]`), the time
at which the source told the bar. A daily bar's start is its session's date at 00:00 UTC: a label,
not an instant; when it ended, the session calendar says.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from sellkit.core.market_time import UTC
from sellkit.errors import InvalidBars

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sellkit.core.market_time import Calendar, Session

PRICES: Final = ["open", "high", "low", "close"]
COLUMNS: Final = [*PRICES, "volume", "fetched_at"]
INSTANT: Final = "datetime64[us, UTC]"


class BarSize(StrEnum):
    """The sizes that sellkit stores, by Interactive Brokers' names."""

    M30 = "30 mins"
    H1 = "1 hour"
    D1 = "1 day"


class Anchor(StrEnum):
    """Where hourly bars begin: on the exchange's clock, or at the session's opening."""

    CLOCK = "clock"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What makes two series of bars the same series.

    Attributes
    ----------
    con_id
        The contract.
    bar_size
        Length of a bar.
    what_to_show
        TRADES: split-adjusted, not dividend-adjusted.
    rth
        Regular trading hours only.
    anchor
        Where hourly bars begin; other sizes lie on the clock.
    """

    con_id: int
    bar_size: BarSize
    what_to_show: str = "TRADES"
    rth: bool = True
    anchor: Anchor = Anchor.CLOCK


@dataclass(frozen=True, slots=True)
class Slot:
    """One place on the grid of bars, clipped to its session.

    Attributes
    ----------
    start, end
        Aware UTC; a bar counts as completed once `end` has passed.
    session
        The session that it belongs to.
    parts
        Half-hours inside it: how many 30-minute bars fold into it.
    """

    start: dt.datetime
    end: dt.datetime
    session: Session
    parts: int = 1


@cache
def session_slots(
    session: Session, size: BarSize, calendar: Calendar, anchor: Anchor = Anchor.CLOCK
) -> tuple[Slot, ...]:
    """The places that bars of one size take in a session, in order.

    Hours on the clock anchor of a session from 09:30 are the 30-minute stub 09:30 and 10:00, 11:00
    ... 15:00, as Interactive Brokers' own hourly bars; on the session anchor 09:30 ... 15:30.
    """
    if size is BarSize.D1:
        return (Slot(day_label(session.date), session.close_utc, session),)
    edges = _edges(session, size, calendar, anchor)
    return tuple(
        Slot(start, end, session, _half_hours(start, end, calendar))
        for start, end in pairwise(edges)
    )


def slots_until(
    instant: dt.datetime,
    size: BarSize,
    calendar: Calendar,
    *,
    anchor: Anchor = Anchor.CLOCK,
    count: int | None = None,
    since: dt.datetime | None = None,
) -> list[Slot]:
    """The slots that have ended at `instant`, in order: the last `count`, or all from `since` on.

    Raises
    ------
    NoCalendar
        The calendar does not reach so far.
    """
    found: list[Slot] = []
    session: Session | None = calendar.latest_opened(instant)
    while session is not None and (since is None or session.close_utc > since):
        slots = session_slots(session, size, calendar, anchor)
        found.extend(slot for slot in reversed(slots) if slot.end <= instant)
        if count is not None and len(found) >= count:
            break
        session = calendar.previous(session)
    found.reverse()
    if since is not None:
        found = [slot for slot in found if slot.start >= since]
    return found if count is None else found[-count:]


def _edges(
    session: Session, size: BarSize, calendar: Calendar, anchor: Anchor
) -> list[dt.datetime]:
    step = dt.timedelta(minutes=30 if size is BarSize.M30 else 60)
    mark = session.open_utc + step
    if anchor is Anchor.CLOCK or size is BarSize.M30:
        local = calendar.local(session.open_utc)
        past = dt.timedelta(minutes=local.minute, seconds=local.second) % step
        mark = session.open_utc - past + step
    edges = [session.open_utc]
    while mark < session.close_utc:
        edges.append(mark)
        mark += step
    return [*edges, session.close_utc]


def _half_hours(start: dt.datetime, end: dt.datetime, calendar: Calendar) -> int:
    half = dt.timedelta(minutes=30)
    past = dt.timedelta(minutes=calendar.local(start).minute) % half
    return -(-(end - start + past) // half)


def day_label(date: dt.date) -> dt.datetime:
    """The start that a daily bar carries: its date at 00:00 UTC."""
    return dt.datetime.combine(date, dt.time(), UTC)


def micros(instants: pd.Series[pd.Timestamp] | pd.Index) -> NDArray[np.int64]:
    """Aware instants as whole microseconds since 1970 UTC, shape (n,)."""
    values = instants.array
    if isinstance(values, pd.arrays.DatetimeArray):
        # Much the quickest way, and the usual one; the stubs do not know it.
        marks: NDArray[np.int64] = values.as_unit("us").asi8  # type: ignore[attr-defined]
        return marks
    return pd.DatetimeIndex(instants).as_unit("us").asi8


def empty_bars() -> pd.DataFrame:
    """A bar frame without rows."""
    index = pd.DatetimeIndex([], dtype=INSTANT, name="start")
    frame = pd.DataFrame({name: np.empty(0) for name in [*PRICES, "volume"]}, index=index)
    frame["fetched_at"] = pd.DatetimeIndex([], dtype=INSTANT)
    return frame


def checked(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """The frame itself when it keeps the schema.

    Parameters
    ----------
    frame
        Bars of one series.
    source
        Where they come from, for the message.

    Raises
    ------
    InvalidBars
        Wrong columns or types, bars out of order or twice, a price that is missing or not
        positive, or one outside its bar's range.
    """
    problem = _problem(frame)
    if problem is not None:
        raise InvalidBars(f"bars from {source} cannot be used: {problem}")
    return frame


def shaped(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """The frame itself when columns, types and order are the schema's, whatever its prices.

    Raises
    ------
    InvalidBars
        They are not.
    """
    problem = _shape_problem(frame)
    if problem is not None:
        raise InvalidBars(f"bars from {source} cannot be used: {problem}")
    return frame


def _shape_problem(frame: pd.DataFrame) -> str | None:
    if list(frame.columns) != COLUMNS:
        return f"columns are {list(frame.columns)}, not {COLUMNS}"
    if str(frame.index.dtype) != INSTANT or str(frame["fetched_at"].dtype) != INSTANT:
        return f"times are {frame.index.dtype} and {frame['fetched_at'].dtype}, not {INSTANT}"
    if not (frame.index.is_monotonic_increasing and frame.index.is_unique):
        return "bars are out of order or twice"
    kinds = {str(each) for each in frame.dtypes.to_numpy()[:-1]}
    if kinds != {"float64"}:
        return f"prices and volumes are {', '.join(sorted(kinds))}, not float64"
    return None


def _problem(frame: pd.DataFrame) -> str | None:
    problem = _shape_problem(frame)
    if problem is not None:
        return problem
    # Column by column: choosing several at once takes pandas longer than all the rest.
    prices = np.stack([frame[name].to_numpy() for name in PRICES], axis=1)
    bad = ~(np.isfinite(prices) & (prices > 0)).all(axis=1)
    bad |= ~((prices[:, 2] <= prices.min(axis=1)) & (prices[:, 1] >= prices.max(axis=1)))
    bad |= ~(frame["volume"].to_numpy() >= 0)
    if bad.any():
        first = int(np.argmax(bad))
        row = ", ".join(f"{name} {frame[name].iloc[first]}" for name in [*PRICES, "volume"])
        return f"{int(bad.sum())} impossible, the first at {frame.index[first]}: {row}"
    return None
