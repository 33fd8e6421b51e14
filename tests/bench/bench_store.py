"""Thirteen new bars into each of 500 series of 5,000, and the last 400 of one.

Every number stands beside a peer or a limit of the same run: one atomic write of the same bytes,
one file a series rewritten as lines of JSON, as parquet by pandas and, uncompressed, by pyarrow,
SQLite in WAL mode with FULL syncing, and DuckDB's own file where it is installed. The store is
timed from frames of pandas, as they come from the gateway, to the return of `add_many`, when they
are on the disk. The peers get arrays or rows that were made ready for them beforehand; what the
store takes from that point on is told, too.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sellkit.adapters import durable_file
from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.adapters.bar_store.rows import Rows
from sellkit.adapters.bar_store.series_name import name_of
from sellkit.core.bars import BarSize, SeriesKey
from tests.adapters.store_kills import bars
from tests.bench.rewritten import LAST, TENTH, ndjson, pandas_parquet

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

SERIES, HELD, FRESH, RUNS = 500, 5000, 13, 64
KEYS = [SeriesKey(number, BarSize.M30) for number in range(1, SERIES + 1)]
CHANCE = np.random.default_rng(20260128)


def walk(first: int, count: int) -> pd.DataFrame:
    """Bars of a random walk in cents."""
    frame = bars(first, count, 100.0)
    close = np.round(100 * np.exp(np.cumsum(CHANCE.normal(0, 0.001, count))), 2)
    frame["open"], frame["close"] = close, close
    frame["high"], frame["low"] = close + 0.05, close - 0.05
    frame["volume"] = CHANCE.integers(1, 100_000, count).astype(float)
    return frame


def fresh(run: int) -> dict[SeriesKey, pd.DataFrame]:
    """What one run brings."""
    return {key: walk(HELD + FRESH * run, FRESH).copy() for key in KEYS}


def took(work: Callable[[], object]) -> float:
    """Seconds."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def median(work: Callable[[], object], times: int) -> float:
    return statistics.median(took(work) for _ in range(times))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ParquetBarStore:
    made = ParquetBarStore(tmp_path_factory.mktemp("store"))
    histories = [walk(0, HELD) for _ in range(20)]
    for first in range(0, SERIES, 100):
        made.add_many({key: histories[at % 20] for at, key in enumerate(KEYS[first : first + 100])})
    made.compact()
    return made


@pytest.fixture(scope="module")
def peers(
    store: ParquetBarStore, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[float, float]]:
    """By peer the seconds of a run's new bars, and of reading the last 400 of a series."""
    folder = tmp_path_factory.mktemp("peers")
    part = {name_of(key): store.read(key) for key in KEYS[::TENTH]}
    added = walk(HELD * 2, FRESH)
    told = {}
    for name, made in (("NDJSON rewrite", ndjson), ("pandas parquet", pandas_parquet)):
        upsert, read = made(folder / name, part, added)
        told[name] = median(upsert, 2) * TENTH, median(read, 20)
    told["pyarrow, uncompressed"] = pyarrow_rewrite(store, folder / "plain")
    told["SQLite WAL FULL"] = sqlite_upsert(folder / "bars.sqlite")
    duckdb = duckdb_upsert(folder / "bars.duckdb")
    return told if duckdb is None else {**told, "DuckDB": duckdb}


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.parquet"))


def test_a_run_of_new_bars(
    benchmark: BenchmarkFixture,
    store: ParquetBarStore,
    peers: dict[str, tuple[float, float]],
    tmp_path: Path,
) -> None:
    folder = store._layout.folder
    sets = iter([fresh(run) for run in range(RUNS)])
    benchmark.pedantic(store.add_many, setup=lambda: ((next(sets),), {}), rounds=RUNS)
    ours = benchmark.stats.stats.median
    told = {"frames to disk ms": ours * 1e3}
    rows = {name_of(key): Rows.of_frame(frame) for key, frame in fresh(RUNS).items()}
    ready = median(lambda: store._segments.commit(rows), 20)
    told["rows made ready to disk ms"] = ready * 1e3
    newest = max((folder / "segments").iterdir(), key=lambda path: path.name)
    data = newest.read_bytes()
    one_write = median(lambda: durable_file.replace(tmp_path / "same", data), 20)
    told["one atomic write ms"], told["bytes"] = one_write * 1e3, len(data)
    folding = took(store.compact)
    told["compaction s"], told["base MB"] = folding, size_of(folder / "bars") / 1e6
    whole = (ours * RUNS + folding) / RUNS
    told["a run with its share of the compaction ms"] = whole * 1e3
    for name, (seconds, _) in peers.items():
        told[f"{name} ms"] = seconds * 1e3
        told[f"times faster than {name}"] = seconds / ours
        told[f"the same with compaction, {name}"] = seconds / whole
        told[f"rows made ready, times faster than {name}"] = seconds / ready
    told["times one atomic write, from frames"] = ours / one_write
    told["times one atomic write, from rows made ready"] = ready / one_write
    say(benchmark, told)


