"""The process that loads what commands use, once, and becomes a command in each of its children."""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
from contextlib import suppress

import eventkit.event
import eventkit.util

PARTS = ("core", "config", "ports", "adapters", "operate", "wiring", "commands", "simgateway")
BESIDES = ("present.terminal", "present.watched", "present.tables", "present.probed")
LIBRARIES = ("exchange_calendars", "pyarrow.parquet", "papermill.execute", "rich.live")
_READ, _FDS = 1 << 20, 4


def load() -> None:
    """Import what commands import when they run."""
    for part in PARTS:
        package = importlib.import_module(f"sellkit.{part}")
        for each in pkgutil.walk_packages(getattr(package, "__path__", []), f"sellkit.{part}."):
            importlib.import_module(each.name)
    for name in (*(f"sellkit.{each}" for each in BESIDES), *LIBRARIES):
        importlib.import_module(name)
    gc.freeze()


def serve(asked: socket.socket) -> list[str] | None:
    """Fork for whoever asks, until nobody can; in a child it gives the words of its command."""
    watched = selectors.DefaultSelector()
    watched.register(asked, selectors.EVENT_READ)
    while True:
        for key, _ in watched.select():
            if key.fileobj is not asked:
                watched.unregister(key.fileobj)
                _tell_the_end(*key.data)
                os.close(key.fd)
                continue
            said, fds, _, _ = socket.recv_fds(asked, _READ, _FDS)
            if not said:
                return None
            order, told = json.loads(said), socket.socket(fileno=fds.pop())
            if not (pid := os.fork()):
                watched.close()
                asked.close()
                told.close()
                return _become(order, fds)
            for each in fds:
                os.close(each)
            told.send(str(pid).encode())
            watched.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, told))


def _tell_the_end(pid: int, told: socket.socket) -> None:
    _, status = os.waitpid(pid, 0)
    with told, suppress(BrokenPipeError):  # nobody wants to know any more
        told.send(str(status).encode())


def _become(order: dict[str, object], streams: list[int]) -> list[str]:
    """Take the folder, the variables and the streams of a command."""
    for number, each in enumerate(streams):
        os.dup2(each, number)
        os.close(each)
    os.environ.clear()
    os.environ.update(order["env"])  # type: ignore[call-overload]
    os.chdir(str(order["cwd"]))
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        buffering = 1 if number == 2 or os.isatty(number) else -1
        setattr(sys, name, os.fdopen(number, mode, buffering, encoding="utf-8", closefd=False))
    # The library makes a loop while it is imported, whose selector all children would share.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    eventkit.util.main_event_loop = eventkit.event.main_event_loop = loop
    return [str(each) for each in order["words"]]  # type: ignore[attr-defined]


if __name__ == "__main__":
    load()
    # Of a Ctrl-C at the tests' terminal each command hears for itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    words = serve(socket.socket(fileno=int(sys.argv[1])))
    if words is not None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.argv = ["sellkit", *words]
        runpy.run_module("sellkit", run_name="__main__", alter_sys=True)
