"""Look through a whole store: is everything sound, and how much is there."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sellkit.adapters.bar_store import aside, averages, bases, freezing, segments
from sellkit.adapters.bar_store.rows import Rows
from sellkit.adapters.bar_store.series_name import Named, key_of
from sellkit.core.custody import Figures, Finding
from sellkit.core.sifting import possible
from sellkit.errors import SellkitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sellkit.adapters.bar_store.layout import Layout
    from sellkit.adapters.bar_store.reading import Reader
    from sellkit.adapters.bar_store.segments import Segments

Result = TypeVar("Result")

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def findings(layout: Layout, stored: Segments) -> Iterator[Finding]:
    """What is wrong in any file, and where two files tell the same fetch of a bar differently."""
    sound: dict[str, list[tuple[str, Rows]]] = {}
    for name in stored.names():
        path = layout.of("segments") / f"{name}.parquet"
        found, problem = _tried(segments.read, path)
        if found is not None:
            problem = _of_segment(found)
            for series, rows in found.series.items():
                sound.setdefault(series, []).append((name, rows))
        if problem:
            yield Finding(_short(layout, path), problem)
    for key in layout.keys("bars"):
        path = layout.path("bars", key)
        base, problem = _tried(bases.read, path)
        if base is not None:
            beside = sound.get(path.stem, [])
            counted = [rows for name, rows in beside if name not in base.without]
            problem = _of_base(base.rows) or _disagreement(base.rows, counted)
        if problem:
            yield Finding(_short(layout, path), problem)
    yield from _beside(layout)


def figures(layout: Layout, reader: Reader) -> Iterator[Figures]:
    """What is stored of each series."""
    for key in reader.keys():  # noqa: SIM118 (no mapping)
        named, path = Named.of(key), layout.path("bars", key)
        rows = reader.rows(named)
        count = len(rows)
        yield Figures(
            key=key,
            bars=count,
            first=_instant(rows.start[0]) if count else None,
            last=_instant(rows.start[-1]) if count else None,
            fetched_at=_instant(rows.fetched.max()) if count else None,
            size=_size(path),
            in_segments=sum(len(each) for _, each in reader.beside(named)),
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _beside(layout: Layout) -> Iterator[Finding]:
    readers: list[tuple[str, Callable[[Path], object]]] = [
        ("averages", averages.read),
        ("revisions", aside.read_revisions),
        ("quarantine", aside.read_quarantine),
        ("superseded", lambda path: bases.read(path, freezing.SUPERSEDED)),
    ]
    for kind, read in readers:
        for path in sorted(layout.of(kind).glob("*.parquet")):
            _, problem = _tried(read, path)
            if problem:
                yield Finding(_short(layout, path), problem)


def _tried(read: Callable[[Path], Result], path: Path) -> tuple[Result | None, str]:
    try:
        return read(path), ""
    except FileNotFoundError:
        return None, ""  # folded since it was listed
    except SellkitError as error:
        return None, str(error)


def _of_segment(found: segments.Segment) -> str:
    foreign = [name for name in found.series if key_of(name) is None]
    if foreign:
        return f"{foreign[0]} is no series"
    wrong = [name for name, rows in found.series.items() if not possible(rows.numbers).all()]
    return f"{wrong[0]} has impossible prices" if wrong else ""


def _of_base(rows: Rows) -> str:
    if not (np.diff(rows.start) > 0).all():
        return "bars are out of order or twice"
    return "" if possible(rows.numbers).all() else "a price is impossible"


def _disagreement(base: Rows, others: list[Rows]) -> str:
    for rows in others:
        place = np.searchsorted(base.start, rows.start)
        near = np.minimum(place, max(len(base) - 1, 0))
        if not len(base):
            return ""
        same = (base.start[near] == rows.start) & (base.fetched[near] == rows.fetched)
        for ours, theirs in zip(base.numbers, rows.numbers, strict=True):
            if (same & (ours[near] != theirs)).any():
                return "it and a segment tell the same fetch of a bar differently"
    return ""


def _short(layout: Layout, path: Path) -> str:
    return path.relative_to(layout.folder).as_posix()


def _instant(micros: np.int64) -> dt.datetime:
    return _EPOCH + dt.timedelta(microseconds=int(micros))
