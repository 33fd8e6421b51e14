"""Kill sellkit while it closes positions, as often as asked for, and let it race.

python -m tests.crash --kills 1000 --seed 7
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

from tests.crash.matrix import Kill, counted, plan, play

MOST_FAILURES = 20


def main() -> int:
    """Play it, and say what came of it; 1 when something must not be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None, help="(default: another one each time)")
    parser.add_argument("--first", type=int, default=0, help="number of the first kill")
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    began = time.monotonic()
    points = counted()
    print(f"seed {seed}: {len(points)} points, {asked.kills:,} kills", flush=True)
    failures, died, states, errors = 0, 0, Counter[str](), Counter[str]()
    for number, kill in enumerate(plan(points, asked.kills, seed)):
        if number < asked.first:
            continue
        outcome = play(kill)
        died += outcome.died
        states.update(each.rpartition(" ")[2] for each in outcome.states)
        errors.update(each.partition(":")[0] for each in outcome.errors)
        if outcome.problems:
            failures += 1
            _say(number, kill, outcome.problems)
        if failures >= MOST_FAILURES:
            break
    print(f"{died:,} processes were killed, {failures} plays ended as they must not")
    print(f"tickets: {dict(states)}; errors of later runs: {dict(errors)}")
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if failures else 0


def _say(number: int, kill: Kill, problems: list[str]) -> None:
    print(f"FAILED: kill {number}: {kill}", flush=True)
    for each in problems:
        print(f"    {each}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
