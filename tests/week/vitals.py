"""Whether disk and memory stay flat, day by day."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

from tests.week.world import World

FEWEST = 6
"""Samples of one life of a process below which nothing is said of its memory."""

MOST_GROWTH = 1.10
MOST_FILES = 4
MOST_MEGABYTES_A_RUN = 1.0
EVIDENCE = ("runs",)
"""Each run leaves its notebook there, which is what it is for."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process held.

    Attributes
    ----------
    life
        Its number: each start of everything begins another.
    """

    name: str
    life: int
    megabytes: float
    files: int


@dataclass
class Vitals:
    """What was held and kept.

    Attributes
    ----------
    samples
        Of processes, after each turn.
    kept
        By day: how many runs there were by its end, and megabytes on the disk, without what is
        evidence and with it.
    """

    samples: list[Sample] = field(default_factory=list)
    kept: dict[dt.date, tuple[int, float, float]] = field(default_factory=dict)

    def sample(self, world: World) -> None:
        """Look at the processes."""
        for each in world.others:
            if each.process.poll() is None:
                megabytes, files = each.megabytes(), each.files()
                self.samples.append(Sample(each.name, world.starts, megabytes, files))

    def weigh(self, date: dt.date, world: World, runs: int) -> None:
        """Look at the disk."""
        every = sum(_sizes(world.data))
        evidence = sum(sum(_sizes(world.data / name)) for name in EVIDENCE)
        self.kept[date] = (runs, (every - evidence) / 2**20, every / 2**20)

    def findings(self) -> list[str]:
        """Why anything is not flat."""
        return [*self._grown(), *self._filled()]

    def _grown(self) -> Iterator[str]:
        lives: dict[tuple[str, int], list[Sample]] = defaultdict(list)
        for each in self.samples:
            if not math.isnan(each.megabytes):
                lives[each.name, each.life].append(each)
        for (name, life), samples in lives.items():
            if len(samples) < FEWEST:
                continue
            warm = samples[2:]  # the first ones load what they need
            half = len(warm) // 2
            for what, most in (("megabytes", None), ("files", MOST_FILES)):
                before = median(getattr(each, what) for each in warm[:half])
                after = median(getattr(each, what) for each in warm[half:])
                if after > (before * MOST_GROWTH if most is None else before + most):
                    yield f"{name}, life {life}: {what} grew from {before:.0f} to {after:.0f}"

    def _filled(self) -> Iterator[str]:
        days = list(self.kept)
        for former, date in pairwise(days):
            runs = self.kept[date][0] - self.kept[former][0]
            grown = self.kept[date][1] - self.kept[former][1]
            if grown > MOST_MEGABYTES_A_RUN * max(runs, 1):
                yield f"{date}: {grown:.1f} MB more on the disk for {runs} runs, notebooks aside"

    def __str__(self) -> str:
        lines = [
            f"{date:%a %d %b}: {runs:3} runs, {own:6.1f} MB kept, {every:6.1f} MB with notebooks"
            for date, (runs, own, every) in self.kept.items()
        ]
        for name in dict.fromkeys(each.name for each in self.samples):
            held = [each for each in self.samples if each.name == name]
            least, most = (f(each.megabytes for each in held) for f in (min, max))
            files = max(each.files for each in held)
            lines.append(f"{name}: {least:.0f} to {most:.0f} MB, at most {files} files open")
        return "\n".join(lines)


def _sizes(folder: Path) -> Iterator[int]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.stat().st_size
