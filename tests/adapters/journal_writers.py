"""What writes to the journal in another process."""

from __future__ import annotations

from pathlib import Path

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.ports import RunHeader


def begin_run(path: Path, header: RunHeader) -> None:
    """Open a run in a journal that may not exist yet."""
    journal = SqliteJournal(path)
    journal.begin(header)
    journal.close()
