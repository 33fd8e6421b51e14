"""Decides again from what lies on the disk."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Final

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.gates import DeferredTicket, DeniedTicket
from sellkit.errors import SellkitError
from sellkit.operate.decide import Decider
from sellkit.operate.study import Archive, Studies

if TYPE_CHECKING:
    from sellkit.core.precedent import Precedent
    from sellkit.core.snapshot import SnapshotRow
    from tests.faults.desk import Ran
    from tests.faults.play import Play

# What live mode asks for beside is not on the disk: what passed passed, in whichever mode.
_LIKE: Final[dict[type, str]] = {DeniedTicket: "withheld", DeferredTicket: "deferred"}


def replayed(play: Play) -> tuple[Mapping[str, str], ...]:
    """What the last run decided, and what two looks at copies of its disk make of it.

    Nothing where no run has decided.
    """
    decided = [ran for ran in play.ran if ran.decision is not None]
    if not decided:
        return ()
    last = decided[-1]
    assert last.decision is not None
    told = {str(row.position.instrument): _final(row) for row in last.decision.rows}
    return (told, _again(play, last), _again(play, last))


def _again(play: Play, ran: Ran) -> Mapping[str, str]:
    assert ran.decision is not None
    sheet = play.book.load()
    quotes = {
        row.position.instrument.con_id: row.quote
        for row in ran.decision.rows
        if row.quote is not None
    }
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "data"
        copytree(play.folder / "data", copy)
        archive = Archive(ran.options, ran.decision.as_of)
        studies = Studies(ParquetBarStore(copy), archive, is_present=True)
        decider = Decider(
            snapshot=ran.decision.snapshot,
            standing=ran.decision.standing,
            assignments=sheet.assignments,
            incomplete=sheet.incomplete,
            study=studies.of,
            options=ran.options,
            as_of=ran.decision.as_of,
            now=ran.decision.snapshot.taken_at,
            is_present=True,
            problems={},
            precedents=partial(_before, copy / "journal.sqlite", ran.run_id),
            quotes=lambda _: quotes,
            live=None if ran.sent is None else ran.sent.facts,
            deferred=_deferred(copy / "journal.sqlite", ran.decision.as_of),
        )
        try:
            rows = decider.decide().rows
        except SellkitError as error:
            return {"error": str(error)}
    return {str(row.position.instrument): _final(row) for row in rows}


def _deferred(path: Path, as_of: dt.datetime) -> Mapping[str, dt.datetime]:
    """The openings that tickets of the session before were deferred to."""
    with closing(SqliteJournal(path)) as journal:
        return journal.deferrals("main", as_of - dt.timedelta(hours=12))


def _before(
    path: Path, run_id: str, since: dt.datetime, account: str = "main"
) -> tuple[Precedent, ...]:
    """What was decided before a run, so that it is judged by itself and not by its own word."""
    with closing(SqliteJournal(path)) as journal:
        found = journal.precedents(account, since)
    return tuple(each for each in found if each.run_id != run_id)


def _final(row: SnapshotRow) -> str:
    """The state in which a position ends: decision, evidence, ticket and verdict."""
    words = [str(row.signal.decision)]
    if row.signal.certificate is not None:
        words += [f"{row.signal.certificate.close:.4f}", f"{row.signal.certificate.average:.4f}"]
    if row.verdict is not None:
        words += [row.verdict.ticket.reference, _LIKE.get(type(row.verdict), "let through")]
    return " ".join(words)
