"""Kill a process that writes, folds and exchanges series, at any moment, again and again.

Whatever the moment: a commit is there in all of its series or in none, none that was acknowledged
is lost, no series is a mixture of two price bases, and no file is torn.
"""

from __future__ import annotations

import datetime as dt
import random
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pandas as pd

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.core.bars import INSTANT, BarSize, SeriesKey
from sellkit.core.custody import Freeze
from sellkit.core.portfolio import GatewayKind, Origin
from tests.adapters.processes import PROCESSES

TOGETHER = [SeriesKey(number, BarSize.M30) for number in range(1, 5)]
SPLIT = SeriesKey(99, BarSize.M30)
OWNER = Origin(GatewayKind.SIMULATED, "main", "0123456789ab")
BEGIN = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
HALF = dt.timedelta(minutes=30)
FOLDED, EXCHANGED = 4, 5  # one commit in so many is followed by the one or the other


def bars(first: int, count: int, close: float, fetched: int = 0) -> pd.DataFrame:
    """Half-hours of one price from a number on, fetched so many seconds after a day."""
    index = pd.DatetimeIndex([BEGIN + HALF * (first + at) for at in range(count)], dtype=INSTANT)
    frame = pd.DataFrame({"open": np.full(count, close)}, index=index.rename("start"))
    for name in ("high", "low", "close"):
        frame[name] = close
    frame["volume"] = 1000.0
    told = BEGIN + HALF * (first + count) + dt.timedelta(days=1, seconds=fetched)
    frame["fetched_at"] = pd.DatetimeIndex([told] * count, dtype=INSTANT)
    return frame


def write_forever(folder: Path, first: int, told: Connection) -> None:
    """Commit number after number, telling each before and after; fold and exchange in between."""
    store = ParquetBarStore(folder)
    store.claim(OWNER)
    number = first
    while True:
        told.send((number, False))
        store.add_many(dict.fromkeys(TOGETHER, bars(number, 1, 100.0 + number % 50)))
        told.send((number, True))
        if number % FOLDED == 0:
            store.compact()
        if number % EXCHANGED == 0:
            _exchange(store, number)
        number += 1


def _exchange(store: ParquetBarStore, number: int) -> None:
    store.add(SPLIT, bars(0, 1, 1.0 + number, number))
    if SPLIT not in store.frozen():
        since = BEGIN + dt.timedelta(seconds=number)
        store.freeze(SPLIT, Freeze(since, 2.0, "a split"))
    fresh = store.refetched()
    fresh.drop(SPLIT)
    fresh.add(SPLIT, bars(0, 20, 2.0 + number, number))
    fresh.add(SPLIT, bars(20, 20, 2.0 + number, number))
    store.thaw(SPLIT)


def kill_again_and_again(folder: Path, kills: int, seed: int) -> int:
    """So many kills; the number of commits that stood them. Raises AssertionError on a loss."""
    chance = random.Random(seed)
    stored = 0
    for _ in range(kills):
        begun, done = _killed(folder, stored + 1, chance)
        store = ParquetBarStore(folder)
        store.claim(OWNER)
        stored = _checked(store, begun, max(done, stored))
    return stored


def _checked(store: ParquetBarStore, begun: int, done: int) -> int:
    found = store.verify()
    assert not found, found
    lengths = {len(store.read(key)) for key in TOGETHER}
    assert len(lengths) == 1, "a commit is there in part"
    (stored,) = lengths
    assert done <= stored <= begun, f"{stored} stored, {done} acknowledged, {begun} begun"
    expected = [100.0 + number % 50 for number in range(1, stored + 1)]
    for key in TOGETHER:
        assert store.read(key)["close"].tolist() == expected
    split = store.read(SPLIT)["close"]
    if len(split) > 1:
        assert split.iloc[1:].nunique() == 1, "a mixture of two bases"
        assert len(split) == 40
    return stored


def _killed(folder: Path, first: int, chance: random.Random) -> tuple[int, int]:
    """Let a process write and kill it at some moment; the last commits begun and acknowledged."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    writer = PROCESSES.Process(target=write_forever, args=(folder, first, theirs))
    writer.start()
    theirs.close()
    heard = [(first - 1, True), ours.recv()]
    for _ in range(chance.randint(0, 12)):
        heard.append(ours.recv())
    writer.join(timeout=chance.uniform(0, 0.015))
    writer.kill()
    writer.join()
    while ours.poll():
        try:
            heard.append(ours.recv())
        except EOFError:
            break
    ours.close()
    writer.close()
    begun = max(number for number, _ in heard)
    return begun, max(number for number, is_done in heard if is_done)
