"""Crashes, rivals, other readers, and stores of the former layout."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sellkit.adapters.bar_store import ParquetBarStore, survey
from sellkit.adapters.bar_store.layout import Layout
from sellkit.adapters.bar_store.reading import Reader
from sellkit.adapters.bar_store.segments import Segments, new_name
from sellkit.adapters.bar_store.series_name import name_of
from sellkit.core.bars import SeriesKey
from sellkit.core.custody import Freeze
from sellkit.errors import ConfigError, InvalidBars
from tests import build
from tests.adapters.processes import PROCESSES
from tests.adapters.store_kills import OWNER, bars, kill_again_and_again
from tests.adapters.store_writers import KEY, OTHER, add_one_by_one, fold_forever

KILLS = 25
FREEZE = Freeze(build.NOW, 0.25, "told a quarter as high")


def day() -> pd.DataFrame:
    return build.bars(build.session_halves())


def test_kills_at_any_moment_lose_nothing_and_tear_nothing(tmp_path: Path) -> None:
    assert kill_again_and_again(tmp_path, KILLS, seed=20260128) > KILLS


def test_readers_never_fail_while_others_write_and_fold(tmp_path: Path) -> None:
    store = ParquetBarStore(tmp_path)
    folder = PROCESSES.Process(target=fold_forever, args=(tmp_path,))
    rivals = [
        PROCESSES.Process(target=add_one_by_one, args=(tmp_path, key, bars(first, 40, 100.0)))
        for key in (KEY, OTHER)
        for first in (0, 40)
    ]
    for each in (folder, *rivals):
        each.start()
    counts = {KEY: 0, OTHER: 0}
    while any(rival.is_alive() for rival in rivals):
        for key, before in counts.items():
            counts[key] = len(store.read(key))
            assert counts[key] >= before
    folder.kill()
    folder.join()
    assert [rival.exitcode for rival in rivals] == [0, 0, 0, 0]
    for key in (KEY, OTHER):
        assert len(ParquetBarStore(tmp_path).read(key)) == 80


def test_a_store_can_be_looked_through_while_others_write_and_fold(tmp_path: Path) -> None:
    rivals = [
        PROCESSES.Process(target=fold_forever, args=(tmp_path,)),
        PROCESSES.Process(target=add_one_by_one, args=(tmp_path, KEY, bars(0, 120, 100.0))),
    ]
    for each in rivals:
        each.start()
    before = 0
    while rivals[1].is_alive():
        store = ParquetBarStore(tmp_path)
        told = sum(figures.bars for figures in store.figures())
        assert told >= before
        before = told
        assert store.verify() == ()
        assert len(store.revisions(KEY)) == len(store.quarantined()) == 0
    rivals[0].kill()
    rivals[0].join()
    assert rivals[1].exitcode == 0


class Folded(Segments):
    """Segments of which, whenever they are listed twice, one was folded after the first time."""

    is_gone = False

    def names(self) -> list[str]:
        Folded.is_gone = not Folded.is_gone
        return [new_name()] if Folded.is_gone else super().names()


def test_what_was_folded_between_listing_and_reading_is_counted_where_it_went(
    tmp_path: Path,
) -> None:
    ParquetBarStore(tmp_path).add(KEY, bars(0, 5, 100.0))
    layout = Layout(tmp_path)
    reader = Reader(layout, Folded(layout.of("segments")))
    (told,) = survey.figures(layout, reader)
    assert (told.bars, told.in_segments) == (5, 5)


class Crash(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("step", range(12))
def test_an_exchange_that_a_crash_cut_short_is_finished_or_done_again(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ParquetBarStore(tmp_path)
    store.claim(OWNER)
    store.add(KEY, bars(0, 5, 100.0))
    store.freeze(KEY, FREEZE)
    store.refetched().add(KEY, bars(0, 4, 25.0))
    with monkeypatch.context() as patched:
        _crash_after(patched, step)
        with contextlib.suppress(Crash):
            store.thaw(KEY)
    again = ParquetBarStore(tmp_path)
    again.claim(OWNER)
    closes = again.read(KEY)["close"].tolist()
    if KEY in again.frozen():
        assert closes == [100.0] * 5
        again.thaw(KEY)
    assert again.read(KEY)["close"].tolist() == [25.0] * 4
    assert again.frozen() == {}
    (old,) = (tmp_path / "superseded").glob("[!.]*")
    assert pq.read_table(old)["close"].to_pylist() == [100.0] * 5
    assert again.verify() == ()


def _crash_after(patched: pytest.MonkeyPatch, steps: int) -> None:
    """Let the process end at its n-th change of the disk: of the system's functions, not ours."""
    left = [steps]

    def counted(change: Any) -> Any:
        def changed(*args: Any, **named: Any) -> Any:
            if left[0] == 0:
                raise Crash
            left[0] -= 1
            return change(*args, **named)

        return changed

    for name in ("replace", "unlink"):
        patched.setattr(Path, name, counted(getattr(Path, name)))


