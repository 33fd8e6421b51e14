"""A virtual week in which everything is killed once a day, with all of sellkit running.

python -m tests.week --seed 7
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.week.plan import WEEK, planned
from tests.week.week import Week


def main() -> int:
    """Play it, and say what came of it; 1 when something failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=None, help="(default: another one each time)")
    parser.add_argument(
        "--day", type=dt.date.fromisoformat, action="append", help="only this one; may be repeated"
    )
    parser.add_argument("--folder", type=Path, default=None, help="an empty one, which is kept")
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    print(f"seed {seed} (WEEK_SEED={seed} plays it again)", flush=True)
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {what}", flush=True)

    with tempfile.TemporaryDirectory() as kept:
        folder = asked.folder or Path(kept) / "week"
        report = Week(folder, planned(seed, tuple(asked.day or WEEK)), say).play()
    print(report)
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
