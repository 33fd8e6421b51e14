"""What looking back at runs asks for: the records of them, and their executed notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from sellkit.core.month import Month
    from sellkit.core.past_runs import JournalledRun, KeptNotebook
    from sellkit.core.run_difference import JournalledDecision


class RunRecords(Protocol):
    """What the journal says of runs."""

    def all(self) -> tuple[JournalledRun, ...]:
        """Every run, in the order in which they began."""
        ...

    def decisions(self, run_id: str) -> tuple[JournalledDecision, ...]:
        """The decisions of a run, in the order recorded."""
        ...

    def places(self, run_id: str) -> frozenset[str]:
        """Where findings about a run stand, as each `Finding` names it."""
        ...


class Notebooks(Protocol):
    """The executed notebooks, as files and in archives."""

    def look(self, path: str) -> KeptNotebook | None:
        """What a notebook shows; None when it is gone."""
        ...


class NotebookStore(Protocol):
    """Packs the executed notebooks of a month."""

    def waiting(self, before: Month) -> Mapping[Month, int]:
        """The months before one that have notebooks as files, and how many; oldest first."""
        ...

    def held(self) -> AbstractContextManager[None]:
        """Only one process packs at a time."""
        ...

    def pack(self, month: Month, told: Callable[[str], None]) -> str:
        """Put a month's notebooks into its archive, on the disk and read back; the archive."""
        ...

    def clear(self, month: Month) -> int:
        """Remove the files that the month's archive holds byte by byte; how many they were."""
        ...
