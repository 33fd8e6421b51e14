"""Puts the executed notebooks of months that are over into archives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.counting import counted
from sellkit.core.month import Month
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.ports import Progress
    from sellkit.ports.evidence import Evidence
    from sellkit.ports.past_runs import NotebookStore

ARCHIVED: Final = "runs archived"


@dataclass(frozen=True, slots=True)
class Archived:
    """A month that was archived.

    Attributes
    ----------
    month
        Which.
    archive
        The file, from the profile's folder on.
    notebooks
        How many files it has taken the place of.
    """

    month: Month
    archive: str
    notebooks: int

    def __str__(self) -> str:
        return f"{self.month}: {counted(self.notebooks, 'notebook')} in {self.archive}"


def archive(
    store: NotebookStore, evidence: Evidence, before: Month, now: dt.datetime, progress: Progress
) -> tuple[Archived, ...]:
    """Archive every month before one, each by itself.

    A month's notebooks are packed, the archive is read back, a row of the journal says so, and only
    then the files go. What was interrupted goes on from where it stood.

    Raises
    ------
    ConfigError
        The months reach into the present one, whose runs are not over.
    DataError
        An archive cannot be read, or has another version of a notebook: nothing of it is removed.
    """
    if before > Month.of(now):
        raise ConfigError(
            f"--before {before} reaches past {Month.of(now)}, which is not over; months before "
            f"{Month.of(now)} can be archived"
        )
    waiting = store.waiting(before)
    if not waiting:
        return ()
    done = []
    with store.held():
        progress.start("archiving notebooks", sum(waiting.values()))
        try:
            for month, count in waiting.items():
                path = store.pack(month, lambda each: progress.advance(of=each))
                details = {"month": str(month), "archive": path, "notebooks": count}
                told = f"{counted(count, 'notebook')} of {month}"
                evidence.record_event(ARCHIVED, now, told, details)
                done.append(Archived(month, path, store.clear(month)))
        finally:
            progress.stop()
    return tuple(done)
