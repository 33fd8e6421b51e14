"""Bars and studies kept from one moment to the next: only what changed is read and judged anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sellkit.core.assignments import Timeframe
from sellkit.core.bars import PRICES, BarSize, micros
from sellkit.core.extension import continued
from sellkit.operate.study import Archive, Study

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Hashable, Iterable, Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sellkit.core.bars import SeriesKey
    from sellkit.core.custody import Freeze
    from sellkit.core.evaluate import History
    from sellkit.core.instrument import Instrument
    from sellkit.core.running import RunningAverages
    from sellkit.operate.options import DeskOptions
    from sellkit.ports import BarStore

_SIZES: Final = (BarSize.M30, BarSize.D1)
_NUMBERS: Final = (*PRICES, "volume")
_NEWEST: Final = 96
"""Half-hours of two sessions of any length."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A study, and all that it depends on.

    Attributes
    ----------
    basis
        The marks of its series, why it lies frozen, and the day and the hour that end it.
    archive
        That by which those two were last found.
    """

    basis: tuple[object, ...]
    study: Study
    archive: Archive


@dataclass(frozen=True, slots=True)
class Told:
    """Bars as arrays, which compare much quicker than frames.

    Attributes
    ----------
    starts, fetched
        Microseconds since 1970 UTC, int64, shape (n,).
    numbers
        Open, high, low, close and volume, each float64, shape (n,).
    """

    starts: NDArray[np.int64]
    fetched: NDArray[np.int64]
    numbers: tuple[NDArray[np.float64], ...]


def told_of(bars: pd.DataFrame) -> Told:
    """The bars of a frame."""
    numbers = tuple(bars[name].to_numpy() for name in _NUMBERS)
    return Told(micros(bars.index), micros(bars["fetched_at"]), numbers)


@dataclass(frozen=True, slots=True)
class _Held:
    """A stored series as it was when it had a mark."""

    mark: Hashable
    bars: pd.DataFrame
    newest: Told


class Memory:
    """What is remembered of the store.

    Parameters
    ----------
    store
        Read only; averages are carried on in memory.
    options
        How the desk works.
    """

    def __init__(self, store: BarStore, options: DeskOptions) -> None:
        self._store = store
        self._options = options
        self._held: dict[SeriesKey, _Held] = {}
        self._marks: dict[SeriesKey, Hashable] = {}
        self._frozen: Mapping[SeriesKey, Freeze] = {}
        self._studies: dict[int, _Known] = {}
        self._archive: Archive | None = None
        self._only_days: Collection[int] = ()

    def look(self, instruments: Iterable[Instrument]) -> None:
        """See which series changed since, whoever changed them; forget instruments not named."""
        con_ids = {each.con_id for each in instruments}
        keys = [self._options.key(con_id, size) for con_id in con_ids for size in _SIZES]
        self._marks = dict(self._store.marks(keys))
        self._frozen = self._store.frozen()
        self._held = {key: self._held[key] for key in keys if key in self._held}
        self._studies = {each: known for each, known in self._studies.items() if each in con_ids}

    def look_at(self, instruments: Iterable[Instrument]) -> None:
        """See whether the series of some instruments changed, and which lie frozen."""
        con_ids = {each.con_id for each in instruments}
        keys = [self._options.key(con_id, size) for con_id in con_ids for size in _SIZES]
        self._marks.update(self._store.marks(keys))
        self._frozen = self._store.frozen()

    def bars(self, key: SeriesKey) -> pd.DataFrame:
        """The stored bar frame of a series that was looked at; not to be changed."""
        return self._read(key).bars

    def newest(self, key: SeriesKey) -> Told:
        """Its last bars, those of two sessions at least."""
        return self._read(key).newest

    def _read(self, key: SeriesKey) -> _Held:
        mark, known = self._marks.get(key), self._held.get(key)
        if known is None or known.mark != mark:
            bars = self._store.read(key)
            known = self._held[key] = _Held(mark, bars, told_of(bars.iloc[-_NEWEST:]))
        return known

    def freeze(self, con_id: int) -> Freeze | None:
        """Why nothing may be decided on what is stored of an instrument, or None."""
        keys = (self._options.key(con_id, size) for size in _SIZES)
        return next((self._frozen[key] for key in keys if key in self._frozen), None)

    def move_to(self, as_of: dt.datetime, only_days: Collection[int] = ()) -> None:
        """Study from now on what has ended at a moment.

        Parameters
        ----------
        as_of
            Aware UTC.
        only_days
            Contracts that are judged on days alone: the end of an hour is no reason to study them
            anew, so the hourly averages of such a study may be older.
        """
        self._archive = Archive(self._options, as_of)
        self._only_days = only_days

    def study(self, instrument: Instrument) -> Study:
        """The study of an instrument that was looked at, at the moment moved to."""
        if self._archive is None:
            raise RuntimeError("a memory is asked about no moment")
        con_id = instrument.con_id
        keys = [self._options.key(con_id, size) for size in _SIZES]
        frozen, known = self.freeze(con_id), self._studies.get(con_id)
        stored = (tuple(self._marks.get(key) for key in keys), frozen)
        if known is not None and known.archive is self._archive and known.basis[:2] == stored:
            return known.study
        halves, days = (self.bars(key) for key in keys)
        hour, day = self._archive.due(instrument, halves, days)
        basis = (*stored, day, None if con_id in self._only_days else hour)
        if known is not None and known.basis == basis:
            self._studies[con_id] = replace(known, archive=self._archive)
            return known.study
        history = self._archive.history(instrument, halves, days, frozen)
        before = None if known is None else known.study.history
        states = {each: _state(history, before, each) for each in Timeframe}
        study = Study.of(replace(history, states=states))
        self._studies[con_id] = _Known(basis, study, self._archive)
        return study


def _state(history: History, before: History | None, timeframe: Timeframe) -> RunningAverages:
    frame = history.of(timeframe).frame
    if before is None:
        return continued(frame, None)
    return continued(frame, (before.of(timeframe).frame, before.states[timeframe]))
