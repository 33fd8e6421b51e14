"""The points at which a process may be killed, and the hooks that see them.

A point lies before and after each commit of a database and each renaming of a file, and before,
amid and after the bytes of each message to the gateway. The hooks stand in the libraries of the
process that is to die, and nowhere in the product.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import threading
from asyncio import selector_events
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sellkit.simgateway.dispatch import REQUESTS

Point = tuple[str, int]
"""What is being done, and the how-manieth time in this process."""

_INTO = re.compile(r"\s*INSERT INTO (\w+)")
_LINK = "chain"
_NUMBERS = re.compile(r"^\d+-\d+-[0-9a-f]+")
_PREFIX = 4  # bytes that hold the length of a message


class Points:
    """Counts the points of a process, and kills it at one of them.

    Parameters
    ----------
    deadly
        Where it dies; None only counts.
    """

    def __init__(self, deadly: Point | None) -> None:
        self._deadly = deadly
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self.reached: list[Point] = []

    def is_deadly(self, what: str) -> bool:
        """Note a point; whether the process is to die there."""
        with self._lock:
            self._counts[what] += 1
            point = (what, self._counts[what])
            self.reached.append(point)
        return point == self._deadly

    def reach(self, what: str) -> None:
        """Note a point, and die there if it is the one."""
        if self.is_deadly(what):
            die()


def die() -> None:
    """End this process as a loss of power would: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def install(points: Points) -> None:
    """Put the hooks into this process, for good."""
    _hook_databases(points)
    _hook_renames(points)
    _hook_socket(points)


def _hook_databases(points: Points) -> None:
    class Watched(sqlite3.Connection):
        """Knows what is written in each of its transactions."""

        written: list[str]

        def execute(self, query: str, *values: Any) -> sqlite3.Cursor:
            word = query.lstrip()[:6].upper()
            found = _INTO.match(query)
            if word == "BEGIN ":
                self.written = []
            elif word == "CREATE":
                self.written.append("schema")
            elif found and found[1] != _LINK:
                state = values[0].get("state", "") if isinstance(values[0], dict) else ""
                self.written.append(f"{found[1]} {state}".strip())
            return super().execute(query, *values)

        def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
            written = getattr(self, "written", [])
            what = ", ".join(dict.fromkeys(written))
            if what and kind is None:
                points.reach(f"before the commit of {what}")
            found = super().__exit__(kind, error, trace)
            if what and kind is None:
                self.written = []
                points.reach(f"after the commit of {what}")
            return found

    connect = sqlite3.connect

    def connected(*places: Any, **named: Any) -> sqlite3.Connection:
        return connect(*places, **({"factory": Watched} | named))

    sqlite3.connect = connected


def _hook_renames(points: Points) -> None:
    def watched(rename: Callable[..., None]) -> Callable[..., None]:
        def renamed(source: Any, target: Any, **named: Any) -> None:
            name = _NUMBERS.sub("bars", Path(os.fspath(target)).name)
            points.reach(f"before {name} is renamed")
            rename(source, target, **named)
            points.reach(f"after {name} is renamed")

        return renamed

    os.replace, os.rename = watched(os.replace), watched(os.rename)


def _hook_socket(points: Points) -> None:
    transport: Any = selector_events._SelectorSocketTransport
    write = transport.write

    def written(self: Any, data: bytes) -> None:
        name = _name_of(bytes(data))
        points.reach(f"before {name} is sent")
        if points.is_deadly(f"amid {name}"):
            self._sock.send(bytes(data)[: max(len(data) // 2, 1)])
            die()
        write(self, data)
        points.reach(f"after {name} is sent")

    transport.write = written


def _name_of(data: bytes) -> str:
    number = data[_PREFIX:].partition(b"\0")[0]
    return REQUESTS[int(number)].name if number.isdigit() else "the greeting"
