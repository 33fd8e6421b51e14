"""Put damaged files aside, so that what they held is missing and can be fetched anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file
from sellkit.adapters.bar_store import bases, survey
from sellkit.adapters.bar_store.bases import Base
from sellkit.adapters.bar_store.rows import Rows
from sellkit.adapters.bar_store.segments import new_name
from sellkit.adapters.bar_store.series_name import Named, key_of
from sellkit.core.custody import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from sellkit.adapters.bar_store.layout import Layout
    from sellkit.adapters.bar_store.reading import Reader

_FOLDER: Final = "damaged"


def put_damaged_aside(layout: Layout, reader: Reader) -> tuple[Finding, ...]:
    """Move the files that `verify` finds wrong to `damaged/`; the caller holds the lock.

    Each file is copied before it goes. In place of a base comes one that says that no segment of
    now counts: which of them had been fetched anew, only the damaged file knew.
    """
    bad = tuple(survey.findings(layout, reader.segments))
    # Segments first: a base's successor has to look into those that are left.
    for each in sorted(bad, key=lambda finding: finding.where.startswith("bars/")):
        path = layout.folder / each.where
        _keep(layout.of(_FOLDER), path)
        if path.parent.name == "segments":
            reader.segments.remove([path.stem])
        elif path.parent.name == "bars":
            _restart(path, reader)
        else:
            path.unlink()
    return tuple(Finding(each.where, f"moved to {_FOLDER}/: {each.what}") for each in bad)


def _keep(folder: Path, path: Path) -> None:
    """Copy a damaged file; bars, averages and revisions of a series have the same name."""
    durable_file.make_folder(folder)
    kept = folder / path.name
    if kept.exists():
        kept = folder / f"{path.stem}~{new_name()}{path.suffix}"
    durable_file.replace(kept, path.read_bytes())


def _restart(path: Path, reader: Reader) -> None:
    key = key_of(path.stem)
    without = frozenset() if key is None else reader.holding(Named.of(key))
    if without:
        bases.write(path, Base(Rows.none(), without))
    else:
        path.unlink()
