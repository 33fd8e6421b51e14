"""The executed notebooks of a profile: as files of their own, and in the archives of months.

A notebook is known by its path from the profile's folder on, `runs/2026-06-10/150020Z_ab12.ipynb`,
wherever it lies; the archive of its month, `runs/2026-06.zip`, has it under that very name.
"""

from __future__ import annotations

import hashlib
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.adapters.executed_cells import told_by
from sellkit.core.custody import Finding
from sellkit.core.month import Month
from sellkit.core.past_runs import KeptNotebook
from sellkit.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Self

RUNS: Final = "runs"
FURTHER: Final = "notebooks"
"""Where those of the schedule's further entries lie, below a profile's folder: no hour's runs."""

UNREADABLE: Final = (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, EOFError)
"""What `zipfile` raises on a file that is damaged, cut off, or no archive."""
_TWO_VERSIONS: Final = "two versions"
_DAY: Final = 10  # 2026-06-10
_MONTH: Final = 7


def hashed(path: Path) -> str:
    """SHA-256 of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(content: bytes) -> str:
    """SHA-256 of some bytes, as hex."""
    return hashlib.sha256(content).hexdigest()


def month_of(path: str) -> Month | None:
    """The month of a notebook's path; None for a path of another form."""
    parts = path.split("/")
    try:
        return Month.parse(parts[1][:_MONTH]) if len(parts[1]) == _DAY else None
    except (IndexError, ConfigError):
        return None


def archive_of(month: Month) -> str:
    """The archive of a month, from the profile's folder on."""
    return f"{RUNS}/{month}.zip"


def files(folder: Path) -> dict[str, Path]:
    """Every executed notebook that is a file of its own; one being written has no such name yet."""
    return _below(folder, RUNS)


def archives(folder: Path) -> list[Path]:
    """The archives of months."""
    found = sorted(folder.glob(f"{RUNS}/*.zip"))
    return [each for each in found if not each.name.startswith(".")]


def has_any(folder: Path) -> bool:
    """Whether a run has left a notebook, or an archive of some, below a profile's folder."""
    return bool(archives(folder)) or bool(files(folder))


class KeptNotebooks:
    """Reads the executed notebooks of a profile; use it in a `with` block.

    Parameters
    ----------
    folder
        The profile's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, zipfile.ZipFile | None] = {}

    def look(self, path: str) -> KeptNotebook | None:
        """What a notebook shows; None when it is neither a file nor in its month's archive."""
        content, archive = self._found(path)
        if content is None:
            return None
        cells, failure = told_by(content)
        return KeptNotebook(
            path=path,
            sha256=digest(content),
            size=len(content),
            archive=archive,
            cells=cells,
            failure=failure,
        )

    def read(self, path: str) -> bytes | None:
        """A notebook's bytes, or None as above."""
        return self._found(path)[0]

    def hashes(self) -> tuple[dict[str, str], tuple[Finding, ...]]:
        """Every notebook's hash by its path, and the archives that cannot be read.

        One that lies in both places in two versions has a hash that none can have.
        """
        there = {**files(self._folder), **_below(self._folder, FURTHER)}
        found = {path: hashed(file) for path, file in there.items()}
        problems = []
        for archive in archives(self._folder):
            name = archive.relative_to(self._folder).as_posix()
            try:
                inside = self._hashes_in(name)
            except DataError as error:
                problems.append(Finding(name, str(error)))
                continue
            for path, sha256 in inside.items():
                is_same = found.get(path, sha256) == sha256
                found[path] = sha256 if is_same else _TWO_VERSIONS
        return found, tuple(problems)

    def close(self) -> None:
        """Close the archives; a later use opens them again."""
        for each in self._open.values():
            if each is not None:
                each.close()
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _found(self, path: str) -> tuple[bytes | None, str | None]:
        file = self._folder / path
        if file.is_file():
            return file.read_bytes(), None
        month = month_of(path)
        archive = None if month is None else self._archive(archive_of(month))
        if month is None or archive is None or path not in archive.namelist():
            return None, None
        with _reading(archive_of(month)):
            return archive.read(path), archive_of(month)

    def _hashes_in(self, name: str) -> dict[str, str]:
        archive = self._archive(name)
        with _reading(name):
            return {} if archive is None else hashes_in(archive)

    def _archive(self, name: str) -> zipfile.ZipFile | None:
        if name not in self._open:
            path = self._folder / name
            with _reading(name):
                self._open[name] = zipfile.ZipFile(path) if path.is_file() else None
        return self._open[name]


def _below(folder: Path, name: str) -> dict[str, Path]:
    found = sorted(folder.glob(f"{name}/*/*.ipynb"))
    return {
        each.relative_to(folder).as_posix(): each for each in found if not each.name.startswith(".")
    }


def hashes_in(archive: zipfile.ZipFile) -> dict[str, str]:
    """The hash of each notebook of an archive, by its path; every byte is read."""
    found = {}
    for name in archive.namelist():
        with archive.open(name) as entry:
            found[name] = hashlib.file_digest(entry, "sha256").hexdigest()  # type: ignore[arg-type]
    return found


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Name the archive that cannot be read.

    Raises
    ------
    DataError
        In place of what the library raises.
    """
    try:
        yield
    except UNREADABLE as error:
        raise DataError(
            f"the archive {name} cannot be read ({error}): keep it, and put back a copy of it"
        ) from error
