"""Bars on disk: whole, the right ones, and whose they are."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.adapters.bar_store.series_name import key_of, name_of
from sellkit.core import indicators
from sellkit.core.bars import Anchor, BarSize, SeriesKey
from sellkit.core.portfolio import GatewayKind, Origin
from sellkit.errors import ConfigError, ForeignOrigin, InvalidBars
from tests import build
from tests.adapters.processes import PROCESSES
from tests.adapters.store_writers import KEY, OTHER, add_one_by_one

NAME = "265598-30m-TRADES-rth-clock.parquet"

keys = st.builds(
    SeriesKey,
    st.integers(0, 2**31),
    st.sampled_from(BarSize),
    st.from_regex(r"[A-Z]+(_[A-Z]+)*", fullmatch=True),
    st.booleans(),
    st.sampled_from(Anchor),
)


@pytest.fixture
def store(tmp_path: Path) -> ParquetBarStore:
    return ParquetBarStore(tmp_path)


def folded(store: ParquetBarStore, bars: pd.DataFrame) -> pd.DataFrame:
    """The series with these bars added, in its base."""
    whole = store.add(KEY, bars)
    store.compact()
    return whole


def day() -> pd.DataFrame:
    return build.bars(build.session_halves())


# --- names --------------------------------------------------------------------------------------


@given(keys)
def test_a_name_gives_back_its_series(key: SeriesKey) -> None:
    assert key_of(name_of(key)) == key


def test_a_name_can_be_read_by_a_person() -> None:
    assert name_of(KEY) + ".parquet" == NAME


def test_a_key_that_would_leave_the_folder_is_refused(store: ParquetBarStore) -> None:
    with pytest.raises(InvalidBars, match="cannot name a file"):
        store.read(SeriesKey(1, BarSize.M30, "../TRADES"))


# --- files --------------------------------------------------------------------------------------


def test_bars_and_averages_lie_in_folders_of_their_own(
    store: ParquetBarStore, tmp_path: Path
) -> None:
    folded(store, day())
    store.write_averages(KEY, indicators.table(day()))
    assert [p.name for p in (tmp_path / "bars").iterdir()] == [NAME]
    assert [p.name for p in (tmp_path / "averages").iterdir()] == [NAME]


def test_other_readers_see_microseconds_in_utc(store: ParquetBarStore, tmp_path: Path) -> None:
    folded(store, day())
    table = pq.read_table(tmp_path / "bars" / NAME)
    assert table.schema.field("start").type == pa.timestamp("us", tz="UTC")
    assert table.schema.field("close").type == pa.float64()
    metadata = pq.read_metadata(tmp_path / "bars" / NAME)
    assert metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.95, 0.999])
def test_a_truncated_file_is_named_with_the_remedy_and_left_alone(
    store: ParquetBarStore, tmp_path: Path, share: float
) -> None:
    folded(store, day())
    path = tmp_path / "bars" / NAME
    torn = path.read_bytes()
    torn = torn[: int(len(torn) * share)]
    path.write_bytes(torn)
    for touch in (lambda: store.read(KEY), lambda: store.add(KEY, day())):
        with pytest.raises(InvalidBars, match=rf"{NAME}.*sellkit data repair"):
            touch()
    assert path.read_bytes() == torn


def test_no_damaged_file_is_taken_for_another_series_of_bars(
    store: ParquetBarStore, tmp_path: Path
) -> None:
    whole = folded(store, day())
    path = tmp_path / "bars" / NAME
    good = path.read_bytes()
    chance = random.Random(7)
    refused = 0
    for _ in range(300):
        damaged = bytearray(good)
        damaged[chance.randrange(len(good))] ^= chance.randrange(1, 256)
        path.write_bytes(damaged)
        try:
            pd.testing.assert_frame_equal(store.read(KEY), whole)
        except InvalidBars:
            refused += 1
    assert refused > 200


def test_a_file_under_another_series_name_is_refused(
    store: ParquetBarStore, tmp_path: Path
) -> None:
    folded(store, day())
    (tmp_path / "bars" / NAME).rename(tmp_path / "bars" / f"{name_of(OTHER)}.parquet")
    with pytest.raises(InvalidBars, match=r"265598.*not 4815747"):
        store.read(OTHER)


def test_a_file_of_another_schema_version_is_refused(
    store: ParquetBarStore, tmp_path: Path
) -> None:
    folded(store, day())
    path = tmp_path / "bars" / NAME
    table = pq.read_table(path)
    metadata = {**table.schema.metadata, b"sellkit.version": b"3"}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    with pytest.raises(InvalidBars, match=r"sellkit\.version is 3, not 2"):
        store.read(KEY)


def test_a_parquet_file_of_another_program_is_refused(
    store: ParquetBarStore, tmp_path: Path
) -> None:
    (tmp_path / "bars").mkdir()
    pd.DataFrame({"x": [1.0]}).to_parquet(tmp_path / "bars" / NAME)
    with pytest.raises(InvalidBars, match="nothing"):
        store.read(KEY)


def test_averages_in_the_place_of_bars_are_refused(store: ParquetBarStore, tmp_path: Path) -> None:
    store.write_averages(KEY, indicators.table(day()))
    (tmp_path / "averages").rename(tmp_path / "bars")
    with pytest.raises(InvalidBars, match="averages, not bars"):
        store.read(KEY)


def test_a_torn_table_of_averages_is_as_good_as_none(
    store: ParquetBarStore, tmp_path: Path
) -> None:
    store.write_averages(KEY, indicators.table(day()))
    path = tmp_path / "averages" / NAME
    path.write_bytes(path.read_bytes()[:-20])
    assert store.read_averages(KEY) is None
    store.write_averages(KEY, indicators.table(day()))
    assert store.read_averages(KEY) is not None


def test_averages_that_are_not_numbers_by_bar_start_are_refused(store: ParquetBarStore) -> None:
    with pytest.raises(InvalidBars, match="float64"):
        store.write_averages(KEY, indicators.table(day()).reset_index(drop=True))


def test_what_a_crash_left_is_ignored_and_then_cleared(
    store: ParquetBarStore, tmp_path: Path
) -> None:
    folded(store, day())
    left = tmp_path / "bars" / f".{NAME}.0badc0ffee00.tmp"
    left.write_bytes(b"half")
    assert store.keys() == (KEY,)
    assert len(store.read(KEY)) == len(day())
    store.clear()
    assert not left.exists()


def test_clearing_leaves_what_the_store_did_not_write(
    store: ParquetBarStore, tmp_path: Path
) -> None:
    folded(store, day())
    theirs = [tmp_path / "bars" / "notes.parquet", tmp_path / "journal.sqlite"]
    for path in theirs:
        path.write_text("mine")
    store.clear()
    assert all(path.exists() for path in theirs)


# --- where nothing can be written ---------------------------------------------------------------


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    # Below a regular file nobody can write, root neither.
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "data"
    store = ParquetBarStore(folder)
    with pytest.raises(ConfigError, match=rf"{folder}.*--data-dir"):
        store.add(KEY, day())
    with pytest.raises(ConfigError, match=str(folder)):
        store.claim(Origin(GatewayKind.PAPER, "main", "0" * 12))
    assert (tmp_path / "file").read_text() == ""


def test_bars_that_cannot_be_written_in_part_leave_the_rest_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "bars").write_text("in the way")
    with pytest.raises(ConfigError, match="Not a directory"):
        ParquetBarStore(tmp_path).add(KEY, day())
    assert (tmp_path / "bars").read_text() == "in the way"


# --- whose they are -----------------------------------------------------------------------------


def test_a_refusal_names_the_writer_and_what_to_do(store: ParquetBarStore) -> None:
    store.claim(Origin(GatewayKind.SIMULATED, "main", "0" * 12))
    with pytest.raises(ForeignOrigin) as refusal:
        store.claim(Origin(GatewayKind.PAPER, "family", "1" * 12))
    told = str(refusal.value)
    for part in ("simulated", "'main'", "paper", "'family'", "--profile", "--data-dir"):
        assert part in told
    assert refusal.value.exit_code == 2


def test_an_alias_that_now_names_another_account_is_foreign(store: ParquetBarStore) -> None:
    first, second = build.account("DU1111111"), build.account("DU2222222")
    store.claim(Origin(GatewayKind.PAPER, first.alias, first.fingerprint))
    with pytest.raises(ForeignOrigin, match="names another account") as refusal:
        store.claim(Origin(GatewayKind.PAPER, second.alias, second.fingerprint))
    assert "DU" not in str(refusal.value)


@pytest.mark.parametrize("stamp", ["", "{", "[]", '{"gateway": "moon"}'])
def test_a_stamp_that_cannot_be_read_is_nobodys(
    store: ParquetBarStore, tmp_path: Path, stamp: str
) -> None:
    (tmp_path / "origin.json").write_text(stamp)
    with pytest.raises(ForeignOrigin, match=r"origin\.json"):
        store.claim(Origin(GatewayKind.PAPER, "main", "0" * 12))
    assert (tmp_path / "origin.json").read_text() == stamp


def test_the_stamp_holds_no_account_number(store: ParquetBarStore, tmp_path: Path) -> None:
    account = build.account()
    store.claim(Origin(GatewayKind.PAPER, account.alias, account.fingerprint))
    stamp = json.loads((tmp_path / "origin.json").read_text())
    assert stamp == {"gateway": "paper", "alias": "main", "fingerprint": account.fingerprint}


# --- rivals -------------------------------------------------------------------------


def test_two_processes_lose_nothing_to_each_other(tmp_path: Path) -> None:
    rivals = [
        PROCESSES.Process(target=add_one_by_one, args=(tmp_path, key, day().iloc[first::2]))
        for key in (KEY, OTHER)
        for first in (0, 1)
    ]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    assert [rival.exitcode for rival in rivals] == [0, 0, 0, 0]
    for key in (KEY, OTHER):
        assert len(ParquetBarStore(tmp_path).read(key)) == 13
