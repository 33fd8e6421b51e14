"""Segments: immutable files of new bars, one a commit, of any number of series.

Several threads that add at once share a file: who comes first writes for all that wait. A segment
has a name of its own, so writers need no lock; it is synced before it gets that name.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from sellkit.adapters import durable_file
from sellkit.adapters.bar_store import tables
from sellkit.adapters.bar_store.layout import VERSION, is_stamped
from sellkit.adapters.bar_store.rows import Rows
from sellkit.adapters.bar_store.tables import BARS, ELSEWHERE, Opened
from sellkit.adapters.clock import SystemClock
from sellkit.core.market_time import UTC

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from pathlib import Path

KIND: Final = "segment"
_KEPT_ROWS: Final = 2_000_000
_MICROS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of bars.

    Attributes
    ----------
    series
        By name of series, its rows.
    """

    series: Mapping[str, Rows]
    size: int

    def __len__(self) -> int:
        """How many rows."""
        return sum(map(len, self.series.values()))


class Namer:
    """Names for files that are written once: they rise with time within a process."""

    def __init__(self) -> None:
        self._last = 0
        self._turn = threading.Lock()

    def next(self, now: dt.datetime) -> str:
        """`00001769641200000000-4711-5c0ffee5`: microseconds since 1970, process, chance."""
        micros = int(now.astimezone(UTC).timestamp() * _MICROS)
        with self._turn:
            self._last = max(micros, self._last + 1)
            return f"{self._last:020d}-{os.getpid()}-{secrets.token_hex(4)}"


_NAMER: Final = Namer()


def new_name() -> str:
    """A name that no other file has or will have."""
    return _NAMER.next(SystemClock().now())


@dataclass(slots=True)
class _Entry:
    batch: Mapping[str, Rows]
    is_done: bool = False
    error: BaseException | None = None


@dataclass(slots=True)
class Segments:
    """The segments in one folder."""

    folder: Path
    _waiting: list[_Entry] = field(default_factory=list)
    _queue: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _known: OrderedDict[str, Segment] = field(default_factory=OrderedDict)
    _known_rows: int = 0
    _held: tuple[list[str], dict[str, tuple[str, ...]]] = field(default_factory=lambda: ([], {}))
    _listed: tuple[frozenset[str], list[str]] = (frozenset(), [])
    _known_turn: threading.Lock = field(default_factory=threading.Lock)

    def commit(self, batch: Mapping[str, Rows]) -> None:
        """Write rows, by name of series; they are on the disk when this returns."""
        entry = _Entry(batch)
        with self._queue:
            self._waiting.append(entry)
        with self._turn:
            if not entry.is_done:
                self._write_waiting()
        if entry.error is not None:
            raise entry.error

    def names(self) -> list[str]:
        """The segments that lie there, in the order of writing."""
        try:
            found = os.listdir(self.folder)  # noqa: PTH208 (names are enough, and much faster)
        except (FileNotFoundError, NotADirectoryError):
            return []
        lying, (former, ordered) = frozenset(found), self._listed
        if lying != former:
            stems = (name.removesuffix(".parquet") for name in found if name.endswith(".parquet"))
            ordered = sorted(stem for stem in stems if is_stamped(stem))
            self._listed = (lying, ordered)
        return list(ordered)

    def open(self, name: str) -> Segment:
        """One segment; FileNotFoundError when it has been folded meanwhile."""
        with self._known_turn:
            known = self._known.get(name)
        if known is not None:
            return known
        segment = read(self.folder / f"{name}.parquet")
        self._keep(name, segment)
        return segment

    def rows(self, series: str, names: Sequence[str]) -> list[tuple[str, Rows]]:
        """A series' rows in those of the named segments that have any."""
        holders = self.holders(names).get(series, ())
        return [(name, self.open(name).series[series]) for name in holders]

    def holders(self, names: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """By name of series, which of the named segments have rows of it."""
        known, held = self._held
        if known == names:
            return held
        if known != names[: len(known)]:
            known, held = [], {}
        held = dict(held)
        for name in names[len(known) :]:
            for each in self.open(name).series:
                held[each] = (*held.get(each, ()), name)
        self._held = (list(names), held)
        return held

    def remove(self, names: Sequence[str]) -> None:
        """Remove segments; what they held is elsewhere."""
        for name in names:
            (self.folder / f"{name}.parquet").unlink(missing_ok=True)
            with self._known_turn:
                self._forget(name)

    def _write_waiting(self) -> None:
        with self._queue:
            taken, self._waiting = self._waiting, []
        try:
            self._write(_together([entry.batch for entry in taken]))
        except BaseException as error:
            for entry in taken:
                entry.error = error
            raise
        finally:
            for entry in taken:
                entry.is_done = True

    def _write(self, batch: Mapping[str, Rows]) -> None:
        name = new_name()
        data = tables.encoded(KIND, table_of(batch))
        with durable_file.writing(self.folder.parent, ELSEWHERE):
            durable_file.make_folder(self.folder)
            # The bases' folder has to take its files later on; better told now.
            durable_file.make_folder(self.folder.with_name("bars"))
            durable_file.replace(self.folder / f"{name}.parquet", data)
        self._keep(name, Segment(dict(batch), len(data)))

    def _keep(self, name: str, segment: Segment) -> None:
        with self._known_turn:
            self._forget(name)
            self._known[name] = segment
            self._known_rows += len(segment)
            while self._known_rows > _KEPT_ROWS and len(self._known) > 1:
                self._forget(next(iter(self._known)))

    def _forget(self, name: str) -> None:
        segment = self._known.pop(name, None)
        self._known_rows -= 0 if segment is None else len(segment)


def read(path: Path) -> Segment:
    """A segment as it lies on the disk."""
    opened = Opened(path)
    opened.require({"kind": KIND}, {VERSION: BARS})
    return Segment(split(opened.table()), opened.size)


def split(table: pa.Table) -> dict[str, Rows]:
    """The rows of each series, which lie together."""
    column = table.column("series").combine_chunks()
    numbers = column.indices.to_numpy(zero_copy_only=False)
    names = column.dictionary.to_pylist()
    rows = Rows.of_table(table)
    if not len(rows):
        return {}
    edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
    parts: dict[str, list[Rows]] = {}
    for first, last in pairwise(edges):
        parts.setdefault(names[numbers[first]], []).append(rows[first:last])
    return {name: Rows.joined(each) for name, each in parts.items()}


def table_of(batch: Mapping[str, Rows]) -> pa.Table:
    """The rows of many series in one table, with the column that tells them apart."""
    lengths = [len(rows) for rows in batch.values()]
    numbers = np.repeat(np.arange(len(batch), dtype=np.int32), lengths)
    series = pa.DictionaryArray.from_arrays(numbers, list(batch))
    rows = Rows.joined(list(batch.values()))
    return pa.Table.from_arrays([series, *rows.arrays()], schema=BARS)


def _together(batches: Sequence[Mapping[str, Rows]]) -> Mapping[str, Rows]:
    if len(batches) == 1:
        return batches[0]
    parts: dict[str, list[Rows]] = {}
    for batch in batches:
        for name, rows in batch.items():
            parts.setdefault(name, []).append(rows)
    return {name: Rows.joined(each) for name, each in parts.items()}
