"""A schedule on a clock that stands still: its memory, its runs and their notebooks are fakes."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from sellkit.core.bars import Anchor
from sellkit.core.firing import Slot, SlotEnd, Timing
from sellkit.core.market_time import Calendar
from sellkit.core.schedule import Due, Following, Timetable
from sellkit.errors import JournalError
from sellkit.operate.concluding import Concluding
from sellkit.operate.scheduler import Scheduler, Watchers, Works
from sellkit.ports import Clock
from tests.build import new_york
from tests.fakes import FakeClock
from tests.fakes_store import MemoryJournal

DELAY = dt.timedelta(seconds=5)


class StepClock(FakeClock):
    """A clock that goes on by what is slept, and no further."""

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        self.naps.append(at_most_seconds)
        left = (instant - self.time).total_seconds()
        self.time += dt.timedelta(seconds=max(min(left, at_most_seconds), 0.01))


class MemorySlotBook:
    """The `SlotBook` in memory."""

    def __init__(self) -> None:
        self.slots: list[Slot] = []
        self.watched: dict[str, tuple[str, dt.datetime, int]] = {}
        self.deferred: set[dt.datetime] = set()

    def watch(self, entry: str, definition: str, at: dt.datetime) -> dt.datetime:
        known = self.watched.get(entry)
        if known is None or known[0] != definition:
            self.watched[entry] = (definition, at, len(self.slots))
            return at
        since = [each.due.at for each in self.slots[known[2] :] if each.due.entry == entry]
        return max([known[1], *since])

    def begin(self, due: Due, attempt: int, at: dt.datetime, run_id: str, reason: str = "") -> int:
        if any((each.due, each.attempt) == (due, attempt) for each in self.slots):
            raise JournalError("was begun or missed already")
        self.slots.append(Slot(len(self.slots) + 1, due, attempt, at, reason, run_id))
        return len(self.slots)

    def miss(self, dues: Sequence[Due], at: dt.datetime, reason: str) -> None:
        known = {each.due for each in self.slots}
        for due in dues:
            if due not in known:
                self.slots.append(Slot(len(self.slots) + 1, due, 1, at, reason))

    def end(self, number: int, at: dt.datetime, end: SlotEnd) -> None:
        slot = self.slots[number - 1]
        if slot.end is not None:
            raise JournalError("has ended already")
        self.slots[number - 1] = replace(slot, end=end, ended_at=at)

    def unended(self) -> tuple[Slot, ...]:
        return tuple(each for each in self.slots if each.run_id and each.end is None)

    def latest(self, entry: str) -> Slot | None:
        found = [each for each in self.slots if each.due.entry == entry]
        return max(found, key=lambda each: (each.due.at, each.attempt), default=None)

    def history(self, count: int) -> tuple[Slot, ...]:
        return tuple(self.slots[-count:])

    def openings(self) -> frozenset[dt.datetime]:
        return frozenset(self.deferred)


class FakeRun:
    """A run that is over when it is first asked, unless it was told to last."""

    def __init__(self, code: int | None, clock: Clock, lasts: float = 0.0) -> None:
        self._code = code
        self._clock = clock
        self._until = clock.now() + dt.timedelta(seconds=lasts)
        self.is_deaf = False
        self.told: list[str] = []

    @property
    def exit_code(self) -> int | None:
        return self._code

    def is_over(self) -> bool:
        return self._clock.now() >= self._until

    def wait(self, seconds: float) -> bool:
        return self.is_over()

    def stop(self) -> None:
        self.told.append("stop")
        if not self.is_deaf:
            self._end(130)

    def kill(self) -> None:
        self.told.append("kill")
        self._end(-9)

    def _end(self, code: int) -> None:
        self._code, self._until = code, self._clock.now()


class FakeRuns:
    """The `Launcher`: what it starts is what the test says."""

    def __init__(self, start: Callable[[Slot, bool], FakeRun]) -> None:
        self._start = start
        self.alive: dict[str, FakeRun] = {}
        self.cleared: list[str] = []

    def start(self, slot: Slot, *, prepare: bool) -> FakeRun:
        return self._start(slot, prepare)

    def find(self, run_id: str) -> FakeRun | None:
        return self.alive.get(run_id)

    def clear(self, run_id: str) -> None:
        self.cleared.append(run_id)


class FakeFolder:
    """The `RunFolder`: by run what its notebook shows, None of one that is not complete."""

    def __init__(self) -> None:
        self.left: dict[str, str | None] = {}
        self.kept: list[tuple[str, str]] = []

    def has_trace(self, run_id: str) -> bool:
        return run_id in self.left

    def is_complete(self, run_id: str) -> bool:
        return self.left.get(run_id) is not None

    def keep(self, run_id: str, why: str) -> str | None:
        self.kept.append((run_id, why))
        return f"runs/{run_id}.ipynb" if run_id in self.left else None

    def failure(self, run_id: str) -> str | None:
        return self.left.get(run_id) or None


@dataclass
class Stage:
    """A scheduler and everything around it.

    `fire` is told each slot and whether it prepares, and gives the exit code; a run takes `lasts`
    seconds, in which the loop goes on.
    """

    clock: Any
    fire: Callable[[Slot, bool], int | None] = lambda _slot, _prepare: 0
    calendars: Callable[[], Iterable[Calendar]] = lambda: [new_york()]
    anchor: Anchor = Anchor.CLOCK
    early: dt.timedelta = dt.timedelta()
    entries: Mapping[str, Following] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    delay: dt.timedelta = DELAY
    lead: dt.timedelta = dt.timedelta()
    grace: dt.timedelta = dt.timedelta(minutes=10)
    timeout: float = 1500.0
    lasts: float = 0.0
    is_deaf: bool = False
    book: MemorySlotBook = field(default_factory=MemorySlotBook)
    folder: FakeFolder = field(default_factory=FakeFolder)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    announce: Callable[[dt.datetime], None] | None = None
    is_outdated: Callable[[], bool] = lambda: False
    announced: list[dt.datetime] = field(default_factory=list)
    prepared: list[dt.datetime] = field(default_factory=list)
    ended: list[Slot] = field(default_factory=list)
    missed: list[Due] = field(default_factory=list)
    runs: list[FakeRun] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.launcher = FakeRuns(self._begin)
        self._numbers = count(1)

    def _begin(self, slot: Slot, prepare: bool) -> FakeRun:
        run = FakeRun(self.fire(slot, prepare), self.clock, self.lasts)
        run.is_deaf = self.is_deaf
        self.runs.append(run)
        return run

    def _timetable(self) -> Timetable:
        return Timetable(
            calendars=tuple(self.calendars()),
            anchor=self.anchor,
            early=self.early,
            openings=self.book.openings(),
            entries=self.entries,
        )

    def scheduler(self) -> Scheduler:
        """One more schedule over the same memory."""
        return Scheduler(
            Works(
                clock=self.clock,
                book=self.book,
                launcher=self.launcher,
                concluding=Concluding(self.journal, self.folder, lambda _run, _path: None),
                timetable=self._timetable,
                definitions=self.definitions,
                timing=Timing(self.lead, self.delay, self.grace, self.timeout),
                watchers=Watchers(
                    announce=self.announce or self.announced.append,
                    prepare=lambda: self.prepared.append(self.clock.now()),
                    ended=self.ended.append,
                    missed=self.missed.extend,
                ),
                steady=lambda: self.clock.now().timestamp(),
                new_run_id=lambda: f"{next(self._numbers):08x}",
                is_outdated=self.is_outdated,
            )
        )

    def run(self, rounds: int | None = None) -> Scheduler:
        """Run a schedule to its end."""
        made = self.scheduler()
        made.run(rounds)
        return made
