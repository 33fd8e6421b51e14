"""What is kept beside the bars: those that cannot be, and what was told of bars before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from sellkit.adapters.bar_store import tables
from sellkit.adapters.bar_store.layout import VERSION
from sellkit.adapters.bar_store.rows import TIME, Merged, Rows
from sellkit.adapters.bar_store.segments import new_name
from sellkit.adapters.bar_store.tables import QUARANTINE, REVISIONS, Opened, one_series
from sellkit.core.bars import COLUMNS, INSTANT, micros

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_REVISIONS: Final = "revisions"
_QUARANTINE: Final = "quarantine"


def put_aside(folder: Path, refused: Mapping[str, pd.DataFrame]) -> None:
    """Keep rows that cannot be, by name of series; each with its reason."""
    parts = []
    for name, frame in refused.items():
        arrays = [one_series(name, len(frame)), *Rows.of_frame(frame).arrays()]
        reasons = pa.array(frame["reason"].tolist(), pa.string())
        parts.append(pa.Table.from_arrays([*arrays, reasons], schema=QUARANTINE))
    table = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    tables.write(folder / f"{new_name()}.parquet", _QUARANTINE, table)


def quarantined(folder: Path) -> pd.DataFrame:
    """All rows put aside, in the order in which they came."""
    found = [read_quarantine(path) for path in sorted(folder.glob("*.parquet"))]
    if not found:
        found = [QUARANTINE.empty_table()]
    frames: list[pd.DataFrame] = [table.to_pandas() for table in found]
    return pd.concat([each.astype({"series": "str"}) for each in frames], ignore_index=True)


def read_quarantine(path: Path) -> pa.Table:
    """One file of rows put aside."""
    opened = Opened(path)
    opened.require({"kind": _QUARANTINE}, {VERSION: QUARANTINE})
    return opened.table()


def note_revisions(path: Path, found: Merged) -> None:
    """Keep what was told before, each once."""
    if not len(found.earlier):
        return
    known = read_revisions(path)
    whole = pd.concat([known, frame_of(found)]) if len(known) else frame_of(found)
    whole = distinct(whole)
    replaced = pd.DatetimeIndex(whole["replaced_at"]).asi8
    arrays = [one_series(path.stem, len(whole)), *Rows.of_frame(whole).arrays()]
    table = pa.Table.from_arrays([*arrays, pa.array(replaced).view(TIME)], schema=REVISIONS)
    tables.write(path, _REVISIONS, table, {"series": path.stem})


def read_revisions(path: Path) -> pd.DataFrame:
    """What was told of a series' bars before, by start."""
    try:
        opened = Opened(path)
    except FileNotFoundError:
        return frame_of(Merged(Rows.none(), Rows.none(), np.empty(0, dtype=np.int64)))
    opened.require({"kind": _REVISIONS, "series": path.stem}, {VERSION: REVISIONS})
    table = opened.table()
    replaced = table.column("replaced_at").combine_chunks().view(pa.int64()).to_numpy()
    return frame_of(Merged(Rows.none(), Rows.of_table(table), replaced))


def frame_of(found: Merged) -> pd.DataFrame:
    """Earlier rows with the time at which another value was told."""
    frame = found.earlier.frame()
    frame["replaced_at"] = pd.DatetimeIndex(found.replaced.view("M8[us]"), dtype=INSTANT)
    return frame


def distinct(revisions: pd.DataFrame) -> pd.DataFrame:
    """Each row once, by start and time of the fetch: a crash may have written some twice."""
    kept = revisions.reset_index().drop_duplicates().set_index("start")
    return kept.iloc[np.lexsort((micros(kept["fetched_at"]), micros(kept.index)))]


def tellings(noted: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Everything that was told, by start and time of the fetch.

    Of what was told in place of a noted row the first time is known, too, also where only a later
    telling of the same was kept.

    Parameters
    ----------
    noted
        Revisions, with `replaced_at`.
    rows
        What else is known to have been told.
    """
    known = distinct(pd.concat([noted[COLUMNS], rows]))
    if noted.empty:
        return known
    marks = _marks(known)
    places = pd.Index(marks).get_indexer(pd.Index(_marks(noted)))
    is_last = places + 1 == len(known)
    successors = known.iloc[np.where(is_last, places, places + 1)].copy()
    is_same_bar = micros(successors.index) == micros(noted.index)
    successors["fetched_at"] = noted["replaced_at"].to_numpy()
    successors["fetched_at"] = successors["fetched_at"].astype(INSTANT)
    return distinct(pd.concat([known, successors[is_same_bar & ~is_last]]))


def _marks(bars: pd.DataFrame) -> list[tuple[int, int]]:
    starts, fetched = micros(bars.index).tolist(), micros(bars["fetched_at"]).tolist()
    return list(zip(starts, fetched, strict=True))
