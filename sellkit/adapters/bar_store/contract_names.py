"""What the contracts of a store are called, so that people need not read numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sellkit.adapters import durable_file
from sellkit.core.instrument import Token
from sellkit.errors import InvalidToken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read(path: Path) -> dict[int, Token]:
    """The names by contract; empty when nothing can be read: the next download writes them anew."""
    try:
        told = json.loads(path.read_bytes())
        return {int(con_id): Token.parse(token) for con_id, token in told.items()}
    except (OSError, ValueError, AttributeError, InvalidToken):
        return {}


def write(path: Path, names: Mapping[int, Token]) -> None:
    """Replace the file."""
    told = {str(con_id): str(token) for con_id, token in sorted(names.items())}
    durable_file.make_folder(path.parent)
    durable_file.replace(path, json.dumps(told, indent=1).encode())
