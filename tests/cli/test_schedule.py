"""Whole schedules by the command line: a notebook that takes too long, and a stop in the middle."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sellkit.adapters.kept_notebooks import hashed
from sellkit.adapters.run_folder import ProfileRuns
from sellkit.adapters.run_processes import RunProcesses
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.firing import SlotOutcome, Timing
from sellkit.core.market_time import UTC, calendar_for
from sellkit.core.schedule import Timetable
from sellkit.operate.concluding import Concluding
from sellkit.operate.scheduler import Scheduler, Watchers, Works
from sellkit.ports import Clock
from sellkit.simgateway.clock import VirtualClock
from tests.cli.command import Answer, HeldPace, Workspace, finish, gateway, start
from tests.fakes_schedule import StepClock

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="a process is asked to end by SIGTERM"),
]

SATURDAY = dt.datetime(2026, 6, 6, 11, 59, 30, tzinfo=UTC)
ENTRY = """
[schedule]
grace_seconds = 3000.0
[schedule.entries.long]
notebook = "{notebook}"
cron = "0 8 * * sat,sun"
zone = "America/New_York"
parameters = {{ told = "by the settings" }}
"""
CELLS = (
    (["parameters"], 'told: str = ""\nplace: str = "begun"'),
    ([], "import pathlib, time\npathlib.Path(place).write_text(told)\ntime.sleep(600)"),
)
SECONDS = 100


@dataclass(frozen=True)
class Done:
    """What a schedule answered, and what its folder holds."""

    place: Workspace
    answer: Answer
    history: list[Mapping[str, object]]

    @property
    def notebook(self) -> str:
        """The one that was kept, as text."""
        path = str(self.history[-1]["notebook"])
        assert path.startswith("notebooks/")
        return (self.place.data / path).read_text(encoding="utf-8")


class Unhurried:
    """A clock that also takes real moments, so that a process gets on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> dt.datetime:
        return self._clock.now()

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        threading.Event().wait(0.02)
        self._clock.sleep_until(instant, at_most_seconds)


def notebook() -> str:
    cells = [
        {
            "cell_type": "code",
            "id": str(number),
            "metadata": {"tags": tags},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, (tags, source) in enumerate(CELLS)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})


def laid_out(folder: Path, port: int) -> Workspace:
    """A folder whose schedule has the notebook."""
    place = Workspace.make(folder, port)
    path = folder / "long.ipynb"
    path.write_text(notebook(), encoding="utf-8")
    text = place.settings.read_text(encoding="utf-8")
    place.settings.write_text(text + ENTRY.format(notebook=path), encoding="utf-8")
    return place


def stopped_in_the_middle(folder: Path) -> Done:
    """A schedule on a Saturday, when nothing but the entry is due, soon after it said so."""
    pace = HeldPace()
    with gateway(clock=VirtualClock(SATURDAY, 60, pace)) as running:
        place = laid_out(folder, running.port)
        process = start("schedule", "--once", cwd=folder)
        assert process.stdout is not None
        announced = process.stdout.readline()
        pace.release()
        end, pause = time.monotonic() + SECONDS, threading.Event()
        while not (folder / "begun").exists():
            assert process.poll() is None, finish(process)
            assert time.monotonic() < end
            pause.wait(0.05)
        process.send_signal(signal.SIGTERM)
        answer = finish(process)
    history = place.sellkit("schedule", "history", "--json")
    answer = replace(answer, out=announced + answer.out)
    return Done(place, answer, json.loads(history.out))


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return stopped_in_the_middle(tmp_path_factory.mktemp("schedule") / "stopped")


def test_a_notebook_that_takes_too_long_is_ended_and_kept(tmp_path: Path) -> None:
    """By the steady clock it takes for ever from the moment on that its last cell has begun."""
    place = laid_out(tmp_path / "overran", 1)
    begun = place.folder / "begun"
    words = [sys.executable, "-m", "sellkit", "schedule", "fire", "long"]
    config = {"SELLKIT_CONFIG": str(place.settings)}

    def due(after: dt.datetime) -> dt.datetime | None:
        return SATURDAY if after < SATURDAY else None

    with closing(SqliteJournal(place.data / "journal.sqlite")) as journal:
        works = Works(
            clock=StepClock(SATURDAY - dt.timedelta(seconds=5)),
            book=journal.slots,
            launcher=RunProcesses(
                place.data / "schedule",
                lambda slot, _: [*words, "--run-id", str(slot.run_id)],
                {**os.environ, **config, "SELLKIT_DATA_DIR": str(place.folder / "data")},
            ),
            concluding=Concluding(journal, ProfileRuns(place.data), lambda _run, _path: None),
            timetable=lambda: Timetable((calendar_for("NYSE"),), entries={"long": due}),
            definitions={},
            timing=Timing(dt.timedelta(), dt.timedelta(), dt.timedelta(hours=1), 1500.0),
            watchers=Watchers(
                announce=lambda _begin: None,
                prepare=lambda: None,
                ended=lambda _slot: None,
                missed=lambda _missed: None,
            ),
            steady=lambda: 1e6 * begun.exists() + time.monotonic(),
            new_run_id=lambda: "0a1b2c3d",
            is_outdated=lambda: False,
        )
        Scheduler(replace(works, clock=Unhurried(works.clock))).run(1)
        (slot,) = journal.slots.history(10)
    assert slot.end is not None
    assert slot.end.outcome is SlotOutcome.OVERRAN
    assert slot.end.notebook is not None
    kept = (place.data / slot.end.notebook).read_text(encoding="utf-8")
    assert "KeyboardInterrupt" in kept
    assert "by the settings" in kept
    assert list((place.data / "schedule").iterdir()) == []


def test_a_schedule_that_is_stopped_ends_its_run_in_order_first(stopped: Done) -> None:
    (slot,) = stopped.history
    assert (slot["outcome"], slot["exit_code"]) == ("interrupted", 1), stopped.answer.err
    assert slot["due"] == "2026-06-06T12:00:00+00:00"
    assert "KeyboardInterrupt" in stopped.notebook
    assert stopped.answer.out.startswith("next run at 2026-06-06 12:00:00 UTC\n")
    assert stopped.answer.code == 130


def test_the_notebook_that_was_kept_is_journalled_with_its_hash(stopped: Done) -> None:
    with closing(SqliteJournal(stopped.place.data / "journal.sqlite")) as journal:
        (told,) = journal.evidence.notebooks()
    assert told["path"] == stopped.history[-1]["notebook"]
    assert told["sha256"] == hashed(stopped.place.data / str(told["path"]))


def test_that_its_run_was_ended_is_an_alert(stopped: Done) -> None:
    with closing(sqlite3.connect(stopped.place.data / "journal.sqlite")) as database:
        told = [text for (text,) in database.execute("SELECT text FROM alert")]
    assert any("was ended together with the schedule" in each for each in told), told


def test_a_run_that_is_over_leaves_nothing_to_be_found_by(stopped: Done) -> None:
    assert list((stopped.place.data / "schedule").iterdir()) == []
