"""Bars and studies kept from one minute to the next: only what changed is read and judged anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sellkit.core.assignments import Timeframe
from sellkit.core.bars import BarSize
from sellkit.core.extension import continued
from sellkit.operate.study import Archive, Study

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable, Iterable, Mapping

    import pandas as pd

    from sellkit.core.bars import SeriesKey
    from sellkit.core.custody import Freeze
    from sellkit.core.evaluate import History
    from sellkit.core.instrument import Instrument
    from sellkit.core.running import RunningAverages
    from sellkit.operate.options import DeskOptions
    from sellkit.ports import BarStore

_SIZES: Final = (BarSize.M30, BarSize.D1)


@dataclass(frozen=True, slots=True)
class _Known:
    """A study, and all that it depends on."""

    basis: tuple[object, ...]
    study: Study


class Memory:
    """What a watch remembers of the store.

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
        self._bars: dict[SeriesKey, tuple[Hashable, pd.DataFrame]] = {}
        self._marks: Mapping[SeriesKey, Hashable] = {}
        self._frozen: Mapping[SeriesKey, Freeze] = {}
        self._studies: dict[int, _Known] = {}
        self._archive: Archive | None = None

    def look(self, instruments: Iterable[Instrument]) -> None:
        """See which series changed since, whoever changed them; forget instruments not named."""
        con_ids = {each.con_id for each in instruments}
        keys = [self._options.key(con_id, size) for con_id in con_ids for size in _SIZES]
        self._marks = self._store.marks(keys)
        self._frozen = self._store.frozen()
        self._bars = {key: self._bars[key] for key in keys if key in self._bars}
        self._studies = {each: known for each, known in self._studies.items() if each in con_ids}

    def bars(self, key: SeriesKey) -> pd.DataFrame:
        """The stored bar frame of a series that was looked at; not to be changed."""
        mark = self._marks.get(key)
        known = self._bars.get(key)
        if known is None or known[0] != mark:
            known = self._bars[key] = (mark, self._store.read(key))
        return known[1]

    def freeze(self, con_id: int) -> Freeze | None:
        """Why nothing may be decided on what is stored of an instrument, or None."""
        keys = (self._options.key(con_id, size) for size in _SIZES)
        return next((self._frozen[key] for key in keys if key in self._frozen), None)

    def move_to(self, as_of: dt.datetime) -> None:
        """Study from now on what has ended at a moment; aware UTC."""
        self._archive = Archive(self._options, as_of)

    def study(self, instrument: Instrument) -> Study:
        """The study of an instrument that was looked at, at the moment moved to."""
        if self._archive is None:
            raise RuntimeError("a memory is asked about no moment")
        con_id = instrument.con_id
        keys = [self._options.key(con_id, size) for size in _SIZES]
        halves, days = (self.bars(key) for key in keys)
        frozen, known = self.freeze(con_id), self._studies.get(con_id)
        marks = tuple(self._bars[key][0] for key in keys)
        basis = (marks, frozen, self._archive.due(instrument, halves, days))
        if known is not None and known.basis == basis:
            return known.study
        history = self._archive.history(instrument, halves, days, frozen)
        before = None if known is None else known.study.history
        states = {each: _state(history, before, each) for each in Timeframe}
        study = Study.of(replace(history, states=states))
        self._studies[con_id] = _Known(basis, study)
        return study


def _state(history: History, before: History | None, timeframe: Timeframe) -> RunningAverages:
    frame = history.of(timeframe).frame
    if before is None:
        return continued(frame, None)
    return continued(frame, (before.of(timeframe).frame, before.states[timeframe]))
