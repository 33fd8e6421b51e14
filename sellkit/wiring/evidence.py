"""The journal as persons look at it: the audit, the tickets, and what they say of one."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.core.counting import counted
from sellkit.core.lifecycle import TicketState
from sellkit.core.portfolio import OWN_REFERENCE
from sellkit.core.resolving import MEANINGS, WORDS
from sellkit.errors import ConfigError
from sellkit.operate.telling import end_settled
from sellkit.wiring.parts import open_journal

if TYPE_CHECKING:
    from pathlib import Path

    from sellkit.adapters.sqlite_journal import SqliteJournal
    from sellkit.adapters.sqlite_tickets import SqliteTickets
    from sellkit.config import Settings
    from sellkit.core.custody import Finding
    from sellkit.core.tickets import TicketRecord


@dataclass(frozen=True, slots=True, repr=False)
class AuditReport:
    """What an audit came to.

    Attributes
    ----------
    findings
        What is wrong.
    rows, notebooks
        How many were looked at.
    """

    findings: tuple[Finding, ...]
    rows: int
    notebooks: int

    def __str__(self) -> str:
        found = counted(len(self.findings), "finding") if self.findings else "all well"
        notebooks = counted(self.notebooks, "notebook")
        return f"{counted(self.rows, 'row')} and {notebooks} read: {found}"

    def __repr__(self) -> str:
        return "\n".join([str(self), *(f"{each.where}: {each.what}" for each in self.findings)])


def audit(settings: Settings) -> AuditReport:
    """Look through the journal and the executed notebooks of a profile; nothing is changed.

    Raises
    ------
    ConfigError
        The profile has no data yet.
    JournalError
        The journal cannot be read.
    """
    from sellkit.adapters.kept_notebooks import KeptNotebooks
    from sellkit.operate.audit import verify

    if not settings.data_dir.is_dir():
        raise ConfigError(f"nothing was written to {settings.data_dir} yet: there is no journal")
    with closing(open_journal(settings)) as journal, KeptNotebooks(settings.data_dir) as kept:
        evidence, (notebooks, problems) = journal.evidence, kept.hashes()
        findings = (*verify(evidence, notebooks), *problems)
        return AuditReport(findings, evidence.rows(), len(notebooks))


def accept_journal(settings: Settings, reason: str) -> str | None:
    """Take the journal as it is for the present one; what was doubted of it, or None."""
    with closing(_journal(settings)) as journal:
        doubt = journal.evidence.doubt()
        journal.evidence.accept(_now(), reason)
    return doubt


def listed_tickets(settings: Settings) -> tuple[TicketRecord, ...]:
    """The tickets that are not settled and those that began today (UTC), oldest first.

    Of every account, unless one is chosen by its alias. Where sellkit lives by the gateway's
    clock, today is the day of the latest ticket.
    """
    if not (settings.data_dir / "journal.sqlite").exists():
        return ()
    chosen = settings.connection.account
    with closing(open_journal(settings)) as journal:
        book = journal.book
        accounts = [each for each in book.accounts() if chosen in (None, each)]
        found = {
            each.reference: each
            for alias in accounts
            for each in book.ticket_records(alias, _day(settings, book, alias))
        }
        open_still = (each for alias in accounts for each in book.unsettled(alias))
        found |= {each.reference: each for each in open_still}
    return tuple(sorted(found.values(), key=lambda each: (each.began_at, each.reference)))


def resolve_ticket(settings: Settings, name: str, word: str, reason: str) -> str:
    """Append what a person says became of an UNCERTAIN ticket; what was done, in a line.

    Only the journal is written: no gateway is asked, and nothing is sent.

    Raises
    ------
    ConfigError
        There is no such ticket, or it is not UNCERTAIN.
    """
    with closing(_journal(settings)) as journal:
        record = _named(journal.book, name)
        if record.state is not TicketState.UNCERTAIN:
            raise ConfigError(
                f"the ticket {record.reference} is {record.state}, and only an UNCERTAIN one is "
                "settled by hand: nothing was written"
            )
        told = journal.book.resolve(record.reference, WORDS[word], _now(), reason)
        end_settled(journal, journal.book.unsettled(told.account), _now())
    return (
        f"{told.reference} ({told.ticker}, {counted(told.quantity, 'share')}, "
        f"{told.filled} executed by the ledger) is {told.state} now, by your word: "
        f"{MEANINGS[word]}; nothing was sent"
    )


def note_notebook(
    journal: SqliteJournal, data_dir: Path, run_id: str, notebook: Path, *, is_first: bool
) -> None:
    """Journal the hash of an executed notebook.

    Parameters
    ----------
    is_first
        Whether there was no journal before the run, and never had been: one that is made beside a
        notebook would pass for a new one in the place of one that was lost.
    """
    from sellkit.adapters.kept_notebooks import hashed

    path = notebook.relative_to(data_dir).as_posix()
    journal.evidence.record_notebook(run_id, path, hashed(notebook), _now())
    if is_first and journal.evidence.doubt() is not None:
        journal.evidence.accept(_now(), f"run {run_id} is the first, and ended before its journal")


def _journal(settings: Settings) -> SqliteJournal:
    if not (settings.data_dir / "journal.sqlite").exists():
        raise ConfigError(f"there is no journal in {settings.data_dir} yet; check --profile")
    return open_journal(settings)


def _named(book: SqliteTickets, name: str) -> TicketRecord:
    """The ticket of a reference, or the last attempt of an id."""
    if name.startswith(OWN_REFERENCE):
        found = book.ticket(name)
    else:
        attempts = book.attempts(name)
        found = attempts[-1] if attempts else None
    if found is None:
        raise ConfigError(f"the journal has no ticket {name}; `sellkit tickets` lists them")
    return found


def _day(settings: Settings, book: SqliteTickets, alias: str) -> dt.datetime:
    now = _now()
    if settings.connection.clock != "system":
        every = book.ticket_records(alias, dt.datetime.min.replace(tzinfo=dt.UTC))
        now = max((each.at for each in every), default=now)
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _now() -> dt.datetime:
    from sellkit.adapters.clock import SystemClock

    return SystemClock().now()
