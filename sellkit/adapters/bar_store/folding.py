"""Fold segments into bases, and bring a store of the former layout up to date.

Bases are replaced one by one, revisions written before them, segments removed after all of them: a
crash at any point leaves rows twice, never none, and the next compaction does the rest.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file
from sellkit.adapters.bar_store import aside, bases
from sellkit.adapters.bar_store.bases import Base
from sellkit.adapters.bar_store.layout import FORMER, VERSION
from sellkit.adapters.bar_store.rows import Rows, merged
from sellkit.adapters.bar_store.series_name import key_of
from sellkit.errors import ConfigError, InvalidBars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sellkit.adapters.bar_store.layout import Layout
    from sellkit.adapters.bar_store.segments import Segments

_ABANDONED_SECONDS: Final = 3600.0


def fold(layout: Layout, segments: Segments) -> int:
    """Fold every segment; return how many there were. The caller holds the lock.

    Raises
    ------
    InvalidBars
        A segment or a base cannot be read; what could be folded is folded, no segment is gone.
    """
    names = segments.names()
    if names:
        _fold(layout, names, _by_series(segments, names))
        segments.remove(names)
    _forget(layout)
    _sweep(layout)
    return len(names)


def migrate(layout: Layout) -> None:
    """Bring a store of the former layout up to date; nothing when it is. The caller holds the lock.

    Raises
    ------
    ConfigError
        A newer sellkit wrote the store.
    """
    told = _told_version(layout)
    if told == VERSION:
        return
    if told not in {"", FORMER}:
        raise ConfigError(
            f"{layout.folder} is a store of version {told}, this sellkit knows {VERSION}: "
            "use the newer sellkit, or choose another --data-dir"
        )
    for key in layout.keys("bars"):
        path = layout.path("bars", key)
        # What is torn is refused when it is read; the other series go on.
        with suppress(InvalidBars):
            base = bases.read(path)
            if base is not None and base.version == FORMER:
                bases.write(path, base)
    durable_file.make_folder(layout.folder)
    durable_file.replace(layout.schema, json.dumps({"version": VERSION}).encode())


def is_current(layout: Layout) -> bool:
    """Whether the store needs no migration."""
    return _told_version(layout) == VERSION


def _told_version(layout: Layout) -> str:
    try:
        return str(json.loads(layout.schema.read_bytes())["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _by_series(segments: Segments, names: Sequence[str]) -> dict[str, list[tuple[str, Rows]]]:
    found: dict[str, list[tuple[str, Rows]]] = {}
    for name in names:
        for series, rows in segments.open(name).series.items():
            found.setdefault(series, []).append((name, rows))
    return found


def _fold(
    layout: Layout, names: Sequence[str], found: Mapping[str, Sequence[tuple[str, Rows]]]
) -> None:
    gone = frozenset(names)
    for series, parts in found.items():
        key = key_of(series)
        if key is None:
            continue
        path = layout.path("bars", key)
        base = bases.read(path) or Base(Rows.none())
        counted = [rows for name, rows in parts if name not in base.without]
        whole = merged(Rows.joined([base.rows, *counted]))
        aside.note_revisions(layout.path("revisions", key), whole)
        if counted:
            # While a segment that does not count still lies there, the base has to say so.
            bases.write(path, base.but(whole.rows, base.without & gone))


def _forget(layout: Layout) -> None:
    """Empty bases that only said which segments do not count, once those are gone."""
    for key in layout.keys("bars"):
        path = layout.path("bars", key)
        if bases.is_empty(path):
            path.unlink(missing_ok=True)


def _sweep(layout: Layout) -> None:
    """Remove files that never got their name, once nobody can still be writing them."""
    durable_file.make_folder(layout.folder)
    layout.lock.touch()
    now = layout.lock.stat().st_mtime
    kinds = ("segments", "bars", "quarantine", "revisions", "averages", "absent")
    for left in [each for kind in kinds for each in layout.of(kind).glob(".*.tmp")]:
        with suppress(FileNotFoundError):
            if now - left.stat().st_mtime > _ABANDONED_SECONDS:
                left.unlink()
