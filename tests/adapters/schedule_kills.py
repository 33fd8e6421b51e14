"""A schedule in another process that is killed, again and again, and what it must have come to.

Its time runs so fast that a slot is due every few tenths of a second. Each run is a process that
leaves its trace, writes down what it was for, and ends.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import math
import os
import random
import secrets
import signal
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from sellkit.adapters.clock import wall_seconds
from sellkit.adapters.run_folder import ProfileRuns
from sellkit.adapters.run_processes import RunProcesses
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.firing import Slot, SlotOutcome, Timing
from sellkit.core.schedule import Timetable
from sellkit.operate.concluding import Concluding
from sellkit.operate.scheduler import Scheduler, Watchers, Works
from tests.adapters.processes import PROCESSES
from tests.build import new_york

POINTS = ("before the claim", "claimed", "started", "ended", "recorded")
ENTRY = "tick"
SPEED = 240.0
"""A minute of the schedule's time takes a quarter of a second."""
BEGINNING = dt.datetime(2026, 1, 24, 12, tzinfo=dt.UTC)  # a Saturday: no hour is due
MINUTE = dt.timedelta(minutes=1)
_RUN = """
mkdir -p runs/day && : > runs/day/.t_$1.ipynb.a.ipynb && echo "$2" >> fired && sleep 0.4
echo '{"cells": []}' > runs/day/.t_$1.ipynb.a.ipynb
mv runs/day/.t_$1.ipynb.a.ipynb runs/day/t_$1.ipynb
"""


class FastClock:
    """The machine's time since the test began, made fast; the same for every process."""

    def __init__(self, begun: float) -> None:
        self._begun = begun

    def now(self) -> dt.datetime:
        return BEGINNING + dt.timedelta(seconds=(wall_seconds() - self._begun) * SPEED)

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        left = (instant - self.now()).total_seconds() / SPEED
        threading.Event().wait(max(min(left, at_most_seconds, 0.02), 0.001))


def each_minute(after: dt.datetime) -> dt.datetime:
    return after.replace(second=0, microsecond=0) + MINUTE


class Dying:
    """Passes everything on to another object, and kills this process around one method."""

    def __init__(self, inner: Any, method: str, *, before: bool, number: int) -> None:
        self._inner = inner
        self._method = method
        self._before = before
        self._left = number

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._around(found) if name == self._method else found

    def _around(self, found: Any) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            self._left -= 1
            if self._before and self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
            answer = found(*args, **named)
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return call


def run_schedule(folder: Path, begun: float, point: str, number: int) -> None:
    """Run the schedule until the file `stop` is there, or the process is killed at a point."""
    os.chdir(folder)
    logging.getLogger("sellkit").addHandler(logging.NullHandler())  # its slots are looked at
    journal = SqliteJournal(folder / "journal.sqlite")
    book: Any = journal.slots
    launcher: Any = RunProcesses(
        folder / "schedule",
        lambda slot, _: ["/bin/sh", "-c", _RUN, "run", str(slot.run_id), slot.due.at.isoformat()],
        dict(os.environ),
    )
    if point == "before the claim":
        book = Dying(book, "begin", before=True, number=number)
    elif point == "recorded":
        book = Dying(book, "end", before=False, number=number)
    elif point == "ended":
        book = Dying(book, "end", before=True, number=number)
    elif point:
        launcher = Dying(launcher, "start", before=point == "claimed", number=number)

    def stop_if_asked(_slot: Slot) -> None:
        if (folder / "stop").exists():
            raise KeyboardInterrupt

    works = Works(
        clock=FastClock(begun),
        book=book,
        launcher=launcher,
        concluding=Concluding(journal, ProfileRuns(folder), lambda _run, _path: None),
        timetable=lambda: Timetable((new_york(),), entries={ENTRY: each_minute}),
        definitions={ENTRY: "each minute"},
        timing=Timing(dt.timedelta(), dt.timedelta(), 5 * MINUTE, 60.0),
        watchers=Watchers(
            announce=lambda _begin: None,
            prepare=lambda: None,
            ended=stop_if_asked,
            missed=lambda _missed: None,
        ),
        steady=time.monotonic,
        new_run_id=lambda: secrets.token_hex(4),
        is_outdated=lambda: False,
    )
    try:
        Scheduler(works).run()
    except KeyboardInterrupt:
        return


