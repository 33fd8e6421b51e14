"""Put damaged files aside, so that what they held is missing and can be fetched anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file
from sellkit.adapters.bar_store import bases, survey
from sellkit.adapters.bar_store.bases import Base
from sellkit.adapters.bar_store.rows import Rows
from sellkit.adapters.bar_store.series_name import Named, key_of
from sellkit.core.custody import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from sellkit.adapters.bar_store.layout import Layout
    from sellkit.adapters.bar_store.reading import Reader

_FOLDER: Final = "damaged"
_KINDS: Final = frozenset({"segments", "bars", "averages"})


def put_damaged_aside(layout: Layout, reader: Reader) -> tuple[Finding, ...]:
    """Move what `verify` finds wrong in bars and averages to `damaged/`; the caller holds the lock.

    Each file is copied before it goes. In place of a base comes one that says that no segment of
    now counts: which of them had been fetched anew, only the damaged file knew.
    """
    found = tuple(survey.findings(layout, reader.segments))
    bad = [each for each in found if each.where.split("/", maxsplit=1)[0] in _KINDS]
    # Segments first: a base's successor has to look into those that are left.
    for each in sorted(bad, key=lambda finding: finding.where.startswith("bars/")):
        path = layout.folder / each.where
        durable_file.make_folder(layout.of(_FOLDER))
        durable_file.replace(layout.of(_FOLDER) / path.name, path.read_bytes())
        if path.parent.name == "segments":
            reader.segments.remove([path.stem])
        elif path.parent.name == "bars":
            _restart(path, reader)
        else:
            path.unlink()
    return tuple(Finding(each.where, f"moved to {_FOLDER}/: {each.what}") for each in bad)


def _restart(path: Path, reader: Reader) -> None:
    key = key_of(path.stem)
    without = frozenset() if key is None else reader.holding(Named.of(key))
    if without:
        bases.write(path, Base(Rows.none(), without))
    else:
        path.unlink()
