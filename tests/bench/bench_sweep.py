"""The rule over history against its peers: 28 candidates x 5,000 bars x 1,000 instruments.

Both timeframes have 5,000 bars. All in one run and in turn, on the same prices in cents, in one
thread each. Seconds are the processor's, and the least of several runs counts: other work on the
machine only ever adds to them. A ratio is the peer's over ours.

`SELLKIT_SWEEP_INSTRUMENTS` sets how many instruments (1,000).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sellkit.core.assignments import ALL_AVERAGES, LENGTHS
from sellkit.core.grid import TICKS_PER_UNIT
from sellkit.research import sides
from sellkit.research.series import Bars, Costs, Series, Terms
from sellkit.research.sweep import figures, judged, study
from tests.bench import sweep_peers as peers
from tests.core import exact_averages

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

INSTRUMENTS = int(os.environ.get("SELLKIT_SWEEP_INSTRUMENTS", "1000"))
BARS = 5_000
ROUNDS = 5
PANDAS_INSTRUMENTS = max(INSTRUMENTS // 50, 1)
GOAL = 10.0
# Of the decisions alone it is 10 to 14 times, the less the more else the machine does.
DECISIONS_GOAL = 8.0
ROOM_MB = 100.0

Prices = dict[str, tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="module")
def prices() -> Prices:
    """Opens and closes of hours and of days, shape (instruments, bars) each."""
    found = {}
    for number, name in enumerate(("hours", "days")):
        random = np.random.default_rng(number)
        steps = random.normal(0.0, 0.004 + 0.008 * number, (INSTRUMENTS, BARS))
        closes = np.round(np.maximum(100 * np.exp(np.cumsum(steps, axis=1)), 0.05), 2)
        gaps = np.exp(random.normal(0.0, 0.001, closes.shape))
        found[name] = np.maximum(np.round(closes * gaps, 2), 0.05), closes
    return found


def series_of(prices: Prices) -> list[Series]:
    hours, days = ([Bars(*each) for each in zip(*prices[name], strict=True)] for name in prices)
    return [Series(str(place), *each) for place, each in enumerate(zip(hours, days, strict=True))]


def least(ways: dict[str, Callable[[], Any]], rounds: int = ROUNDS) -> dict[str, float]:
    """The least processor seconds of each, taken in turn."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begin = time.process_time()
            kept = way()
            taken[name].append(time.process_time() - begin)
            del kept
    return {name: min(each) for name, each in taken.items()}


def told(
    capsys: pytest.CaptureFixture[str], title: str, seconds: dict[str, float], ours: str
) -> dict[str, float]:
    ratios = {name: each / seconds[ours] for name, each in seconds.items()}
    with capsys.disabled():
        size = f"28 x {BARS:,} bars x {INSTRUMENTS:,} instruments"
        print(f"\n{title}: {size}, least of {ROUNDS}; ratios are to {ours}")
        for name, each in seconds.items():
            print(f"  {name:<34}{each:10.3f} s{ratios[name]:10.2f} x")
    return ratios


