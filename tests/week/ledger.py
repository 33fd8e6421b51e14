"""The journal as it lies on the disk, read without sellkit."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]

RAN = "ran"
"""How a slot ends whose run came to its own end."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a slot.

    Attributes
    ----------
    runs
        Those that were begun for it, in order.
    outcomes
        How they ended, as far as they have.
    """

    due: dt.datetime
    kind: str
    is_missed: bool
    runs: tuple[str, ...]
    outcomes: tuple[str, ...]

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way for it."""
        return self.is_missed or len(self.outcomes) == len(self.runs)

    @property
    def has_run(self) -> bool:
        """Whether one of its runs came to its end."""
        return RAN in self.outcomes


class Ledger:
    """One journal; it may not be there yet, or be written to."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fates(self) -> dict[dt.datetime, Fate]:
        """Of each slot of the hourly run what became of it, by when it was due."""
        rows = self.read(
            "SELECT slot.*, slot_end.outcome FROM slot LEFT JOIN slot_end ON slot_end.id = slot.id "
            "WHERE entry = 'hourly_run' AND what <> 'watched' ORDER BY slot.id"
        )
        of: dict[dt.datetime, list[Row]] = {}
        for each in rows:
            of.setdefault(moment(each["due"]), []).append(each)
        return {
            due: Fate(
                due,
                some[0]["kind"],
                any(each["what"] == "missed" for each in some),
                tuple(each["run_id"] for each in some if each["what"] == "begun"),
                tuple(each["outcome"] for each in some if each["outcome"] is not None),
            )
            for due, some in of.items()
        }

    def runs(self) -> list[Row]:
        """Every run, with the outcome of its slot, if that has ended: `ran` is a run's own end."""
        return self.read(
            "SELECT run.*, slot_end.outcome FROM run LEFT JOIN slot ON slot.run_id = run.run_id "
            "LEFT JOIN slot_end ON slot_end.id = slot.id ORDER BY run.started_at"
        )

    def ended(self) -> int:
        """How many runs came to their own end."""
        return sum(each["outcome"] == RAN for each in self.runs())

    def decisions(self, run_id: str) -> list[Row]:
        """What a run decided."""
        return self.read("SELECT * FROM decision WHERE run_id = ? ORDER BY id", run_id)

    def deferred(self) -> set[dt.datetime]:
        """The openings that tickets wait for, or have waited."""
        rows = self.read("SELECT deferred_until FROM ticket WHERE deferred_until IS NOT NULL")
        return {moment(each["deferred_until"]) for each in rows}

    def read(self, query: str, *values: object) -> list[Row]:
        """The rows of a query; none while there is no such table."""
        if not self._path.exists():
            return []
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=30)) as file:
            file.row_factory = sqlite3.Row
            try:
                return [dict(each) for each in file.execute(query, values)]
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise


def moment(text: object) -> dt.datetime:
    """A time as the journal writes it."""
    return dt.datetime.fromisoformat(str(text))
