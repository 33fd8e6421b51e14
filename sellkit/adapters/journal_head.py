"""How far a journal has come, in a small file beside it: a journal that is older is recognised.

Two lines take turns, each with its own checksum, so that one of them is whole at every instant.
The file may lag behind the journal, never run ahead of it.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file

if TYPE_CHECKING:
    from pathlib import Path

_LINE: Final = 128
_CHECK: Final = 16


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a chain.

    Attributes
    ----------
    number
        How many links there are.
    hash
        Of the last one.
    """

    number: int
    hash: str


def read(path: Path) -> Head | None:
    """The later of the whole lines; None when there is no file.

    Raises
    ------
    ValueError
        Neither line is whole.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    found = [head for at in (0, _LINE) if (head := _parsed(data[at : at + _LINE])) is not None]
    if not found:
        raise ValueError(f"{path} is damaged")
    return max(found, key=lambda each: each.number)


def begin(path: Path) -> None:
    """Put down that a chain is about to begin, unless there was one before."""
    if not path.exists():
        put(path, Head(0, "-"))


def put(path: Path, head: Head) -> None:
    """Put a head in the place of whatever stands there; it is on the disk when this returns."""
    durable_file.replace(path, _line(head) * 2)


def advance(path: Path, head: Head, *, is_synced: bool) -> None:
    """Put a head down unless a later one stands there.

    A file that is missing or damaged stays so: it is for a person to say that this is well.

    Parameters
    ----------
    is_synced
        Whether it is on the disk when this returns; if not, a loss of power may leave the former.
    """
    if not path.exists():
        return
    with durable_file.locked(path.with_name(f".{path.name}.lock")), path.open("r+b") as file:
        data = file.read(2 * _LINE)
        lines = [_parsed(data[at : at + _LINE]) for at in (0, _LINE)]
        numbers = [-1 if each is None else each.number for each in lines]
        if max(numbers) >= head.number or max(numbers) < 0:
            return
        file.seek(_LINE * numbers.index(min(numbers)))
        file.write(_line(head))
        file.flush()
        if is_synced:
            os.fsync(file.fileno())


def _line(head: Head) -> bytes:
    text = f"{head.number:020} {head.hash}"
    return f"{text} {_checksum(text)}".ljust(_LINE - 1).encode() + b"\n"


def _parsed(line: bytes) -> Head | None:
    words = line.decode("ascii", errors="replace").split()
    if len(words) != 3 or _checksum(" ".join(words[:2])) != words[2]:
        return None
    return Head(int(words[0]), words[1])


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_CHECK]
