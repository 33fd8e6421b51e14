"""Start-up against bare Python: `import sellkit` and `sellkit --help` under five times its time.

All three are fresh processes, run in turn so that whatever else the machine does meets each alike;
the ratio is that of their medians. Files have been read once before the clock runs.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest
    from pytest_benchmark.fixture import BenchmarkFixture

GOAL = 5.0
ROUNDS = 25
SCRIPT = Path(sys.executable).with_name("sellkit")
WAYS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import sellkit": [sys.executable, "-c", "import sellkit"],
    "sellkit --help": [str(SCRIPT), "--help"],
    "python -m sellkit --help": [sys.executable, "-m", "sellkit", "--help"],
}


def _once(command: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return time.perf_counter() - begin


def test_start_up_stays_under_five_times_bare_python(
    benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in WAYS.values():
        _once(command)
    taken: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(ROUNDS):
        for name, command in WAYS.items():
            taken[name].append(_once(command))
    medians = {name: statistics.median(each) for name, each in taken.items()}
    bare = medians["python -c pass"]
    with capsys.disabled():
        print(f"\nstart-up, medians of {ROUNDS}, goal {GOAL:g} x bare Python")
        for name, seconds in medians.items():
            print(f"  {name:<26}{seconds * 1000:7.1f} ms{seconds / bare:7.2f} x")
    benchmark.pedantic(_once, args=(WAYS["sellkit --help"],), rounds=5, iterations=1)
    benchmark.extra_info["ratios"] = {name: each / bare for name, each in medians.items()}
    for name in ("import sellkit", "sellkit --help"):
        assert medians[name] < GOAL * bare, f"{name}: {medians[name] / bare:.2f} x bare Python"
