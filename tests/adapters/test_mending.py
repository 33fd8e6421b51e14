"""Damaged files leave the store readable, keep their bytes, and bring nothing old back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.adapters.bar_store.series_name import name_of
from sellkit.core.custody import Freeze
from sellkit.errors import InvalidBars
from tests import build
from tests.adapters.store_kills import OWNER
from tests.contracts.test_bar_store import KEY, OTHER, bars


def damage(path: Path) -> bytes:
    content = path.read_bytes()[:-30]
    path.write_bytes(content)
    return content


def test_a_torn_segment_goes_and_the_others_stay(tmp_path: Path) -> None:
    ParquetBarStore(tmp_path).add(KEY, bars(0, 4))
    (torn,) = tmp_path.glob("segments/*.parquet")
    ParquetBarStore(tmp_path).add(OTHER, bars(0, 4))
    content = damage(torn)
    store = ParquetBarStore(tmp_path)
    (moved,) = store.mend()
    assert moved.where == f"segments/{torn.name}"
    assert (tmp_path / "damaged" / torn.name).read_bytes() == content
    assert store.read(KEY).empty
    assert len(store.read(OTHER)) == 4
    assert store.verify() == ()


def test_a_torn_base_goes_and_rows_in_segments_are_fetched_anew_with_it(tmp_path: Path) -> None:
    store = ParquetBarStore(tmp_path)
    store.add(KEY, bars(0, 4))
    store.compact()
    store.add(KEY, bars(4, 6))
    store.add(OTHER, bars(0, 4))
    (torn,) = tmp_path.glob("bars/*.parquet")
    damage(torn)
    with pytest.raises(InvalidBars, match="data repair"):
        store.read(KEY)
    assert [each.where for each in store.mend()] == [f"bars/{torn.name}"]
    assert store.read(KEY).empty
    assert len(store.read(OTHER)) == 4
    store.add(KEY, bars(2, 8))
    store.compact()
    assert len(ParquetBarStore(tmp_path).read(KEY)) == 6


def test_a_sound_store_is_left_as_it_is(tmp_path: Path) -> None:
    store = ParquetBarStore(tmp_path)
    store.add(KEY, bars(0, 4))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    assert store.mend() == ()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")} == before


def revised(store: ParquetBarStore) -> None:
    told_otherwise = bars(0, 2, closes=101.0).assign(
        fetched_at=bars(0, 4)["fetched_at"].max() + pd.Timedelta(hours=1)
    )
    store.add(KEY, told_otherwise)
    store.compact()


def put_aside(store: ParquetBarStore) -> None:
    store.add(KEY, bars(4, 5, closes=-1.0))


def exchanged(store: ParquetBarStore) -> None:
    gathering(store)
    store.thaw(KEY)


def gathering(store: ParquetBarStore) -> None:
    store.freeze(KEY, Freeze(build.NOW, 0.25, "told a quarter as high"))
    store.refetched().add(KEY, bars(0, 4, closes=25.0))


@pytest.mark.parametrize(
    ("folder", "filled"),
    [
        ("revisions", revised),
        ("quarantine", put_aside),
        ("superseded", exchanged),
        ("refetch/segments", gathering),
    ],
)
def test_whatever_verify_finds_is_mended_and_the_store_goes_on(
    tmp_path: Path, folder: str, filled: Callable[[ParquetBarStore], None]
) -> None:
    store = ParquetBarStore(tmp_path)
    store.add(KEY, bars(0, 4))
    filled(store)
    (torn,) = (tmp_path / folder).glob("*.parquet")
    damage(torn)
    store = ParquetBarStore(tmp_path)
    where = [f"{folder}/{torn.name}"]
    assert [each.where for each in store.verify()] == where
    assert [each.where for each in store.mend()] == where
    assert store.verify() == ()
    revised(store)
    assert len(store.read(KEY)) == 4
    assert len(store.quarantined()) == 0
    assert store.refetched().read(KEY).empty


def test_a_frozen_series_whose_bars_are_torn_can_be_claimed_and_mended(tmp_path: Path) -> None:
    store = ParquetBarStore(tmp_path)
    store.claim(OWNER)
    store.add_many({KEY: bars(0, 4), OTHER: bars(0, 4)})
    store.compact()
    gathering(store)
    damage(tmp_path / "bars" / f"{name_of(KEY)}.parquet")
    again = ParquetBarStore(tmp_path)
    again.claim(OWNER)
    assert len(again.read(OTHER)) == 4
    assert len(again.mend()) == 1
    again.thaw(KEY)
    assert again.read(KEY)["close"].tolist() == [25.0] * 4


def test_what_was_damaged_before_is_not_lost_to_what_is_damaged_later(tmp_path: Path) -> None:
    store = ParquetBarStore(tmp_path)
    contents = set()
    for count in (4, 5):
        store.add(KEY, bars(0, count))
        store.compact()
        contents.add(damage(tmp_path / "bars" / f"{name_of(KEY)}.parquet"))
        store.mend()
    assert {path.read_bytes() for path in (tmp_path / "damaged").iterdir()} == contents
