"""What the source has no bar for, remembered so that it is not asked for again and again."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

from sellkit.adapters import durable_file
from sellkit.core.coverage import Absence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read(path: Path) -> dict[dt.datetime, Absence]:
    """What the source said of each bar start; empty when nothing can be read.

    It only saves questions: a file that is lost or torn costs some, and is written anew.
    """
    try:
        told = json.loads(path.read_bytes())
        return {
            _instant(start): Absence(_instant(answer["asked_at"]), int(answer["times"]))
            for answer in told
            for start in answer["starts"]
        }
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def write(path: Path, absent: Mapping[dt.datetime, Absence]) -> None:
    """Replace the file, the starts gathered by what was said of them."""
    gathered: dict[Absence, list[str]] = {}
    for start, absence in sorted(absent.items()):
        gathered.setdefault(absence, []).append(start.isoformat())
    told = [
        {"asked_at": absence.asked_at.isoformat(), "times": absence.times, "starts": starts}
        for absence, starts in gathered.items()
    ]
    durable_file.make_folder(path.parent)
    durable_file.replace(path, json.dumps(told).encode())


def _instant(text: str) -> dt.datetime:
    instant = dt.datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return instant
