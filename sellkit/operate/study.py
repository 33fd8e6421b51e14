"""What a judgement of an instrument rests on: its completed bars and their averages."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from sellkit.core.assignments import ALL_AVERAGES, Timeframe
from sellkit.core.bars import BarSize, slots_until
from sellkit.core.extension import extended
from sellkit.core.histories import Histories, in_doubt
from sellkit.core.market_time import calendar_for
from sellkit.core.slots import Slots
from sellkit.core.snapshot import Reading

if TYPE_CHECKING:
    import pandas as pd

    from sellkit.core.bars import Slot
    from sellkit.core.custody import Freeze
    from sellkit.core.evaluate import History
    from sellkit.core.instrument import Instrument
    from sellkit.core.market_time import Calendar
    from sellkit.operate.options import DeskOptions
    from sellkit.ports import BarStore

# How far back a series without any bar is looked at, only to say which bar lacks.
_GLANCE: Final = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Study:
    """An instrument's completed bars, and the averages after the last of them.

    Attributes
    ----------
    history
        The unbroken runs of completed bars, with the state of the averages for each timeframe.
    readings
        All 28 averages at the last completed bars.
    """

    history: History
    readings: tuple[Reading, ...]

    @classmethod
    def of(cls, history: History) -> Study:
        """Read the averages off a history that has the states of both timeframes."""
        return cls(history, tuple(each for tf in Timeframe for each in _read(history, tf)))


def _read(history: History, timeframe: Timeframe) -> list[Reading]:
    state = history.states[timeframe]
    values = zip(ALL_AVERAGES, state.values(), strict=True)
    return [
        Reading(
            average,
            timeframe,
            value if state.count >= average.length else None,
            state.count,
            average.seed_weight(state.count),
        )
        for average, value in values
    ]


@dataclass(frozen=True, slots=True)
class Archive:
    """Stored bars as the runs that may be judged at one moment.

    Attributes
    ----------
    as_of
        Bars count up to here; aware UTC.
    """

    options: DeskOptions
    as_of: dt.datetime
    _slots: dict[tuple[str, BarSize, dt.datetime], Slots] = field(default_factory=dict)

    def history(
        self,
        instrument: Instrument,
        halves: pd.DataFrame,
        days: pd.DataFrame,
        frozen: Freeze | None,
    ) -> History:
        """The unbroken runs of completed bars of an instrument, without the averages.

        Parameters
        ----------
        halves, days
            Its stored bar frames.
        frozen
            Why its series lie frozen, or None.
        """
        calendar = calendar_for(instrument.token.exchange, extended=not self.options.rth)
        hour_slots = self._ended(BarSize.H1, calendar, halves)
        day_slots = self._ended(BarSize.D1, calendar, days)
        slots = (hour_slots, day_slots)
        found = Histories.of(halves, days, *slots, calendar.zone, self.options.lag).latest()
        return found if frozen is None else in_doubt(found, frozen_in_words(frozen))

    def due(
        self, instrument: Instrument, halves: pd.DataFrame, days: pd.DataFrame
    ) -> tuple[Slot | None, Slot | None]:
        """The last hour and the last day that have ended."""
        calendar = calendar_for(instrument.token.exchange, extended=not self.options.rth)
        hours = self._ended(BarSize.H1, calendar, halves).each
        sessions = self._ended(BarSize.D1, calendar, days).each
        return hours[-1] if hours else None, sessions[-1] if sessions else None

    def _ended(self, size: BarSize, calendar: Calendar, bars: pd.DataFrame) -> Slots:
        """The slots that have ended since the first bar; most series begin with the same one."""
        since = self.as_of - _GLANCE
        if len(bars):
            since = min(bars.index[0].to_pydatetime(), since)
        known = (calendar.name, size, since)
        if known not in self._slots:
            anchor = self.options.anchor
            self._slots[known] = Slots.of(
                slots_until(self.as_of, size, calendar, anchor=anchor, since=since)
            )
        return self._slots[known]


@dataclass(frozen=True, slots=True)
class Studies:
    """Studies on what is stored, at one moment.

    Attributes
    ----------
    store
        Holds the bars; the tables of averages are carried on, and put beside them.
    archive
        The moment.
    is_present
        Whether the present is described; of a past moment no tables are kept.
    """

    store: BarStore
    archive: Archive
    is_present: bool

    def of(self, instrument: Instrument) -> Study:
        """The study of one instrument."""
        options, states = self.archive.options, {}
        halves = self.store.read(options.key(instrument.con_id, BarSize.M30))
        days = self.store.read(options.key(instrument.con_id, BarSize.D1))
        frozen = freeze_of(instrument, self.store, options)
        history = self.archive.history(instrument, halves, days, frozen)
        for timeframe in Timeframe:
            key = options.key(instrument.con_id, timeframe.bar_size)
            frame = history.of(timeframe).frame
            stored = self.store.read_averages(key) if self.is_present else None
            table, states[timeframe] = extended(frame, stored)
            if len(frame) and self.is_present and table is not stored:
                self.store.write_averages(key, table)
        return Study.of(replace(history, states=states))


def freeze_of(instrument: Instrument, store: BarStore, options: DeskOptions) -> Freeze | None:
    """Why nothing may be decided on what is stored of an instrument, or None."""
    frozen = store.frozen()
    keys = (options.key(instrument.con_id, size) for size in (BarSize.M30, BarSize.D1))
    return next((frozen[key] for key in keys if key in frozen), None)


def frozen_in_words(freeze: Freeze) -> str:
    """Why nothing may be decided on a frozen series."""
    since = f"{freeze.since:%Y-%m-%d %H:%M} UTC"
    return f"frozen since {since}, its bars are being fetched anew: {freeze.reason}"
