"""The part of the journal that an audit reads: what was written, and what lies beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from sellkit.core.custody import Finding


class Evidence(Protocol):
    """What happened, and whether the journal of it is whole."""

    def flaws(self) -> tuple[Finding, ...]:
        """Rows that were edited, removed or put in by something else than sellkit."""
        ...

    def doubt(self) -> str | None:
        """Why this may not be the journal of the last run, or None."""
        ...

    def refuse_if_behind(self) -> None:
        """Raise JournalError unless this is the journal of the last run: nothing is sent then."""
        ...

    def accept(self, at: dt.datetime, reason: str) -> None:
        """Take the journal as it is for the present one, on a person's word."""
        ...

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
        """What a person or a probe did: `armed`, `disarmed`, `halted`, `resumed`, `probed`, ..."""
        ...

    def events(self, kind: str) -> tuple[Mapping[str, object], ...]:
        """Those of a kind, oldest first: `at`, `kind`, `account`, `run_id`, `text`, `details`."""
        ...

    def record_notebook(self, run_id: str, path: str, sha256: str, at: dt.datetime) -> None:
        """An executed notebook as it was kept; `path` from the profile's folder on."""
        ...

    def notebooks(self) -> tuple[Mapping[str, object], ...]:
        """The executed notebooks, oldest first: `run_id`, `at`, `path`, `sha256`."""
        ...

    def run_ids(self) -> frozenset[str]:
        """Every run that was begun."""
        ...

    def firm_decisions(self) -> tuple[Mapping[str, object], ...]:
        """Every EXIT and HOLD with its certificate, oldest first."""
        ...

    def claims(self) -> tuple[Mapping[str, object], ...]:
        """Every claim, oldest first."""
        ...

    def intents(self) -> tuple[Mapping[str, object], ...]:
        """Every intent, oldest first."""
        ...

    def steps(self) -> tuple[Mapping[str, object], ...]:
        """Every step of every ticket, oldest first: `reference`, `state`, `at`, `cause`."""
        ...
