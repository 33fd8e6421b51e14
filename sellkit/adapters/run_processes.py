"""Runs as processes of their own, each found again by the lock that it holds while it lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sellkit.core.firing import Slot

_PAUSE_SECONDS: Final = 0.05
_REMEDY: Final = "allow sellkit to write there, or choose another --data-dir"
_PROCESSES: Final = Path("/proc")


class RunProcesses:
    """The `Launcher` by processes.

    Each has a session of its own, so that neither a Ctrl-C nor the end of the schedule ends it, and
    is born with a file that is locked: the system frees that with the last breath of the process,
    and whoever comes later knows.

    Parameters
    ----------
    folder
        Where those files lie.
    words
        The command line of a slot's run, told whether it prepares.
    environment
        Every variable that it has.
    """

    def __init__(
        self,
        folder: Path,
        words: Callable[[Slot, bool], Sequence[str]],
        environment: Mapping[str, str],
    ) -> None:
        self._folder = folder
        self._words = words
        self._environment = dict(environment)

    def start(self, slot: Slot, *, prepare: bool) -> OwnProcess:
        """Start the run of a slot."""
        path = self._path(str(slot.run_id))
        with durable_file.writing(self._folder, _REMEDY):
            durable_file.make_folder(self._folder)
            file = path.open("w+b")
        with file:
            durable_file.take(file.fileno())
            process = _begun(list(self._words(slot, prepare)), self._environment, file.fileno())
            file.write(str(process.pid).encode())
        return OwnProcess(process)

    def find(self, run_id: str) -> FoundProcess | None:
        """A run that another process started and that is still at work."""
        found = FoundProcess(self._path(run_id))
        return None if found.is_over() else found

    def clear(self, run_id: str) -> None:
        """Remove the file of a run that is over."""
        self._path(run_id).unlink(missing_ok=True)

    def _path(self, run_id: str) -> Path:
        return self._folder / f"{run_id}.lock"


class OwnProcess:
    """A run that this process started."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def exit_code(self) -> int | None:
        """Of a process that is over."""
        return self._process.returncode

    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def wait(self, seconds: float) -> bool:
        """Wait for its end so long; whether it is over."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """Ask it to end in good order."""
        if not self.is_over():
            _signal_all(self._process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, its kernel as well."""
        if not self.is_over():
            _kill(self._process.pid)


class FoundProcess:
    """A run that a former schedule started.

    Parameters
    ----------
    path
        The file that it holds locked as long as it lives; its number stands in it, unless the
        former schedule ended before it had written that.
    """

    exit_code: None = None
    """Only who started a process is told it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def is_over(self) -> bool:
        """Whether the lock is free; on Windows, where no lock is handed on, it always is."""
        try:
            with self._path.open("rb+") as file:
                is_free = durable_file.take(file.fileno())
                if is_free:
                    durable_file.free(file.fileno())
        except FileNotFoundError:
            return True
        return is_free

    def wait(self, seconds: float) -> bool:
        """Wait for its end so long; whether it is over."""
        pause, end = threading.Event(), time.monotonic() + seconds
        while not self.is_over() and time.monotonic() < end:
            pause.wait(_PAUSE_SECONDS)
        return self.is_over()

    def stop(self) -> None:
        """Ask it to end in good order, if its number is known."""
        if (number := self._number()) is not None:
            _signal_all(number, signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, its kernel as well, if its number is known."""
        if (number := self._number()) is not None:
            _kill(number)

    def _number(self) -> int | None:
        """Who holds the lock has this number, so nobody else has got it meanwhile."""
        text = b"" if self.is_over() else self._path.read_bytes()
        return int(text) if text.isdigit() else None


if sys.platform == "win32":

    def _begun(
        words: list[str], environment: dict[str, str], _handle: int
    ) -> subprocess.Popen[bytes]:
        apart = subprocess.CREATE_NEW_PROCESS_GROUP
        return subprocess.Popen(  # noqa: S603  (its own interpreter)
            words, env=environment, stdin=subprocess.DEVNULL, creationflags=apart
        )

    def _signal_all(number: int, _which: int) -> None:
        os.kill(number, signal.SIGTERM)

    def _kill(number: int) -> None:
        os.kill(number, signal.SIGTERM)

else:

    def _begun(
        words: list[str], environment: dict[str, str], handle: int
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  (its own interpreter)
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(handle,),
        )

    def _signal_all(number: int, which: int) -> None:
        try:
            os.killpg(number, which)
        except ProcessLookupError:
            return

    def _kill(number: int) -> None:
        """The kernel has a session of its own, and one that hangs would outlive its parent."""
        below = _descendants(number)
        _signal_all(number, signal.SIGKILL)
        for each in below:
            _signal_one(each)

    def _signal_one(number: int) -> None:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            return


def _descendants(number: int) -> list[int]:
    """The processes below one, as Linux lists them; elsewhere none, and a kernel sees to itself."""
    parents: dict[int, int] = {}
    for path in _PROCESSES.glob("[0-9]*/stat"):
        try:
            after_name = path.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        parents[int(path.parent.name)] = int(after_name[1])
    found, fresh = [], {number}
    while fresh:
        fresh = {each for each, parent in parents.items() if parent in fresh}
        found += sorted(fresh)
    return found
