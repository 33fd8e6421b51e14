"""What every `BarStore` does."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.core import indicators
from sellkit.core.bars import Anchor, BarSize, SeriesKey, checked
from sellkit.core.coverage import Absence
from sellkit.core.custody import Freeze
from sellkit.core.extension import extended
from sellkit.core.instrument import Token
from sellkit.core.portfolio import GatewayKind, Origin
from sellkit.errors import DataError, ForeignOrigin, InvalidBars
from sellkit.ports import BarStore
from tests import build
from tests.fakes_store import MemoryBarStore

KEY = SeriesKey(265598, BarSize.M30)
OTHER = SeriesKey(1, BarSize.M30)
OURS = Origin(GatewayKind.PAPER, "main", "0123456789ab")


@pytest.fixture(params=["memory", "parquet"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BarStore:
    return MemoryBarStore() if request.param == "memory" else ParquetBarStore(tmp_path / "data")


def bars(first: int, last: int, closes: float = 100.0, late: int = 5) -> pd.DataFrame:
    slots = build.session_halves()[first:last]
    return build.bars(slots, [closes] * len(slots), late * build.SECOND)


def test_a_series_never_written_is_empty_and_keeps_the_schema(store: BarStore) -> None:
    assert checked(store.read(KEY), "the store").empty
    assert store.keys() == ()


def test_what_was_added_is_read_back_exactly(store: BarStore) -> None:
    added = build.bars(build.session_halves())
    returned = store.add(KEY, added)
    pd.testing.assert_frame_equal(store.read(KEY), added, check_freq=False)
    pd.testing.assert_frame_equal(returned, added, check_freq=False)
    assert checked(store.read(KEY), "the store").index.name == "start"


def test_add_returns_the_whole_series(store: BarStore) -> None:
    store.add(KEY, bars(4, 8))
    whole = store.add(KEY, bars(0, 5))
    assert len(whole) == 8
    pd.testing.assert_frame_equal(store.read(KEY), whole, check_freq=False)


def test_a_series_has_another_mark_whenever_its_bars_changed(store: BarStore) -> None:
    before = store.marks([KEY, OTHER])
    store.add(KEY, bars(0, 3))
    added = store.marks([KEY, OTHER])
    assert added[KEY] != before[KEY]
    assert added[OTHER] == before[OTHER]
    assert store.marks([KEY, OTHER]) == added
    store.add(KEY, bars(1, 2, 101.0, late=60))
    revised = store.marks([KEY])[KEY]
    assert revised != added[KEY]
    store.drop(KEY)
    assert store.marks([KEY])[KEY] not in {revised, added[KEY]}


@pytest.mark.parametrize("newer_first", [True, False])
def test_the_later_fetch_wins_whatever_the_order_of_adding(
    store: BarStore, newer_first: bool
) -> None:
    older, newer = bars(0, 3, 100.0, late=5), bars(1, 2, 200.0, late=900)
    for each in (newer, older) if newer_first else (older, newer):
        store.add(KEY, each)
    assert store.read(KEY)["close"].tolist() == [100.0, 200.0, 100.0]


def test_adding_nothing_makes_no_series(store: BarStore) -> None:
    assert store.add(KEY, bars(0, 0)).empty
    assert store.keys() == ()


def test_bars_that_cannot_be_are_put_aside_with_the_reason_and_change_nothing(
    store: BarStore,
) -> None:
    store.add(KEY, bars(0, 2))
    wrong = bars(1, 4)
    wrong.iloc[0, wrong.columns.get_loc("low")] = 0.0
    wrong.iloc[2, wrong.columns.get_loc("close")] *= 1000
    refused = store.add_many({KEY: wrong, OTHER: bars(0, 1)})
    assert set(refused) == {KEY}
    assert refused[KEY].index.tolist() == [wrong.index[0], wrong.index[2]]
    assert store.read(KEY)["close"].tolist() == [100.0] * 3
    assert len(store.read(OTHER)) == 1
    kept = store.quarantined()
    assert kept["start"].tolist() == refused[KEY].index.tolist()
    assert kept["reason"].tolist() == refused[KEY]["reason"].tolist()
    assert kept["series"].nunique() == 1


def test_nothing_is_put_aside_while_all_bars_are_sound(store: BarStore) -> None:
    assert store.add_many({KEY: bars(0, 2), OTHER: bars(0, 0)}) == {}
    assert store.quarantined().empty


def test_a_frame_that_is_no_bar_frame_is_refused_and_nothing_is_added(store: BarStore) -> None:
    with pytest.raises(InvalidBars, match="columns"):
        store.add_many({KEY: bars(0, 2), OTHER: bars(0, 2).drop(columns="close")})
    assert store.keys() == ()


def test_a_price_a_thousand_times_the_last_is_put_aside(store: BarStore) -> None:
    store.add(KEY, bars(0, 4))
    assert len(store.add_many({KEY: bars(4, 5, 100_000.0)})[KEY]) == 1
    assert len(store.add_many({KEY: bars(4, 5, 0.1)})[KEY]) == 1
    assert len(store.read(KEY)) == 4


def test_what_a_caller_does_to_its_frame_afterwards_changes_nothing(store: BarStore) -> None:
    mine = bars(0, 3)
    store.add(KEY, mine)
    mine.loc[mine.index[0], "close"] = 1.0
    given = store.read(KEY)
    given.loc[mine.index[1], "close"] = 1.0
    assert store.read(KEY)["close"].tolist() == [100.0] * 3


def test_folding_changes_nothing_that_is_read(store: BarStore) -> None:
    store.add(KEY, bars(0, 3, 100.0, late=5))
    store.add_many({KEY: bars(1, 5, 101.0, late=900), OTHER: bars(0, 2)})
    before, keys = store.read(KEY), store.keys()
    store.compact()
    pd.testing.assert_frame_equal(store.read(KEY), before)
    assert store.keys() == keys
    store.add(KEY, bars(5, 6))
    assert len(store.read(KEY)) == 6


def test_what_was_told_before_is_kept_with_both_times(store: BarStore) -> None:
    store.add(KEY, bars(0, 3, 100.0, late=5))
    store.add(KEY, bars(1, 2, 100.5, late=900))
    for _ in range(2):
        found = store.revisions(KEY)
        assert found["close"].tolist() == [100.0]
        assert found.index.tolist() == [bars(1, 2).index[0]]
        assert found["replaced_at"].tolist() == bars(1, 2, late=900)["fetched_at"].tolist()
        assert found["fetched_at"].tolist() == bars(1, 2, late=5)["fetched_at"].tolist()
        store.compact()


def test_the_same_told_again_is_no_revision(store: BarStore) -> None:
    store.add(KEY, bars(0, 3, late=5))
    store.add(KEY, bars(0, 3, late=900))
    assert store.revisions(KEY).empty
    assert store.revisions(OTHER).empty


def test_everything_that_was_told_of_a_bar_can_be_told_apart(store: BarStore) -> None:
    store.add(KEY, bars(0, 3, 100.0, late=5))
    store.add(KEY, bars(1, 3, 100.0, late=900))
    store.add(KEY, bars(2, 3, 100.5, late=1800))
    told = store.tellings(KEY)
    pd.testing.assert_frame_equal(told[:1], bars(0, 1, 100.0, late=5), check_freq=False)
    assert told["close"].tolist() == [100.0] * 5 + [100.5]
    ends = [slot.end for slot in build.session_halves()[:3]]
    late = [(0, 5), (1, 5), (1, 900), (2, 5), (2, 900), (2, 1800)]
    assert told["fetched_at"].tolist() == [ends[bar] + after * build.SECOND for bar, after in late]
    assert store.tellings(OTHER).empty


def test_what_was_told_before_another_price_is_known_after_folding(store: BarStore) -> None:
    store.add(KEY, bars(0, 3, 100.0, late=5))
    store.add(KEY, bars(1, 2, 100.5, late=900))
    store.add(KEY, bars(1, 2, 100.5, late=1800))
    store.compact()
    told = store.tellings(KEY)
    assert told["close"].tolist() == [100.0, 100.0, 100.5, 100.5, 100.0]
    first, again = (bars(1, 2, late=each)["fetched_at"].iloc[0] for each in (900, 1800))
    assert told["fetched_at"].tolist()[2:4] == [first, again]


def test_a_frozen_series_is_read_as_before_until_the_new_one_takes_its_place(
    store: BarStore,
) -> None:
    store.add(KEY, bars(0, 4, 100.0, late=5))
    store.write_averages(KEY, indicators.table(bars(0, 4)))
    freeze = Freeze(build.NOW, 0.25, "told a quarter as high")
    store.freeze(KEY, freeze)
    assert store.frozen() == {KEY: freeze}
    store.refetched().add(KEY, bars(0, 3, 25.0, late=900))
    store.refetched().note_absent(KEY, {build.NOW: Absence(build.NOW)})
    assert store.read(KEY)["close"].tolist() == [100.0] * 4
    store.thaw(KEY)
    assert store.frozen() == {}
    assert store.read(KEY)["close"].tolist() == [25.0] * 3
    assert store.read_averages(KEY) is None
    assert set(store.absent(KEY)) == {build.NOW}
    assert store.refetched().keys() == ()
    store.compact()
    assert store.read(KEY)["close"].tolist() == [25.0] * 3
    store.add(KEY, bars(3, 5, 26.0))
    assert store.read(KEY)["close"].tolist() == [25.0] * 3 + [26.0] * 2


def test_a_series_that_was_not_gathered_is_not_exchanged(store: BarStore) -> None:
    store.add(KEY, bars(0, 4))
    store.freeze(KEY, Freeze(build.NOW, 0.25, "told a quarter as high"))
    with pytest.raises(DataError):
        store.thaw(KEY)
    assert len(store.read(KEY)) == 4
    assert set(store.frozen()) == {KEY}


def test_a_series_that_another_has_exchanged_already_stays_as_it_is(store: BarStore) -> None:
    store.add(KEY, bars(0, 4))
    store.freeze(KEY, Freeze(build.NOW, 0.25, "told a quarter as high"))
    store.refetched().add(KEY, bars(0, 4, 25.0))
    store.thaw(KEY)
    store.refetched().add(KEY, bars(0, 1, 26.0))
    store.thaw(KEY)
    assert store.read(KEY)["close"].tolist() == [25.0] * 4
    assert len(store.refetched().read(KEY)) == 1


def test_a_sound_store_has_no_findings_and_its_figures_are_those_of_its_bars(
    store: BarStore,
) -> None:
    store.add(KEY, bars(0, 4))
    store.add(OTHER, bars(2, 3))
    assert store.verify() == ()
    told = {each.key: (each.bars, each.first, each.last) for each in store.figures()}
    index = bars(0, 4).index
    assert told == {KEY: (4, index[0], index[3]), OTHER: (1, index[2], index[2])}


def test_a_state_is_kept_with_the_averages(store: BarStore) -> None:
    table = indicators.table(bars(0, 4)).assign(used=range(4))
    table.attrs["state"] = '{"sum": "1"}'
    store.write_averages(KEY, table)
    found = store.read_averages(KEY)
    assert found is not None
    assert found.attrs == {"state": '{"sum": "1"}'}
    assert found["used"].tolist() == [0, 1, 2, 3]


def test_every_part_of_the_key_makes_another_series(store: BarStore) -> None:
    keys = [
        KEY,
        dataclasses.replace(KEY, con_id=1),
        dataclasses.replace(KEY, bar_size=BarSize.H1),
        dataclasses.replace(KEY, what_to_show="ADJUSTED_LAST"),
        dataclasses.replace(KEY, rth=False),
        dataclasses.replace(KEY, anchor=Anchor.SESSION),
    ]
    for place, key in enumerate(keys):
        store.add(key, bars(place, place + 1, 100.0 + place))
    assert set(store.keys()) == set(keys)
    assert [store.read(key)["close"].tolist() for key in keys] == [[100.0 + p] for p in range(6)]


def test_averages_are_kept_apart_from_bars(store: BarStore) -> None:
    table = indicators.table(build.bars(build.session_halves()))
    assert store.read_averages(KEY) is None
    store.write_averages(KEY, table)
    found = store.read_averages(KEY)
    assert found is not None
    pd.testing.assert_frame_equal(found, table, check_freq=False)
    assert store.keys() == ()
    assert store.read(KEY).empty


def test_averages_keep_their_state_and_can_be_carried_on(store: BarStore) -> None:
    whole = build.bars(build.session_halves())
    table, _ = extended(whole.iloc[:-1], None)
    store.write_averages(KEY, table)
    found = store.read_averages(KEY)
    assert found is not None
    assert found.attrs["state"] == table.attrs["state"]
    carried_on, _ = extended(whole, found)
    pd.testing.assert_frame_equal(carried_on, extended(whole, None)[0], check_freq=False)
    assert extended(whole.iloc[:-1], found)[0] is found


def test_averages_are_replaced_not_merged(store: BarStore) -> None:
    table = indicators.table(build.bars(build.session_halves()))
    store.write_averages(KEY, table)
    store.write_averages(KEY, table.iloc[-2:])
    found = store.read_averages(KEY)
    assert found is not None
    assert len(found) == 2


def test_the_owner_may_change_the_alias(store: BarStore) -> None:
    store.claim(OURS)
    store.claim(dataclasses.replace(OURS, alias="second"))


def test_what_the_source_has_no_bar_for_is_remembered_with_the_latest_answer(
    store: BarStore,
) -> None:
    first, second = Absence(build.NOW), Absence(build.NOW + build.SECOND, 2)
    starts = [slot.start for slot in build.session_halves()][:3]
    assert store.absent(KEY) == {}
    store.note_absent(KEY, dict.fromkeys(starts, first))
    store.note_absent(KEY, {starts[0]: second})
    assert store.absent(KEY) == {starts[0]: second, starts[1]: first, starts[2]: first}
    assert store.absent(dataclasses.replace(KEY, con_id=1)) == {}


def test_a_dropped_series_leaves_nothing_behind_and_no_other_series_changes(
    store: BarStore,
) -> None:
    other = dataclasses.replace(KEY, con_id=1)
    table = indicators.table(build.bars(build.session_halves()))
    for key in (KEY, other):
        store.add(key, bars(0, 2))
        store.write_averages(key, table)
        store.note_absent(key, {build.NOW: Absence(build.NOW)})
    store.drop(KEY)
    assert store.read(KEY).empty
    assert store.keys() == (other,)
    store.compact()
    assert store.keys() == (other,)
    assert store.read_averages(KEY) is None
    assert store.absent(KEY) == {}
    assert (len(store.read(other)), len(store.absent(other))) == (2, 1)


def test_the_owner_may_claim_again(store: BarStore) -> None:
    store.claim(OURS)
    store.add(KEY, bars(0, 1))
    store.claim(OURS)
    assert len(store.read(KEY)) == 1


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(OURS, gateway=GatewayKind.LIVE),
        dataclasses.replace(OURS, fingerprint="ffffffffffff"),
    ],
)
def test_another_origin_is_refused(store: BarStore, other: Origin) -> None:
    store.claim(OURS)
    with pytest.raises(ForeignOrigin):
        store.claim(other)


def test_bars_without_a_stamp_belong_to_nobody(store: BarStore) -> None:
    store.add(KEY, bars(0, 1))
    with pytest.raises(ForeignOrigin):
        store.claim(OURS)


def test_a_cleared_store_is_empty_and_anybodys(store: BarStore) -> None:
    store.claim(OURS)
    store.add(KEY, bars(0, 1))
    store.write_averages(KEY, indicators.table(bars(0, 1)))
    store.freeze(KEY, Freeze(build.NOW, 0.25, "told a quarter as high"))
    store.refetched().add(KEY, bars(0, 1))
    store.compact()
    store.add(KEY, bars(1, 2))
    store.clear()
    assert store.frozen() == {}
    assert store.refetched().keys() == ()
    assert store.keys() == ()
    assert store.read(KEY).empty
    assert store.read_averages(KEY) is None
    store.claim(dataclasses.replace(OURS, gateway=GatewayKind.LIVE))


def test_clearing_an_empty_store_does_nothing(store: BarStore) -> None:
    store.clear()
    assert store.keys() == ()


def test_what_contracts_are_called_is_remembered_and_goes_with_the_rest(store: BarStore) -> None:
    store.claim(OURS)
    store.name({1: Token("NASDAQ", "AAPL"), 2: Token("NYSE", "BRK.B")})
    store.name({1: Token("NASDAQ", "APPL")})
    assert store.names() == {1: Token("NASDAQ", "APPL"), 2: Token("NYSE", "BRK.B")}
    store.clear()
    assert store.names() == {}
