"""Commands in processes of their own, forked from one that has loaded the libraries already.

Most of what a short command takes is the loading of pandas and its like, which one process does for
all. What is forked from it is a process like any other: its own folder, variables, streams, signals
and end. `COLD` begins one from nothing, as is done where a process cannot be forked.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKOUT = Path(__file__).parents[2]
CAN_FORK = sys.platform == "linux"
COLD = (sys.executable, "-m", "sellkit")
_FORK_SECONDS = 60.0
_READ = 1 << 20


@dataclass(eq=False)
class Forked:
    """A command that runs; what is used of `subprocess.Popen`, and called as there."""

    pid: int
    stdin: IO[str] | None
    stdout: IO[str] | None
    stderr: IO[str] | None
    _told: socket.socket = field(repr=False)
    returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code; None as long as it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended."""
        if self.returncode is None:
            self._told.settimeout(timeout)
            try:
                said = self._told.recv(_READ)
            except (TimeoutError, BlockingIOError) as error:
                raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0.0) from error
            self._told.close()
            self.returncode = os.waitstatus_to_exitcode(int(said))
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, while it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, typed: str = "", timeout: float | None = None) -> tuple[str, str]:
        """Type into it, read all it says, and wait for its end."""
        pool = ThreadPoolExecutor(2)
        try:
            said = [pool.submit(_all_of, each) for each in (self.stdout, self.stderr)]
            self._type(typed)
            self.wait(timeout)
            out, err = (each.result(timeout) for each in said)
        finally:
            pool.shutdown(wait=False)
        return out, err

    def _type(self, typed: str) -> None:
        if self.stdin is None or self.stdin.closed:
            return
        try:
            self.stdin.write(typed)
            self.stdin.close()
        except BrokenPipeError:  # it ended without reading all of it
            pass


Process = Forked | subprocess.Popen[str]


def _all_of(stream: IO[str] | None) -> str:
    if stream is None or stream.closed:
        return ""
    with stream:
        return stream.read()


def begin(*words: str, cwd: Path, env: Mapping[str, str], terminal: int | None = None) -> Process:
    """Begin `sellkit ...`, with pipes, or with all three streams on a terminal."""
    if not CAN_FORK:
        streams = subprocess.PIPE if terminal is None else terminal
        return subprocess.Popen(
            [*COLD, *words],
            cwd=cwd,
            env=dict(env),
            stdin=streams,
            stdout=streams,
            stderr=streams,
            encoding="utf-8",
        )
    if terminal is not None:
        pid, told = _forking().fork(words, cwd, env, [terminal] * 3)
        return Forked(pid, None, None, None, told)
    (its_in, to_it), (from_out, its_out), (from_err, its_err) = (os.pipe() for _ in range(3))
    pid, told = _forking().fork(words, cwd, env, [its_in, its_out, its_err])
    for each in (its_in, its_out, its_err):
        os.close(each)
    typed, out, err = (
        os.fdopen(number, mode, encoding="utf-8")
        for number, mode in ((to_it, "w"), (from_out, "r"), (from_err, "r"))
    )
    return Forked(pid, typed, out, err, told)


class _Forking:
    """The process that commands are forked from; it ends with this one."""

    def __init__(self) -> None:
        self._socket, its_own = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        kept = {name: text for name, text in os.environ.items() if not name.startswith("SELLKIT_")}
        number = its_own.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.warm_server", str(number)],
            cwd=CHECKOUT,
            env=kept,
            pass_fds=[number],
            stdin=subprocess.DEVNULL,
        )
        its_own.close()
        atexit.register(self._end)

    def _end(self) -> None:
        self._socket.close()
        self._process.wait(_FORK_SECONDS)

    def fork(
        self, words: tuple[str, ...], cwd: Path, env: Mapping[str, str], streams: list[int]
    ) -> tuple[int, socket.socket]:
        """Have it fork; gives the process and the socket that tells how it ended."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            asked = json.dumps({"words": words, "cwd": str(cwd), "env": dict(env)}).encode()
            socket.send_fds(self._socket, [asked], [*streams, theirs.fileno()])
        ours.settimeout(_FORK_SECONDS)
        return int(ours.recv(_READ)), ours


@cache
def _forking() -> _Forking:
    return _Forking()
