"""Frames that no client would send, until the gateway breaks or the time is over.

    python -m tests.simgateway.fuzzing --seconds 3600
    python -m tests.simgateway.fuzzing --seed 17 --first 40000
    python -m tests.simgateway.fuzzing --replay build/fuzz/17-40312.json

A gateway lives for a few thousand cases; then another one is started. Behind every batch of cases a
client that does nothing wrong is answered, and the log holds no error; at the end of a life no
connection, task or thread is left. Where that is not so, all cases of the life are written down.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import socket
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.server import serve
from tests.simgateway.fuzz_cases import VERSIONS, Case, case, load, save
from tests.simgateway.wire import WireClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from sellkit.simgateway.gateway import Gateway

NOON = parse_instant("2025-11-26T12:00:05")
SPEED = 60
FOLDER = Path("build/fuzz")
BATCH = 25
LIFE = 4000
PATIENCE = 60.0
FIRST_MARK = 100_000_000
NO_SUCH_QUERY = "366"


class Broken(Exception):
    """The gateway did what it must not; says what."""


class ErrorLog(logging.Handler):
    """Keeps what is logged as an error, from any thread."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.found.append(self.format(record))


@dataclass(slots=True)
class Progress:
    """How far it has come.

    Attributes
    ----------
    next
        The number of the first case that has not been sent.
    """

    seed: int
    next: int = 0
    cases: int = 0
    connections: int = 0
    lives: int = 0
    until: float = 0.0

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.cases} cases on {self.connections} connections "
            f"to {self.lives} gateways"
        )


def default_gateway() -> AbstractContextManager[Gateway]:
    """A small portfolio on a clock that runs fast."""
    return serve(default_scenario(), clock=VirtualClock(NOON, SPEED))


@dataclass(slots=True)
class Life:
    """Sends cases to one gateway."""

    gateway: Gateway
    progress: Progress
    log: ErrorLog
    sent: list[Case] = field(default_factory=list)
    _clients: dict[int, WireClient] = field(default_factory=dict)

    def play(self, batches: Iterable[list[Case]]) -> None:
        """Send batches, and look after each whether the gateway is well.

        Raises
        ------
        Broken
            It is not.
        """
        at_rest = self._tasks()
        try:
            with WireClient(self.gateway) as watcher:
                watcher.socket.settimeout(PATIENCE)
                watcher.start(10**9)
                for batch in batches:
                    for each in batch:
                        self._send(each)
                    if watcher.ask(49, 1)[0] != "49":
                        raise Broken("a client that did nothing wrong got a wrong answer")
                    self._look_into_log()
            self._leave()
            self._see_all_gone(at_rest)
        except (EOFError, OSError) as error:
            self._look_into_log()
            raise Broken(f"a client that did nothing wrong was not answered: {error!r}") from error
        finally:
            self._leave()

    def see_nothing_left(self, threads: set[threading.Thread]) -> None:
        """Look whether the gateway ended well, and took its threads with it."""
        if threads:
            raise Broken(f"threads are left behind: {threads}")
        self._look_into_log()

    def _send(self, one: Case) -> None:
        self.sent.append(one)
        self.progress.cases += 1
        self.progress.next = one.number + 1
        if one.is_stream:
            with self._new_client() as client:
                _write(client, one)
            return
        client = self._client(one.version)
        mark = FIRST_MARK + one.number
        try:
            _write(client, one)
            # What nobody asked for cannot be cancelled; the refusal carries the number.
            client.send(25, 1, mark)
            while client.receive()[2:4] != (str(mark), NO_SUCH_QUERY):
                pass
        except (EOFError, ConnectionError):  # hung up on, as it may be
            client.socket.close()
            del self._clients[one.version]
        except TimeoutError as error:
            raise Broken(f"case {one.number} was never answered") from error

    def _client(self, version: int) -> WireClient:
        if version not in self._clients:
            client = self._clients[version] = self._new_client()
            # Never the same id twice: the gateway may notice the last close a little later.
            client.start(10**6 + self.progress.connections, VERSIONS[version])
        return self._clients[version]

    def _new_client(self) -> WireClient:
        client = WireClient(self.gateway)
        client.socket.settimeout(PATIENCE)
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.progress.connections += 1
        return client

    def _leave(self) -> None:
        for client in self._clients.values():
            client.socket.close()
        self._clients.clear()

    def _look_into_log(self) -> None:
        if self.log.found:
            raise Broken("the log holds an error:\n" + "\n".join(self.log.found))

    def _see_all_gone(self, at_rest: int) -> None:
        """Wait until the gateway has noticed that everybody left."""
        gateway, ends = self.gateway, time.monotonic() + PATIENCE
        while gateway.clients.connections or gateway.open_history or self._tasks() > at_rest:
            if time.monotonic() > ends:
                left = f"{len(gateway.clients.connections)} connections, {gateway.open_history} "
                raise Broken(f"left behind: {left} questions for bars, {self._tasks()} tasks")
            time.sleep(0.01)
        self._look_into_log()

    def _tasks(self) -> int:
        async def tasks() -> int:
            return len(asyncio.all_tasks())

        return asyncio.run_coroutine_threadsafe(tasks(), self.gateway.loop).result(PATIENCE)


