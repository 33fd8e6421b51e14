"""Peers of the store that keep a file a series and write the whole of it anew for each new bar.

They are timed on every tenth series, and what that takes counts ten times: rewriting all of them as
JSON takes half a minute.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from sellkit.adapters import durable_file

TENTH: Final = 10
LAST: Final = 400

Upsert = Callable[[], None]
Read = Callable[[], pd.DataFrame]


def ndjson(
    folder: Path, held: Mapping[str, pd.DataFrame], fresh: pd.DataFrame
) -> tuple[Upsert, Read]:
    """A line of JSON a bar: read all lines, put the new ones in by their start, write all lines.

    Parameters
    ----------
    folder
        An empty one.
    held
        The bars so far, by series.
    fresh
        What is added to each.

    Returns
    -------
    tuple
        What adds, and what reads the last bars of one series.
    """
    folder.mkdir()
    added = _lines(fresh)
    for name, frame in held.items():
        _put(folder / f"{name}.ndjson", "\n".join(_lines(frame).values()).encode())

    def upsert() -> None:
        for name in held:
            path = folder / f"{name}.ndjson"
            lines = path.read_text(encoding="utf-8").splitlines()
            known = {json.loads(line)["start"]: line for line in lines} | added
            _put(path, "\n".join(known[start] for start in sorted(known)).encode())
        durable_file.sync_folder(folder)

    def read() -> pd.DataFrame:
        path = folder / f"{next(iter(held))}.ndjson"
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return pd.DataFrame(rows[-LAST:]).set_index("start")

    return upsert, read


def pandas_parquet(
    folder: Path, held: Mapping[str, pd.DataFrame], fresh: pd.DataFrame
) -> tuple[Upsert, Read]:
    """`read_parquet`, `concat`, `to_parquet`, as `ndjson`."""
    folder.mkdir()
    for name, frame in held.items():
        frame.to_parquet(folder / f"{name}.parquet")

    def upsert() -> None:
        for name in held:
            path = folder / f"{name}.parquet"
            whole = pd.concat([pd.read_parquet(path), fresh])
            whole = whole[~whole.index.duplicated(keep="last")].sort_index()
            aside = path.with_suffix(".tmp")
            whole.to_parquet(aside)
            _settle(aside, path)
        durable_file.sync_folder(folder)

    def read() -> pd.DataFrame:
        return pd.read_parquet(folder / f"{next(iter(held))}.parquet").iloc[-LAST:]

    return upsert, read


def _lines(frame: pd.DataFrame) -> dict[str, str]:
    rows = frame.assign(fetched_at=frame["fetched_at"].astype(str)).to_dict("records")
    starts = [start.isoformat() for start in frame.index]
    return {
        start: json.dumps({"start": start, **row}) for start, row in zip(starts, rows, strict=True)
    }


def _put(path: Path, content: bytes) -> None:
    aside = path.with_suffix(".tmp")
    aside.write_bytes(content)
    _settle(aside, path)


def _settle(aside: Path, path: Path) -> None:
    with aside.open("rb+") as file:
        os.fsync(file.fileno())
    aside.replace(path)
