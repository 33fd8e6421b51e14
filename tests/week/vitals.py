"""Whether disk and memory stay flat, run by run."""

from __future__ import annotations

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

from tests.week.world import World

PAUSE = 0.25
"""Real seconds between two looks at the processes."""

FEWEST = 4
"""Samples below which nothing is said of what was held then."""

MOST_MEGABYTES = 2.0
MOST_MEGABYTES_A_RUN = 1.0
MOST_FILES = 4

MOST_KEPT = {"own": (5.0, 1.0), "plain": (0.2, 0.03)}
"""By what was weighed, megabytes once and for each run; a database's log comes and goes."""

EVIDENCE = ("runs",)
"""Each run leaves its notebook there, which is what it is for."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process held.

    Attributes
    ----------
    life
        Its number: each start of everything begins another.
    runs
        How many had come to their end by then, of all lives.
    """

    name: str
    life: int
    runs: int
    megabytes: float
    files: int


@dataclass(frozen=True, slots=True)
class Weight:
    """What was kept once so many runs had come to their end, in megabytes.

    Attributes
    ----------
    own, plain, every
        Without what is evidence; of that what is in no database; and with all.
    """

    runs: int
    own: float
    plain: float
    every: float

    @classmethod
    def of(cls, data: Path, runs: int) -> Weight:
        """What lies in a folder."""
        own = plain = every = 0.0
        for path in data.rglob("*"):
            with suppress(FileNotFoundError):  # a temporary file, or one that was just packed
                size = path.stat().st_size / 2**20 if path.is_file() else 0.0
                is_own = path.relative_to(data).parts[0] not in EVIDENCE
                every += size
                own += size * is_own
                plain += size * (is_own and ".sqlite" not in path.name)
        return cls(runs, own, plain, every)


@dataclass
class Vitals:
    """What was held and kept.

    Attributes
    ----------
    samples
        Of processes, several a second.
    weights
        After each turn.
    kept
        The last one of each day.
    """

    samples: list[Sample] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)
    kept: dict[dt.date, Weight] = field(default_factory=dict)

    @contextmanager
    def sampled(self, world: World) -> Iterator[None]:
        """Look at the processes meanwhile, again and again."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(PAUSE):
                self.sample(world)

        thread = threading.Thread(target=look, name="vitals", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def sample(self, world: World) -> None:
        """Look at the processes, unless they are being started or killed."""
        runs = self.weights[-1].runs if self.weights else 0
        for each in world.others if world.is_up else ():
            with suppress(OSError):  # it is gone
                found = Sample(each.name, world.starts, runs, each.megabytes(), each.files())
                if world.is_up and each.process.poll() is None:
                    self.samples.append(found)

    def weigh(self, date: dt.date, world: World, runs: int) -> None:
        """Look at the disk, and often enough at the processes, however soon they are killed."""
        self.kept[date] = Weight.of(world.data, runs)
        self.weights.append(self.kept[date])
        for _ in range(FEWEST):
            self.sample(world)

    def findings(self) -> list[str]:
        """Why anything is not flat, or was not looked at."""
        return [*self._grown(), *self._filled()]

    def _grown(self) -> Iterator[str]:
        """What each process held more of after the last run of a life than before the first."""
        lives: dict[tuple[str, int], dict[int, list[Sample]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for each in self.samples:
            lives[each.name, each.life][each.runs].append(each)
        unseen = {"schedule", "watch", "watchdog"} if self._runs() else set()
        for (name, life), by_runs in lives.items():
            levels = [runs for runs, some in by_runs.items() if len(some) >= FEWEST]
            if len(levels) < 2:
                continue
            unseen.discard(name)
            first, last = min(levels), max(levels)
            room = MOST_MEGABYTES + MOST_MEGABYTES_A_RUN * (last - first)
            for what, most in (("megabytes", room), ("files", MOST_FILES)):
                before, after = (
                    median(getattr(each, what) for each in by_runs[runs]) for runs in (first, last)
                )
                if after > before + most:
                    grown = f"{what} grew from {before:.1f} to {after:.1f}"
                    yield f"{name}, life {life}: {grown} in {last - first} runs"
        for name in sorted(unseen):
            yield f"what the {name} holds was not looked at before and after any run"

    def _filled(self) -> Iterator[str]:
        """What lies on the disk more after runs than after the first, which fetches all bars."""
        weights, kept = (
            [each for each in some if each.runs] for some in (self.weights, self.kept.values())
        )
        of_all = [(weights[0], weights[-1])] if weights else []
        for former, latter in (*of_all, *pairwise(kept)):
            runs = latter.runs - former.runs
            for what, (once, a_run) in MOST_KEPT.items():
                grown = getattr(latter, what) - getattr(former, what)
                if grown > once + a_run * runs:
                    yield f"{grown:.2f} MB more on the disk ({what}) for {runs} runs"

    def _runs(self) -> int:
        return max((each.runs for each in self.kept.values()), default=0)

    def __str__(self) -> str:
        lines = [
            f"{date:%a %d %b}: {each.runs:3} runs, {each.own:6.1f} MB kept, {each.plain:.1f} MB of "
            f"them in no database, {each.every:6.1f} MB with notebooks"
            for date, each in self.kept.items()
        ]
        for name in dict.fromkeys(each.name for each in self.samples):
            held = [each for each in self.samples if each.name == name]
            least, most = (f(each.megabytes for each in held) for f in (min, max))
            files = max(each.files for each in held)
            looks = f"{len(held):,} looks"
            lines.append(f"{name}: {least:.0f} to {most:.0f} MB, at most {files} files, {looks}")
        return "\n".join(lines)
