"""Where in a data folder what lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.adapters.bar_store.series_name import key_of, name_of

if TYPE_CHECKING:
    from pathlib import Path

    from sellkit.core.bars import SeriesKey

VERSION: Final = "2"
FORMER: Final = "1"

_OWN: Final = (
    "bars",
    "segments",
    "averages",
    "absent",
    "quarantine",
    "revisions",
    "superseded",
    "frozen",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths below the data folder of one profile."""

    folder: Path

    @property
    def lock(self) -> Path:
        """The lock of whoever replaces or removes files."""
        return self.folder / ".lock"

    @property
    def schema(self) -> Path:
        """Which version of the layout this is."""
        return self.folder / "store.json"

    @property
    def refetch(self) -> Path:
        """A store of the same layout, for series that are fetched anew."""
        return self.folder / "refetch"

    def of(self, kind: str) -> Path:
        """The folder of one kind of file."""
        return self.folder / kind

    def path(self, kind: str, key: SeriesKey) -> Path:
        """The file of one series."""
        ending = "json" if kind in {"absent", "frozen"} else "parquet"
        return self.folder / kind / f"{name_of(key)}.{ending}"

    def keys(self, kind: str) -> list[SeriesKey]:
        """The series that have a file of one kind, by name."""
        found = (key_of(path.stem) for path in sorted(self.of(kind).glob("*.*")))
        return [key for key in found if key is not None]

    def files(self) -> list[Path]:
        """Every file that the store wrote, and those that never got their name."""
        found: list[Path] = []
        for kind in _OWN:
            folder = self.of(kind)
            found += [each for each in folder.glob("*.*") if _is_own(kind, each)]
            found += folder.glob(".*.tmp")
        return found


def _is_own(kind: str, path: Path) -> bool:
    if path.suffix not in {".parquet", ".json"}:
        return False
    if kind in {"segments", "quarantine"}:
        return is_stamped(path.stem)
    return key_of(path.stem.partition("~")[0]) is not None


def is_stamped(name: str) -> bool:
    """Whether a name is one that `segments.new_name` gives."""
    parts = name.split("-")
    return len(parts) == 3 and parts[0].isdigit() and len(parts[0]) == 20
