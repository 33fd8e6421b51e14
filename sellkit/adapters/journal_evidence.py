"""What the journal holds for an audit, whether it is the last run's, and its daily backup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sellkit.adapters.journal_facts import instant
from sellkit.errors import JournalError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

    from sellkit.adapters.journal_file import JournalFile
    from sellkit.core.custody import Finding

    Rows = tuple[Mapping[str, object], ...]

KEPT_BACKUPS: Final = 14
ACCEPTED: Final = "journal accepted"
_BACKUP: Final = re.compile(r"journal-\d{4}-\d\d-\d\d\.sqlite")


class JournalEvidence:
    """The `Evidence` in the journal's file; made by `SqliteJournal`, as its `evidence`.

    Raises
    ------
    JournalError
        From every method, as those of the journal.
    """

    def __init__(self, file: JournalFile) -> None:
        self._file = file

    def flaws(self) -> tuple[Finding, ...]:
        """Rows that were edited, removed or put in by something else than sellkit."""
        return self._file.flaws() if self._file.path.exists() else ()

    def doubt(self) -> str | None:
        """Why this may not be the journal of the last run, or None."""
        doubt = self._file.doubt()
        if doubt is None and not self._file.path.exists() and self._file.has_runs():
            folder = self._file.path.parent
            return f"the journal is missing, and {folder / 'runs'} holds notebooks of runs"
        return doubt

    def is_first(self) -> bool:
        """Whether there is no journal, and nothing tells that there was one; none is made."""
        return not self._file.path.exists() and self.doubt() is None

    def refuse_if_behind(self) -> None:
        """See that this is the journal of the last run.

        Raises
        ------
        JournalError
            It is missing, older, or another one: what was sent since is not known.
        """
        doubt = self.doubt()
        if doubt is not None:
            raise JournalError(
                f"nothing is sent on the word of {self._file.path}: {doubt}. Put the last one back "
                f"(backups lie in {self._backups}), or, when the broker's orders and executions "
                "are known to be all told, `sellkit audit accept --reason TEXT`"
            )

    def accept(self, at: dt.datetime, reason: str) -> None:
        """Take the journal as it is for the present one; what was doubted is written into it."""
        self.record_event(ACCEPTED, at, reason, {"doubt": self.doubt()})
        self._file.accept()

    def record_event(
        self,
        kind: str,
        at: dt.datetime,
        text: str,
        details: Mapping[str, object] | None = None,
        *,
        account: str | None = None,
        run_id: str | None = None,
    ) -> None:
        """What a person or a probe did."""
        facts = {
            "at": instant(at),
            "kind": kind,
            "account": account,
            "run_id": run_id,
            "text": text,
            "details": dict(details or {}),
        }
        with self._file.appending(is_head_synced=True) as pen:
            pen.append("event", facts)

    def events(self, kind: str) -> Rows:
        """Those of a kind, oldest first."""
        return self._file.read("SELECT * FROM event WHERE kind = ? ORDER BY id", kind)

    def record_notebook(self, run_id: str, path: str, sha256: str, at: dt.datetime) -> None:
        """An executed notebook as it was kept."""
        facts = {"run_id": run_id, "at": instant(at), "path": path, "sha256": sha256}
        with self._file.appending() as pen:
            pen.append("notebook_kept", facts)

    def notebooks(self) -> Rows:
        """The executed notebooks, oldest first."""
        return self._file.read("SELECT * FROM notebook_kept ORDER BY id")

    def rows(self) -> int:
        """How many rows are chained."""
        return int(str(self._file.read("SELECT count(*) AS rows FROM chain")[0]["rows"]))

    def run_ids(self) -> frozenset[str]:
        """Every run that was begun."""
        return frozenset(str(each["run_id"]) for each in self._file.read("SELECT run_id FROM run"))

    def firm_decisions(self) -> Rows:
        """Every EXIT and HOLD with its certificate, oldest first."""
        query = "SELECT * FROM decision WHERE decision IN ('EXIT', 'HOLD') ORDER BY id"
        return self._file.read(query)

    def claims(self) -> Rows:
        """Every claim, oldest first."""
        return self._file.read("SELECT * FROM ticket_claim ORDER BY id")

    def intents(self) -> Rows:
        """Every intent, oldest first."""
        return self._file.read("SELECT * FROM ticket_intent ORDER BY id")

    def steps(self) -> Rows:
        """Every step of every ticket, oldest first."""
        return self._file.read("SELECT * FROM ticket_step ORDER BY id")

    def back_up(self, at: dt.datetime) -> Path | None:
        """Copy the journal once a day (UTC), and keep the latest of the copies.

        Returns
        -------
        Path or None
            The copy; None when the day has one, or there is no journal yet.
        """
        path = self._backups / f"journal-{at:%Y-%m-%d}.sqlite"
        if path.exists() or not self._file.path.exists():
            return None
        self._file.copy_to(path)
        kept = sorted(each for each in self._backups.iterdir() if _BACKUP.fullmatch(each.name))
        for each in kept[:-KEPT_BACKUPS]:
            each.unlink()
        return path

    @property
    def _backups(self) -> Path:
        return self._file.path.parent / "backups"
