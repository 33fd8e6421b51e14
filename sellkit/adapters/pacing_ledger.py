"""The budget of requests on disk, from which every process of one login draws.

    <folder>/pacing.sqlite

One row for each gateway, and one for each request of the last ten minutes. A request is counted in
the same transaction that allows it, so two processes never both take the last token. What is lost
in a crash of the machine is at most what was counted, so nothing is flushed to disk.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.adapters.clock import wall_seconds
from sellkit.adapters.pacing_file import PacingFile
from sellkit.core.pacing import Ask, Budget, Grant, Sent, Urgency, Usage
from sellkit.errors import ConfigError, DiskTrouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sellkit.core.pacing import PacingRules

log = logging.getLogger(__name__)

# An answer that does not come within this time never does: whoever asked is gone.
_OPEN_SECONDS: Final = 180.0
_SOON: Final = 0.2
# No run keeps the budget longer; what lies further ahead was written before a clock was set back.
_LONGEST_KEPT: Final = 600.0

# What passes by itself, and no setting is to blame for: a full or failing disk, a lock held long.
_PRIMARY: Final = 0xFF
_PASSING: Final = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
}

# Each half has an index of its own. With OR between them, or ordered by time, SQLite would read all
# of ten minutes.
_ALIKE: Final = """
SELECT question, series, is_small, weight, at FROM sent WHERE gateway = ? AND question = ?
UNION ALL
SELECT question, series, is_small, weight, at FROM sent
WHERE gateway = ? AND is_small AND question <> ?
"""


class PacingLedger:
    """The `RequestLedger` of one gateway; any number of processes and threads may use the file.

    Parameters
    ----------
    path
        The file, made when something is counted first; `:memory:` for one process alone.
    gateway
        Host and port: a login's limits are those of its gateway.
    wall
        A clock in seconds that all processes share. It is read within the transactions, so that
        they and the times in them are of one order.

    Every method raises `ConfigError` when the file cannot be written: `DiskTrouble` where that may
    pass by itself.
    """

    def __init__(
        self,
        path: Path | str,
        gateway: str,
        rules: PacingRules,
        wall: Callable[[], float] = wall_seconds,
    ) -> None:
        self._path = path
        self._gateway = gateway
        self._rules = rules
        self._wall = wall
        self._turn = threading.Lock()
        self._has_reserved = False
        self._disk = PacingFile(path)
        self._file: sqlite3.Connection

    def now(self) -> float:
        """The time by which requests are counted, in seconds."""
        return self._wall()

    def claim(self, ask: Ask, urgency: Urgency, since: float) -> Grant:
        """Take a token for a request, or learn how long to wait for one.

        Parameters
        ----------
        since
            When whoever asks began to wait: an answer that came to the same request after that is
            as good as one of its own.
        """
        with self._budget(ask) as (budget, now):
            if self._is_answered(ask, since, now):
                return Grant(0.0, is_answered=True)
            wait = max(budget.wait(ask, urgency, now), self._held_up(urgency, now))
            if not wait:
                budget.record(ask, now)
                self._insert(ask, now)
                return Grant(0.0, next_seconds=budget.shared(urgency, now))
            return Grant(wait, is_own=budget.is_own(ask, now))

    def settle(self, ask: Ask) -> None:
        """The request was answered, or given up; it is open no more."""
        with self._transaction():
            self._file.execute(
                "UPDATE sent SET answered_at = ? WHERE gateway = ? AND question = ?"
                " AND answered_at IS NULL",
                (self._wall(), self._gateway, ask.question),
            )

    def slow_down(self) -> None:
        """The gateway said that it was too much."""
        with self._budget() as (budget, now):
            budget.slow_down(now)

    def seconds_for(self, requests: int) -> float:
        """About how long so many requests take."""
        with self._budget() as (budget, now):
            return budget.seconds_for(requests, now)

    def usage(self) -> Usage:
        """How much of the budget is used."""
        with self._budget() as (budget, now):
            return Usage(
                sent=int(self._number("SELECT count(*) FROM sent WHERE gateway = ?")),
                open=self._open(now),
                left=budget.left(now),
                per_second=budget.rate_at(now),
                kept_seconds=self._kept(now),
            )

    def reserve(self, seconds: float) -> None:
        """Let all but the hourly run wait for some time; `reserve(0)` and `close` end that."""
        self._has_reserved = seconds > 0
        with self._transaction():
            until = self._wall() + min(seconds, _LONGEST_KEPT)
            self._file.execute(
                "INSERT INTO budget VALUES (?, NULL, 0, NULL, 0, ?)"
                " ON CONFLICT (gateway) DO UPDATE SET reserved_until = excluded.reserved_until",
                (self._gateway, until),
            )

    def close(self) -> None:
        """End the use of the file, and of what was reserved; a second call does nothing."""
        try:
            if self._has_reserved:
                self.reserve(0)
        except ConfigError as error:  # it ends by itself; whoever closes has more to do
            log.warning("budget_not_freed", extra={"reason": str(error)})
        finally:
            self.leave()

    def leave(self) -> None:
        """End the use of the file; what was reserved stays so, for whoever comes next."""
        with self._turn:
            self._disk.close()

    def _is_answered(self, ask: Ask, since: float, now: float) -> bool:
        # An answer from the future was given before a clock was set back.
        found = self._file.execute(
            "SELECT 1 FROM sent"
            " WHERE gateway = ? AND question = ? AND answered_at > ? AND answered_at <= ?",
            (self._gateway, ask.question, since, now),
        )
        return found.fetchone() is not None

    def _held_up(self, urgency: Urgency, now: float) -> float:
        """Seconds to wait for the hourly run's sake, or because too many requests are open."""
        wait = _SOON if self._open(now) >= self._rules.max_open else 0.0
        if urgency is Urgency.HOUR:
            return wait
        return max(wait, min(self._kept(now), 1.0))

    def _open(self, now: float) -> int:
        """Requests that wait for their answer."""
        since = now - _OPEN_SECONDS
        query = "SELECT count(*) FROM sent WHERE gateway = ? AND answered_at IS NULL AND at > ?"
        return int(self._number(query, since))

    def _kept(self, now: float) -> float:
        """How many seconds longer the budget is kept for the hourly run."""
        until = self._number("SELECT max(reserved_until) FROM budget WHERE gateway = ?")
        return until - now if now < until <= now + _LONGEST_KEPT else 0.0

    def _number(self, query: str, *values: float) -> float:
        found = self._file.execute(query, (self._gateway, *values)).fetchone()
        return float(found[0] or 0.0)

    def _insert(self, ask: Ask, now: float) -> None:
        values = (ask.question, ask.series, ask.is_small, ask.weight, now)
        self._file.execute(
            "INSERT INTO sent (gateway, question, series, is_small, weight, at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (self._gateway, *values),
        )

    @contextmanager
    def _budget(self, ask: Ask | None = None) -> Iterator[tuple[Budget, float]]:
        """The budget as it stands, and the time; what becomes of it is written at the end."""
        with self._transaction():
            now = self._wall()
            budget = self._read(now, ask)
            yield budget, now
            kept = (budget.level, budget.counted_at, budget.rate, budget.changed_at)
            self._file.execute(
                "INSERT INTO budget VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT (gateway) DO UPDATE SET"
                " level = excluded.level, counted_at = excluded.counted_at, rate = excluded.rate,"
                " changed_at = excluded.changed_at",
                (self._gateway, *kept),
            )

    def _read(self, now: float, ask: Ask | None) -> Budget:
        # A clock that went back must not make anybody wait for the time that it went back by.
        self._file.execute(
            "UPDATE sent SET at = ? WHERE gateway = ? AND at > ?", (now, self._gateway, now)
        )
        self._file.execute(
            "DELETE FROM sent WHERE gateway = ? AND at < ?", (self._gateway, now - 600.0)
        )
        row = self._file.execute(
            "SELECT level, counted_at, rate, changed_at FROM budget WHERE gateway = ?",
            (self._gateway,),
        ).fetchone() or (None, 0.0, None, 0.0)
        level, counted_at, rate, changed_at = row
        question = "" if ask is None else ask.question
        rows = self._file.execute(_ALIKE, (self._gateway, question, self._gateway, question))
        sent = [Sent(Ask(one[0], one[1], bool(one[2]), one[3]), one[4]) for one in rows]
        sent.sort(key=lambda each: each.at)
        return Budget(self._rules, level, min(counted_at, now), rate, min(changed_at, now), sent)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._turn, self._told():
            self._file = self._disk.connection()
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
            kind = DiskTrouble if code in _PASSING else ConfigError
            raise kind(
                f"the ledger of requests {self._path} cannot be used ({error}): let sellkit write "
                "there and see that the disk is not full; if that is so, end sellkit everywhere "
                "and remove the file, it is made anew"
            ) from error
