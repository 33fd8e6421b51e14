"""What judging a recorded run again asks of the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sellkit.core.retraced import RecordedRun


class Recordings(Protocol):
    """What runs had before them, and what they decided."""

    def recorded(self, run_id: str) -> RecordedRun | None:
        """A run with its positions, its assignments and its decisions; None without decisions."""
        ...