def test_the_last_400_bars(
    benchmark: BenchmarkFixture, store: ParquetBarStore, peers: dict[str, tuple[float, float]]
) -> None:
    key = KEYS[7]
    path = store._layout.path("bars", key)
    plain = median(lambda: pq.read_table(path).to_pandas().iloc[-400:], 50)
    benchmark.pedantic(lambda: store.read(key).iloc[-400:], rounds=50, warmup_rounds=3)
    folded = benchmark.stats.stats.median
    for run in range(16):
        store.add_many({key: walk(HELD + FRESH * (RUNS + run), FRESH)})
    beside = median(lambda: store.read(key).iloc[-400:], 50)
    everything = took(lambda: [store.read(each) for each in KEYS])
    plainly = took(
        lambda: [pq.read_table(store._layout.path("bars", each)).to_pandas() for each in KEYS]
    )
    say(
        benchmark,
        {
            "read ms": folded * 1e3,
            "with 16 segments ms": beside * 1e3,
            "plain pyarrow ms": plain * 1e3,
            "times a plain read": folded / plain,
            "times a plain read, with 16 segments": beside / plain,
            "all series s": everything,
            "all series plainly s": plainly,
        }
        | {f"{name} ms": reading * 1e3 for name, (_, reading) in peers.items()}
        | {f"times faster than {name}": reading / folded for name, (_, reading) in peers.items()},
    )


def pyarrow_rewrite(store: ParquetBarStore, folder: Path) -> tuple[float, float]:
    """One uncompressed file a series: read, append, write aside, sync, rename."""
    folder.mkdir()
    tables = {name_of(key): pa.Table.from_pandas(store.read(key)) for key in KEYS}
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet", compression="none")
    added = pa.Table.from_pandas(walk(HELD * 2, FRESH))

    def upsert() -> None:
        for name in tables:
            path = folder / f"{name}.parquet"
            whole = pa.concat_tables([pq.read_table(path), added])
            aside = path.with_suffix(".tmp")
            pq.write_table(whole, aside, compression="none")
            with aside.open("rb+") as file:
                os.fsync(file.fileno())
            aside.replace(path)
        durable_file.sync_folder(folder)

    path = folder / f"{next(iter(tables))}.parquet"
    return median(upsert, 2), median(lambda: pq.read_table(path).to_pandas().iloc[-LAST:], 20)


def sqlite_upsert(path: Path) -> tuple[float, float]:
    """One table, one transaction a run."""
    base = sqlite3.connect(path)
    base.execute("pragma journal_mode=wal")
    base.execute("pragma synchronous=full")
    base.execute(
        "create table bar (series integer, start integer, open real, high real, low real, "
        "close real, volume real, fetched integer, primary key (series, start)) without rowid"
    )
    insert = "insert or replace into bar values (?,?,?,?,?,?,?,?)"

    def rows(first: int, count: int) -> list[tuple[Any, ...]]:
        return [
            (series, start, 100.0, 100.1, 99.9, 100.05, 1e3, start)
            for series in range(SERIES)
            for start in range(first, first + count)
        ]

    with base:
        base.executemany(insert, rows(0, HELD))
    sets = iter([rows(HELD + run * FRESH, FRESH) for run in range(5)])

    def upsert() -> None:
        with base:
            base.executemany(insert, next(sets))

    newest = f"select * from bar where series = 7 order by start desc limit {LAST}"

    def read() -> pd.DataFrame:
        told = base.execute(newest)
        names = [each[0] for each in told.description]
        return pd.DataFrame(told.fetchall()[::-1], columns=names)

    found = median(upsert, 5), median(read, 20)
    base.close()
    return found


def duckdb_upsert(path: Path) -> tuple[float, float] | None:
    """DuckDB's file, appended from one Arrow table; None where it is not installed."""
    try:
        import duckdb
    except ImportError:
        return None
    base = duckdb.connect(str(path))
    base.execute(
        "create table bar (series integer, start bigint, open double, high double, low double, "
        "close double, volume double, fetched bigint)"
    )

    def rows(first: int, count: int) -> pa.Table:
        start = np.tile(np.arange(first, first + count), SERIES)
        price = np.full(len(start), 100.0)
        series = np.repeat(np.arange(SERIES, dtype=np.int32), count)
        names = ["series", "start", "open", "high", "low", "close", "volume", "fetched"]
        return pa.table([series, start, *[price] * 5, start], names=names)

    def put(table: pa.Table) -> None:
        base.register("told", table)
        base.execute("insert into bar select * from told")
        base.unregister("told")

    put(rows(0, HELD))
    base.execute("checkpoint")
    sets = iter([rows(HELD + run * FRESH, FRESH) for run in range(5)])
    newest = f"select * from bar where series = 7 order by start desc limit {LAST}"
    found = (
        median(lambda: put(next(sets)), 5),
        median(lambda: base.execute(newest).df().iloc[::-1], 20),
    )
    base.close()
    return found


def say(benchmark: BenchmarkFixture, told: dict[str, float]) -> None:
    benchmark.extra_info |= told
    print()
    for name, number in told.items():
        print(f"  {name:45} {number:12,.2f}")
