"""The short slices of bars that are asked for again and again, and what of an answer is new.

A slice reaches back no further than one session before the present one: the newest bars, and one
that is stored, so that both are seen to be of the same prices. Whatever lacks before is left to a
download.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from sellkit.core.adjustment import price_ratio
from sellkit.core.assignments import Timeframe
from sellkit.core.bars import BarSize, empty_bars, session_slots
from sellkit.core.evaluate import DailyBasis
from sellkit.core.market_time import calendar_for, has_calendar
from sellkit.core.pacing import Urgency
from sellkit.core.slots import Slots
from sellkit.core.windows import BarRequest
from sellkit.operate.memory import told_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sellkit.core.assignments import Assignment
    from sellkit.core.bars import SeriesKey
    from sellkit.core.instrument import Instrument
    from sellkit.core.market_time import Calendar
    from sellkit.core.portfolio import Position
    from sellkit.operate.memory import Memory, Told
    from sellkit.operate.options import DeskOptions

TWO_SESSIONS: Final = "2 D"
ONE_SESSION: Final = "1 D"

NOTHING: Final = empty_bars()
_MICROSECONDS: Final = 1_000_000
_HALF_AN_HOUR: Final = 1800 * _MICROSECONDS


@dataclass(frozen=True, slots=True)
class Slice:
    """One short question.

    Attributes
    ----------
    stored
        What is stored of the series, a bar frame.
    held
        Its last bars as arrays.
    request
        What is asked.
    """

    key: SeriesKey
    stored: pd.DataFrame
    held: Told
    request: BarRequest

    @property
    def instrument(self) -> Instrument:
        return self.request.instrument


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of an answer.

    Attributes
    ----------
    fresh
        The bars that the store lacks or has otherwise; often none.
    trouble
        Why the answer cannot be joined to what is stored, and what to do; "" when it can.
    """

    fresh: pd.DataFrame
    trouble: str = ""


def slices_of(
    position: Position,
    assignment: Assignment | None,
    memory: Memory,
    options: DeskOptions,
    end: dt.datetime,
) -> Iterator[Slice]:
    """The questions that one position needs; none for what is not decided, or lies frozen.

    Parameters
    ----------
    end
        Bars that start before this instant; aware UTC.
    """
    instrument = position.instrument
    exchange = instrument.token.exchange
    if assignment is None or not instrument.is_decided or position.quantity <= 0:
        return
    if not has_calendar(exchange) or memory.freeze(instrument.con_id) is not None:
        return
    for size in _sizes(assignment.timeframe, options.daily_basis):
        yield slice_of(instrument, size, memory, options, end)


def slice_of(
    instrument: Instrument,
    size: BarSize,
    memory: Memory,
    options: DeskOptions,
    end: dt.datetime,
    urgency: Urgency = Urgency.MINUTE,
) -> Slice:
    """The question for one series that was looked at, of an exchange that has a calendar."""
    calendar = calendar_for(instrument.token.exchange, extended=not options.rth)
    key = options.key(instrument.con_id, size)
    stored, held = memory.bars(key), memory.newest(key)
    duration = _duration(size, held, calendar, end, options.lag)
    request = BarRequest(instrument, size, end, duration, rth=options.rth, urgency=urgency)
    return Slice(key, stored, held, request)


class Grounds:
    """The slots that may have ended within a slice, made once for all series of an exchange."""

    def __init__(self, options: DeskOptions, now: dt.datetime) -> None:
        self._options = options
        self._now = now
        self._known: dict[tuple[str, BarSize], Slots] = {}

    def slots(self, one: Slice) -> Slots:
        """Those of the session before the present one, and of the present one, that have ended."""
        exchange, size = one.instrument.token.exchange, one.key.bar_size
        if (exchange, size) not in self._known:
            calendar = calendar_for(exchange, extended=not self._options.rth)
            present = calendar.latest_opened(self._now)
            sessions = (each for each in (calendar.previous(present), present) if each is not None)
            slots = (slot for each in sessions for slot in session_slots(each, size, calendar))
            self._known[exchange, size] = Slots.of(
                [each for each in slots if each.end <= self._now]
            )
        return self._known[exchange, size]

    def joined(self, one: Slice, answer: pd.DataFrame) -> Joined:
        """What of an answer is new; bars that are not final are left for a later minute."""
        slots, told = self.slots(one), told_of(answer)
        finals = slots.ends + _micros(self._options.lag)
        place = np.searchsorted(slots.starts, told.starts)
        there = place < len(slots.starts)
        there[there] = slots.starts[place[there]] == told.starts[there]
        there[there] = told.fetched[there] >= finals[place[there]]
        known, same = _compared(one.held, told, there, finals[place[there]])
        if same[there].all():
            return Joined(NOTHING)
        if len(one.held.starts) and not known.any():
            return Joined(NOTHING, _apart(one.stored))
        ratio = price_ratio(one.stored.iloc[-len(slots.starts) :], answer[known])
        if ratio is not None:
            return Joined(NOTHING, _otherwise(ratio))
        return Joined(answer[there & ~same])


def _sizes(timeframe: Timeframe, basis: DailyBasis) -> tuple[BarSize, ...]:
    if timeframe is Timeframe.H1:
        return (BarSize.M30,)
    return (BarSize.D1, BarSize.M30) if basis is DailyBasis.HOURLY else (BarSize.D1,)


def _duration(
    size: BarSize, held: Told, calendar: Calendar, end: dt.datetime, lag: dt.timedelta
) -> str:
    """Days need the session before; half-hours only until one of the present session is stored."""
    if size is BarSize.D1:
        return TWO_SESSIONS
    opened = int(calendar.latest_opened(end).open_utc.timestamp()) * _MICROSECONDS
    # The last one may have been told before it was final.
    is_final = held.fetched >= held.starts + _HALF_AN_HOUR + _micros(lag)
    is_joined = not len(held.starts) or bool((is_final & (held.starts >= opened)).any())
    return ONE_SESSION if is_joined else TWO_SESSIONS


def _compared(
    held: Told, told: Told, there: NDArray[np.bool_], finals: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each bar told: whether a final one is stored, and whether that has the same numbers.

    Parameters
    ----------
    there
        The bars that are looked at.
    finals
        For each of them when it was final, in microseconds since 1970 UTC.
    """
    known = there.copy()
    place = np.searchsorted(held.starts, told.starts[there])
    found = place < len(held.starts)
    found[found] = held.starts[place[found]] == told.starts[there][found]
    found[found] = held.fetched[place[found]] >= finals[found]
    known[there] = found
    same = known.copy()
    pairs = zip(held.numbers, told.numbers, strict=True)
    for former, later in pairs:
        same[known] &= former[place[found]] == later[known]
    return known, same


def _apart(stored: pd.DataFrame) -> str:
    return (
        f"what is stored ends {stored.index[-1]:%Y-%m-%d %H:%M} UTC, and a slice does not reach "
        "back so far; `sellkit status` fetches what is missing"
    )


def _otherwise(ratio: float) -> str:
    return (
        f"stored prices are told {ratio:.6g} times as high now; "
        "`sellkit status` fetches all of them anew"
    )


def _micros(span: dt.timedelta) -> int:
    return int(span.total_seconds() * _MICROSECONDS)
