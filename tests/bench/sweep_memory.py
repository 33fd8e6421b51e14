"""How much memory a study takes: `python -m tests.bench.sweep_memory compiled 1000`.

It prints by how many MB the process grew at most over what it had with everything loaded, and how
many MB of that the answer is. Instruments come from a generator, which keeps none. Linux alone
tells it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from sellkit.research.series import Bars, Series
from sellkit.research.sweep import study

BARS = 5_000
MEGA = 2**20


def one(seed: int, count: int = BARS) -> Series:
    random = np.random.default_rng(seed)
    closes = np.round(100 * np.exp(np.cumsum(random.normal(0.0, 0.004, (2, count)), axis=1)), 2)
    hours, days = (Bars(each, each) for each in closes)
    return Series(f"S{seed}", hours, days)


def memory(name: str) -> float:
    """What the kernel says of this process's memory, in MB: `VmRSS` now, `VmHWM` at most."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(float(each.split()[1]) / 1024 for each in lines if each.startswith(name))


def main() -> None:
    form, count = sys.argv[1], int(sys.argv[2])
    study([one(0, 300)], compiled=form == "compiled")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # what it had at most is now
    before = memory("VmRSS")
    found = study((one(seed) for seed in range(count)), compiled=form == "compiled")
    print(memory("VmHWM") - before, found.figures.nbytes / MEGA)


if __name__ == "__main__":
    main()
