"""Packs the executed notebooks of a month into one file, and only then removes them.

The archive is written aside, synced, read back and held against the files; then it gets its name.
A file is removed when the archive of that name has it byte by byte. Whatever moment a crash comes
at, each notebook is a file, or in the archive, or both; the next call goes on from there.
"""

from __future__ import annotations

import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file
from sellkit.adapters.kept_notebooks import (
    RUNS,
    UNREADABLE,
    archive_of,
    files,
    hashed,
    hashes_in,
    month_of,
)
from sellkit.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sellkit.core.month import Month

_REMEDY: Final = "allow sellkit to write there"
# The same notebooks make the same archive: a time of packing would only differ.
_DATE: Final = (1980, 1, 1, 0, 0, 0)


class MonthArchives:
    """The `NotebookStore` in a profile's folder: a file for each month, beside the days' folders.

    Parameters
    ----------
    folder
        The profile's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def waiting(self, before: Month) -> Mapping[Month, int]:
        """The months before one that have notebooks as files, and how many; oldest first."""
        found: dict[Month, int] = {}
        for path in files(self._folder):
            month = month_of(path)
            if month is not None and month < before:
                found[month] = found.get(month, 0) + 1
        return dict(sorted(found.items()))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Only one process packs at a time.

        Raises
        ------
        ConfigError
            Another one does; or the folder cannot be written.
        """
        runs = self._folder / RUNS
        with (
            durable_file.writing(runs, _REMEDY),
            durable_file.locked(runs / ".archive.lock"),
        ):
            for left in runs.glob(".*.zip.*.tmp"):  # by a process that was killed
                left.unlink()
            yield

    def pack(self, month: Month, told: Callable[[str], None]) -> str:
        """Put the month's notebooks into its archive, beside those that are there already.

        Nothing is removed. The archive is on the disk, and was read back, when this returns.

        Parameters
        ----------
        month
            Which.
        told
            Called with each notebook's path once it is packed.

        Returns
        -------
        str
            The archive, from the profile's folder on.

        Raises
        ------
        DataError
            The archive that is there cannot be read, or has another version of a notebook; or what
            was written is not what is read back.
        """
        archive, found = self._folder / archive_of(month), self._files(month)
        before = _hashes(archive)
        now = {path: hashed(file) for path, file in found.items()}
        self._refuse_versions(month, before, now)
        if now.keys() <= before.keys():
            for path in found:
                told(path)
            return archive_of(month)
        temporary = durable_file.aside(archive)
        try:
            _write(temporary, archive if before else None, found, told)
            _check(temporary, {**before, **now})
            durable_file.settle(temporary, archive)
        finally:
            temporary.unlink(missing_ok=True)
        _check(archive, {**before, **now})
        return archive_of(month)

    def clear(self, month: Month) -> int:
        """Remove the files that the month's archive holds byte by byte; how many they were."""
        inside, removed = _hashes(self._folder / archive_of(month)), 0
        for path, file in self._files(month).items():
            if inside.get(path) == hashed(file):
                file.unlink()
                removed += 1
        for day in sorted((self._folder / RUNS).glob(f"{month}-??")):
            if day.is_dir() and not any(day.iterdir()):
                day.rmdir()
        durable_file.sync_folder(self._folder / RUNS)
        return removed

    def _files(self, month: Month) -> dict[str, Path]:
        found = files(self._folder)
        return {path: file for path, file in found.items() if month_of(path) == month}

    def _refuse_versions(
        self, month: Month, before: Mapping[str, str], now: Mapping[str, str]
    ) -> None:
        other = [path for path in now if before.get(path, now[path]) != now[path]]
        if other:
            raise DataError(
                f"{other[0]} is not the one that lies in {archive_of(month)}: `sellkit audit "
                "verify` says which was kept; move the other away, nothing was removed"
            )


def _hashes(archive: Path) -> dict[str, str]:
    """What an archive holds; nothing when there is none."""
    if not archive.exists():
        return {}
    try:
        with zipfile.ZipFile(archive) as opened:
            return hashes_in(opened)
    except UNREADABLE as error:
        raise DataError(
            f"the archive {archive} cannot be read ({error}): keep it, and put back a copy of it; "
            "nothing was packed or removed"
        ) from error


def _write(
    path: Path, former: Path | None, found: Mapping[str, Path], told: Callable[[str], None]
) -> None:
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
        if former is not None:
            _copy(former, archive)
        held = set(archive.namelist())
        for name, file in found.items():
            if name not in held:
                archive.writestr(_entry(name), file.read_bytes())
            told(name)


def _copy(former: Path, archive: zipfile.ZipFile) -> None:
    with zipfile.ZipFile(former) as opened:
        for name in opened.namelist():
            archive.writestr(_entry(name), opened.read(name))


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _check(archive: Path, expected: Mapping[str, str]) -> None:
    if _hashes(archive) != expected:
        raise DataError(
            f"{archive} does not read back as it was written: check the disk; no notebook was "
            "removed"
        )
