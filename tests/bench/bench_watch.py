"""A minute of a watch: 500 positions, each answer 300 ms after its question.

The store has been brought up to date before. The first minute asks for the details of each contract
and reads every series; before the second an hour ends, so that each hourly average is carried on;
the third finds nothing new, as most minutes do. Wall time is that of the budget, ten requests a
second. What the kit itself works is the CPU time of its process, all threads together; the gateway
is another process.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sellkit.core.signals import Decision
from sellkit.simgateway.control import Control
from sellkit.wiring import open_desk
from sellkit.wiring.watch import WiredWatch, open_watch
from tests.bench.portfolio import Bench, gateway_with

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from sellkit.core.watched import Watched

POSITIONS = 500
AN_ANSWER = {"message": "historicalData", "seconds": 0.3}
AT = "2026-06-10T10:59:00"
GOAL_SECONDS = 60.0
GOAL_WORK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Minute:
    """What one minute took."""

    watched: Watched
    seconds: float
    work_seconds: float

    def __str__(self) -> str:
        judged = sum(row.decision is not Decision.UNDECIDED for row in self.watched.rows)
        return (
            f"{self.watched.requests} requests in {self.seconds:5.1f} s, own work "
            f"{self.work_seconds:5.2f} s; {judged} of {len(self.watched.rows)} rows judged, "
            f"{len(self.watched.stale)} stale"
        )


def minute(watch: WiredWatch, at: str) -> Minute:
    """Refresh once, and see what it took."""
    assert watch.clock.wait_until(dt.datetime.fromisoformat(f"2026-06-10T{at}-04:00"))
    begin, work = time.perf_counter(), time.process_time()
    watched = watch.engine.refresh(watch.clock.now())
    return Minute(watched, time.perf_counter() - begin, time.process_time() - work)


def filled(bench: Bench) -> None:
    """Fetch the history of every position, as fast as the gateway answers."""
    quick = replace(bench.settings("store", per_second=1000), concurrency=32)
    with open_desk(overrides=quick) as desk:
        desk.bring_up_to_date()
        desk.parts.store.compact()


def test_a_minute_of_500_positions(
    benchmark: BenchmarkFixture, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with gateway_with(POSITIONS, tmp_path, [AN_ANSWER], AT) as bench:
        filled(bench)
        chosen = replace(bench.settings("watch"), data_dir=str(tmp_path / "store" / "data"))
        with open_watch(overrides=chosen) as watch, Control.of_file(bench.control_file) as control:
            first = minute(watch, "10:59")
            control.advance(120)
            hour = minute(watch, "11:01")
            control.advance(60)
            quiet = benchmark.pedantic(minute, args=(watch, "11:02"), rounds=1, iterations=1)
    with capsys.disabled():
        print(f"\n{POSITIONS} positions, {AN_ANSWER['seconds']} s an answer")
        for name, each in (("first", first), ("an hour's end", hour), ("quiet", quiet)):
            print(f"  {name:<14} {each} (goal {GOAL_WORK_SECONDS:g} s)")
    for name, each in (("first", first), ("quiet", quiet), ("hour", hour)):
        benchmark.extra_info[f"{name}_work_seconds"] = each.work_seconds
        benchmark.extra_info[f"{name}_waiting_seconds"] = each.seconds - each.work_seconds
    for each in (quiet, hour):
        assert not each.watched.stale
        assert each.seconds < GOAL_SECONDS
