"""Damaged files leave the store readable, keep their bytes, and bring nothing old back."""

from __future__ import annotations

from pathlib import Path

import pytest

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.errors import InvalidBars
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
