"""What saves assignments in another process."""

from __future__ import annotations

from pathlib import Path

from sellkit.adapters.csv_assignments import CsvAssignments
from sellkit.core.assignments import Assignment


def save_all(path: Path, tokens: list[str]) -> None:
    """Save an assignment for each token, one after the other."""
    book = CsvAssignments(path)
    for token in tokens:
        book.save(Assignment.parse(token, "SMA", "50", "1H"))