def kill_at(folder: Path, point: str) -> Counter[str]:
    """Kill a schedule at its second slot's point, let another go on, and look at all of it."""
    begun = wall_seconds()
    first = _started(folder, begun, point, 2)
    first.join(60)
    assert first.exitcode == -signal.SIGKILL, first.exitcode
    _finish(folder, begun, slots=2)
    return came_to(folder)


def kill_again_and_again(folder: Path, kills: int, seed: int) -> Counter[str]:
    """Kill a schedule at random moments, let the last one go on, and look at all of it."""
    chance, begun = random.Random(seed), wall_seconds()
    for _ in range(kills):
        process = _started(folder, begun, "", 0)
        process.join(0.1 + chance.random() * 0.9)
        process.kill()
        process.join()
    _finish(folder, begun, slots=2)
    return came_to(folder)


def _started(folder: Path, begun: float, point: str, number: int) -> Any:
    process = PROCESSES.Process(target=run_schedule, args=(folder, begun, point, number))
    process.start()
    return process


def _finish(folder: Path, begun: float, slots: int) -> None:
    """Go on until so many more slots have been run."""
    before = len(_fired(folder))
    process = _started(folder, begun, "", 0)
    end = time.monotonic() + 60
    while len(_fired(folder)) < before + slots and time.monotonic() < end:
        process.join(0.02)
    (folder / "stop").touch()
    process.join(60)
    assert process.exitcode == 0, process.exitcode


def _fired(folder: Path) -> list[dt.datetime]:
    path = folder / "fired"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [dt.datetime.fromisoformat(each) for each in text.splitlines()]


def came_to(folder: Path) -> Counter[str]:
    """How many slots ended in which way; each has exactly one fate, and no minute has none.

    Raises
    ------
    AssertionError
        A slot was run twice, or was forgotten.
    """
    with closing(SqliteJournal(folder / "journal.sqlite")) as journal:
        slots = [each for each in journal.slots.history(100_000) if each.due.entry == ENTRY]
        assert journal.evidence.flaws() == ()
    fired, fates = Counter(_fired(folder)), Counter[str]()
    assert max(fired.values()) == 1, f"run twice: {fired.most_common(3)}"
    by_due: dict[dt.datetime, list[Slot]] = {}
    for each in slots:
        by_due.setdefault(each.due.at, []).append(each)
    dues, last, first = sorted(by_due), max(by_due), each_minute(_watched(folder))
    expected = [first + number * MINUTE for number in range((last - first) // MINUTE + 1)]
    assert dues == expected, f"forgotten: {sorted(set(expected) - set(dues))}"
    for due, attempts in by_due.items():
        fate = _fate(attempts[-1])
        fates[fate] += 1
        assert (fate == "ran") == (due in fired), json.dumps([str(each) for each in attempts])
        assert all(_fate(each) == SlotOutcome.UNBEGUN for each in attempts[:-1])
    return fates


def _watched(folder: Path) -> dt.datetime:
    """From when on the slots count: the first schedule's start."""
    with closing(sqlite3.connect(folder / "journal.sqlite")) as database:
        query = "SELECT due FROM slot WHERE what = 'watched' AND entry = ?"
        ((found,),) = database.execute(query, (ENTRY,)).fetchall()
    return dt.datetime.fromisoformat(found)


def _fate(slot: Slot) -> str:
    if slot.is_missed:
        return "missed"
    assert slot.end is not None, f"no end: {slot}"
    return str(slot.end.outcome)