def test_a_segment_that_is_torn_is_named_and_nothing_is_read(tmp_path: Path) -> None:
    ParquetBarStore(tmp_path).add(KEY, day())
    (segment,) = (tmp_path / "segments").iterdir()
    segment.write_bytes(segment.read_bytes()[:-20])
    store = ParquetBarStore(tmp_path)
    with pytest.raises(InvalidBars, match=rf"{segment.name}.*sellkit data repair"):
        store.read(KEY)
    (finding,) = store.verify()
    assert finding.where == f"segments/{segment.name}"
    with pytest.raises(InvalidBars):
        store.compact()
    assert segment.exists()


def test_verify_names_every_file_that_is_damaged(tmp_path: Path) -> None:
    store = ParquetBarStore(tmp_path)
    store.add_many({KEY: day(), OTHER: day()})
    store.compact()
    assert store.verify() == ()
    path = tmp_path / "bars" / f"{name_of(KEY)}.parquet"
    path.write_bytes(path.read_bytes()[:100])
    assert [each.where for each in store.verify()] == [f"bars/{path.name}"]


# --- who else reads and wrote ---------------------------------------------------------------------


def _written(folder: Path, *, is_folded: bool) -> tuple[str, int]:
    """A store; the pattern of its bases and segments, if any, and how many bars it holds."""
    store = ParquetBarStore(folder)
    store.add_many({KEY: bars(0, 20, 100.0), OTHER: bars(0, 10, 50.0)})
    store.compact()
    store.add_many({KEY: bars(18, 5, 101.0, fetched=900)})
    store.add(OTHER, bars(0, 4, -1.0))
    if is_folded:
        store.compact()
    return f"{folder}/[bs][ae][rg]*/*.parquet", 23 + 10


@pytest.mark.parametrize("is_folded", [False, True])
def test_duckdb_reads_the_store_as_it_lies(tmp_path: Path, is_folded: bool) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed: `make sync` brings it")
    pattern, count = _written(tmp_path, is_folded=is_folded)
    query = f"""
        select series, close from read_parquet({pattern!r})
        qualify row_number() over (partition by series, start order by fetched_at desc) = 1
        order by series, start"""
    with duckdb.connect() as connection:
        found = connection.execute(query).fetchall()
    assert len(found) == count
    closes = [close for series, close in found if series == name_of(KEY)]
    assert closes == ParquetBarStore(tmp_path).read(KEY)["close"].tolist()


@pytest.mark.parametrize("is_folded", [False, True])
def test_polars_reads_the_store_as_it_lies(tmp_path: Path, is_folded: bool) -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed: `make sync` brings it")
    pattern, count = _written(tmp_path, is_folded=is_folded)
    rows = polars.scan_parquet(pattern)
    latest = rows.sort("fetched_at").unique(["series", "start"], keep="last", maintain_order=True)
    found = latest.sort("series", "start").collect()
    assert found.height == count
    assert found.schema["start"] == polars.Datetime("us", "UTC")
    ours = found.filter(polars.col("series").cast(polars.String) == name_of(KEY))
    assert ours["close"].to_list() == ParquetBarStore(tmp_path).read(KEY)["close"].to_list()


def former(folder: Path, key: SeriesKey, frame: pd.DataFrame) -> Path:
    """A file as the former layout had it: no column of the series, version 1."""
    fields = [pa.field("start", pa.timestamp("us", tz="UTC"))]
    fields += [pa.field(name, pa.float64()) for name in frame.columns[:5]]
    schema = pa.schema([*fields, pa.field("fetched_at", pa.timestamp("us", tz="UTC"))])
    told = {"sellkit.version": "1", "sellkit.kind": "bars", "sellkit.series": name_of(key)}
    table = pa.Table.from_pandas(frame.reset_index(), schema=schema, preserve_index=False)
    path = folder / "bars" / f"{name_of(key)}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        table.replace_schema_metadata(told), path, compression="zstd", write_page_checksum=True
    )
    return path


@pytest.mark.parametrize("step", range(6))
def test_a_store_of_the_former_layout_is_carried_on_whatever_cuts_it_short(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [former(tmp_path, key, bars(0, 20, 100.0)) for key in (KEY, OTHER)]
    (tmp_path / "origin.json").write_text(
        '{"gateway": "simulated", "alias": "main", "fingerprint": "0123456789ab"}'
    )
    store = ParquetBarStore(tmp_path)
    with monkeypatch.context() as patched:
        _crash_after(patched, step)
        with contextlib.suppress(Crash):
            store.claim(OWNER)
    pd.testing.assert_frame_equal(store.read(KEY), bars(0, 20, 100.0), check_freq=False)
    again = ParquetBarStore(tmp_path)
    again.claim(OWNER)
    for path in paths:
        assert pq.read_schema(path).names[0] == "series"
    again.add(KEY, bars(20, 5, 100.0))
    assert (len(again.read(KEY)), len(again.read(OTHER))) == (25, 20)
    assert again.verify() == ()


def test_a_store_of_a_later_sellkit_is_left_alone(tmp_path: Path) -> None:
    store = ParquetBarStore(tmp_path)
    store.claim(OWNER)
    (tmp_path / "store.json").write_text('{"version": "3"}')
    with pytest.raises(ConfigError, match="version 3"):
        store.claim(OWNER)
