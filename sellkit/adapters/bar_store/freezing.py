"""Series that are being fetched anew, and the exchange of the old bars for the new.

The new base says since when it counts, which is what the note of the freeze says; so after a crash
it can be told whether the exchange has been made.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file
from sellkit.adapters.bar_store import aside, bases
from sellkit.adapters.bar_store.bases import Base
from sellkit.adapters.bar_store.rows import Rows
from sellkit.core.custody import Freeze
from sellkit.errors import DataError, InvalidBars

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from sellkit.adapters.bar_store.layout import Layout
    from sellkit.adapters.bar_store.reading import Reader
    from sellkit.adapters.bar_store.series_name import Named
    from sellkit.core.bars import SeriesKey

SUPERSEDED: Final = "superseded"


def note(path: Path, freeze: Freeze) -> None:
    """Write down that a series is frozen."""
    told = {**asdict(freeze), "since": freeze.since.isoformat()}
    durable_file.make_folder(path.parent)
    durable_file.replace(path, json.dumps(told).encode())


def read(path: Path) -> Freeze:
    """Why a series is frozen; one whose note cannot be read is frozen all the same."""
    try:
        told = json.loads(path.read_bytes())
        since = dt.datetime.fromisoformat(told["since"]).astimezone(dt.UTC)
        return Freeze(since, float(told["ratio"]), str(told["reason"]))
    except (OSError, ValueError, KeyError, TypeError):
        since = dt.datetime.fromtimestamp(0, dt.UTC)
        return Freeze(since, float("nan"), f"{path.name} says so, and its reason cannot be read")


def is_thawed(layout: Layout, key: SeriesKey) -> bool:
    """Whether the new bars are in place already, and only the note is left.

    Not of bars that cannot be read: whoever reads them is told, and until then the others go on.
    """
    try:
        base = bases.read(layout.path("bars", key))
    except InvalidBars:
        return False
    freeze = read(layout.path("frozen", key))
    return base is not None and base.since == freeze.since.isoformat()


def exchange(layout: Layout, reader: Reader, gathered: pd.DataFrame, named: Named) -> None:
    """Keep the old series apart and put the new one in its place; nothing when that was done.

    Raises
    ------
    DataError
        Nothing was gathered.
    """
    if is_thawed(layout, named.key):
        return
    if gathered.empty:
        raise DataError(f"{named.name} has not been fetched anew: download it first")
    since = read(layout.path("frozen", named.key)).since
    held = reader.holding(named)
    old = reader.rows(named)
    aside.note_revisions(layout.path("revisions", named.key), reader.told(named))
    if len(old):
        stamp = f"{since:%Y%m%dT%H%M%S%fZ}"
        bases.write(layout.of(SUPERSEDED) / f"{named.name}~{stamp}.parquet", Base(old), SUPERSEDED)
    new = Base(Rows.of_frame(gathered), held, since.isoformat())
    bases.write(layout.path("bars", named.key), new)
