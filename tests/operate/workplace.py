"""A desk on stand-ins: a small market, the ports in memory, and what was done with them.

The usual moment is that of `tests.build`, twenty seconds after 15:00 in New York.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from sellkit.core.assignments import Assignment
from sellkit.core.bars import Anchor, BarSize, slots_until
from sellkit.core.evaluate import DailyBasis
from sellkit.core.instrument import Token
from sellkit.core.portfolio import GatewayKind, Position
from sellkit.operate.desk import Desk
from sellkit.operate.options import DeskOptions
from sellkit.operate.parts import Parts
from sellkit.ports import RunHeader
from tests.build import NOW, account, bars, limits, new_york
from tests.fakes import FakeBroker, FakeClock
from tests.fakes_store import MemoryAssignmentBook, MemoryBarStore, MemoryJournal, MemorySignalLog

APPLE, MICROSOFT, SPIDER, COCA_COLA = 265598, 272093, 756733, 8894
RUN = "0a1b2c3d"

Histories = Mapping[tuple[int, BarSize], pd.DataFrame]


class CountingProgress:
    """A `Progress` that adds up."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.totals: list[int] = []
        self.done = 0
        self.stops = 0

    def start(self, label: str, total: int) -> None:
        self.labels.append(label)
        self.totals.append(total)

    def advance(self, steps: int = 1, *, of: str = "") -> None:
        self.done += steps

    def stop(self) -> None:
        self.stops += 1


def options(**changes: Any) -> DeskOptions:
    """Thirty days and twenty hours of history, two instruments at once."""
    usual: dict[str, Any] = {
        "limits": limits(max_notional=Decimal(20_000)),
        "daily_basis": DailyBasis.CLOSE,
        "anchor": Anchor.CLOCK,
        "rth": True,
        "history_days": 30,
        "history_hours": 20,
        "concurrency": 2,
    }
    return DeskOptions(**(usual | changes))


def histories(
    *con_ids: int, step: float = 0.0, now: dt.datetime = NOW, halves: int = 400, days: int = 60
) -> dict[tuple[int, BarSize], pd.DataFrame]:
    """Half-hours and days that rise slowly from 100; the newest close differs by `step`."""
    found = {}
    for con_id in con_ids:
        for size, count in ((BarSize.M30, halves), (BarSize.D1, days)):
            slots = slots_until(now, size, new_york(), count=count)
            closes = 100 + 0.01 * np.arange(count)
            closes[-1] += step
            found[con_id, size] = bars(slots, closes)
    return found


def header(run_id: str = RUN, as_of: dt.datetime = NOW) -> RunHeader:
    return RunHeader(
        run_id=run_id,
        started_at=as_of,
        as_of=as_of,
        mode="DRY RUN",
        profile="demo",
        account="main",
        gateway=GatewayKind.SIMULATED,
        version="0",
    )


@dataclass
class Workplace:
    """The desk and everything behind it."""

    positions: Iterable[Position] = ()
    assignments: Iterable[Assignment] = ()
    incomplete: Iterable[Token] = ()
    told: Histories = field(default_factory=dict)
    options: DeskOptions = field(default_factory=options)
    as_of: dt.datetime | None = None

    def __post_init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.broker = FakeBroker(self.clock, positions=self.positions, bars=self.told)
        self.store = MemoryBarStore()
        self.book = MemoryAssignmentBook(tuple(self.assignments), incomplete=tuple(self.incomplete))
        self.journal = MemoryJournal()
        self.signal_log = MemorySignalLog()
        self.progress = CountingProgress()
        self.desk = Desk(self.parts(), account(), self.options, self._header(), self.as_of)

    def parts(self) -> Parts:
        return Parts(
            broker=self.broker,
            clock=self.clock,
            store=self.store,
            book=self.book,
            journal=self.journal,
            signal_log=self.signal_log,
            progress=self.progress,
        )

    def _header(self) -> RunHeader:
        return header(as_of=self.as_of or self.clock.now())
