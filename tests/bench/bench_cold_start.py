"""Cold start of 50 instruments: seconds, bars a second, and the share not spent on the gateway.

The 50 are assigned the 28 averages in turn, so some need 891 hours and some 891 days. Three ways
fetch the same answers from the same gateway: sellkit with a budget so high that it never waits for
it, sellkit with the default budget of 10 requests a second, and a bare ib_insync client that asks
the very same questions, as many at once, and throws the bars away. That client sends at most 45
requests a second of its own accord, as it does under sellkit; with R requests nothing here can be
faster than (R - 45) / 45 s, or by the default budget (R - 5) / 10 s.

The share not spent waiting for the gateway is 1 - (sum of the seconds inside `Broker.bars`) /
(sum of the seconds from each download thread's first call to the end of the download). What a
thread does between two calls, storing above all, is its own; what it spends inside a call is
counted as waiting, though decoding on the connection's thread and the wait for a turn in the budget
are in it. Beside it stands this process's own CPU time as a share of the wall time: it shows the
decoding, too, and the gateway's work is not in it, because that runs in another process.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import ib_insync
import pytest

from sellkit.wiring import open_desk
from tests.bench.portfolio import Bench, gateway_with

if TYPE_CHECKING:
    import pandas as pd
    from pytest_benchmark.fixture import BenchmarkFixture

    from sellkit.config import Overrides
    from sellkit.core.coverage import BarRequest
    from sellkit.ports import Broker

INSTRUMENTS = 50
NO_LIMIT = 100_000.0
CONCURRENCY = 8
_EPOCH_SECONDS = 2


@dataclass(slots=True)
class Meter:
    """A broker that notes, by thread, when it was first asked and how long its answers took."""

    broker: Broker
    began: dict[int, float] = field(default_factory=dict)
    inside: dict[int, float] = field(default_factory=dict)
    asked: list[BarRequest] = field(default_factory=list)
    bars_told: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def bars(self, request: BarRequest) -> pd.DataFrame:
        thread, begin = threading.get_ident(), time.perf_counter()
        answer = self.broker.bars(request)
        with self._turn:
            self.began.setdefault(thread, begin)
            self.inside[thread] = self.inside.get(thread, 0.0) + time.perf_counter() - begin
            self.asked.append(request)
            self.bars_told += len(answer)
        return answer

    def own_share(self, end: float) -> float:
        """The share of the threads' time that was spent outside `bars`."""
        return 1 - sum(self.inside.values()) / sum(end - begin for begin in self.began.values())

    def __getattr__(self, name: str) -> object:
        return getattr(self.broker, name)


@dataclass(frozen=True, slots=True)
class Measured:
    """One cold start."""

    seconds: float
    stored: int
    own_share: float
    cpu_share: float
    asked: list[BarRequest]

    def __str__(self) -> str:
        return (
            f"{self.seconds:6.2f} s, {len(self.asked)} requests, {self.stored} bars stored, "
            f"{self.stored / self.seconds:8,.0f} bars/s, own share {self.own_share:.1%}, "
            f"own CPU {self.cpu_share:.1%} of wall"
        )


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with gateway_with(INSTRUMENTS, tmp_path_factory.mktemp("bench")) as running:
        yield running


class Silence:
    """No progress is shown while the clock runs."""

    def start(self, label: str, total: int) -> None: ...

    def advance(self, steps: int = 1, *, of: str = "") -> None: ...

    def stop(self) -> None: ...


def _cold_start(chosen: Overrides) -> Measured:
    with open_desk(overrides=chosen, progress=Silence()) as desk:
        meter = Meter(desk.parts.broker)
        desk.parts = replace(desk.parts, broker=meter)
        begin, cpu = time.perf_counter(), time.process_time()
        report = desk.bring_up_to_date()
        end, cpu = time.perf_counter(), time.process_time() - cpu
        undecided = desk.decide().undecided
    assert not report.problems
    assert not undecided, [row.signal.reasons for row in undecided]
    stored = sum(outcome.fetched for outcome in report.outcomes)
    return Measured(end - begin, stored, meter.own_share(end), cpu / (end - begin), meter.asked)


def _bare_client(port: int, asked: list[BarRequest]) -> tuple[float, int]:
    """Seconds and bars of a plain client that asks the same, daily before intraday."""

    async def ask_all() -> tuple[float, int]:
        ib, turns = ib_insync.IB(), asyncio.Semaphore(CONCURRENCY)
        await ib.connectAsync("127.0.0.1", port, clientId=99)

        async def ask(request: BarRequest) -> int:
            async with turns:
                bars = await ib.reqHistoricalDataAsync(
                    ib_insync.Contract(conId=request.instrument.con_id, exchange="SMART"),
                    endDateTime=request.end,
                    durationStr=request.duration,
                    barSizeSetting=str(request.bar_size),
                    whatToShow=request.what_to_show,
                    useRTH=request.rth,
                    formatDate=_EPOCH_SECONDS,
                )
            return len(bars)

        begin = time.perf_counter()
        counts = await asyncio.gather(*(ask(request) for request in asked))
        seconds = time.perf_counter() - begin
        ib.disconnect()
        return seconds, sum(counts)

    return asyncio.run(ask_all())


def test_a_cold_start_of_50_instruments(
    benchmark: BenchmarkFixture, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    # Once for nothing: it loads the calendars, and the gateway makes up its prices only once.
    _cold_start(bench.settings("warm-up", NO_LIMIT))
    free = benchmark.pedantic(
        _cold_start, args=(bench.settings("no-limit", NO_LIMIT),), rounds=1, iterations=1
    )
    default = _cold_start(bench.settings("default"))
    bare_seconds, bare_bars = _bare_client(bench.port, free.asked)
    requests = len(free.asked)
    with capsys.disabled():
        print(f"\ncold start of {INSTRUMENTS} instruments, {CONCURRENCY} at once")
        print(f"  sellkit, no budget  {free}")
        print(f"  sellkit, 10/s       {default}")
        print(
            f"  bare ib_insync    {bare_seconds:6.2f} s, {bare_bars} bars told, "
            f"{bare_bars / bare_seconds:8,.0f} bars/s"
        )
        print(f"  floors: library {(requests - 45) / 45:.2f} s, budget {(requests - 5) / 10:.2f} s")
        print(f"  sellkit / bare client {free.seconds / bare_seconds:.2f}")
        print(f"  10/s / its floor      {default.seconds / ((requests - 5) / 10):.2f}")
    benchmark.extra_info.update(
        own_share=free.own_share, cpu_share=free.cpu_share, bare_seconds=bare_seconds
    )
    assert free.stored == default.stored
