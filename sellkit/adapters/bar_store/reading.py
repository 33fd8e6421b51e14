"""Read a series: its base and its rows in segments, the later fetch of each bar.

Segments are listed and read before the base. One that has been folded meanwhile is in the base; one
that is gone before it could be read sends the reader back to the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from sellkit.adapters.bar_store import aside, bases
from sellkit.adapters.bar_store.bases import Base
from sellkit.adapters.bar_store.rows import Merged, Rows, latest, merged
from sellkit.adapters.bar_store.series_name import key_of, name_of
from sellkit.adapters.bar_store.tables import unusable
from sellkit.core.sifting import possible
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Sequence
    from pathlib import Path

    from sellkit.adapters.bar_store.layout import Layout
    from sellkit.adapters.bar_store.segments import Segments
    from sellkit.adapters.bar_store.series_name import Named
    from sellkit.core.bars import SeriesKey

_ATTEMPTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what lies in one folder."""

    layout: Layout
    segments: Segments

    def rows(self, named: Named) -> Rows:
        """The bars of a series, checked.

        Raises
        ------
        InvalidBars
            A file is torn, truncated, of another schema, or holds impossible prices.
        """
        found = latest(Rows.joined(self._parts(named)))
        if not possible(found.numbers).all():
            path = self.layout.path("bars", named.key)
            raise unusable(path, "a price in it, or in a segment, is impossible")
        return found

    def marks(self, keys: Collection[SeriesKey]) -> dict[SeriesKey, Hashable]:
        """By series the state of its base's file, and the segments that hold some of it."""
        for _ in range(_ATTEMPTS):
            try:
                held = self.segments.holders(self.segments.names())
            except FileNotFoundError:
                continue
            return {
                key: (_state(self.layout.path("bars", key)), tuple(held.get(name_of(key), ())))
                for key in keys
            }
        raise self._restless()

    def revisions(self, named: Named) -> pd.DataFrame:
        """What was told before: noted when segments were folded, or still beside what counts."""
        noted = aside.read_revisions(self.layout.path("revisions", named.key))
        beside = aside.frame_of(self.told(named))
        found = [each for each in (noted, beside) if len(each)]
        return aside.distinct(pd.concat(found)) if found else noted

    def tellings(self, named: Named) -> pd.DataFrame:
        """Every row of the base, of the segments and of what was noted, each once."""
        noted = aside.read_revisions(self.layout.path("revisions", named.key))
        rows = Rows.joined(self._parts(named)).frame()
        return aside.tellings(noted, rows)

    def told(self, named: Named) -> Merged:
        """What counts of the base and the segments of a series, and what they say besides."""
        return merged(Rows.joined(self._parts(named)))

    def holding(self, named: Named) -> frozenset[str]:
        """The names of the segments that have rows of a series."""
        return frozenset(name for name, _ in self.beside(named))

    def beside(self, named: Named) -> list[tuple[str, Rows]]:
        """A series' rows in the segments that have any, by name of segment."""
        for _ in range(_ATTEMPTS):
            try:
                return self.segments.rows(named.name, self.segments.names())
            except FileNotFoundError:
                continue
        raise self._restless()

    def keys(self) -> tuple[SeriesKey, ...]:
        """Every series that has bars, by name."""
        for _ in range(_ATTEMPTS):
            try:
                found = self._in_segments(self.segments.names())
            except FileNotFoundError:
                continue
            based = self.layout.keys("bars")
            paths = {key: self.layout.path("bars", key) for key in based}
            found |= {key for key, path in paths.items() if not bases.is_empty(path)}
            return tuple(sorted(found, key=name_of))
        raise self._restless()

    def _in_segments(self, names: Sequence[str]) -> set[SeriesKey]:
        series = self.segments.holders(names)
        keys = {each: key for each in series if (key := key_of(each)) is not None}
        return {key for each, key in keys.items() if set(series[each]) - self._without(key)}

    def _without(self, key: SeriesKey) -> frozenset[str]:
        path = self.layout.path("bars", key)
        base = bases.read(path) if bases.is_empty(path) else None
        return base.without if base is not None else frozenset()

    def _parts(self, named: Named) -> list[Rows]:
        path = self.layout.path("bars", named.key)
        for _ in range(_ATTEMPTS):
            try:
                parts = self.segments.rows(named.name, self.segments.names())
            except FileNotFoundError:
                continue
            base = bases.read(path) or Base(Rows.none())
            counted = [rows for name, rows in parts if name not in base.without]
            return [base.rows, *counted] if len(base.rows) or not counted else counted
        raise self._restless()

    def _restless(self) -> ConfigError:
        return ConfigError(
            f"{self.layout.folder} was folded again and again while it was read: "
            "end the other process and try again"
        )


def _state(path: Path) -> tuple[int, int, int] | None:
    """What tells a file from the one that it replaced."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
