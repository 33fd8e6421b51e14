"""The journal in SQLite: facts appended, each on the disk before the call returns."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.adapters import decision_facts, journal_facts, journal_news, journal_past
from sellkit.adapters.journal_evidence import JournalEvidence
from sellkit.adapters.journal_file import JournalFile
from sellkit.adapters.journal_outbox import JournalOutbox
from sellkit.adapters.journal_recordings import JournalRecordings
from sellkit.adapters.journal_runs import JournalRuns
from sellkit.adapters.journal_slots import JournalSlots
from sellkit.adapters.sqlite_tickets import SqliteTickets
from sellkit.core.past import Past
from sellkit.errors import JournalError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sellkit.adapters.journal_pen import Pen
    from sellkit.core.alerts import Alert
    from sellkit.core.portfolio import Account, AccountSnapshot
    from sellkit.core.precedent import Precedent
    from sellkit.core.protection import Resting
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.core.standing import Standing
    from sellkit.ports import RunHeader

_RUNS: Final = """
    SELECT run.*, run_end.finished_at, run_end.outcome FROM run
    LEFT JOIN run_end ON run_end.run_id = run.run_id ORDER BY run.rowid"""

# Times are ISO text in UTC, so that they sort as they follow each other.
_PRECEDENTS: Final = """
    SELECT * FROM decision WHERE account = ? AND bar_end >= ? AND decision IN ('EXIT', 'HOLD')
    ORDER BY id"""

# The latest word on a ticket counts.
_DEFERRALS: Final = """
    SELECT ticket_id, deferred_until FROM ticket WHERE account = ? AND deferred_until >= ?
    ORDER BY id"""

# What rested at the last look, with what was held then, and whether it is known to have ended.
_RESTING: Final = """
    SELECT seen.*, held.quantity AS held,
        EXISTS (SELECT 1 FROM ticket_cancel AS gone
            WHERE gone.account = seen.account AND gone.perm_id = seen.perm_id)
        OR EXISTS (SELECT 1 FROM fill
            WHERE fill.account = seen.account AND fill.perm_id = seen.perm_id) AS is_accounted
    FROM order_seen AS seen
    LEFT JOIN position_seen AS held
        ON held.run_id = seen.run_id AND held.taken_at = seen.taken_at
        AND held.con_id = seen.con_id
    WHERE (seen.run_id, seen.taken_at) =
        (SELECT run_id, taken_at FROM snapshot_seen WHERE account = ? ORDER BY id DESC LIMIT 1)
    ORDER BY seen.id"""

_OPEN_ALERTS: Final = """
    SELECT id AS number, * FROM alert WHERE id NOT IN (SELECT id FROM alert_end) ORDER BY id"""
_TICKETS_OF_RUN: Final = """
    SELECT ticket.*, run.mode AS mode FROM ticket JOIN run ON run.run_id = ticket.run_id
    WHERE ticket.run_id = ? ORDER BY ticket.id"""

_TIMING: Final = "timing"
_TIMED: Final = "SELECT details FROM event WHERE kind = ? AND run_id = ? ORDER BY id"


class SqliteJournal:
    """The `Journal` in one SQLite file: WAL, synchronous FULL, foreign keys, append only.

    Safe for several threads and processes. The file is opened, and made, by the first use.

    Parameters
    ----------
    path
        The file.

    Attributes
    ----------
    book
        The tickets on their way through the market.
    evidence
        What an audit reads, and what persons did.
    past_runs
        The runs to look back at.
    slots
        What a schedule remembers.
    outbox
        The alerts, and what was told of them.
    recordings
        Runs with what they decided on, to be judged again.

    Raises
    ------
    JournalError
        From every method: the file cannot be written, is no journal, or is one of a newer sellkit.
    """

    def __init__(self, path: Path) -> None:
        self._file = JournalFile(path)
        self.book = SqliteTickets(self._file)
        self.evidence = JournalEvidence(self._file)
        self.past_runs = JournalRuns(self._file)
        self.slots = JournalSlots(self._file)
        self.outbox = JournalOutbox(self._file)
        self.recordings = JournalRecordings(self._file)

    def begin(self, header: RunHeader) -> None:
        """Open a run."""
        with self._appending() as pen:
            if pen.ask("SELECT 1 FROM run WHERE run_id = ?", header.run_id):
                raise JournalError(f"{self._file.path} holds a run {header.run_id!r} already")
            pen.append("run", journal_facts.of_run(header))

    def record_decision(
        self,
        run_id: str,
        snapshot: AccountSnapshot,
        standing: Standing,
        rows: Sequence[SnapshotRow],
    ) -> None:
        """All that a run saw and decided, or nothing of it."""
        with self._appending(run_id) as pen:
            _append_snapshot(pen, run_id, snapshot)
            pen.append("standing_seen", journal_facts.of_standing(run_id, standing))
            _append_rows(pen, run_id, rows)

    def record_timing(self, run_id: str, at: dt.datetime, parts: Mapping[str, object]) -> None:
        """How long the parts of a run took, in real seconds by name."""
        self.evidence.record_event(_TIMING, at, "how long its parts took", parts, run_id=run_id)

    def timings(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """The parts of a run's time; one at most."""
        found = self._file.read(_TIMED, _TIMING, run_id)
        return tuple(dict(each["details"]) for each in found if isinstance(each["details"], dict))

    def finish(self, run_id: str, finished_at: dt.datetime, outcome: str) -> None:
        """Close a run: `decided`, `undecided` or `failed: ...`."""
        end = {
            "run_id": run_id,
            "finished_at": journal_facts.instant(finished_at),
            "outcome": outcome,
        }
        with self._appending(run_id, is_head_synced=True) as pen:
            pen.append("run_end", end)

    def runs(self) -> tuple[Mapping[str, object], ...]:
        """Every run, oldest first, with `finished_at` and `outcome`, or None for both."""
        return self._file.read(_RUNS)

    def decisions(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """The decisions of a run, in the order recorded."""
        return self._file.read("SELECT * FROM decision WHERE run_id = ? ORDER BY id", run_id)

    def precedents(self, account: str, since: dt.datetime) -> tuple[Precedent, ...]:
        """Every EXIT and HOLD on a bar that ended at `since` or later, oldest first.

        A journal that is not there yet holds none, and is not made.
        """
        if not self._file.path.exists():
            return ()
        rows = self._file.read(_PRECEDENTS, account, journal_facts.instant(since))
        return tuple(decision_facts.precedent(each) for each in rows)

    def past(self, account: str, con_id: int, since: dt.datetime) -> Past:
        """What became of a position; a journal that is not there yet tells nothing."""
        if not self._file.path.exists():
            return Past()
        return journal_past.past(self._file.read, account, con_id, since)

    def standings(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """How the connection stood for the decisions of a run; one at most."""
        return self._file.read("SELECT * FROM standing_seen WHERE run_id = ? ORDER BY id", run_id)

    def tickets(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """The tickets of a run, each with its order as a mapping."""
        return tuple(
            decision_facts.ticket(each) for each in self._file.read(_TICKETS_OF_RUN, run_id)
        )

    def retellings(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """The bars of a run that had been decided on before and are told differently since."""
        return self._file.read("SELECT * FROM retelling WHERE run_id = ? ORDER BY id", run_id)

    def quotes(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """What the market showed of the instruments of a run's exits."""
        return self._file.read("SELECT * FROM quote_seen WHERE run_id = ? ORDER BY id", run_id)

    def open_alerts(self) -> tuple[Mapping[str, object], ...]:
        """The alerts that are not over, oldest first: `number`, `at`, `source`, `kind`, `text`.

        A journal that is not there yet holds none, and is not made.
        """
        return self._file.read(_OPEN_ALERTS) if self._file.path.exists() else ()

    def renew_alerts(
        self, at: dt.datetime, over: Sequence[int], told: Sequence[tuple[str, Alert]]
    ) -> None:
        """Let alerts end, by their numbers, and others begin, each with its source; in one.

        One that has ended already stays as it is: two processes may find the same. What tells of
        something that has happened is over at once.
        """
        if not (over or told):
            return
        ended = {"at": journal_facts.instant(at)}
        with self._appending() as pen:
            for number in over:
                if not pen.ask("SELECT 1 FROM alert_end WHERE id = ?", number):
                    pen.append("alert_end", {"id": number, **ended})
            for source, alert in told:
                journal_news.append(pen, journal_facts.of_alert(source, alert))

    def deferrals(self, account: str, since: dt.datetime) -> Mapping[str, dt.datetime]:
        """By ticket id, the opening at `since` or later that a ticket was deferred to."""
        rows = self._file.read(_DEFERRALS, account, journal_facts.instant(since))
        return {str(row["ticket_id"]): decision_facts.deferred_until(row) for row in rows}

    def resting(self, account: Account) -> tuple[Resting, ...]:
        """The open orders of an account as the latest recorded snapshot of it has them.

        A journal that is not there yet holds none, and is not made.
        """
        if not self._file.path.exists():
            return ()
        rows = self._file.read(_RESTING, account.alias)
        return tuple(journal_facts.resting(each, account) for each in rows)

    def record_event(
        self, kind: str, at: dt.datetime, text: str, details: Mapping[str, object]
    ) -> None:
        """What a person, or sellkit, did beside a run: `arm`, `disarm`, `halt`, `resume`, ..."""
        self.evidence.record_event(kind, at, text, details)

    def events(self, kind: str) -> tuple[Mapping[str, object], ...]:
        """Those of a kind, oldest first: `at`, `text`, `details`."""
        return self.evidence.events(kind)

    def close(self) -> None:
        """End the use of the file; a later use opens it again."""
        self._file.close()

    @contextmanager
    def _appending(
        self, run_id: str | None = None, *, is_head_synced: bool = False
    ) -> Iterator[Pen]:
        """One transaction; of a run that is open, where one is named."""
        with self._file.appending(is_head_synced=is_head_synced or run_id is None) as pen:
            if run_id is not None:
                self._check_open(pen, run_id)
            yield pen

    def _check_open(self, pen: Pen, run_id: str) -> None:
        for table, wanted in (("run", 1), ("run_end", 0)):
            query = f"SELECT 1 FROM {table} WHERE run_id = ?"  # noqa: S608  (constants)
            if len(pen.ask(query, run_id)) != wanted:
                what = "was never begun" if wanted else "has ended"
                raise JournalError(
                    f"run {run_id!r} {what}, so {self._file.path} takes nothing for it"
                )


def _append_snapshot(pen: Pen, run_id: str, snapshot: AccountSnapshot) -> None:
    held, resting = snapshot.positions, snapshot.open_orders
    pen.append("snapshot_seen", journal_facts.of_snapshot(run_id, snapshot))
    of_position, of_order = journal_facts.of_position, journal_facts.of_order
    pen.append_all("position_seen", [of_position(run_id, snapshot, each) for each in held])
    pen.append_all("order_seen", [of_order(run_id, snapshot, each) for each in resting])


def _append_rows(pen: Pen, run_id: str, rows: Sequence[SnapshotRow]) -> None:
    beside: dict[str, list[Mapping[str, object]]] = {}
    for row in rows:
        for table, facts in decision_facts.beside(run_id, row).items():
            beside.setdefault(table, []).append(facts)
    pen.append_all("decision", [decision_facts.of_decision(run_id, row) for row in rows])
    for table, told in beside.items():
        pen.append_all(table, told)