def test_all_figures_of_the_28(
    prices: Prices, benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exits, whipsaws, time out, costs, growth and drawdown of every candidate."""
    pytest.importorskip("numba")
    given, costs = series_of(prices), Costs()
    study(given[:1], costs, compiled=True)
    ways: dict[str, Callable[[], Any]] = {
        "sellkit, compiled": lambda: study(given, costs, compiled=True),
        "numpy in chunks, float": lambda: [
            peers.numpy_figures(*each, costs) for each in prices.values()
        ],
    }
    seconds = least(ways)
    seconds |= least({"sellkit, numpy": lambda: study(given, costs, compiled=False)}, 1)
    ratios = told(capsys, "all figures", seconds, "sellkit, compiled")
    benchmark.pedantic(study, args=(given, costs), kwargs={"compiled": True}, rounds=ROUNDS)
    benchmark.extra_info["ratios"] = ratios
    assert ratios["numpy in chunks, float"] >= GOAL


def test_the_decisions_of_the_28(
    prices: Prices, benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """The side of every close alone; the peers count the crossings, to keep no array of all."""
    pytest.importorskip("numba")
    closes = [each for _, each in prices.values()]
    list(judged(closes[0][:1], None, compiled=True))
    few = [each[:PANDAS_INSTRUMENTS] for each in closes]

    def ours(*, compiled: bool) -> None:
        for each in closes:
            for begin in range(0, len(each), 50):
                for own in judged(each[begin : begin + 50], None, compiled=compiled):
                    assert own.shape == (2 * len(LENGTHS), BARS)

    seconds = least(
        {
            "sellkit, compiled": lambda: ours(compiled=True),
            "numpy in chunks, float": lambda: [peers.numpy_exits(each) for each in closes],
            "sellkit, numpy": lambda: ours(compiled=False),
        }
    )
    part = least({"pandas": lambda: [peers.pandas_exits(each) for each in few]}, 1)
    seconds["pandas, from a part of them"] = part["pandas"] * INSTRUMENTS / PANDAS_INSTRUMENTS
    ratios = told(capsys, "decisions", seconds, "sellkit, compiled")
    benchmark.pedantic(ours, kwargs={"compiled": True}, rounds=ROUNDS)
    benchmark.extra_info["ratios"] = ratios
    assert ratios["numpy in chunks, float"] >= DECISIONS_GOAL


def exact_simple(closes: np.ndarray) -> np.ndarray:
    """The side of each close of its SMAs in whole numbers, shape (7, bars)."""
    ticks = np.rint(closes * TICKS_PER_UNIT).astype(np.int64)
    totals = np.concatenate([[0], np.cumsum(ticks)])
    found = np.zeros((len(LENGTHS), len(closes)), dtype=np.int8)
    for row, length in zip(found, LENGTHS, strict=True):
        row[length - 1 :] = np.sign(
            ticks[length - 1 :] * length - totals[length:] + totals[:-length]
        )
    return found


def test_not_one_tie_is_wrong(
    prices: Prices, benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every SMA against whole numbers; the EMAs of every fiftieth series against exact ones."""
    pytest.importorskip("numba")
    ties = wrong = wrong_numpy = compared = 0
    for _, closes in prices.values():
        for begin in range(0, len(closes), 50):
            some = closes[begin : begin + 50]
            floats = list(peers.numpy_sides(np.ascontiguousarray(some.T)))[: len(LENGTHS)]
            for column, own in enumerate(judged(some, None, compiled=True)):
                exact = exact_simple(some[column])
                for place, (length, below) in enumerate(floats):
                    known = exact[place, length - 1 :]
                    ties += int((known == 0).sum())
                    wrong_numpy += int((below[:, column] != (known < 0)).sum())
                wrong += int((own[: len(LENGTHS)] != exact).sum())
                compared += own.size
            first = next(judged(some[:1], None, compiled=True))
            below = exact_averages.below(some[0], ALL_AVERAGES[len(LENGTHS) :])
            wrong += int(((first[len(LENGTHS) :] < 0) != below).sum())
    with capsys.disabled():
        print(
            f"\n{compared:,} comparisons, {ties:,} closes on their SMA: {wrong} wrong here, "
            f"{wrong_numpy:,} wrong with numpy's floats"
        )
    benchmark.pedantic(sides.sides, args=(prices["hours"][1][0],), rounds=3)
    benchmark.extra_info["wrong"] = {"sellkit": wrong, "numpy": wrong_numpy, "ties": ties}
    assert wrong == 0
    assert ties > 100


def test_memory_does_not_grow_with_the_number_of_instruments(
    benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Resident memory of a process of its own, over what it had with everything loaded."""
    pytest.importorskip("numba")
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux tells the memory of a part of a run")
    grown = {}
    counts = (max(INSTRUMENTS // 4, 1), INSTRUMENTS)
    for form in ("compiled", "numpy"):
        for count in counts:
            command = [sys.executable, "-m", "tests.bench.sweep_memory", form, str(count)]
            answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            most, answered = map(float, answer.split())
            grown[form, count] = most - answered
    with capsys.disabled():
        print("\nmemory over what was loaded, without the answer, MB")
        for (form, count), each in grown.items():
            print(f"  {form:<10}{count:>7,} instruments{each:10.1f}")
    own = Series("S", *(Bars(each, each) for each in np.full((2, BARS), 50.0)))
    benchmark.pedantic(figures, args=([own.hours], Terms(), True), rounds=3)
    benchmark.extra_info["MB"] = {f"{form} {count}": each for (form, count), each in grown.items()}
    for form in ("compiled", "numpy"):
        few, many = (grown[form, count] for count in counts)
        assert many < few + 10
        assert many < ROOM_MB
