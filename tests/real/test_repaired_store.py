"""Bars taken out of a store at random come back as they were, with the fewest requests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.config import Overrides
from sellkit.core.bars import COLUMNS, BarSize, SeriesKey
from sellkit.core.windows import SLICE_SESSIONS, BarRequest
from sellkit.ports import BarStore
from sellkit.wiring import open_desk
from sellkit.wiring.desk import WiredDesk
from tests.build import new_york
from tests.real.replayed import gateway_beside
from tests.real.tickers import EXCHANGES, Moment, held_at

MOMENT = Moment("a Friday afternoon", "2026-03-06T15:00:20", 0)
HELD = ("AAPL", "SPY", "TSLA")
HOURS = 1400  # about 200 sessions of those recorded
TOLD = [name for name in COLUMNS if name != "fetched_at"]


@dataclass
class Counting:
    """A broker that notes what it is asked."""

    broker: Any
    asked: list[BarRequest] = field(default_factory=list)

    def bars(self, request: BarRequest) -> pd.DataFrame:
        self.asked.append(request)
        return self.broker.bars(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.broker, name)


@pytest.fixture(scope="module")
def settings(market_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Overrides]:
    """What leads to a desk whose store holds 200 sessions of recorded half-hours and their days."""
    folder = market_data / "intraday_30m"
    choices = dict.fromkeys(EXCHANGES, "SMA 20 1H")
    held = [each for each in held_at(folder, MOMENT, choices) if each.symbol in HELD]
    beside = tmp_path_factory.mktemp("repaired")
    with gateway_beside(beside, held, {"30m": folder}, MOMENT.at) as found:
        with desk_of(found) as desk:
            desk.bring_up_to_date()
        yield found


@contextmanager
def desk_of(settings: Overrides) -> Iterator[WiredDesk]:
    with open_desk(overrides=settings) as desk:
        desk.options = replace(desk.options, history_hours=HOURS)
        yield desk


def series_of(store: BarStore) -> tuple[SeriesKey, ...]:
    return store.keys()


def taken_out(whole: pd.DataFrame, chance: random.Random) -> pd.DataFrame:
    """The bars without one in a hundred, and without up to ten whole days; the newest stays."""
    starts = list(whole.index)
    gone = set(chance.sample(starts, len(starts) // 100))
    dates = sorted({start.date() for start in starts})
    days = set(chance.sample(dates, chance.randint(0, 10)))
    return whole[[start not in gone and start.date() not in days for start in starts]]


def fewest(missing: pd.DatetimeIndex, size: BarSize) -> int:
    """How many requests bring these bars, were nothing else asked of them; by another way."""
    if size is BarSize.D1:
        return min(1, len(missing))
    numbers = {session.date: at for at, session in enumerate(new_york().sessions)}
    left = sorted(numbers[start.date()] for start in missing.tz_convert("America/New_York"))
    count = 0
    while left:
        first = left[0]
        left = [number for number in left if number >= first + SLICE_SESSIONS]
        count += 1
    return count


@pytest.mark.parametrize("seed", range(8))
def test_what_was_taken_out_comes_back_value_for_value_with_the_fewest_requests(
    settings: Overrides, tmp_path: Path, seed: int
) -> None:
    chance, least = random.Random(seed), 0
    kept = ParquetBarStore(tmp_path)
    with desk_of(settings) as desk:
        store, broker = desk.parts.store, Counting(desk.parts.broker)
        originals = {key: store.read(key) for key in series_of(store)}
        for key, whole in originals.items():
            rest = taken_out(whole, chance)
            kept.add(key, rest)
            kept.note_absent(key, store.absent(key))
            least += fewest(pd.DatetimeIndex(whole.index.difference(rest.index)), key.bar_size)
        desk.parts = replace(desk.parts, store=kept, broker=broker)
        report = desk.bring_up_to_date()
    assert report.problems == {}
    for key, whole in originals.items():
        pd.testing.assert_frame_equal(kept.read(key)[TOLD], whole[TOLD], check_exact=True)
    assert least <= len(broker.asked) <= 1.2 * least


def test_the_store_holds_enough_to_take_from(settings: Overrides) -> None:
    with desk_of(settings) as desk:
        store = desk.parts.store
        sizes = {key.bar_size: len(store.read(key)) for key in series_of(store)}
    assert sizes[BarSize.D1] > 190
    assert sizes[BarSize.M30] > 2500
