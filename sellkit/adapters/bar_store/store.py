"""The `BarStore` in a folder."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file
from sellkit.adapters.bar_store import (
    absent_bars,
    aside,
    averages,
    bases,
    contract_names,
    folding,
    freezing,
    mending,
    survey,
)
from sellkit.adapters.bar_store.incoming import Sieve
from sellkit.adapters.bar_store.layout import Layout
from sellkit.adapters.bar_store.reading import Reader
from sellkit.adapters.bar_store.rows import Rows
from sellkit.adapters.bar_store.segments import Segments
from sellkit.adapters.bar_store.series_name import Named
from sellkit.adapters.bar_store.tables import ELSEWHERE
from sellkit.adapters.origin_stamp import OriginStamp
from sellkit.core.custody import Finding
from sellkit.errors import InvalidBars

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
    from pathlib import Path

    import pandas as pd

    from sellkit.core.bars import SeriesKey
    from sellkit.core.coverage import Absence
    from sellkit.core.custody import Figures, Freeze
    from sellkit.core.instrument import Token
    from sellkit.core.portfolio import Origin

_BARS: Final = "bars"
_AVERAGES: Final = "averages"
_ABSENT: Final = "absent"
_NAMES: Final = "contracts.json"


class ParquetBarStore:
    """The `BarStore` in the data folder of one profile.

    Parameters
    ----------
    folder
        The profile's data folder; made when something is written first.
    """

    def __init__(self, folder: Path) -> None:
        self._layout = Layout(folder)
        self._stamp = OriginStamp(folder)
        self._segments = Segments(self._layout.of("segments"))
        self._reader = Reader(self._layout, self._segments)
        self._sieve = Sieve(lambda named: self.read(named.key))
        self._turn = threading.RLock()
        self._staging: ParquetBarStore | None = None

    def claim(self, origin: Origin) -> None:
        """Stamp an empty store, or check the stamp of a used one; then mend what a crash left."""
        if self._stamp.exists():
            self._stamp.check(origin)
        else:
            self._stamp_new(origin)
        if not folding.is_current(self._layout):
            with self._writing():
                folding.migrate(self._layout)
        for key in self.frozen():
            if freezing.is_thawed(self._layout, key):
                self.thaw(key)

    def read(self, key: SeriesKey) -> pd.DataFrame:
        """The stored bar frame; empty for a series never written."""
        named = Named.of(key)
        rows = self._reader.rows(named)
        self._sieve.saw(named.name, rows)
        return rows.frame()

    def marks(self, keys: Collection[SeriesKey]) -> Mapping[SeriesKey, Hashable]:
        """By series something that is another one whenever its bars may be others."""
        return self._reader.marks(keys)

    def add(self, key: SeriesKey, bars: pd.DataFrame) -> pd.DataFrame:
        """As `add_many` for one series; return the whole series."""
        self.add_many({key: bars})
        return self.read(key)

    def add_many(self, bars: Mapping[SeriesKey, pd.DataFrame]) -> Mapping[SeriesKey, pd.DataFrame]:
        """Merge bars into their series, the later fetch winning; durable on return.

        Threads that add at the same time share one file and one wait for the disk.
        """
        frames = {Named.of(key): frame for key, frame in bars.items() if len(frame)}
        if not frames:
            return {}
        incoming = self._sieve.part(frames)
        if incoming.bad:
            with durable_file.writing(self._layout.folder, ELSEWHERE):
                aside.put_aside(self._layout.of("quarantine"), incoming.bad)
        if incoming.good:
            self._segments.commit(incoming.good)
            for name, rows in incoming.good.items():
                self._sieve.saw(name, rows)
        return {each.key: incoming.bad[each.name] for each in frames if each.name in incoming.bad}

    def drop(self, key: SeriesKey) -> None:
        """Remove one series with all that is kept for it, so that it can be fetched anew."""
        with self._writing():
            for kind in (_AVERAGES, _ABSENT, "revisions"):
                self._layout.path(kind, key).unlink(missing_ok=True)
            named, path = Named.of(key), self._layout.path(_BARS, key)
            without = self._reader.holding(named)
            if without:
                bases.write(path, bases.Base(Rows.none(), without))
            else:
                path.unlink(missing_ok=True)
            self._sieve.forget()

    def absent(self, key: SeriesKey) -> Mapping[dt.datetime, Absence]:
        """By bar start, aware UTC, that the source answered without giving a bar."""
        return absent_bars.read(self._layout.path(_ABSENT, key))

    def note_absent(self, key: SeriesKey, found: Mapping[dt.datetime, Absence]) -> None:
        """Remember such answers, each in place of what was known of its bar start."""
        path = self._layout.path(_ABSENT, key)
        with self._writing():
            absent_bars.write(path, {**absent_bars.read(path), **found})

    def read_averages(self, key: SeriesKey) -> pd.DataFrame | None:
        """The table of averages with its `attrs["state"]`; None when there is none to use.

        Averages are computed of the bars beside them, so a torn table is as good as none.
        """
        try:
            return averages.read(self._layout.path(_AVERAGES, key))
        except InvalidBars:
            return None

    def write_averages(self, key: SeriesKey, table: pd.DataFrame) -> None:
        """Replace a series' table of averages, and the text in its `attrs["state"]`.

        Raises
        ------
        InvalidBars
            The index is not bar starts, or a column is neither float64 nor int64.
        """
        path = self._layout.path(_AVERAGES, key)
        with self._writing():
            averages.write(path, table)

    def name(self, tokens: Mapping[int, Token]) -> None:
        """Remember what contracts are called, beside those known."""
        path = self._layout.folder / _NAMES
        known = contract_names.read(path)
        if {**known, **tokens} != known:
            with self._writing():
                contract_names.write(path, {**contract_names.read(path), **tokens})

    def names(self) -> Mapping[int, Token]:
        """By contract, what it was last called."""
        return contract_names.read(self._layout.folder / _NAMES)

    def keys(self) -> tuple[SeriesKey, ...]:
        """Every series that has bars, by name."""
        return self._reader.keys()

    def clear(self) -> None:
        """Remove every series, all that is kept beside it, what a crash left, and the stamp."""
        if not self._layout.folder.exists():
            return
        self.refetched().clear()
        with self._writing():
            for path in self._layout.files():
                path.unlink(missing_ok=True)
            self._layout.schema.unlink(missing_ok=True)
            (self._layout.folder / _NAMES).unlink(missing_ok=True)
            self._sieve.forget()
            # The stamp goes last: until all is gone, what is left still belongs to somebody.
            self._stamp.remove()

    def compact(self, over: int = 0) -> int:
        """Fold the segments into the bases, when there are more than `over`; how many."""
        if len(self._segments.names()) <= over:
            return 0
        with self._writing():
            return folding.fold(self._layout, self._segments)

    def revisions(self, key: SeriesKey) -> pd.DataFrame:
        """What was told of bars before another price or volume was; with `replaced_at`."""
        return self._reader.revisions(Named.of(key))

    def tellings(self, key: SeriesKey) -> pd.DataFrame:
        """All that is still known to have been told of a series, by start and time of the fetch."""
        return self._reader.tellings(Named.of(key))

    def quarantined(self) -> pd.DataFrame:
        """All rows that were put aside, with the columns `series`, `start` and `reason`."""
        return aside.quarantined(self._layout.of("quarantine"))

    def freeze(self, key: SeriesKey, freeze: Freeze) -> None:
        """Note that a series is told differently now; it stays as it is until `thaw`."""
        with self._writing():
            freezing.note(self._layout.path("frozen", key), freeze)

    def frozen(self) -> Mapping[SeriesKey, Freeze]:
        """The series that nothing may be decided on."""
        keys = self._layout.keys("frozen")
        return {key: freezing.read(self._layout.path("frozen", key)) for key in keys}

    def refetched(self) -> ParquetBarStore:
        """Where the bars of frozen series are gathered meanwhile."""
        with self._turn:
            if self._staging is None:
                self._staging = ParquetBarStore(self._layout.refetch)
            return self._staging

    def thaw(self, key: SeriesKey) -> None:
        """Put the gathered series in place of the frozen one, which is kept in `superseded/`.

        Nothing of a series that is not frozen: another process may have exchanged it meanwhile.

        Raises
        ------
        DataError
            Nothing was gathered.
        """
        staging = self.refetched()
        with self._writing():
            if not self._layout.path("frozen", key).exists():
                return
            freezing.exchange(self._layout, self._reader, staging.read(key), Named.of(key))
            self._layout.path(_AVERAGES, key).unlink(missing_ok=True)
            absent_bars.write(self._layout.path(_ABSENT, key), staging.absent(key))
            staging.drop(key)
            self._layout.path("frozen", key).unlink(missing_ok=True)
            self._sieve.forget()

    def verify(self) -> tuple[Finding, ...]:
        """Read everything that lies there, each file with its checksums; what is wrong."""
        found = tuple(survey.findings(self._layout, self._segments))
        return found + self._gathered(ParquetBarStore.verify)

    def mend(self) -> tuple[Finding, ...]:
        """Move damaged files to `damaged/`; which they were.

        The bars that they held are missing then, and the next download fetches them anew.
        """
        with self._writing():
            moved = mending.put_damaged_aside(self._layout, self._reader)
            self._sieve.forget()
        return moved + self._gathered(ParquetBarStore.mend)

    def figures(self) -> tuple[Figures, ...]:
        """What is stored, by series."""
        return tuple(survey.figures(self._layout, self._reader))

    def _gathered(
        self, look: Callable[[ParquetBarStore], tuple[Finding, ...]]
    ) -> tuple[Finding, ...]:
        """What is found where the bars of frozen series are gathered."""
        folder = self._layout.refetch
        found = look(self.refetched()) if folder.is_dir() else ()
        return tuple(Finding(f"{folder.name}/{each.where}", each.what) for each in found)

    def _stamp_new(self, origin: Origin) -> None:
        with self._writing():
            if self._stamp.exists():
                self._stamp.check(origin)
            elif self.keys():
                raise self._stamp.foreign("holds bars, but no stamp says whose they are")
            else:
                self._stamp.write(origin)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._turn, durable_file.writing(self._layout.folder, ELSEWHERE):
            durable_file.make_folder(self._layout.folder)
            with durable_file.locked(self._layout.lock):
                yield
