"""What a schedule asks of its memory: which slots were begun, missed and ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from sellkit.core.firing import Slot, SlotEnd
    from sellkit.core.schedule import Due


class SlotBook(Protocol):
    """Slots, appended and never changed; each begun by one process alone."""

    def watch(self, entry: str, definition: str, at: dt.datetime) -> dt.datetime:
        """From when on the slots of an entry count; aware UTC.

        Where the entry is new, or is defined otherwise than before, that is `at`, and is kept.
        Otherwise it is the latest slot that was begun or missed since.
        """
        ...

    def begin(self, due: Due, attempt: int, at: dt.datetime, run_id: str, reason: str = "") -> int:
        """Claim an attempt of a slot, on the disk before its run is started; its number.

        Raises
        ------
        JournalError
            Somebody has claimed it already, or it was missed, or the book cannot be written.
        """
        ...

    def miss(self, dues: Sequence[Due], at: dt.datetime, reason: str) -> None:
        """Record slots that were let pass; in one. What is known already stays as it is."""
        ...

    def end(self, number: int, at: dt.datetime, end: SlotEnd) -> None:
        """How the run of a slot that was begun ended; a second end is an error."""
        ...

    def unended(self) -> tuple[Slot, ...]:
        """Those begun whose end is not told, oldest first."""
        ...

    def latest(self, entry: str) -> Slot | None:
        """The latest slot of an entry that was begun or missed, in its last attempt."""
        ...

    def history(self, count: int) -> tuple[Slot, ...]:
        """The last ones told, oldest first."""
        ...

    def openings(self) -> frozenset[dt.datetime]:
        """The openings that tickets were deferred to, past ones as well; aware UTC."""
        ...
