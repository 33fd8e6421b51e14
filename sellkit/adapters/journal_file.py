"""The file of the journal: opened, carried on from an earlier version, appended to and chained."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file, journal_chain, journal_head, journal_schema
from sellkit.adapters.journal_head import Head
from sellkit.adapters.journal_pen import Pen, last_link, plain
from sellkit.adapters.kept_notebooks import has_any
from sellkit.core.counting import counted
from sellkit.errors import ConfigError, JournalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sellkit.core.custody import Finding

_WAIT_SECONDS: Final = 30.0


class JournalFile:
    """One SQLite file: WAL, synchronous FULL, foreign keys, append only, every row chained.

    Safe for several threads and processes. The file is opened, and made, by the first use.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    JournalError
        From every method: the file cannot be written, is no journal, or is one of a newer sellkit.

    Attributes
    ----------
    openings
        How often it was opened; between two of them it may have been exchanged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._head_path = path.with_suffix(".head")
        self._connection: sqlite3.Connection | None = None
        self._turn = threading.RLock()
        self.openings = 0

    def read(self, query: str, *values: object) -> tuple[dict[str, object], ...]:
        """The rows of a query, without their ids."""
        with self._turn, self._errors():
            rows = self.connection().execute(query, values).fetchall()
        return tuple(plain(row) for row in rows)

    def read_by_name(
        self, query: str, values: Mapping[str, object]
    ) -> tuple[dict[str, object], ...]:
        """As `read`, with values that the query names."""
        with self._turn, self._errors():
            rows = self.connection().execute(query, dict(values)).fetchall()
        return tuple(plain(row) for row in rows)

    @contextmanager
    def appending(self, *, is_head_synced: bool = False) -> Iterator[Pen]:
        """One transaction: all of it is on the disk afterwards, or nothing.

        The head follows it. A loss of power may leave a head behind, unless it is to be synced.
        """
        with self._turn, self._errors():
            with self.connection() as database:
                database.execute("BEGIN IMMEDIATE")
                pen = Pen(database)
                yield pen
            if pen.appended:
                self._advance(database, pen.head, is_synced=is_head_synced)

    def flaws(self) -> tuple[Finding, ...]:
        """What is wrong with the chain, each row read; of one moment."""
        with self._turn, self._errors():
            database = self.connection()

            def ask(query: str, *values: object) -> Iterator[dict[str, object]]:
                return (dict(each) for each in database.execute(query, values))

            with database:
                database.execute("BEGIN")
                return tuple(journal_chain.flaws(ask))

    def doubt(self) -> str | None:
        """Why this may not be the journal of the last run, or None: its head is held against it."""
        with self._turn, self._errors():
            try:
                head = journal_head.read(self._head_path)
            except ValueError as error:
                return str(error)
            if not self.path.exists():
                return None if head is None else "the journal is missing, and its head is there"
            database = self.connection()
            last = last_link(database)
            if head is None:
                return None if last is None else f"{self._head_path.name} is missing"
            if _is_of(database, head):
                return None
            held = 0 if last is None else last.number
            if held < head.number:
                return f"the journal is an older one: {counted(held, 'row')}, and had {head.number}"
            return "it is another journal than the last"

    def accept(self) -> None:
        """Take the journal as it is for the present one."""
        with self._turn, self._errors():
            last = last_link(self.connection())
            if last is not None:
                journal_head.put(self._head_path, last)

    def copy_to(self, path: Path) -> None:
        """A copy of one moment in a file of its own, whole or not there; others may write on."""
        with self._turn, self._errors():
            durable_file.make_folder(path.parent)
            temporary = durable_file.aside(path)
            try:
                with closing(sqlite3.connect(temporary)) as copy:
                    self.connection().backup(copy)
                    copy.execute("PRAGMA journal_mode = DELETE")  # one file, without companions
                durable_file.settle(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)

    def close(self) -> None:
        """End the use of the file; a later use opens it again."""
        with self._turn, self._errors():
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def connection(self) -> sqlite3.Connection:
        """The connection of this process, opened by the first use."""
        if self._connection is None:
            durable_file.make_folder(self.path.parent)
            database = sqlite3.connect(
                self.path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                # SQLite does not wait for a rival that turns the same new file to WAL; this does.
                with durable_file.locked(self.path.with_name(f".{self.path.name}.lock")):
                    self._prepare(database)
            except BaseException:
                database.close()
                raise
            self._connection = database
            self.openings += 1
        return self._connection

    def _advance(self, database: sqlite3.Connection, head: Head, *, is_synced: bool) -> None:
        """Let the head follow; one of another journal stays, and is the proof that there was it."""
        try:
            held = journal_head.read(self._head_path)
        except ValueError:
            return
        if held is not None and _is_of(database, held):
            journal_head.advance(self._head_path, head, is_synced=is_synced)

    def has_runs(self) -> bool:
        """Whether a run has left its notebook beside it, as a file or in an archive."""
        return has_any(self.path.parent)

    def _prepare(self, database: sqlite3.Connection) -> None:
        database.row_factory = sqlite3.Row
        self._check_version(database)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
        head = None
        with database:
            database.execute("BEGIN IMMEDIATE")
            version = self._check_version(database)
            if version < journal_schema.CHAINED_SINCE and (version or not self.has_runs()):
                journal_head.begin(self._head_path)
            if version < journal_schema.VERSION:
                for statement in journal_schema.statements(version):
                    database.execute(statement)
            if 0 < version < journal_schema.CHAINED_SINCE:
                head = _chain_all(Pen(database))
            if 0 < version < journal_schema.CARRIED_SINCE:
                head = _carry(Pen(database)) or head
        if head is not None:
            self._advance(database, head, is_synced=True)

    def _check_version(self, database: sqlite3.Connection) -> int:
        version: int = database.execute("PRAGMA user_version").fetchone()[0]
        known = journal_schema.VERSION
        if version > known:
            raise JournalError(
                f"the journal {self.path} has version {version} and this sellkit knows "
                f"{known}: install the newer sellkit that wrote it"
            )
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version == 0 and tables:
            raise JournalError(
                f"{self.path} is a database of another program: move it away, or give another "
                "--data-dir"
            )
        return version

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ConfigError) as error:  # the last: the lock is never freed
            raise JournalError(
                f"the journal {self.path} cannot be used ({error}): allow sellkit to write there; "
                "if the file is damaged, move it away and keep it"
            ) from error


def _chain_all(pen: Pen) -> Head | None:
    """Chain the rows of a version that did not, table by table."""
    for table in journal_schema.CHAINED:
        pen.chain_all(table)
    return pen.head if pen.appended else None


def _carry(pen: Pen) -> Head | None:
    """Write the rows of retired tables where they stand since, at the end of the chain."""
    query, table = journal_schema.CARRIED
    there = {str(each["name"]) for each in pen.ask("SELECT name FROM sqlite_master")}
    if not there.intersection(journal_schema.RETIRED):
        return None
    for each in pen.ask(query):
        pen.append(table, each)
    return pen.head if pen.appended else None


def _is_of(database: sqlite3.Connection, head: Head) -> bool:
    """Whether the chain has come through a head; that of the beginning is everybody's."""
    query = "SELECT 1 FROM chain WHERE id = ? AND hash = ?"
    return head.number == 0 or bool(database.execute(query, (head.number, head.hash)).fetchall())
