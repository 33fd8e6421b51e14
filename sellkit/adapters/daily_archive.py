"""The days of a file of lines that are over: packed with gzip into a folder for each month.

`logs/signals.jsonl` of a former day is `logs/signals-2026-06-10.jsonl` until it is packed, then
`logs/2026-06/signals-2026-06-10.jsonl.gz`. A packed day was read back before the plain one is
removed; a crash leaves the plain one, the packed one or both, and the next call goes on from there.
"""

from __future__ import annotations

import datetime as dt
import gzip
import re
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Final, cast

from sellkit.adapters import durable_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DAY: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.(\d+))?")
_Key = tuple[dt.date, int]


def free_name(path: Path, day: dt.date) -> Path:
    """The name of a day that is over; with a number where the day has one already."""
    taken = {key for key, _ in _days(path)}
    number = 1
    while (day, number) in taken:
        number += 1
    numbered = "" if number == 1 else f".{number}"
    return path.with_name(f"{path.stem}-{day.isoformat()}{numbered}{path.suffix}")


def pack(path: Path, today: dt.date, keep_days: int | None) -> None:
    """Pack the days that are over, and remove archived ones beyond `keep_days`.

    Where another process does so there is nothing to do.

    Raises
    ------
    OSError
        Something cannot be read or written; no day was lost.
    """
    with path.with_name(".archive.lock").open("ab") as lock:
        if durable_file.take(lock.fileno()):
            try:
                _pack_days(path, today, keep_days)
            finally:
                durable_file.free(lock.fileno())


def opened(path: Path, since: dt.date | None) -> list[IO[bytes]]:
    """The files of a day on, open, oldest first, the present one last.

    The caller holds the lock of the file, so that none is renamed meanwhile.
    """
    found: dict[_Key, Path] = {}
    for key, each in sorted(_days(path), key=lambda day: (day[0], day[1].suffix == ".gz")):
        if since is None or key[0] >= since:
            found.setdefault(key, each)
    files = [_open(each) for _, each in sorted(found.items())]
    with suppress(FileNotFoundError):
        files.append(path.open("rb"))
    return files


def _pack_days(path: Path, today: dt.date, keep_days: int | None) -> None:
    for (day, _), found in list(_days(path)):
        if found.suffix != ".gz":
            _pack(found, day)
        elif keep_days is not None and (today - day).days > keep_days:
            found.unlink()
            with suppress(OSError):  # it holds other days, or another file's
                found.parent.rmdir()


def _open(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _days(path: Path) -> Iterator[tuple[_Key, Path]]:
    """The days that are over, with their files, plain and packed."""
    plain = f"{path.stem}-*{path.suffix}"
    for each in (*path.parent.glob(plain), *path.parent.glob(f"????-??/{plain}.gz")):
        name = each.name.removesuffix(".gz").removesuffix(path.suffix)
        told = _DAY.fullmatch(name.removeprefix(f"{path.stem}-"))
        if told is not None:
            with suppress(ValueError):
                yield (dt.date.fromisoformat(told[1]), int(told[2] or 1)), each


def _pack(plain: Path, day: dt.date) -> None:
    folder = plain.parent / f"{day:%Y-%m}"
    durable_file.make_folder(folder)
    packed = folder / f"{plain.name}.gz"
    data = plain.read_bytes()
    temporary = durable_file.aside(packed)
    try:
        temporary.write_bytes(gzip.compress(data, mtime=0))
        if gzip.decompress(temporary.read_bytes()) != data:
            raise OSError(f"{temporary} does not read back as it was written")
        durable_file.settle(temporary, packed)
    finally:
        temporary.unlink(missing_ok=True)
    if plain.stat().st_size == len(data):  # else somebody wrote: the next day packs it anew
        plain.unlink()
        durable_file.sync_folder(plain.parent)
