"""What looking back at runs asks for: their executed notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from sellkit.core.month import Month
    from sellkit.core.past_runs import KeptNotebook


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
