"""The real command line in a process of its own, a folder for it to work in, and what it left."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import cast

import sellkit.commands
from sellkit.core.market_time import UTC
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.gateway import Gateway
from sellkit.simgateway.history import HistoryBar, HistoryQuery
from sellkit.simgateway.market import Market
from sellkit.simgateway.prices import Prices
from sellkit.simgateway.scenario import Holding, Scenario
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve
from tests.cli.warm import Process, begin

ACCOUNT = "DU0000001"
MOMENT = dt.datetime(2026, 6, 10, 15, 0, 20, tzinfo=UTC)
FIRST_DAY = dt.date(2024, 6, 3)
SCENARIO = Path(sellkit.commands.__file__).parent / "demo_scenario.toml"
ASSIGNED = """\
ticker,type,length,timeframe
NASDAQ:AAPL,EMA,20,1H
NASDAQ:MSFT,SMA,50,1H
NYSE:JPM,SMA,50,1H
NYSE:XOM,SMA,20,1D
NYSE:KVYO,SMA,200,1D
"""
SETTINGS = """\
profile = "demo"
[accounts]
demo = "{account}"
[bars]
late_seconds = 0.0
[requests]
connect_timeout_seconds = 3.0
[profiles.demo]
port = {port}
clock = "broker"
assignments = "config/assigned_ma.csv"
"""
SECONDS = 100
LEDGER = "pacing.sqlite"  # counts what was asked, also by a command that was then refused
TICKERS = {
    *("NASDAQ:AAPL", "NASDAQ:MSFT", "NASDAQ:NVDA", "NYSE:JPM", "NYSE:XOM"),
    *("ARCA:SPY", "NYSE:KVYO", "NYSE:KO"),
}


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str


def portfolio() -> Scenario:
    """The demo's portfolio; nothing in it has a price before `FIRST_DAY`."""
    scenario = load_scenario(SCENARIO)
    return replace(scenario, holdings=tuple(_young(each) for each in scenario.holdings))


def _young(held: Holding) -> Holding:
    listed = max(held.security.listed or FIRST_DAY, FIRST_DAY)
    return replace(held, security=replace(held.security, listed=listed))


def gateway(
    scenario: Scenario | None = None,
    *,
    clock: VirtualClock | None = None,
    market: Prices | None = None,
) -> AbstractContextManager[Gateway]:
    """A simulated gateway whose clock stands still just after 11:00 in New York."""
    return serve(scenario or portfolio(), clock=clock or VirtualClock(MOMENT, 0), market=market)


class HeldPace:
    """The seconds of a steady clock that begins when it is released."""

    def __init__(self) -> None:
        self._begun: float | None = None

    def release(self) -> None:
        self._begun = time.monotonic()

    def __call__(self) -> float:
        return 0.0 if self._begun is None else time.monotonic() - self._begun


class StoppingMarket(Market):
    """Prices of a gateway that is about to stop: they come, and that they came is told."""

    def __init__(self) -> None:
        scenario = portfolio()
        super().__init__(scenario.listings(), seed=scenario.seed)
        self.was_asked = threading.Event()

    def history(self, query: HistoryQuery, now: dt.datetime) -> list[HistoryBar]:
        self.was_asked.set()
        return super().history(query, now)


def start(
    *words: str, cwd: Path, variables: dict[str, str] | None = None, terminal: int | None = None
) -> Process:
    """Begin `sellkit ...`; the operator's own variables play no part."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("SELLKIT_")}
    env = {**inherited, "PYTHONIOENCODING": "utf-8", **(variables or {})}
    return begin(*words, cwd=cwd, env=env, terminal=terminal)


def finish(process: Process, typed: str = "") -> Answer:
    """Wait for the end of what `start` began."""
    try:
        out, err = process.communicate(typed, timeout=SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    return Answer(cast("int", process.returncode), out, err)


def sellkit_answer(
    *words: str, cwd: Path, typed: str = "", variables: dict[str, str] | None = None
) -> Answer:
    return finish(start(*words, cwd=cwd, variables=variables), typed)


@dataclass(frozen=True)
class Workspace:
    """A folder like a checkout: settings, assignments and data."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, port: int, account: str = ACCOUNT) -> Workspace:
        made = cls(folder)
        made.settings.parent.mkdir(parents=True)
        made.settings.write_text(SETTINGS.format(port=port, account=account), encoding="utf-8")
        made.assigned.write_text(ASSIGNED, encoding="utf-8")
        return made

    def copy(self, folder: Path) -> Workspace:
        """The folder once more, where nothing counts as asked yet."""
        copytree(self.folder, folder)
        copied = Workspace(folder)
        copied.forget_requests()
        return copied

    def forget_requests(self) -> None:
        """Drop the count of what was asked, which lets the same question wait for 15 seconds."""
        for each in self.data.glob(f"{LEDGER}*"):
            each.unlink()

    @property
    def settings(self) -> Path:
        return self.folder / "config" / "sellkit.toml"

    @property
    def assigned(self) -> Path:
        return self.folder / "config" / "assigned_ma.csv"

    @property
    def data(self) -> Path:
        return self.folder / "data" / "demo"

    @property
    def notebooks(self) -> list[Path]:
        return sorted(self.data.glob("runs/*/*"))

    @property
    def sellkit(self) -> Callable[..., Answer]:
        """Run a command here."""
        return partial(sellkit_answer, cwd=self.folder)

    def files(self) -> dict[str, bytes]:
        """Every file with its content, but for locks and the log, which only grows."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not is_by_the_way(path)
        }


def newest_segment(data: Path) -> Path:
    """The file that the last commit of bars wrote."""
    return max(data.glob("segments/*.parquet"))


def is_by_the_way(path: Path) -> bool:
    """Whether a file says nothing that could be lost."""
    by_the_way = {"sellkit.jsonl", ".lock"}
    return path.name in by_the_way or path.name.startswith(LEDGER) or path.suffix == ".lock"
