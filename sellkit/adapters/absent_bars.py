"""What the source has no bar for, remembered so that it is not asked for again and again."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

from sellkit.adapters import durable_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def read(path: Path) -> dict[dt.datetime, dt.datetime]:
    """By bar start, when the source last said that it has no bar; empty when nothing can be read.

    It only saves questions: a file that is lost or torn costs some, and is written anew.
    """
    try:
        told = json.loads(path.read_bytes())
        return {
            _instant(start): _instant(asked_at)
            for asked_at, starts in told.items()
            for start in starts
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def write(path: Path, absent: Mapping[dt.datetime, dt.datetime]) -> None:
    """Replace the file, the starts gathered by the time they were last asked for."""
    gathered: dict[str, list[str]] = {}
    for start, asked_at in sorted(absent.items()):
        gathered.setdefault(asked_at.isoformat(), []).append(start.isoformat())
    durable_file.make_folder(path.parent)
    durable_file.replace(path, json.dumps(gathered).encode())


def noted(
    absent: Mapping[dt.datetime, dt.datetime],
    starts: Sequence[dt.datetime],
    asked_at: dt.datetime,
) -> dict[dt.datetime, dt.datetime]:
    """What is remembered after the source was asked once more."""
    return {**absent, **dict.fromkeys(starts, asked_at)}


def _instant(text: str) -> dt.datetime:
    instant = dt.datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return instant
