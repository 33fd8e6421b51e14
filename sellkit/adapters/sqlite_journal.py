"""The journal in SQLite: facts appended, each on the disk before the call returns."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file, journal_facts, journal_schema
from sellkit.errors import ConfigError, JournalError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sellkit.core.alerts import Alert
    from sellkit.core.portfolio import AccountSnapshot
    from sellkit.core.precedent import Precedent
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.core.standing import Standing
    from sellkit.ports import RunHeader

_WAIT_SECONDS: Final = 30.0
_JSON: Final = ("reasons", "order", "details")
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

_OPEN_ALERTS: Final = """
    SELECT * FROM alert WHERE id NOT IN (SELECT id FROM alert_end) ORDER BY id"""
_END_ALERTS: Final = """
    INSERT INTO alert_end SELECT id, :at FROM alert
    WHERE source = :source AND id NOT IN (SELECT id FROM alert_end)"""


class SqliteJournal:
    """The `Journal` in one SQLite file: WAL, synchronous FULL, foreign keys, append only.

    Safe for several threads and processes. The file is opened, and made, by the first use.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    JournalError
        From every method: the file cannot be written, is no journal, or is one of a newer sellkit.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._turn = threading.RLock()

    def begin(self, header: RunHeader) -> None:
        """Open a run."""
        with self._appending() as database:
            held = database.execute("SELECT 1 FROM run WHERE run_id = ?", (header.run_id,))
            if held.fetchone():
                raise JournalError(f"{self._path} holds a run {header.run_id!r} already")
            _append(database, "run", journal_facts.of_run(header))

    def record_snapshot(self, run_id: str, snapshot: AccountSnapshot) -> None:
        """The positions and open orders that the run saw, and that they were all."""
        with self._appending(run_id) as database:
            _append(database, "snapshot_seen", journal_facts.of_snapshot(run_id, snapshot))
            for position in snapshot.positions:
                facts = journal_facts.of_position(run_id, snapshot, position)
                _append(database, "position_seen", facts)
            for order in snapshot.open_orders:
                _append(database, "order_seen", journal_facts.of_order(run_id, snapshot, order))

    def record_standing(self, run_id: str, standing: Standing) -> None:
        """How the connection stood for the decisions of the run."""
        with self._appending(run_id) as database:
            _append(database, "standing_seen", journal_facts.of_standing(run_id, standing))

    def record_rows(self, run_id: str, rows: Sequence[SnapshotRow]) -> None:
        """Every decision, and the ticket with its complete order and verdict where there is one."""
        with self._appending(run_id) as database:
            for row in rows:
                _append(database, "decision", journal_facts.of_decision(run_id, row))
                for table, facts in journal_facts.beside(run_id, row).items():
                    _append(database, table, facts)

    def finish(self, run_id: str, finished_at: dt.datetime, outcome: str) -> None:
        """Close a run: `decided`, `undecided` or `failed: ...`."""
        end = {
            "run_id": run_id,
            "finished_at": journal_facts.instant(finished_at),
            "outcome": outcome,
        }
        with self._appending(run_id) as database:
            _append(database, "run_end", end)

    def runs(self) -> tuple[Mapping[str, object], ...]:
        """Every run, oldest first, with `finished_at` and `outcome`, or None for both."""
        return self._read(_RUNS)

    def decisions(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """The decisions of a run, in the order recorded."""
        return self._read("SELECT * FROM decision WHERE run_id = ? ORDER BY id", run_id)

    def precedents(self, account: str, since: dt.datetime) -> tuple[Precedent, ...]:
        """Every EXIT and HOLD on a bar that ended at `since` or later, oldest first.

        A journal that is not there yet holds none, and is not made.
        """
        if not self._path.exists():
            return ()
        rows = self._read(_PRECEDENTS, account, journal_facts.instant(since))
        return tuple(journal_facts.precedent(each) for each in rows)

    def standings(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """How the connection stood for the decisions of a run; one at most."""
        return self._read("SELECT * FROM standing_seen WHERE run_id = ? ORDER BY id", run_id)

    def tickets(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """The tickets of a run, each with its order as a mapping."""
        return self._read("SELECT * FROM ticket WHERE run_id = ? ORDER BY id", run_id)

    def retellings(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """The bars of a run that had been decided on before and are told differently since."""
        return self._read("SELECT * FROM retelling WHERE run_id = ? ORDER BY id", run_id)

    def quotes(self, run_id: str) -> tuple[Mapping[str, object], ...]:
        """What the market showed of the instruments of a run's exits."""
        return self._read("SELECT * FROM quote_seen WHERE run_id = ? ORDER BY id", run_id)

    def record_alert(self, source: str, alert: Alert) -> None:
        """An alert, and whose connection it is about."""
        with self._appending() as database:
            _append(database, "alert", journal_facts.of_alert(source, alert))

    def end_alerts(self, source: str, at: dt.datetime) -> None:
        """What a source's open alerts were about is over."""
        ended = {"at": journal_facts.instant(at), "source": source}
        with self._appending() as database:
            database.execute(_END_ALERTS, ended)

    def open_alerts(self) -> tuple[Mapping[str, object], ...]:
        """The alerts that are not over, oldest first: `at`, `source`, `kind`, `text`."""
        return self._read(_OPEN_ALERTS)

    def deferrals(self, account: str, since: dt.datetime) -> Mapping[str, dt.datetime]:
        """By ticket id, the opening at `since` or later that a ticket was deferred to."""
        rows = self._read(_DEFERRALS, account, journal_facts.instant(since))
        return {str(row["ticket_id"]): journal_facts.deferred_until(row) for row in rows}

    def record_switch(
        self, at: dt.datetime, what: str, by: str, details: Mapping[str, object]
    ) -> None:
        """That a person, or sellkit, did `arm`, `disarm`, `halt` or `resume`."""
        facts = {"at": journal_facts.instant(at), "what": what, "by": by, "details": dict(details)}
        with self._appending() as database:
            _append(database, "switch", facts)

    def switches(self) -> tuple[Mapping[str, object], ...]:
        """Every such act, oldest first: `at`, `what`, `by`, `details`."""
        return self._read("SELECT * FROM switch ORDER BY id")

    def close(self) -> None:
        """End the use of the file; a later use opens it again."""
        with self._turn, self._errors():
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _read(self, query: str, *values: str) -> tuple[Mapping[str, object], ...]:
        with self._turn, self._errors():
            rows = self._open().execute(query, values).fetchall()
        return tuple(_plain(row) for row in rows)

    @contextmanager
    def _appending(self, run_id: str | None = None) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on the disk afterwards, or nothing."""
        with self._turn, self._errors(), self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            if run_id is not None:
                self._check_open(database, run_id)
            yield database

    def _check_open(self, database: sqlite3.Connection, run_id: str) -> None:
        for table, wanted in (("run", 1), ("run_end", 0)):
            query = f"SELECT count(*) FROM {table} WHERE run_id = ?"  # noqa: S608  (constants)
            if database.execute(query, (run_id,)).fetchone()[0] != wanted:
                what = "was never begun" if wanted else "has ended"
                raise JournalError(f"run {run_id!r} {what}, so {self._path} takes nothing for it")

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            durable_file.make_folder(self._path.parent)
            database = sqlite3.connect(
                self._path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                # SQLite does not wait for a rival that turns the same new file to WAL; this does.
                with durable_file.locked(self._path.with_name(f".{self._path.name}.lock")):
                    self._prepare(database)
            except BaseException:
                database.close()
                raise
            self._connection = database
        return self._connection

    def _prepare(self, database: sqlite3.Connection) -> None:
        database.row_factory = sqlite3.Row
        self._check_version(database)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
        with database:
            database.execute("BEGIN IMMEDIATE")
            version = self._check_version(database)
            if version < journal_schema.VERSION:
                for statement in journal_schema.statements(version):
                    database.execute(statement)

    def _check_version(self, database: sqlite3.Connection) -> int:
        version: int = database.execute("PRAGMA user_version").fetchone()[0]
        known = journal_schema.VERSION
        if version > known:
            raise JournalError(
                f"the journal {self._path} has version {version} and this sellkit knows "
                f"{known}: install the newer sellkit that wrote it"
            )
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version == 0 and tables:
            raise JournalError(
                f"{self._path} is a database of another program: move it away, or give another "
                "--data-dir"
            )
        return version

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ConfigError) as error:  # the last: the lock is never freed
            raise JournalError(
                f"the journal {self._path} cannot be used ({error}): allow sellkit to write there; "
                "if the file is damaged, move it away and keep it"
            ) from error


def _append(database: sqlite3.Connection, table: str, facts: Mapping[str, object]) -> None:
    columns = ", ".join(f'"{name}"' for name in facts)
    marks = ", ".join(f":{name}" for name in facts)
    told = {name: json.dumps(v) if name in _JSON else v for name, v in facts.items()}
    # Table and columns are this package's own names; values travel apart.
    database.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", told)  # noqa: S608


def _plain(row: sqlite3.Row) -> dict[str, object]:
    facts = {name: row[name] for name in row.keys() if name != "id"}  # noqa: SIM118  (not a dict)
    return {n: json.loads(v) if n in _JSON else v for n, v in facts.items()}
