"""What became of a slot's run whose process is over, and its evidence in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.firing import SOUND_CODES, SlotEnd, SlotOutcome

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from sellkit.core.firing import Slot
    from sellkit.ports import Journal
    from sellkit.ports.launching import RunFolder

_WHY: Final = {
    SlotOutcome.OVERRAN: "it took longer than schedule.timeout_seconds and was ended",
    SlotOutcome.INTERRUPTED: "it was ended together with the schedule",
    SlotOutcome.LOST: "its process was gone when the schedule looked for it",
    SlotOutcome.FAILED: "its process ended before its notebook did",
}
_OPEN: Final = "open"


@dataclass(frozen=True, slots=True)
class Concluding:
    """Tells how runs ended; of one that could not do so itself it closes the books.

    Attributes
    ----------
    journal
        Of the runs.
    folder
        Of their notebooks.
    note
        Told the run and the path of its notebook, also of one that was noted before.
    """

    journal: Journal
    folder: RunFolder
    note: Callable[[str, str], None]

    def end_of(
        self, slot: Slot, code: int | None, ended_as: SlotOutcome | None, at: dt.datetime
    ) -> SlotEnd:
        """The end of a slot whose process is over.

        Parameters
        ----------
        code
            Its exit code; None where it was another scheduler's.
        ended_as
            Why the scheduler ended it; None where it ended by itself.
        at
            Now; aware UTC.
        """
        run_id = str(slot.run_id)
        told = self._told(run_id)
        outcome = self._outcome(run_id, code, ended_as, told)
        why = _WHY.get(outcome, "")
        notebook = self.folder.keep(run_id, why)
        if told == _OPEN and why:
            self.journal.finish(run_id, at, f"failed: {why}")
        if notebook is not None:
            self.note(run_id, notebook)
        return SlotEnd(outcome, code, notebook)

    def _outcome(
        self, run_id: str, code: int | None, ended_as: SlotOutcome | None, told: str | None
    ) -> SlotOutcome:
        if code in SOUND_CODES:
            return SlotOutcome.RAN
        if ended_as is not None or code is not None:
            return ended_as or SlotOutcome.FAILED
        if told not in (None, _OPEN):
            return SlotOutcome.FAILED if str(told).startswith("failed") else SlotOutcome.RAN
        if self.folder.is_complete(run_id):
            return SlotOutcome.FAILED if self.folder.failure(run_id) else SlotOutcome.RAN
        if told == _OPEN or self.folder.has_trace(run_id):
            return SlotOutcome.LOST
        return SlotOutcome.UNBEGUN

    def _told(self, run_id: str) -> str | None:
        """The outcome of a run as journalled, or that it is open; None of one that is not there."""
        for each in self.journal.runs():
            if each["run_id"] == run_id:
                return str(each["outcome"] or _OPEN)
        return None
