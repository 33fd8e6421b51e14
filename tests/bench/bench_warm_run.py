"""A warm hourly run, from the start of `run_notebook` to the decisions in the journal.

The store is brought up to the hour before. The first run then fetches one hour, as at each turn of
the hour; the next ones find nothing missing. Another thread looks into the journal's file every
five milliseconds for the rows of decisions: that is "decided". When the kernel was there, and how
long each cell took, stands in the notebook as papermill wrote it. The peer is a notebook of one
empty cell, executed by the same runner: what papermill and a kernel cost that does nothing.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from sellkit.adapters.papermill_runner import PapermillRunner
from sellkit.wiring import open_desk, run_notebook
from tests.bench.portfolio import gateway_with

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from sellkit.config import Overrides

INSTRUMENTS = 12
ROUNDS = 3
LOOK_SECONDS = 0.005
HOUR_BEFORE = "2026-06-10T10:00:20-04:00"
_DECIDED = "SELECT count(*) FROM decision"


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds after the start of `run_notebook`.

    Attributes
    ----------
    kernel_ready
        The first cell began.
    decided
        The decisions are in the journal.
    finished
        `run_notebook` returned.
    cells
        Seconds of each cell that took a hundredth or more, by its first line.
    """

    kernel_ready: float
    decided: float
    finished: float
    cells: dict[str, float]

    def __str__(self) -> str:
        return (
            f"kernel ready {self.kernel_ready:5.2f} s, decided {self.decided:5.2f} s, "
            f"finished {self.finished:5.2f} s"
        )


def _decisions(path: Path) -> int:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        count: int = database.execute(_DECIDED).fetchone()[0]
    database.close()
    return count


def _watch(path: Path, before: int, found: list[float], stop: threading.Event) -> None:
    while not found and not stop.wait(LOOK_SECONDS):
        if _decisions(path) > before:
            found.append(time.perf_counter())


def _run(chosen: Overrides) -> Measured:
    assert chosen.config is not None
    journal = Path(chosen.config).parent / "data" / "bench" / "journal.sqlite"
    found: list[float] = []
    stop = threading.Event()
    watcher = threading.Thread(target=_watch, args=(journal, _decisions(journal), found, stop))
    watcher.start()
    begin, wall = time.perf_counter(), dt.datetime.now(dt.UTC)
    result = run_notebook(chosen)
    end = time.perf_counter()
    stop.set()
    watcher.join()
    assert result.outcome == "decided"
    notebook: Any = nbformat.read(result.notebook, as_version=4)  # type: ignore[no-untyped-call]
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    first = dt.datetime.fromisoformat(cells[0].metadata.papermill.start_time)
    return Measured(
        kernel_ready=(first - wall).total_seconds(),
        decided=found[0] - begin,
        finished=end - begin,
        cells={
            cell.source.strip().splitlines()[-1]: cell.metadata.papermill.duration
            for cell in cells
            if cell.metadata.papermill.duration >= 0.01
        },
    )


def _empty_run(folder: Path, number: int) -> float:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("pass")])  # type: ignore[no-untyped-call]
    source = folder / "empty.ipynb"
    nbformat.write(notebook, source)  # type: ignore[no-untyped-call]
    begin = time.perf_counter()
    PapermillRunner(folder).run(source, folder / f"executed{number}.ipynb", {})
    return time.perf_counter() - begin


def test_a_warm_hourly_run(
    benchmark: BenchmarkFixture, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with gateway_with(INSTRUMENTS, tmp_path) as bench:
        chosen = bench.settings("warm")
        with open_desk(overrides=chosen, as_of=HOUR_BEFORE, run_id="before") as desk:
            desk.bring_up_to_date()
            desk.record(desk.decide())
        first = _run(chosen)
        runs = [_run(chosen) for _ in range(ROUNDS - 1)]
        runs.append(benchmark.pedantic(_run, args=(chosen,), rounds=1, iterations=1))
        empty = statistics.median(_empty_run(tmp_path, number) for number in range(ROUNDS))
    median = statistics.median(each.decided for each in runs)
    with capsys.disabled():
        print(f"\nwarm hourly run, {INSTRUMENTS} positions")
        print(f"  one hour to fetch   {first}")
        for each in runs:
            print(f"  nothing to fetch    {each}")
        print(f"  an empty notebook   finished {empty:5.2f} s")
        print(f"  decided / an empty notebook {median / empty:.2f}")
        for line, seconds in runs[-1].cells.items():
            print(f"    {seconds:6.3f} s  {line}")
    benchmark.extra_info.update(decided=median, empty=empty)