def fuzz(
    progress: Progress,
    *,
    gateway: Callable[[], AbstractContextManager[Gateway]] = default_gateway,
    folder: Path = FOLDER,
    tell: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Send cases until `progress.until`, on the steady clock.

    Raises
    ------
    Broken
        The gateway did what it must not; the message names the file in which the cases are.
    """
    while time.monotonic() < progress.until:
        batches = _batches(map(lambda number: case(progress.seed, number), count(progress.next)))
        _live(gateway, progress, _timely(islice(batches, LIFE // BATCH), progress, tell), folder)


def replay(
    cases: list[Case], *, gateway: Callable[[], AbstractContextManager[Gateway]] = default_gateway
) -> None:
    """Send cases that were written down to a new gateway.

    Raises
    ------
    Broken
        It did again what it must not.
    """
    _live(gateway, Progress(seed=0), _batches(iter(cases)), None)


def _live(
    make: Callable[[], AbstractContextManager[Gateway]],
    progress: Progress,
    batches: Iterable[list[Case]],
    folder: Path | None,
) -> None:
    before, sent = set(threading.enumerate()), []
    try:
        with _logged() as log:
            with make() as gateway:
                progress.lives += 1
                life = Life(gateway, progress, log)
                sent = life.sent
                life.play(batches)
            life.see_nothing_left(set(threading.enumerate()) - before)
    except Broken as broken:
        if folder is None:
            raise
        path = folder / f"{progress.seed}-{progress.next - 1}.json"
        save(path, progress.seed, str(broken), sent)
        raise Broken(f"{progress}: {broken}\nthe cases are in {path}") from broken


@contextmanager
def _logged() -> Iterator[ErrorLog]:
    log, names = ErrorLog(), ("sellkit", "asyncio")
    for name in names:
        logging.getLogger(name).addHandler(log)
    try:
        yield log
    finally:
        for name in names:
            logging.getLogger(name).removeHandler(log)


def _batches(cases: Iterator[Case]) -> Iterator[list[Case]]:
    while batch := list(islice(cases, BATCH)):
        yield batch


def _timely(
    batches: Iterator[list[Case]], progress: Progress, tell: Callable[[Progress], None]
) -> Iterator[list[Case]]:
    """The batches until the time is over."""
    for batch in batches:
        if time.monotonic() >= progress.until:
            return
        tell(progress)
        yield batch


def _write(client: WireClient, one: Case) -> None:
    try:
        for piece in one.pieces:
            client.socket.sendall(piece)
    except ConnectionError:
        if not one.is_stream:
            raise


# --- from the command line ------------------------------------------------------------------------


class Teller:
    """Says now and then how far it is: in place on a terminal, else a line a minute."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (0.5 if self._is_terminal else 60.0)
        minutes, seconds = divmod(max(0, round(progress.until - now)), 60)
        text = f"{progress}; {minutes} min {seconds:02d} s left"
        print(f"\r{text}\x1b[K" if self._is_terminal else text, end=self._end, flush=True)

    @property
    def _end(self) -> str:
        return "" if self._is_terminal else "\n"


def main() -> int:
    """Fuzz gateways of its own for as long as the command line says; 1 when one broke."""
    parser = argparse.ArgumentParser(description="Send frames that no client would send.")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=None, help="(default: another one each time)")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="send these cases again")
    args = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if args.seed is None else args.seed
    progress = Progress(seed, args.first, until=time.monotonic() + args.seconds)
    try:
        if args.replay is not None:
            replay(load(args.replay))
            print("it did not break again")
            return 0
        print(f"seed {seed}, {args.seconds:g} s; Ctrl-C ends it sooner", flush=True)
        fuzz(progress, tell=Teller())
    except Broken as broken:
        print(f"\nBROKEN: {broken}")
        return 1
    except KeyboardInterrupt:
        print(f"\nended early at case {progress.next}, nothing broken: {progress}")
        return 130
    print(f"\nnothing broken: {progress}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
