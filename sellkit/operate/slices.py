"""The short slices of bars that a watch asks for each minute, and what of an answer is new.

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
from sellkit.core.bars import PRICES, BarSize, micros, slots_until
from sellkit.core.evaluate import DailyBasis
from sellkit.core.market_time import calendar_for, has_calendar
from sellkit.core.pacing import Urgency
from sellkit.core.slots import Slots
from sellkit.core.windows import BarRequest

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sellkit.core.assignments import Assignment
    from sellkit.core.bars import SeriesKey
    from sellkit.core.instrument import Instrument
    from sellkit.core.market_time import Calendar
    from sellkit.core.portfolio import Position
    from sellkit.operate.memory import Memory
    from sellkit.operate.options import DeskOptions

TWO_SESSIONS: Final = "2 D"
ONE_SESSION: Final = "1 D"

_NUMBERS: Final = [*PRICES, "volume"]
_MICROSECONDS: Final = 1_000_000
_HALF_AN_HOUR: Final = 1800 * _MICROSECONDS


@dataclass(frozen=True, slots=True)
class Slice:
    """One question of a minute.

    Attributes
    ----------
    stored
        What is stored of the series, a bar frame.
    request
        What is asked.
    """

    key: SeriesKey
    stored: pd.DataFrame
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
    calendar = calendar_for(exchange, extended=not options.rth)
    for size in _sizes(assignment.timeframe, options.daily_basis):
        key = options.key(instrument.con_id, size)
        stored = memory.bars(key)
        duration = _duration(size, stored, calendar, end, options.lag)
        yield Slice(
            key,
            stored,
            BarRequest(instrument, size, end, duration, rth=options.rth, urgency=Urgency.MINUTE),
        )


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
            first = calendar.back_from(calendar.latest_opened(self._now), 2)
            slots = slots_until(self._now, size, calendar, since=first.close_utc)
            self._known[exchange, size] = Slots.of(slots)
        return self._known[exchange, size]

    def joined(self, one: Slice, answer: pd.DataFrame) -> Joined:
        """What of an answer is new; bars that are not final are left for a later minute."""
        slots = self.slots(one)
        starts = micros(answer.index)
        place = np.searchsorted(slots.starts, starts)
        there = place < len(slots.starts)
        there[there] = slots.starts[place[there]] == starts[there]
        finals = slots.ends + _micros(self._options.lag)
        there[there] = micros(answer["fetched_at"])[there] >= finals[place[there]]
        kept = answer if there.all() else answer[there]
        stored = one.stored.iloc[-len(slots.starts) :]
        known, is_same = _compared(stored, kept, finals[place[there]])
        if is_same.all():
            return Joined(kept.iloc[:0])
        if len(stored) and not known.any():
            return Joined(kept.iloc[:0], _apart(stored))
        ratio = price_ratio(stored, kept[known])
        if ratio is not None:
            return Joined(kept.iloc[:0], _otherwise(ratio))
        return Joined(kept[~is_same])


def _sizes(timeframe: Timeframe, basis: DailyBasis) -> tuple[BarSize, ...]:
    if timeframe is Timeframe.H1:
        return (BarSize.M30,)
    return (BarSize.D1, BarSize.M30) if basis is DailyBasis.HOURLY else (BarSize.D1,)


def _duration(
    size: BarSize, stored: pd.DataFrame, calendar: Calendar, end: dt.datetime, lag: dt.timedelta
) -> str:
    """Days need the session before; half-hours only until one of the present session is stored."""
    if size is BarSize.D1:
        return TWO_SESSIONS
    newest = slice(-2, None)  # the last one may have been told before it was final
    starts, fetched = micros(stored.index)[newest], micros(stored["fetched_at"])[newest]
    opened = int(calendar.latest_opened(end).open_utc.timestamp()) * _MICROSECONDS
    final = fetched >= starts + _HALF_AN_HOUR + _micros(lag)
    is_joined = stored.empty or bool((final & (starts >= opened)).any())
    return ONE_SESSION if is_joined else TWO_SESSIONS


def _compared(
    stored: pd.DataFrame, told: pd.DataFrame, finals: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each bar told: whether a final one is stored, and whether that has the same numbers."""
    starts, held = micros(told.index), micros(stored.index)
    place = np.searchsorted(held, starts)
    known = place < len(held)
    known[known] = held[place[known]] == starts[known]
    known[known] = micros(stored["fetched_at"])[place[known]] >= finals[known]
    same = known.copy()
    former, later = stored[_NUMBERS].to_numpy(), told[_NUMBERS].to_numpy()
    same[known] = (former[place[known]] == later[known]).all(axis=1)
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
