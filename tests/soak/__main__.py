"""A virtual day with a fault in each minute, over the real socket, store, journal and budget.

python -m tests.soak --minutes 1440 --seed 7
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
from pathlib import Path

from sellkit.wiring.parts import terminal_progress
from tests.soak.soak import Hangs, Soak

A_DAY = 1440


def main() -> int:
    """Play it, and say what came of it; 1 when something failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=int, default=A_DAY, help="virtual ones (default: 1440)")
    parser.add_argument("--seed", type=int, default=None, help="(default: another one each time)")
    parser.add_argument("--first", type=int, default=0, help="number of the first minute")
    parser.add_argument("--folder", type=Path, default=None, help="an empty one, which is kept")
    asked = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    print(f"seed {seed}, {asked.minutes:,} minutes; Ctrl-C ends it sooner", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as kept:
        soak = Soak(asked.folder or Path(kept), seed, asked.minutes, asked.first)
        code = _played(soak)
    print(soak.report)
    print(f"{time.monotonic() - began:.0f} s")
    return code


def _played(soak: Soak) -> int:
    try:
        soak.play(terminal_progress())
    except KeyboardInterrupt:
        print("ended early; the bars were not held against the market")
        return 130
    except Hangs as hangs:
        print(f"FAILED: minute {soak.report.minutes} of seed {soak.report.seed}: {hangs}")
        return 1
    return 1 if soak.report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
