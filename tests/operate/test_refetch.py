"""Prices that are told differently: the old bars stay until the new ones are whole."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from sellkit.core.bars import BarSize
from sellkit.core.windows import BarRequest
from sellkit.errors import RequestTimedOut
from tests.fakes import FakeBroker, FakeClock
from tests.operate.test_download import APPLE, DAYS, HALVES, NOW, Download, histories, split

LATER = NOW + dt.timedelta(hours=1)


class Failing(FakeBroker):
    """A broker that after some answers of half-hours gives no more."""

    answers = 1000

    def bars(self, request: BarRequest) -> pd.DataFrame:
        if request.bar_size is BarSize.M30:
            self.answers -= 1
            if self.answers < 0:
                raise RequestTimedOut("no answer")
        return super().bars(request)


def after_a_split(answers: int) -> tuple[Failing, Download]:
    """A store of before a split of 10:1, and a gateway of after it that breaks off."""
    broker = Failing(FakeClock(NOW), bars=histories(APPLE, now=LATER))
    download = Download(broker)
    download(APPLE)
    broker.histories = {key: split(each, 10) for key, each in broker.histories.items()}
    broker.clock.time = LATER
    broker.answers = answers
    return broker, download


def test_the_old_bars_stay_frozen_while_the_new_ones_are_not_whole() -> None:
    _, download = after_a_split(answers=1)
    before = {key: download.store.read(key) for key in (HALVES, DAYS)}
    outcomes = download(APPLE)
    assert [each.problem for each in outcomes if each.problem] == ["no answer"]
    frozen = download.store.frozen()
    assert set(frozen) == {HALVES, DAYS}
    assert {round(each.ratio, 6) for each in frozen.values()} == {0.1}
    for key, bars in before.items():
        pd.testing.assert_frame_equal(download.store.read(key), bars)


def test_the_next_download_goes_on_and_exchanges_all_series_together() -> None:
    broker, download = after_a_split(answers=1)
    old = {key: download.store.read(key) for key in (HALVES, DAYS)}
    download(APPLE)
    broker.answers = 1000
    assert [each.problem for each in download(APPLE)] == [None, None]
    assert download.store.frozen() == {}
    for key in (HALVES, DAYS):
        stored = download.store.read(key)
        told = broker.histories[APPLE, key.bar_size]["close"]
        assert stored["close"].tolist() == told[told.index.isin(stored.index)].tolist()
    kept = dict(download.store.superseded)
    assert set(kept) == {HALVES, DAYS}
    for key, bars in old.items():
        pd.testing.assert_frame_equal(kept[key], bars)


def test_what_had_been_gathered_is_not_asked_for_again() -> None:
    broker, download = after_a_split(answers=1)
    download(APPLE)
    broker.answers = 1000
    broker.requests.clear()
    download(APPLE)
    assert {each.bar_size for each in broker.requests} == {BarSize.M30}


def test_a_series_of_which_a_part_is_told_no_more_stays_frozen() -> None:
    broker, download = after_a_split(answers=1000)
    halves = broker.histories[APPLE, BarSize.M30]
    # Less than a day old: it may come yet.
    broker.histories[APPLE, BarSize.M30] = halves.drop(halves.index[-5])
    for _ in range(2):
        outcomes = download(APPLE)
        assert set(download.store.frozen()) == {HALVES, DAYS}
        assert any("not tell all bars" in str(each.problem) for each in outcomes)
    broker.histories[APPLE, BarSize.M30] = halves
    assert [each.problem for each in download(APPLE)] == [None, None]
    assert download.store.frozen() == {}


def test_bars_that_cannot_be_are_told_of_and_stay_missing() -> None:
    broker = FakeBroker(FakeClock(NOW), bars=histories(APPLE, now=LATER))
    download = Download(broker)
    download(APPLE)
    broker.clock.time = LATER
    told = broker.histories[APPLE, BarSize.M30]
    fresh = told.index[told.index >= pd.Timestamp(NOW - dt.timedelta(minutes=30))]
    told.loc[fresh, ["open", "high", "low", "close"]] *= 1000
    count = len(download.store.read(HALVES))
    problems = [each.problem for each in download(APPLE) if each.problem]
    assert len(problems) == 1
    assert "put aside" in problems[0]
    stored = download.store.read(HALVES)
    assert len(stored) <= count + 1
    assert stored["close"].max() < told.loc[fresh, "close"].min() / 50
    assert len(download.store.quarantined())


def test_pieces_are_folded_after_a_download_but_never_around_an_hour() -> None:
    for minute, count in ((0, 0), (2, 0), (29, 0), (31, 0), (12, 1), (40, 1)):
        now = NOW.replace(minute=minute)
        download = Download(FakeBroker(FakeClock(now), bars=histories(APPLE, now=now)))
        download(APPLE)
        assert len(download.store.compacted) == count, minute
