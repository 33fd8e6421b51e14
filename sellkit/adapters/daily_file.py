"""A file of lines that several processes append to, begun anew each day (UTC).

Under a lock between processes the first line of a new day renames the file to `<name>-<day>`, and
then begins the next one; so every line is whole, and in one file. What day the file is of stands in
the lock's own file. Former days are packed by `sellkit.adapters.daily_archive`.
"""

from __future__ import annotations

import datetime as dt
import errno
import logging
import os
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from typing import TYPE_CHECKING, Final

from sellkit.adapters import daily_archive, durable_file
from sellkit.adapters.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedRandom
    from pathlib import Path

log = logging.getLogger(__name__)

_PATIENCE_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.001


class DailyFile:
    """The lines of the present day, and the rotation of the ones before.

    Safe for several threads and processes.

    Parameters
    ----------
    path
        The file of the present day; it and its folder are made by the first `append`.
    now
        The machine's time, aware UTC.
    is_durable
        Whether lines are on the disk when `append` returns.
    keep_days
        After how many days an archived one is removed; None keeps all.
    patience_seconds
        How long a line waits for the lock before it is written without.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], dt.datetime] | None = None,
        is_durable: bool = False,
        keep_days: int | None = None,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self.path = path
        self._now = now or SystemClock().now
        self._is_durable = is_durable
        self._keep_days = keep_days
        self._patience_seconds = patience_seconds
        self._lock_path = path.with_name(f".{path.name}.lock")
        self._thread_lock = threading.Lock()
        self._is_patient = True

    def append(self, data: bytes) -> None:
        """Add whole lines at the end, in one write.

        A last line without an end, as a crash leaves it, is ended first, so that only it is lost.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        durable_file.make_folder(self.path.parent)
        with self._held() as lock:
            is_rotated = lock is not None and self._begin_day(lock)
            self._write(data)
        if is_rotated:
            self._pack()

    def lines(self, since: dt.date | None = None) -> Iterator[bytes]:
        """Every line from a day on, oldest first, archived ones among them; without their ends."""
        if not self.path.parent.is_dir():
            return
        with self._held(), ExitStack() as files:
            opened = [files.enter_context(each) for each in daily_archive.opened(self.path, since)]
            kept = files.pop_all()
        with kept:
            for line in chain.from_iterable(opened):
                yield line.rstrip(b"\n")

    def _pack(self) -> None:
        try:
            daily_archive.pack(self.path, self._today(), self._keep_days)
        except OSError as error:  # the line is written, and the next day tries again
            extra = {"file": self.path.name, "error": error.strerror or str(error)}
            log.warning("former_days_not_packed", extra=extra)

    def _today(self) -> dt.date:
        return self._now().astimezone(dt.UTC).date()

    def _begin_day(self, lock: BufferedRandom) -> bool:
        """Put the file of a former day aside; whether there was one."""
        today = self._today()
        lock.seek(0)
        told = lock.read(16).decode("ascii", "replace").strip()
        if told == today.isoformat():
            return False
        former = self._former(told)
        if former is not None and former > today:
            return False  # the clock was set back
        is_rotated = former is not None and former < today and self._is_written()
        if is_rotated and former is not None:
            self.path.replace(daily_archive.free_name(self.path, former))
        # A crash right here leaves no file: the next line finds nothing to put aside.
        lock.seek(0)
        lock.truncate()
        lock.write(today.isoformat().encode())
        lock.flush()
        return is_rotated

    def _former(self, told: str) -> dt.date | None:
        """What day the file is of; of one from before it was noted, that of its last line."""
        with suppress(ValueError):
            return dt.date.fromisoformat(told)
        with suppress(FileNotFoundError):
            return dt.datetime.fromtimestamp(self.path.stat().st_mtime, dt.UTC).date()
        return None

    def _is_written(self) -> bool:
        return self.path.exists() and self.path.stat().st_size > 0

    def _write(self, data: bytes) -> None:
        is_new = not self.path.exists()
        with self.path.open("ab+", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(-1, os.SEEK_END)
                data = data if file.read(1) == b"\n" else b"\n" + data
            if file.write(data) != len(data):
                raise OSError(errno.ENOSPC, "the disk is full, the last line is torn")
            if self._is_durable:
                os.fsync(file.fileno())
        if is_new and self._is_durable:
            durable_file.sync_folder(self.path.parent)

    @contextmanager
    def _held(self) -> Iterator[BufferedRandom | None]:
        """Hold the lock; None where another process kept it for too long.

        A process that was stopped amid a line must not stop all others: they go on appending,
        which the system keeps whole, and leave the next day's beginning to whoever has the lock.
        """
        with self._thread_lock, self._lock_path.open("ab+") as lock:
            is_taken = self._take(lock.fileno())
            self._is_patient = is_taken
            try:
                yield lock if is_taken else None
            finally:
                if is_taken:
                    durable_file.free(lock.fileno())

    def _take(self, handle: int) -> bool:
        pause = threading.Event()
        end = time.monotonic() + (self._patience_seconds if self._is_patient else 0.0)
        while not (is_taken := durable_file.take(handle)) and time.monotonic() < end:
            pause.wait(_PAUSE_SECONDS)
        return is_taken
