"""The file in which a gateway keeps its state: values by kind and key, in one SQLite file.

One gateway at a time has it open; the lock goes with its process. A batch is written whole or not
at all, and what was written outlives the process, however it ends. Against a loss of power there
is only that the file stays whole: the last moments may be missing from it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE_NAME: Final = "gateway.sqlite"
FORMAT: Final = 1

# "SKGW", by which other SQLite files are told apart.
_APPLICATION: Final = 0x534B4757
# Pages of 4 KiB that may wait in the log until they are moved; to move them takes a few syncs.
_LOG_PAGES: Final = 4000
_TABLE: Final = """
    CREATE TABLE kept (kind TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, key))
    WITHOUT ROWID"""


class Row(NamedTuple):
    """One value: what it is of, which one, and its JSON; without a body it is no longer kept."""

    kind: str
    key: str
    body: str | None


class StateFile:
    """The file of one gateway.

    Parameters
    ----------
    folder
        Where it lies; made when the file is opened.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._database: sqlite3.Connection | None = None

    @property
    def path(self) -> Path:
        """The file itself."""
        return self._path

    @property
    def is_open(self) -> bool:
        """Whether it can be written."""
        return self._database is not None

    def open(self) -> None:
        """Take the file for this gateway alone, and make it where there is none.

        Raises
        ------
        ConfigError
            Another gateway has it, it is torn, no state of a gateway, or of a newer format.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # Only the gateway's thread uses it, but another may have made it.
            database = sqlite3.connect(
                self._path, timeout=0, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(
                f"the state in {self._folder} cannot be opened: "
                f"{getattr(error, 'strerror', None) or error}; give another --state"
            ) from error
        try:
            self._take(database)
        except (sqlite3.Error, ConfigError) as error:
            database.close()
            raise self._refusal(error) from error
        self._database = database

    def rows(self) -> list[Row]:
        """Everything that is kept."""
        try:
            found = self._opened().execute("SELECT kind, key, body FROM kept").fetchall()
        except sqlite3.Error as error:
            raise self._refusal(error) from error
        return [Row(*each) for each in found]

    def write(self, rows: Iterable[Row]) -> None:
        """Write a batch; it outlives the process from the moment this returns.

        Raises
        ------
        ConfigError
            It cannot be written; then nothing of it is.
        """
        given = list(rows)
        database = self._opened()
        try:
            with database:
                database.execute("BEGIN")
                database.executemany(
                    "REPLACE INTO kept VALUES (?, ?, ?)",
                    [row for row in given if row.body is not None],
                )
                database.executemany(
                    "DELETE FROM kept WHERE kind = ? AND key = ?",
                    [row[:2] for row in given if row.body is None],
                )
        except sqlite3.Error as error:
            raise ConfigError(
                f"the state in {self._path} cannot be written: {error}; make room for it, or give "
                "another --state"
            ) from error

    def close(self) -> None:
        """Give the file up."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            raise RuntimeError("the state's file is not open")
        return self._database

    def _take(self, database: sqlite3.Connection) -> None:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")
        if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self._check(database)
        else:
            database.execute(_TABLE)
            database.execute(f"PRAGMA application_id = {_APPLICATION}")
            database.execute(f"PRAGMA user_version = {FORMAT}")
        database.execute("COMMIT")
        # The end of a process takes nothing from a written log; syncing it would guard against
        # the loss of power alone, at some milliseconds for every order.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")

    def _check(self, database: sqlite3.Connection) -> None:
        if _number(database, "application_id") != _APPLICATION:
            raise ConfigError(f"{self._path} is no state of a gateway; give another --state")
        version = _number(database, "user_version")
        if version > FORMAT:
            raise ConfigError(
                f"{self._path} has format {version}, this sellkit knows {FORMAT}; use the newer "
                "sellkit that wrote it, or give another --state"
            )
        with closing(database.execute("PRAGMA quick_check(1)")) as checked:
            found = " ".join(str(checked.fetchone()[0]).split())
        if found != "ok":
            raise ConfigError(f"{self._path} is torn ({found}); move it away to begin anew")

    def _refusal(self, error: Exception) -> ConfigError:
        if isinstance(error, ConfigError):
            return error
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            return ConfigError(
                f"another gateway keeps its state in {self._folder}; end it, or give another "
                "--state"
            )
        return ConfigError(
            f"{self._path} is torn, or no state of a gateway ({error}); move it away to begin anew"
        )


def _number(database: sqlite3.Connection, pragma: str) -> int:
    return int(database.execute(f"PRAGMA {pragma}").fetchone()[0])
