"""A gateway with three positions to close, the folder of a sellkit, and processes that run it."""

from __future__ import annotations

import atexit
import datetime as dt
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sellkit.core.portfolio import Account
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.control import Control
from sellkit.simgateway.control_file import ControlAddress
from sellkit.simgateway.gateway import Gateway
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve
from tests.adapters.processes import PROCESSES
from tests.crash.points import Point
from tests.crash.runs import Ended, Hands, LoudArmoury, Order, run
from tests.faults.desk import NUMBER

SCENARIO = Path(__file__).with_name("market.toml")
BEFORE = dt.datetime(2026, 1, 28, 15, 59, tzinfo=dt.UTC)
TURN = dt.datetime(2026, 1, 28, 16, 0, 20, tzinfo=dt.UTC)
TOO_OLD = TURN + dt.timedelta(minutes=12)
"""By then nothing is begun any more for the hour."""

SYMBOLS = ("AAPL", "MSFT", "NVDA")
SPEED = 20.0

PATIENCE = 60.0
ACCOUNT = Account("main", NUMBER)


class Hangs(Exception):
    """A process neither ended nor died."""


class Child:
    """A run in a process of its own, begun when this is made."""

    def __init__(self, world: World, deadly: Point | None = None, **how: Any) -> None:
        world.runs += 1
        self._order = Order(
            folder=how.pop("folder", world.folder),
            port=world.gateway.port,
            run_id=f"{world.runs:08x}",
            hands=Hands(world.clock.now(), time.monotonic(), world.clock.speed),
            deadly=deadly,
            **how,
        )
        self._told, theirs = PROCESSES.Pipe(duplex=False)
        self._process = PROCESSES.Process(target=run, args=(self._order, theirs))
        self._process.start()
        theirs.close()

    def end(self) -> Ended | None:
        """Wait for its end; what it told, or None when it died.

        Raises
        ------
        Hangs
            It did neither in time.
        """
        told: Ended | None = None
        with suppress(EOFError):
            if self._told.poll(PATIENCE):
                told = self._told.recv()
        self._process.join(PATIENCE)
        is_over = self._process.exitcode is not None
        self._process.kill()
        self._process.join()
        self._process.close()
        self._told.close()
        if not is_over:
            raise Hangs(f"the run {self._order} neither ended nor died")
        return told


@dataclass(slots=True)
class World:
    """One gateway and one sellkit.

    Attributes
    ----------
    speed
        Virtual seconds in a real one while a run goes on.
    runs
        How many there were.
    """

    folder: Path
    gateway: Gateway
    clock: VirtualClock
    control: Control
    speed: float = SPEED
    runs: int = 0

    def go_to(self, moment: dt.datetime) -> None:
        """Stand still at a moment, or where a busy machine is already; what is due happens."""
        self.control.set_speed(0)
        self.control.set_clock(max(moment, self.clock.now()))

    def pass_by(self, seconds: float) -> None:
        """Let virtual seconds pass."""
        self.go_to(self.clock.now() + dt.timedelta(seconds=seconds))

    def run(self, deadly: Point | None = None, **how: Any) -> Ended | None:
        """Let a process run; what it told, or None when it died.

        `how` are further fields of the `Order`.
        """
        self.clock.set_speed(self.speed)
        child = Child(self, deadly, **how)
        try:
            return child.end()
        finally:
            self.clock.set_speed(0)
            self._await_departure()

    def _await_departure(self) -> None:
        """Wait until the gateway knows that its client is gone."""
        pause, end = threading.Event(), time.monotonic() + PATIENCE
        while self.gateway.sessions:
            if time.monotonic() > end:
                raise Hangs("the gateway still has a client")
            pause.wait(0.002)


@contextmanager
def world(rules: tuple[Mapping[str, object], ...] = ()) -> Iterator[World]:
    """A gateway whose prices have fallen by the turn of the hour, and an armed sellkit."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shutil.copytree(_template(), folder, dirs_exist_ok=True)
        found = stack.enter_context(_gateway(folder))
        for symbol in SYMBOLS:
            found.control.move_price(symbol, 0.9)
        found.go_to(TURN)
        LoudArmoury(folder).arm(ACCOUNT, found.clock.now())
        for rule in rules:
            found.control.inject(rule)
        yield found


@contextmanager
def _gateway(folder: Path) -> Iterator[World]:
    clock = VirtualClock(BEFORE, 0)
    with (
        serve(load_scenario(SCENARIO), clock=clock, control_port=0) as gateway,
        Control(address(gateway)) as control,
    ):
        yield World(folder, gateway, clock, control)


def address(gateway: Gateway) -> ControlAddress:
    assert gateway.control is not None
    return gateway.control.address


_FIRST = threading.Lock()


def _template() -> Path:
    with _FIRST:
        return _made_template()


@cache
def _made_template() -> Path:
    """A folder with the bars up to an hour before, and no journal; kept for the process's life."""
    folder = Path(tempfile.mkdtemp(prefix="sellkit-crash-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with _gateway(folder) as found:
        found.speed = 0  # not a moment later: prices fall before the hour ends
        told = found.run(work="dry")
    assert told is not None
    assert not told.error, told.error
    for pattern in ("journal.*", ".journal.*"):
        for each in (folder / "data").glob(pattern):
            each.unlink()
    return folder
