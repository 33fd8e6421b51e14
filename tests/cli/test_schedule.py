"""Whole schedules by the command line: a notebook that takes too long, and a stop in the middle."""

from __future__ import annotations

import datetime as dt
import json
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sellkit.core.market_time import UTC
from sellkit.simgateway.clock import VirtualClock
from tests.cli.command import Answer, HeldPace, Workspace, finish, gateway, start

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="a process is asked to end by SIGTERM"),
]

SATURDAY = dt.datetime(2026, 6, 6, 11, 59, 30, tzinfo=UTC)
ENTRY = """
[schedule]
grace_seconds = 3000.0
timeout_seconds = {seconds}
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


def played(folder: Path, seconds: float, *, is_stopped: bool) -> Done:
    """A schedule on a Saturday, when nothing but the entry is due, soon after it said so."""
    pace = HeldPace()
    with gateway(clock=VirtualClock(SATURDAY, 60, pace)) as running:
        place = Workspace.make(folder, running.port)
        path = folder / "long.ipynb"
        path.write_text(notebook(), encoding="utf-8")
        text = place.settings.read_text(encoding="utf-8")
        told = ENTRY.format(seconds=seconds, notebook=path)
        place.settings.write_text(text + told, encoding="utf-8")
        process = start("schedule", "--once", cwd=folder)
        assert process.stdout is not None
        announced = process.stdout.readline()
        pace.release()
        if is_stopped:
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


@dataclass(frozen=True)
class Stories:
    overran: Future[Done]
    stopped: Future[Done]


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stories]:
    root = tmp_path_factory.mktemp("schedule")
    with ThreadPoolExecutor(2) as pool:
        yield Stories(
            pool.submit(played, root / "overran", 15.0, is_stopped=False),
            pool.submit(played, root / "stopped", 1500.0, is_stopped=True),
        )


def test_a_notebook_that_takes_too_long_is_ended_and_kept(stories: Stories) -> None:
    done = stories.overran.result()
    (slot,) = done.history
    assert (slot["entry"], slot["outcome"]) == ("long", "overran"), done.answer.err
    assert slot["due"] == "2026-06-06T12:00:00+00:00"
    assert "KeyboardInterrupt" in done.notebook
    assert "by the settings" in done.notebook
    assert done.answer.out.startswith("next run at 2026-06-06 12:00:00 UTC\n")
    assert done.answer.code != 0


def test_that_it_was_ended_is_an_alert(stories: Stories) -> None:
    done = stories.overran.result()
    with closing(sqlite3.connect(done.place.data / "journal.sqlite")) as database:
        told = [text for (text,) in database.execute("SELECT text FROM alert")]
    assert any("took longer than schedule.timeout_seconds" in each for each in told), told


def test_a_schedule_that_is_stopped_ends_its_run_in_order_first(stories: Stories) -> None:
    done = stories.stopped.result()
    (slot,) = done.history
    assert (slot["outcome"], slot["exit_code"]) == ("interrupted", 1), done.answer.err
    assert "KeyboardInterrupt" in done.notebook
    assert done.answer.code == 130


def test_a_run_that_is_over_leaves_nothing_to_be_found_by(stories: Stories) -> None:
    for each in (stories.overran, stories.stopped):
        assert list((each.result().place.data / "schedule").iterdir()) == []
