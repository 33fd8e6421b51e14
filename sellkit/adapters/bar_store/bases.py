"""Bases: one file a series, sorted by start, without duplicates, replaced as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from sellkit.adapters.bar_store import tables
from sellkit.adapters.bar_store.rows import Rows
from sellkit.adapters.bar_store.tables import BARS, EVERY_VERSION, Opened, one_series
from sellkit.core.bars import COLUMNS
from sellkit.errors import InvalidBars

if TYPE_CHECKING:
    from pathlib import Path

KIND: Final = "bars"
SMALL: Final = 65_536
"""Bytes; a base without rows, which tells a thousand names of segments, is no larger."""

_COLUMNS: Final = ["start", *COLUMNS]


@dataclass(frozen=True, slots=True)
class Base:
    """What is kept of one series.

    Attributes
    ----------
    without
        Names of segments whose rows of this series count no more: the series was removed or fetched
        anew after they were written.
    since
        When the prices were fetched anew, as ISO text; empty when they never were.
    version
        Of the file's schema.
    """

    rows: Rows
    without: frozenset[str] = frozenset()
    since: str = ""
    version: str = ""

    def but(self, rows: Rows, without: frozenset[str]) -> Base:
        """The same with other rows."""
        return replace(self, rows=rows, without=without)


def read(path: Path, kind: str = KIND) -> Base | None:
    """The base of a series, or None when it has none."""
    try:
        opened = Opened(path)
    except FileNotFoundError:
        return None
    series = path.stem.partition("~")[0]
    opened.require({"kind": kind, "series": series}, EVERY_VERSION)
    without = opened.told.get("sellkit.without", "")
    return Base(
        Rows.of_table(opened.table(_COLUMNS)),
        frozenset(without.split(",")) if without else frozenset(),
        opened.told.get("sellkit.since", ""),
        opened.told["sellkit.version"],
    )


def write(path: Path, base: Base, kind: str = KIND) -> None:
    """Replace the base of a series."""
    name = path.stem.partition("~")[0]
    series = one_series(name, len(base.rows))
    told = {"series": name, "since": base.since, "without": ",".join(sorted(base.without))}
    table = pa.Table.from_arrays([series, *base.rows.arrays()], schema=BARS)
    tables.write(path, kind, table, {key: value for key, value in told.items() if value})


def is_empty(path: Path) -> bool:
    """Whether a base has no rows and only says which segments do not count; cheap for others."""
    try:
        if path.stat().st_size > SMALL:
            return False
        return Opened(path).rows == 0
    except (FileNotFoundError, InvalidBars):
        return False
