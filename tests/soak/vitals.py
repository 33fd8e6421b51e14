"""Whether memory stays flat: what the process holds, hour by hour."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median

import pyarrow as pa

MOST_MEGABYTES_AN_HOUR = 1.0
MOST_GROWTH = 1.05
FEWEST = 12
"""Samples below which nothing can be said."""

_PAGE = os.sysconf("SC_PAGE_SIZE")
_MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process held at a virtual minute.

    Attributes
    ----------
    megabytes
        Resident memory; NaN where the system does not tell.
    arrow
        Of it, megabytes in Arrow's pool.
    objects
        Those that the collector knows.
    files, threads, tasks
        Open file descriptors, live threads, asyncio tasks that are not done.
    """

    minute: int
    megabytes: float
    arrow: float
    objects: int
    files: int
    threads: int
    tasks: int


def sampled(minute: int) -> Sample:
    """What is held now, after the collector went through it."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    known = gc.get_objects()
    tasks = sum(isinstance(each, asyncio.Task) and not each.done() for each in known)
    return Sample(
        minute,
        _resident(),
        pa.total_allocated_bytes() / _MEGABYTE,
        len(known),
        _files(),
        threading.active_count(),
        tasks,
    )


def findings(samples: Sequence[Sample]) -> list[str]:
    """Why what was held is not flat; the first quarter, while all warms up, does not count."""
    if len(samples) < FEWEST:
        return []
    quarter = len(samples) // 4
    later, second, last = samples[quarter:], samples[quarter : 2 * quarter], samples[-quarter:]
    found = []
    hours = [each.minute / 60 for each in later]
    slope = linear_regression(hours, [each.megabytes for each in later]).slope
    if slope > MOST_MEGABYTES_AN_HOUR:
        found.append(f"memory grows by {slope:.2f} MB an hour")
    for name in ("megabytes", "objects", "files", "threads", "tasks"):
        before = median(getattr(each, name) for each in second)
        after = median(getattr(each, name) for each in last)
        if after > before * MOST_GROWTH + (0 if name in {"megabytes", "objects"} else 3):
            found.append(f"{name} grew from {before:,.0f} to {after:,.0f}")
    return found


def table(samples: Sequence[Sample]) -> str:
    """The samples in lines."""
    lines = [" minute    MB  arrow MB   objects  files  threads  tasks"]
    lines += [
        f"{one.minute:7,} {one.megabytes:5.0f} {one.arrow:9.1f} {one.objects:9,} "
        f"{one.files:6} {one.threads:8} {one.tasks:6}"
        for one in samples
    ]
    return "\n".join(lines)


def _resident() -> float:
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return float("nan")
    return int(statm.read_text().split()[1]) * _PAGE / _MEGABYTE


def _files() -> int:
    folder = Path("/proc/self/fd" if Path("/proc/self/fd").is_dir() else "/dev/fd")
    return sum(1 for _ in folder.iterdir())
