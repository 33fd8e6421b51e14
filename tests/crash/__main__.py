"""Kill sellkit while it closes positions, as often as asked for, and let it race.

python -m tests.crash --kills 1000 --races 200 --seed 7
"""

from __future__ import annotations

import argparse
import gc
import logging
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.crash.matrix import Kill, Outcome, counted, plan, play
from tests.crash.races import BATCH, stops_that_fill, told_twice, whole_runs

MOST_FAILURES = 20
WHOLE = 5
AT_ONCE = 4
"""Plays at a time: each waits more than it works."""


@dataclass(slots=True)
class Tally:
    """What has come of the plays so far."""

    plays: int = 0
    died: int = 0
    failures: int = 0
    states: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, number: int, kill: Kill, outcome: Outcome) -> None:
        """Count a play, and say at once what must not be."""
        self.plays += 1
        self.died += outcome.died
        self.states.update(each.rpartition(" ")[2] for each in outcome.states)
        self.errors.update(each.partition(":")[0] for each in outcome.errors)
        self.say(f"kill {number}: {kill}", outcome.problems)

    def say(self, what: str, problems: list[str]) -> None:
        """Say what was wrong, if anything was."""
        if problems:
            self.failures += 1
            print("\n    ".join([f"FAILED: {what}", *problems]), flush=True)


def main() -> int:
    """Play it, and say what came of it; 1 when something must not be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--races", type=int, default=200, help="of each kind")
    parser.add_argument("--seed", type=int, default=None, help="(default: another one each time)")
    parser.add_argument("--first", type=int, default=0, help="number of the first kill")
    asked = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    began, tally = time.monotonic(), Tally()
    print(f"seed {seed}", flush=True)
    _race(asked.races, seed, tally)
    _kill(asked.kills, asked.first, seed, tally)
    print(f"{time.monotonic() - began:.0f} s, {tally.failures} plays ended as they must not")
    return 1 if tally.failures else 0


def _race(races: int, seed: int, tally: Tally) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        rounds = [(min(BATCH, races - first), seed + first) for first in range(0, races, BATCH)]
        for same_client in (True, False) * WHOLE:
            tally.say("two whole runs at once", whole_runs(same_client))
        twice = pool.map(lambda each: told_twice(*each), rounds)
        stops = pool.map(lambda each: stops_that_fill(*each), rounds)
        for (_, number), problems in zip(rounds, twice, strict=True):
            tally.say(f"two processes, seed {number}", problems)
        filled = 0
        for (_, number), (problems, fills) in zip(rounds, stops, strict=True):
            tally.say(f"a stop and a close, seed {number}", problems)
            filled += fills
    seconds = time.monotonic() - began
    print(f"{races} positions closed by two processes, {races} with a stop, ", end="")
    print(f"of which {filled} filled meanwhile: {seconds:.0f} s", flush=True)


def _kill(kills: int, first: int, seed: int, tally: Tally) -> None:
    began = time.monotonic()
    points, dry = counted(), counted("dry")
    print(f"{len(points)} points of a live run, {len(dry)} of a dry one", flush=True)
    plays = list(enumerate(plan(points, dry, kills, seed)))[first:]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for (number, kill), outcome in zip(plays, pool.map(_played, plays), strict=True):
            tally.add(number, kill, outcome)
            if tally.plays % 25 == 0:
                gc.collect()  # a gateway that is gone is a ring with arrays in it
            if tally.plays % 100 == 0:
                print(f"{tally.plays:,} plays, {time.monotonic() - began:.0f} s", flush=True)
            if tally.failures >= MOST_FAILURES:
                pool.shutdown(cancel_futures=True)
                break
    print(f"{tally.plays:,} plays, {tally.died:,} processes killed, ", end="")
    print(f"{time.monotonic() - began:.0f} s; tickets: {dict(tally.states)}; ", end="")
    print(f"errors of runs that were not killed: {dict(tally.errors)}", flush=True)


def _played(numbered: tuple[int, Kill]) -> Outcome:
    return play(numbered[1])


if __name__ == "__main__":
    sys.exit(main())
