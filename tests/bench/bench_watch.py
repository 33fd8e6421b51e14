"""A minute of a watch: 500 positions, each answer 300 ms after its question.

The store has been brought up to date before. The first minute asks for the details of each contract
and reads every series; before the second an hour ends, so that each hourly average is carried on;
the third finds nothing new, as most minutes do. Wall time is that of the budget, ten requests a
second. Work is the CPU time of the process, all threads together; the gateway is another process.
Beside it stands that of a bare ib_insync client which asks as many such questions at the same pace,
with nothing behind it: the kit's own work is the difference.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import ib_insync
import pytest

from sellkit.core.pacing import PacingRules
from sellkit.core.signals import Decision
from sellkit.operate.slices import ONE_SESSION
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
GOAL = 2.0
PER_SECOND = PacingRules().requests_per_second


@dataclass(frozen=True, slots=True)
class Minute:
    """What one minute took."""

    watched: Watched
    seconds: float
    work_seconds: float

    def __str__(self) -> str:
        judged = sum(row.decision is not Decision.UNDECIDED for row in self.watched.rows)
        return (
            f"{self.watched.requests} requests in {self.seconds:5.1f} s, work "
            f"{self.work_seconds:5.2f} s; {judged} of {len(self.watched.rows)} rows judged, "
            f"{len(self.watched.stale)} stale"
        )


def minute(watch: WiredWatch, at: str) -> Minute:
    """Refresh once, and see what it took."""
    assert watch.clock.wait_until(dt.datetime.fromisoformat(f"2026-06-10T{at}-04:00"))
    begin, work = time.perf_counter(), time.process_time()
    watched = watch.engine.refresh(watch.clock.now())
    return Minute(watched, time.perf_counter() - begin, time.process_time() - work)


def bare_work(port: int) -> float:
    """CPU seconds of a plain client that asks once for each position, ten times a second."""

    async def ask_all() -> float:
        ib, asked = ib_insync.IB(), []
        await ib.connectAsync("127.0.0.1", port, clientId=99)
        begin = time.process_time()
        for number in range(POSITIONS):
            question = ib.reqHistoricalDataAsync(
                ib_insync.Contract(conId=1000 + number, exchange="SMART"),
                endDateTime="",
                durationStr=ONE_SESSION,
                barSizeSetting="30 mins",
                whatToShow="TRADES",
                useRTH=True,
                formatDate=2,
            )
            asked.append(asyncio.ensure_future(question))
            await asyncio.sleep(1 / PER_SECOND)
        assert all(await asyncio.gather(*asked))
        work = time.process_time() - begin
        ib.disconnect()
        return work

    return asyncio.run(ask_all())


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
        bare = bare_work(bench.port)
    with capsys.disabled():
        print(f"\n{POSITIONS} positions, {AN_ANSWER['seconds']} s an answer")
        for name, each in (("first", first), ("an hour's end", hour), ("quiet", quiet)):
            print(f"  {name:<14} {each}")
        print(f"  a bare ib_insync client works {bare:.2f} s")
        print(
            f"  the kit's own in a quiet minute {quiet.work_seconds - bare:.2f} s, goal {GOAL:g} s"
        )
    for name, each in (("first", first), ("quiet", quiet), ("hour", hour)):
        benchmark.extra_info[f"{name}_work_seconds"] = each.work_seconds
        benchmark.extra_info[f"{name}_waiting_seconds"] = each.seconds - each.work_seconds
    benchmark.extra_info["bare_client_work_seconds"] = bare
    for each in (quiet, hour):
        assert not each.watched.stale
        assert each.seconds < GOAL_SECONDS
