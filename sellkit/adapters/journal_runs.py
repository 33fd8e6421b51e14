"""The runs that the journal's file tells of, each with what came of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from sellkit.adapters.journal_schema import CHAINED
from sellkit.core.past_runs import JournalledRun
from sellkit.core.run_difference import JournalledDecision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sellkit.adapters.journal_file import JournalFile

_RUNS: Final = """
    SELECT run.*, run_end.finished_at, run_end.outcome FROM run
    LEFT JOIN run_end ON run_end.run_id = run.run_id ORDER BY run.rowid"""
_DECISIONS: Final = """
    SELECT run_id, decision AS word, count(*) AS number, max(as_of) AS judged_at FROM decision
    GROUP BY run_id, decision"""
_TOKENS: Final = "SELECT DISTINCT run_id, ticker FROM decision"
# Up to version 5 of the journal what a live run had approved was written as prepared.
_TICKETS: Final = """
    SELECT ticket.run_id, count(*) AS number,
        CASE WHEN mode = 'LIVE' AND verdict = 'prepared' THEN 'approved' ELSE verdict END AS word
    FROM ticket JOIN run ON run.run_id = ticket.run_id GROUP BY ticket.run_id, word"""
_SENT: Final = """
    SELECT run_id, count(DISTINCT reference) AS number FROM ticket_intent
    WHERE reference IN (SELECT reference FROM ticket_claim) GROUP BY run_id"""
_KEPT: Final = "SELECT * FROM notebook_kept WHERE path LIKE 'runs/%' ORDER BY id"
"""Those of the schedule's further entries are no runs that judge positions."""

_DECIDED: Final = "SELECT * FROM decision WHERE run_id = ? ORDER BY id"
_REFERENCES: Final = "SELECT DISTINCT reference FROM ticket_intent WHERE run_id = ?"


class JournalRuns:
    """What the journal says of runs; made by `SqliteJournal`, as its `past_runs`.

    Raises
    ------
    JournalError
        From every method, as those of the journal.
    """

    def __init__(self, file: JournalFile) -> None:
        self._file = file

    def all(self) -> tuple[JournalledRun, ...]:
        """Every run, in the order in which they began; one that never reached the journal as well.

        Of such a run nothing is known but its notebook; it stands where that was kept.
        """
        decisions, tickets = self._counts(_DECISIONS), self._counts(_TICKETS)
        kept = {str(each["run_id"]): each for each in self._file.read(_KEPT)}
        sent = {str(each["run_id"]): int(str(each["number"])) for each in self._file.read(_SENT)}
        tokens: dict[str, set[str]] = {}
        for each in self._file.read(_TOKENS):
            tokens.setdefault(str(each["run_id"]), set()).add(str(each["ticker"]))
        rows = {str(each["run_id"]): each for each in self._file.read(_RUNS)}
        found = [
            JournalledRun(
                run_id=run_id,
                **_header(rows.get(run_id, {})),
                judged_at=max(
                    (each["judged_at"] for each in decisions.get(run_id, ())), default=None
                ),
                decisions={each["word"]: each["number"] for each in decisions.get(run_id, ())},
                tickets={each["word"]: each["number"] for each in tickets.get(run_id, ())},
                sent=sent.get(run_id, 0),
                tokens=frozenset(tokens.get(run_id, ())),
                **_notebook(kept.get(run_id, {})),
            )
            for run_id in (*rows, *(each for each in kept if each not in rows))
        ]
        return tuple(sorted(found, key=_beginning))

    def decisions(self, run_id: str) -> tuple[JournalledDecision, ...]:
        """The decisions of a run, in the order recorded."""
        return tuple(_decision(each) for each in self._file.read(_DECIDED, run_id))

    def places(self, run_id: str) -> frozenset[str]:
        """Where findings about a run stand: its rows, its tickets, its notebooks.

        Each as a `Finding` names it, `decision row 12` for instance.
        """
        references = self._told(_REFERENCES, "reference", run_id)
        found = {f"ticket {each}" for each in references}
        for table in CHAINED:
            columns = self._told("SELECT name FROM pragma_table_info(?)", "name", table)
            key = "run_id" if "run_id" in columns else "reference"
            if key not in columns:
                continue
            query = f"SELECT rowid AS number FROM {table} WHERE {key} = ?"  # noqa: S608  (own names)
            for name in (run_id,) if key == "run_id" else references:
                found |= {f"{table} row {each}" for each in self._told(query, "number", name)}
        paths = "SELECT path FROM notebook_kept WHERE run_id = ?"
        return frozenset(found | set(self._told(paths, "path", run_id)))

    def _told(self, query: str, column: str, *values: object) -> list[str]:
        return [str(each[column]) for each in self._file.read(query, *values)]

    def _counts(self, query: str) -> dict[str, list[dict[str, Any]]]:
        """The rows of each run, with any time in them read."""
        found: dict[str, list[dict[str, Any]]] = {}
        for each in self._file.read(query):
            told = {**each, "judged_at": _moment(each.get("judged_at"))}
            found.setdefault(str(each["run_id"]), []).append(told)
        return found


def _header(row: Mapping[str, Any]) -> dict[str, Any]:
    """Of a run that never reached the journal, nothing."""
    if not row:
        return {}
    times = {name: _moment(row[name]) for name in ("started_at", "as_of", "finished_at")}
    names = ("outcome", "mode", "profile", "account", "gateway", "version")
    return {**times, **{name: row[name] for name in names}}


def _notebook(row: Mapping[str, Any]) -> dict[str, Any]:
    if not row:
        return {}
    return {"path": row["path"], "sha256": row["sha256"], "kept_at": _moment(row["at"])}


def _decision(row: Mapping[str, Any]) -> JournalledDecision:
    reasons: Iterable[str] = row["reasons"]
    assigned = (row["ma_type"], row["ma_length"], row["timeframe"])
    return JournalledDecision(
        token=row["ticker"],
        con_id=row["con_id"],
        decision=row["decision"],
        reasons=tuple(reasons),
        average=None if None in assigned else "{} {} {}".format(*assigned),
        quantity=row["quantity"],
        close=row["close"],
        value=row["average"],
        bar_end=_moment(row["bar_end"]),
    )


def _moment(text: object) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(str(text))


def _beginning(run: JournalledRun) -> dt.datetime:
    return run.started_at or run.kept_at or dt.datetime.min.replace(tzinfo=dt.UTC)
