"""The file in which requests are counted: another one when it was removed, a new one when torn."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Final

from sellkit.adapters import durable_file

log = logging.getLogger(__name__)

_BUSY_SECONDS: Final = 10.0
_TORN: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS budget (
    gateway TEXT PRIMARY KEY, level REAL, counted_at REAL NOT NULL, rate REAL,
    changed_at REAL NOT NULL, reserved_until REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS sent (
    number INTEGER PRIMARY KEY, gateway TEXT NOT NULL, question TEXT NOT NULL,
    series TEXT NOT NULL, is_small INTEGER NOT NULL, weight INTEGER NOT NULL,
    at REAL NOT NULL, answered_at REAL
);
CREATE INDEX IF NOT EXISTS sent_at ON sent (gateway, at);
CREATE INDEX IF NOT EXISTS sent_question ON sent (gateway, question);
CREATE INDEX IF NOT EXISTS sent_open ON sent (gateway, at) WHERE answered_at IS NULL;
CREATE INDEX IF NOT EXISTS sent_small ON sent (gateway, at) WHERE is_small;
"""


class PacingFile:
    """A connection to the file that has the ledger's name at present.

    Nothing in it is worth a wait: it is not flushed to disk, and what a crash of the machine tore
    is put aside as `<name>.damaged`.

    Parameters
    ----------
    path
        Made with its folder when it is opened first; `:memory:` for one process alone.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self._opened: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def connection(self) -> sqlite3.Connection:
        """A connection to the file, opened anew when another one has its name by now.

        Raises
        ------
        sqlite3.Error, OSError
            It cannot be made, or not be written.
        """
        if self._opened is None or _identity(self._path) != self._identity:
            self.close()
            self._opened = self._sound()
            self._identity = _identity(self._path)
        return self._opened

    def close(self) -> None:
        """End the use of it; a second call does nothing."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _sound(self) -> sqlite3.Connection:
        if not isinstance(self._path, Path):
            return _opened(self._path)
        durable_file.make_folder(self._path.parent)
        found = _identity(self._path)
        try:
            return _opened(self._path)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in _TORN:
                raise
        self._put_aside(self._path, found)
        return _opened(self._path)

    def _put_aside(self, path: Path, torn: tuple[int, int] | None) -> None:
        with durable_file.locked(path.with_name(f"{path.name}.lock")):
            if _identity(path) != torn:
                return  # another process was here before
            # What lies beside goes first: after the rename it may be a new file's.
            for ending in ("-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
            path.replace(path.with_name(f"{path.name}.damaged"))
        log.warning("requests_counted_anew", extra={"reason": f"{path.name} was torn"})


def _opened(path: Path | str) -> sqlite3.Connection:
    file = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("PRAGMA synchronous=OFF")
        file.executescript(_SCHEMA)
        _check(file)
    except BaseException:
        file.close()
        raise
    return file


def _check(file: sqlite3.Connection) -> None:
    (told,) = file.execute("PRAGMA quick_check(1)").fetchone()
    if told != "ok":
        error = sqlite3.DatabaseError(told)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _identity(path: Path | str) -> tuple[int, int] | None:
    """What tells a file from another of its name; None when it is on no disk."""
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
