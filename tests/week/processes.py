"""Everything that runs, each in a process of its own, and its end by SIGKILL."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.source import ROOT

PATIENCE = 120.0
"""Real seconds after which something that did not come has failed; a busy machine takes long."""

_OF_PYTHON = {"PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
_LAST, _LONGEST = 10, 200
_PAGE = os.sysconf("SC_PAGE_SIZE")


class NeverCame(Exception):
    """What was waited for did not come."""


def await_that(is_so: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait until something is so.

    Raises
    ------
    NeverCame
        It is not, after so many real seconds.
    """
    pause, end = threading.Event(), time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise NeverCame(f"{what}: not within {seconds:.0f} s")
        pause.wait(0.05)


@dataclass(frozen=True, slots=True)
class Running:
    """One of the processes.

    Attributes
    ----------
    said
        What it writes to its standard output and error, from its own beginning on.
    """

    name: str
    process: subprocess.Popen[bytes]
    said: Path

    @classmethod
    def begin(
        cls,
        name: str,
        words: Sequence[str],
        folder: Path,
        number: int,
        variables: Mapping[str, str],
    ) -> Running:
        """Start `sellkit ...` in a folder; the operator's own variables play no part."""
        said = folder / "said" / f"{number:02}-{name}.txt"
        said.parent.mkdir(exist_ok=True)
        own = {key: text for key, text in os.environ.items() if not key.startswith("SELLKIT_")}
        with said.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "sellkit", *words],
                cwd=folder,
                env={**own, **_OF_PYTHON, **variables},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(name, process, said)

    def text(self) -> str:
        """All that it has written."""
        return self.said.read_text(encoding="utf-8", errors="replace")

    def await_text(self, text: str, seconds: float = PATIENCE) -> None:
        """Wait until it has written something.

        Raises
        ------
        NeverCame
            It ended before, or did not in time.
        """

        def is_written() -> bool:
            if text in self.text():
                return True
            if self.process.poll() is not None:
                raise NeverCame(f"{self.name} ended with {self.process.returncode}: {self.text()}")
            return False

        await_that(is_written, f"{self.name} did not say {text!r}", seconds)

    def ended(self) -> str:
        """How it ended, with the beginnings of its last lines."""
        last = "\n".join(each[:_LONGEST] for each in self.text().splitlines()[-_LAST:])
        return f"{self.name} ended by itself with {self.process.returncode}: {last}"

    def megabytes(self) -> float:
        """What it holds in memory of its own, no file's pages; NaN where the system does not tell.

        The system takes the pages of a file away and brings them back as it likes.
        """
        statm = Path(f"/proc/{self.process.pid}/statm")
        if not statm.exists():
            return float("nan")
        _, resident, shared, *_ = map(int, statm.read_text().split())
        return (resident - shared) * _PAGE / 2**20

    def files(self) -> int:
        """How many files it has open; 0 where the system does not tell."""
        folder = Path(f"/proc/{self.process.pid}/fd")
        return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0


def pause(some: Sequence[Running]) -> list[int]:
    """Stop processes and all that they have started; gives all of them.

    From the top down, so that none begins another one meanwhile.
    """
    stopped: list[int] = []
    layer = [each.process.pid for each in some if each.process.poll() is None]
    while layer:
        for pid in layer:
            _signal(pid, signal.SIGSTOP)
        stopped += layer
        layer = [pid for pid, parent in _parents() if parent in layer]
    return stopped


def resume(some: Sequence[int]) -> None:
    """Let processes that were stopped go on."""
    for pid in reversed(some):
        _signal(pid, signal.SIGCONT)


def kill(some: Sequence[Running]) -> int:
    """End processes, and all that they have started, by SIGKILL; how many these were."""
    doomed = pause(some)
    for pid in doomed:
        _signal(pid, signal.SIGKILL)
    for each in some:
        each.process.wait(PATIENCE)
    await_that(lambda: not _alive(doomed), "killed processes did not go")
    return len(doomed)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _parents() -> Iterator[tuple[int, int]]:
    told = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, check=True, encoding="ascii"
    )
    for line in told.stdout.splitlines():
        pid, parent = line.split()
        yield int(pid), int(parent)


def _alive(pids: Sequence[int]) -> list[int]:
    """Those that are there; what its parent has not yet asked for does nothing any more."""
    told = subprocess.run(
        ["ps", "-o", "pid=,stat=", "-p", ",".join(map(str, pids)) or "0"],
        capture_output=True,
        check=False,
        encoding="ascii",
    )
    lines = (line.split() for line in told.stdout.splitlines())
    return [int(pid) for pid, state in lines if not state.startswith("Z")]


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
