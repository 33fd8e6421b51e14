"""The executed notebooks as they lie on disk, each with its hash."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def hashed(path: Path) -> str:
    """SHA-256 of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kept(folder: Path) -> dict[str, str]:
    """Every executed notebook below a profile's folder: its path from there on, and its hash.

    One that is still being written has no such name yet.
    """
    found = sorted(folder.glob("runs/*/*.ipynb"))
    return {
        each.relative_to(folder).as_posix(): hashed(each)
        for each in found
        if not each.name.startswith(".")
    }
