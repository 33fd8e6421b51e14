"""Cold start of 500 instruments: seconds, bars a second, and the share not spent on the gateway.

The 500 are assigned the 28 averages in turn, so some need 891 hours and some 891 days. Three ways
fetch the same answers from the same gateway: sellkit with a budget so high that it never waits for
it, sellkit with the default budget of 10 requests a second, and a bare ib_insync client that asks
the very same questions in one `asyncio.gather`, and throws the bars away. That client sends at most
45 requests a second of its own accord, as it does under sellkit; with R requests nothing here can
be faster than (R - 45) / 45 s, or by the default budget (R - 8) / 10 s. sellkit asks what each of
the 500 contracts is before it can tell which sessions it needs, at the library's 45 a second: that
adds (500 - 45) / 45 s to the time that the limits allow.

"Seconds" is the whole of `Desk.bring_up_to_date`: reading positions with one question for each
contract, planning, asking for bars, storing them. The share not spent waiting for the gateway is

    1 - (seconds inside `Broker.bars`) / (seconds from a thread's first call to the download's end),

both summed over the download threads. What a thread does between two calls is its own; the part of
it inside `BarStore.add_many` stands beside it; the rest is mostly the wait for Python's interpreter
lock. What a thread spends inside a call counts as waiting, though decoding on the connection's
thread and the wait for a turn in the budget are in it. This process's CPU time as a share of the
wall time has the decoding, but not the gateway's work, which is done in another process.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import ib_insync
import pytest

from sellkit.core.pacing import PacingRules
from sellkit.wiring import open_desk
from tests.bench.portfolio import Bench, gateway_with

if TYPE_CHECKING:
    import pandas as pd
    from pytest_benchmark.fixture import BenchmarkFixture

    from sellkit.config import Overrides
    from sellkit.core.bars import SeriesKey
    from sellkit.core.windows import BarRequest
    from sellkit.ports import BarStore, Broker

INSTRUMENTS = 500
NO_LIMIT = 100_000.0
FLOOR_FACTOR = 1.1
THROTTLE = 45  # requests a second that ib_insync sends of its own accord
_EPOCH_SECONDS = 2


@dataclass(slots=True)
class Meter:
    """A broker that notes, by thread, when it was first asked and how long its answers took."""

    broker: Broker
    began: dict[int, float] = field(default_factory=dict)
    inside: dict[int, float] = field(default_factory=dict)
    asked: list[BarRequest] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def bars(self, request: BarRequest) -> pd.DataFrame:
        thread, begin = threading.get_ident(), time.perf_counter()
        answer = self.broker.bars(request)
        with self._turn:
            self.began.setdefault(thread, begin)
            self.inside[thread] = self.inside.get(thread, 0.0) + time.perf_counter() - begin
            self.asked.append(request)
        return answer

    def threads_seconds(self, end: float) -> float:
        """Seconds of all threads from their first question to the end."""
        return sum(end - begin for begin in self.began.values())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.broker, name)


@dataclass(slots=True)
class StoreMeter:
    """A store that notes how long its additions took, waits for one another included."""

    store: BarStore
    inside: float = 0.0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def add_many(self, bars: Mapping[SeriesKey, pd.DataFrame]) -> Mapping[SeriesKey, pd.DataFrame]:
        begin = time.perf_counter()
        refused = self.store.add_many(bars)
        with self._turn:
            self.inside += time.perf_counter() - begin
        return refused

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@dataclass(frozen=True, slots=True)
class Measured:
    """One cold start.

    Attributes
    ----------
    before
        Seconds until the first question for bars.
    own_share, store_share
        Of the download threads' time: outside `Broker.bars`, and inside `BarStore.add_many`.
    """

    seconds: float
    before: float
    stored: int
    own_share: float
    store_share: float
    cpu_share: float
    asked: list[BarRequest]

    def __str__(self) -> str:
        return (
            f"{self.seconds:6.2f} s ({self.before:.2f} s before the first question for bars), "
            f"{len(self.asked)} requests, {self.stored} bars, "
            f"{self.stored / self.seconds:,.0f} bars/s, own share {self.own_share:.1%} "
            f"(storing {self.store_share:.1%}), own CPU {self.cpu_share:.1%} of wall"
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
        meter, store = Meter(desk.parts.broker), StoreMeter(desk.parts.store)
        desk.parts = replace(
            desk.parts, broker=cast("Broker", meter), store=cast("BarStore", store)
        )
        begin, cpu = time.perf_counter(), time.process_time()
        report = desk.bring_up_to_date()
        end, cpu = time.perf_counter(), time.process_time() - cpu
        undecided = desk.decide().undecided
    assert not report.problems
    assert not undecided, [row.signal.reasons for row in undecided]
    threads = meter.threads_seconds(end)
    return Measured(
        seconds=end - begin,
        before=min(meter.began.values()) - begin,
        stored=sum(outcome.fetched for outcome in report.outcomes),
        own_share=1 - sum(meter.inside.values()) / threads,
        store_share=store.inside / threads,
        cpu_share=cpu / (end - begin),
        asked=meter.asked,
    )


def _bare_client(port: int, asked: list[BarRequest]) -> tuple[float, int]:
    """Seconds and bars of a plain client that asks the same, daily before intraday."""

    async def ask_all() -> tuple[float, int]:
        ib = ib_insync.IB()
        await ib.connectAsync("127.0.0.1", port, clientId=99)

        async def ask(request: BarRequest) -> int:
            bars = await ib.reqHistoricalDataAsync(
                ib_insync.Contract(conId=request.instrument.con_id, exchange="SMART"),
                endDateTime=request.end,
                durationStr=request.duration,
                barSizeSetting=str(request.bar_size),
                whatToShow=request.what_to_show,
                useRTH=request.rth,
                formatDate=_EPOCH_SECONDS,
                timeout=0,
            )
            return len(bars)

        begin = time.perf_counter()
        counts = await asyncio.gather(*(ask(request) for request in asked))
        seconds = time.perf_counter() - begin
        ib.disconnect()
        return seconds, sum(counts)

    return asyncio.run(ask_all())


def test_a_cold_start_of_500_instruments(
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
    rules = PacingRules()
    naming = (INSTRUMENTS - THROTTLE) / THROTTLE
    floor = naming + (requests - rules.burst) / rules.requests_per_second
    with capsys.disabled():
        print(f"\ncold start of {INSTRUMENTS} instruments")
        print(f"  sellkit, no budget  {free}")
        print(f"  sellkit, 10/s       {default}")
        print(
            f"  bare ib_insync    {bare_seconds:6.2f} s, {bare_bars} bars told, "
            f"{bare_bars / bare_seconds:8,.0f} bars/s"
        )
        print(f"  naming the contracts takes {naming:.2f} s at least, with the bars {floor:.2f} s")
        print(f"  sellkit / bare client {free.seconds / bare_seconds:.2f}")
        print(f"  10/s / its floor      {default.seconds / floor:.3f}")
    benchmark.extra_info.update(
        own_share=free.own_share,
        cpu_share=free.cpu_share,
        bare_seconds=bare_seconds,
        times_the_floor=default.seconds / floor,
    )
    assert default.seconds <= FLOOR_FACTOR * floor
    assert free.stored == default.stored
