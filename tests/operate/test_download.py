"""Downloads: what is asked for, in which order, what is kept, and what one failure does."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from sellkit.core.bars import PRICES, BarSize, SeriesKey, Slot
from sellkit.core.windows import SLICE_SESSIONS
from sellkit.errors import (
    InvalidBars,
    NotConnected,
    PacingViolation,
    RequestRejected,
    RequestTimedOut,
    SellkitError,
)
from sellkit.operate.download import DownloadReport, bring_up_to_date, plan
from sellkit.operate.fetch import Outcome, Series
from tests.build import NOW, assignment, instrument, new_york, utc
from tests.fakes import FakeBroker, FakeClock
from tests.fakes_store import MemoryBarStore
from tests.operate.workplace import (
    APPLE,
    MICROSOFT,
    SPIDER,
    CountingProgress,
    histories,
    options,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sellkit.core.windows import BarRequest
    from sellkit.operate.options import DeskOptions

TOKENS = {APPLE: "NASDAQ:AAPL", MICROSOFT: "NASDAQ:MSFT", SPIDER: "ARCA:SPY"}
HALVES, DAYS = SeriesKey(APPLE, BarSize.M30), SeriesKey(APPLE, BarSize.D1)


class Troubled(FakeBroker):
    """A gateway in memory that may do something else before it answers."""

    trouble: Callable[[BarRequest], None] | None = None

    def bars(self, request: BarRequest) -> pd.DataFrame:
        if self.trouble is not None:
            self.trouble(request)
        return super().bars(request)


class Generous(FakeBroker):
    """A gateway that answers with everything up to the present, the forming bar included."""

    def bars(self, request: BarRequest) -> pd.DataFrame:
        whole = self.histories[request.instrument.con_id, request.bar_size].copy()
        whole["fetched_at"] = pd.Timestamp(self.clock.now()).as_unit("us")
        return whole[whole.index <= self.clock.now()]


class Download:
    """Downloads into one store, again and again."""

    def __init__(self, broker: FakeBroker, settings: DeskOptions | None = None) -> None:
        self.broker = broker
        self.store = MemoryBarStore()
        self.progress = CountingProgress()
        self.options = settings or options()

    def __call__(self, *con_ids: int, choice: str | None = None) -> tuple[Outcome, ...]:
        return self.report(*con_ids, choice=choice).outcomes

    def report(
        self, *con_ids: int, choice: str | None = None, is_present: bool = True
    ) -> DownloadReport:
        series = [each for con_id in con_ids for each in self.planned(con_id, choice)]
        return bring_up_to_date(
            series,
            self.broker,
            self.store,
            self.progress,
            self.options,
            self.broker.clock,
            is_present=is_present,
        )

    def planned(self, con_id: int, choice: str | None = None) -> tuple[Series, Series]:
        return plan(
            instrument(TOKENS[con_id], con_id),
            new_york(),
            None if choice is None else assignment(choice, TOKENS[con_id]),
            self.options,
            self.broker.clock.now(),
        )

    def planned_at(self, con_id: int, moment: dt.datetime) -> Sequence[Slot]:
        """The half-hours due at a later moment."""
        planned = plan(instrument(TOKENS[con_id], con_id), new_york(), None, self.options, moment)
        return planned[1].due


def broker_with(*con_ids: int, kind: type[FakeBroker] = FakeBroker) -> FakeBroker:
    return kind(FakeClock(NOW), bars=histories(*con_ids))


def alone() -> DeskOptions:
    return options(concurrency=1)


def sizes(requests: Sequence[BarRequest]) -> list[BarSize]:
    return [request.bar_size for request in requests]


# --- what is asked for ----------------------------------------------------------------------------


def test_daily_bars_of_all_instruments_come_before_any_intraday_ones() -> None:
    broker = broker_with(APPLE, MICROSOFT, SPIDER)
    Download(broker, alone())(APPLE, MICROSOFT, SPIDER)
    assert sizes(broker.requests) == [BarSize.D1] * 3 + [BarSize.M30] * 3


def test_a_second_download_asks_nothing() -> None:
    broker = broker_with(APPLE, MICROSOFT)
    download = Download(broker)
    download(APPLE, MICROSOFT)
    asked = len(broker.requests)
    outcomes = download(APPLE, MICROSOFT)
    assert len(broker.requests) == asked
    assert [(each.fetched, each.requests, each.problem) for each in outcomes] == [(0, 0, None)] * 4


def test_a_second_download_shows_no_progress_because_there_is_nothing_to_do() -> None:
    download = Download(broker_with(APPLE))
    download(APPLE)
    download(APPLE)
    assert len(download.progress.totals) == 1


def test_later_the_new_half_hour_is_asked_for_with_one_session_of_overlap() -> None:
    broker = FakeBroker(FakeClock(NOW), bars=histories(APPLE, now=NOW + dt.timedelta(hours=1)))
    download = Download(broker)
    download(APPLE)
    broker.requests.clear()
    broker.clock.time += dt.timedelta(minutes=59)
    outcomes = download(APPLE)
    (request,) = broker.requests
    assert (request.bar_size, request.duration) == (BarSize.M30, "2 D")
    assert sum(each.fetched for each in outcomes) == 1
    assert request.end == utc("2026-01-28 20:30")


def test_a_bar_that_was_fetched_before_its_end_is_asked_for_again() -> None:
    broker = broker_with(APPLE)
    download = Download(broker)
    download(APPLE)
    newest = download.store.bars[HALVES].index[-1]
    download.store.bars[HALVES].loc[newest, "fetched_at"] = newest
    download(APPLE)
    assert (download.store.bars[HALVES]["fetched_at"] == NOW).all()


def test_a_hole_in_the_store_is_filled_and_nothing_else_is_asked_for() -> None:
    broker = broker_with(APPLE)
    download = Download(broker)
    download(APPLE)
    whole = download.store.bars[HALVES]
    broker.requests.clear()
    download.store.bars[HALVES] = whole.drop(whole.index[10])
    (outcome,) = [each for each in download(APPLE) if each.requests]
    assert (outcome.fetched, len(broker.requests)) == (1, 1)
    pd.testing.assert_frame_equal(download.store.bars[HALVES], whole)


def test_intraday_bars_come_in_slices_that_every_published_limit_allows() -> None:
    broker = FakeBroker(FakeClock(NOW), bars=histories(APPLE, halves=1500))
    Download(broker, options(history_hours=700))(APPLE)
    slices = [request for request in broker.requests if request.bar_size is BarSize.M30]
    assert len(slices) > 1
    assert all(int(each.duration.removesuffix(" D")) <= SLICE_SESSIONS for each in slices)


def test_a_year_of_daily_bars_is_one_request() -> None:
    broker = FakeBroker(FakeClock(NOW), bars=histories(APPLE, days=400))
    Download(broker, options(history_days=365))(APPLE)
    (request,) = [each for each in broker.requests if each.bar_size is BarSize.D1]
    assert request.duration == "250 D"


def test_a_long_daily_ema_asks_for_years() -> None:
    broker = FakeBroker(FakeClock(NOW), bars=histories(APPLE, days=1000))
    download = Download(broker)
    download(APPLE, choice="EMA 200 1D")
    (request,) = [each for each in broker.requests if each.bar_size is BarSize.D1]
    assert request.duration == "4 Y"
    assert len(download.store.bars[DAYS]) >= 891


def test_a_long_hourly_ema_gets_the_half_hours_of_all_its_hours() -> None:
    days, halves = Download(broker_with(APPLE)).planned(APPLE, "EMA 200 1H")
    assert len(days.due) < 60
    assert len({(slot.start.replace(minute=0)) for slot in halves.due}) >= 891


def test_an_unassigned_instrument_gets_the_usual_history() -> None:
    days, halves = Download(broker_with(APPLE)).planned(APPLE)
    assert days.due[0].start >= NOW - dt.timedelta(days=30)
    assert len(halves.due) == 37


# --- however many bars an answer holds ------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 7, 31, 400, None])
def test_the_store_holds_the_same_bars_however_many_an_answer_gives(most: int | None) -> None:
    broker = broker_with(APPLE)
    broker.max_bars_per_answer = most
    download = Download(broker)
    download(APPLE)
    days, halves = download.planned(APPLE)
    for series in (days, halves):
        stored = download.store.read(series.key)
        told = broker.histories[APPLE, series.key.bar_size]
        assert list(stored.index) == [slot.start for slot in series.due]
        pd.testing.assert_series_equal(stored["close"], told.loc[stored.index, "close"])


@pytest.mark.parametrize("most", [31, 400])
def test_no_bar_is_asked_for_twice_when_answers_are_short(most: int) -> None:
    broker = FakeBroker(FakeClock(NOW), bars=histories(APPLE, halves=1500))
    broker.max_bars_per_answer = most
    download = Download(broker, options(history_hours=300))
    outcomes = download(APPLE)
    asked = {(each.bar_size, each.end, each.duration) for each in broker.requests}
    assert len(asked) == len(broker.requests)
    assert sum(each.fetched for each in outcomes) == sum(map(len, download.store.bars.values()))


def test_an_instrument_that_is_younger_than_its_history_ends_the_questions() -> None:
    broker = FakeBroker(FakeClock(NOW), bars=histories(APPLE, halves=10, days=3))
    days, halves = Download(broker)(APPLE)
    assert (days.fetched, halves.fetched) == (3, 10)
    assert (days.problem, halves.problem) == (None, None)
    assert len(broker.requests) <= 4


def test_an_instrument_without_any_bars_is_no_failure_of_the_gateway() -> None:
    outcomes = Download(FakeBroker(FakeClock(NOW)))(APPLE)
    assert [(each.fetched, each.problem) for each in outcomes] == [(0, None), (0, None)]


# --- what is kept ---------------------------------------------------------------------------------


def test_the_forming_bar_is_never_stored() -> None:
    later = NOW + dt.timedelta(minutes=40)
    broker = Generous(FakeClock(NOW), bars=histories(APPLE, now=later))
    assert broker.histories[APPLE, BarSize.M30].index[-1] == utc("2026-01-28 20:00")
    download = Download(broker)
    download(APPLE)
    assert download.store.bars[HALVES].index[-1] == utc("2026-01-28 19:30")
    assert download.store.bars[DAYS].index[-1] == utc("2026-01-27 00:00")


def test_bars_off_the_grid_are_not_stored() -> None:
    broker = Generous(FakeClock(NOW), bars=histories(APPLE))
    whole = broker.histories[APPLE, BarSize.M30]
    odd = whole.iloc[[-3]].set_axis(whole.index[[-3]] + pd.Timedelta(minutes=7))
    broker.histories[APPLE, BarSize.M30] = pd.concat([whole, odd]).sort_index()
    download = Download(broker)
    download(APPLE)
    due = [slot.start for slot in download.planned(APPLE)[1].due]
    assert list(download.store.bars[HALVES].index) == due


# --- when something fails -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        RequestRejected(200, "no security definition"),
        RequestTimedOut("no answer in 60 s"),
        PacingViolation("too many requests"),
        InvalidBars("bars from the test cannot be used"),
    ],
)
def test_one_instruments_failure_leaves_the_others(error: SellkitError) -> None:
    broker = broker_with(APPLE, MICROSOFT, kind=Troubled)

    def refuse_microsoft(request: BarRequest) -> None:
        if request.instrument.con_id == MICROSOFT:
            raise error

    assert isinstance(broker, Troubled)
    broker.trouble = refuse_microsoft
    download = Download(broker)
    outcomes = download(MICROSOFT, APPLE)
    problems = {(each.series.instrument.con_id, each.problem) for each in outcomes}
    assert problems == {(MICROSOFT, str(error)), (APPLE, None)}
    assert {key.con_id for key in download.store.bars} == {APPLE}
    assert download.progress.done == sum(download.progress.totals)


def test_what_came_before_an_instruments_failure_is_kept() -> None:
    broker = broker_with(APPLE, kind=Troubled)
    broker.max_bars_per_answer = 7

    def refuse_the_third(request: BarRequest) -> None:
        if len(broker.requests) == 2:
            raise RequestTimedOut("no answer in 60 s")

    assert isinstance(broker, Troubled)
    broker.trouble = refuse_the_third
    download = Download(broker, alone())
    days, _ = download(APPLE)
    assert (days.fetched, days.problem) == (14, "no answer in 60 s")
    assert len(download.store.bars[DAYS]) == 14


def test_a_lost_connection_is_raised_and_what_had_come_is_stored() -> None:
    broker = broker_with(APPLE, MICROSOFT, kind=Troubled)

    def hang_up_on_intraday(request: BarRequest) -> None:
        if request.bar_size is BarSize.M30:
            raise NotConnected("the connection was lost")

    assert isinstance(broker, Troubled)
    broker.trouble = hang_up_on_intraday
    download = Download(broker)
    with pytest.raises(NotConnected, match="was lost"):
        download(APPLE, MICROSOFT)
    assert {key.bar_size for key in download.store.bars} == {BarSize.D1}
    assert len(download.store.bars) == 2
    assert download.progress.stops == 1


def test_after_a_lost_connection_no_further_instrument_is_asked_for() -> None:
    broker = broker_with(APPLE, MICROSOFT, SPIDER)
    broker.failure = NotConnected("the connection was lost")
    with pytest.raises(NotConnected):
        Download(broker, alone())(APPLE, MICROSOFT, SPIDER)
    assert len(broker.requests) <= 2  # the second may have begun before the first was looked at


# --- progress and concurrency ---------------------------------------------------------------------


@pytest.mark.parametrize("most", [7, None])
def test_progress_adds_up_to_its_total(most: int | None) -> None:
    broker = broker_with(APPLE, MICROSOFT)
    broker.max_bars_per_answer = most
    download = Download(broker)
    download(APPLE, MICROSOFT, SPIDER)  # of the last one nothing can be had
    assert download.progress.totals == [download.progress.done]
    assert download.progress.stops == 1


def test_as_many_instruments_are_asked_for_at_once_as_allowed_and_no_more() -> None:
    broker = broker_with(APPLE, MICROSOFT, kind=Troubled)
    together = threading.Barrier(2)
    most, open_now, lock = [0], [0], threading.Lock()

    def meet(request: BarRequest) -> None:
        with lock:
            open_now[0] += 1
            most[0] = max(most[0], open_now[0])
        together.wait(timeout=20)  # breaks when nobody else is asking meanwhile
        with lock:
            open_now[0] -= 1

    assert isinstance(broker, Troubled)
    broker.trouble = meet
    Download(broker, options(concurrency=2))(APPLE, MICROSOFT)
    assert most == [2]


def test_what_came_of_a_download_is_said_in_a_line_and_not_in_megabytes() -> None:
    report = Download(broker_with(APPLE)).report(APPLE)
    assert repr(report) == "56 bars fetched by 2 requests for 2 series"
    assert len(repr(report.outcomes)) < 1000


def test_the_report_names_every_series_that_failed_and_why() -> None:
    broker = broker_with(APPLE)
    broker.failure = RequestTimedOut("no answer in 60 s")
    report = Download(broker).report(APPLE)
    assert report.problems == {APPLE: "no answer in 60 s"}
    assert repr(report).splitlines()[1:] == [
        "NASDAQ:AAPL 1 day: no answer in 60 s",
        "NASDAQ:AAPL 30 mins: no answer in 60 s",
    ]


def test_extended_hours_are_a_series_of_their_own() -> None:
    broker = broker_with(APPLE)
    download = Download(broker)
    download(APPLE)
    download.options = replace(download.options, rth=False)
    download(APPLE)
    assert {key.rth for key in download.store.bars} == {True, False}
    assert {request.rth for request in broker.requests} == {True, False}


# --- what is told differently, and what there is not ----------------------------------------------


def split(frame: pd.DataFrame, factor: float) -> pd.DataFrame:
    """The same bars as the source tells them after a split."""
    told = frame.copy()
    told[PRICES] /= factor
    return told


def test_after_a_split_both_series_are_fetched_anew_before_anything_is_joined() -> None:
    later = NOW + dt.timedelta(hours=1)
    broker = FakeBroker(FakeClock(NOW), bars=histories(APPLE, now=later))
    download = Download(broker)
    download(APPLE)
    broker.histories = {key: split(each, 10) for key, each in broker.histories.items()}
    broker.clock.time = later
    outcomes = download(APPLE)
    assert [each.problem for each in outcomes] == [None, None]
    for key, stored in download.store.bars.items():
        told = broker.histories[APPLE, key.bar_size]["close"]
        pd.testing.assert_series_equal(
            stored["close"], told[told.index.isin(stored.index)], check_freq=False
        )


def test_a_split_shows_at_the_opening_although_no_bar_is_due_yet() -> None:
    opening = utc("2026-01-29 14:30:05")
    broker = FakeBroker(FakeClock(utc("2026-01-28 21:00:20")), bars=histories(APPLE, now=opening))
    download = Download(broker)
    download(APPLE)
    broker.histories = {key: split(each, 10) for key, each in broker.histories.items()}
    broker.clock.time = opening
    outcomes = download(APPLE)
    assert [each.problem for each in outcomes] == [None, None]
    for key, stored in download.store.bars.items():
        assert stored["close"].iloc[-1] == broker.histories[APPLE, key.bar_size]["close"].iloc[-1]


def test_at_the_opening_one_bar_of_each_instrument_is_told_anew_once() -> None:
    opening = utc("2026-01-29 14:30:05")
    broker = FakeBroker(FakeClock(utc("2026-01-28 21:00:20")), bars=histories(APPLE, now=opening))
    download = Download(broker)
    download(APPLE)
    broker.requests.clear()
    broker.clock.time = opening - dt.timedelta(minutes=1)
    download(APPLE)
    assert broker.requests == []
    broker.clock.time = opening
    outcomes = download(APPLE)
    download(APPLE)
    (request,) = broker.requests
    assert (request.bar_size, request.duration) == (BarSize.M30, "2 D")
    assert request.end == utc("2026-01-28 21:00")
    assert [each.problem for each in outcomes] == [None, None]
    download.report(APPLE, is_present=False)
    assert len(broker.requests) == 1


def test_a_split_of_one_instrument_leaves_the_others_as_they_are() -> None:
    later = NOW + dt.timedelta(hours=1)
    broker = FakeBroker(FakeClock(NOW), bars=histories(APPLE, MICROSOFT, now=later))
    download = Download(broker)
    download(APPLE, MICROSOFT)
    broker.histories |= {
        (APPLE, size): split(broker.histories[APPLE, size], 2) for size in (BarSize.M30, BarSize.D1)
    }
    broker.requests.clear()
    broker.clock.time = later
    download(APPLE, MICROSOFT)
    asked = [each for each in broker.requests if each.instrument.con_id == MICROSOFT]
    assert [each.duration for each in asked] == ["2 D", "2 D"]


def test_a_bar_that_was_corrected_late_replaces_the_stored_one() -> None:
    later = NOW + dt.timedelta(hours=1)
    broker = FakeBroker(FakeClock(NOW), bars=histories(APPLE, now=later))
    download = Download(broker)
    download(APPLE)
    told = broker.histories[APPLE, BarSize.M30]
    last = download.store.bars[HALVES].index[-1]
    told.loc[last, "close"] = told.loc[last, "high"] = told.loc[last, "high"] * 1.01
    broker.clock.time = later
    download(APPLE)
    assert download.store.bars[HALVES].loc[last, "close"] == told.loc[last, "close"]


def test_bars_that_the_source_does_not_have_are_asked_for_once_a_day() -> None:
    broker = broker_with(APPLE)
    whole = broker.histories[APPLE, BarSize.D1]
    broker.histories[APPLE, BarSize.D1] = whole.iloc[-9:]
    download = Download(broker)
    download(APPLE)
    asked = len(broker.requests)
    assert not any(each.fetched or each.requests for each in download(APPLE))
    assert len(broker.requests) == asked
    broker.clock.time += dt.timedelta(days=1, minutes=1)
    download(APPLE)
    assert any(each.bar_size is BarSize.D1 for each in broker.requests[asked:])


def test_a_fresh_bar_that_is_late_is_asked_for_again_at_once() -> None:
    broker = broker_with(APPLE)
    whole = broker.histories[APPLE, BarSize.M30]
    broker.histories[APPLE, BarSize.M30] = whole.iloc[:-1]
    download = Download(broker)
    download(APPLE)
    broker.histories[APPLE, BarSize.M30] = whole
    assert sum(each.fetched for each in download(APPLE)) == 1


class Late(FakeBroker):
    """A gateway that has the newest half-hour only from some question on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.arrives_at = 1

    def bars(self, request: BarRequest) -> pd.DataFrame:
        answer = super().bars(request)
        asked = sum(each.bar_size is BarSize.M30 for each in self.requests)
        is_late = request.bar_size is BarSize.M30 and asked < self.arrives_at
        newest = self.histories[APPLE, BarSize.M30].index[-1]
        return answer[answer.index < newest] if is_late else answer


def patient(seconds: int = 60) -> DeskOptions:
    return options(late_bars=dt.timedelta(seconds=seconds))


@pytest.mark.parametrize("arrives_at", [2, 3])
def test_a_bar_that_has_just_ended_is_asked_for_until_its_time_is_over(arrives_at: int) -> None:
    broker = broker_with(APPLE, kind=Late)
    assert isinstance(broker, Late)
    broker.arrives_at = arrives_at
    download = Download(broker, patient())
    download(APPLE)
    newest = broker.histories[APPLE, BarSize.M30].index[-1]
    assert newest in download.store.bars[HALVES].index
    assert sizes(broker.requests).count(BarSize.M30) == arrives_at


def test_a_bar_that_does_not_come_is_given_up_and_stays_missing() -> None:
    broker = broker_with(APPLE, kind=Late)
    assert isinstance(broker, Late)
    broker.arrives_at = 100
    download = Download(broker, patient())
    download(APPLE)
    newest = broker.histories[APPLE, BarSize.M30].index[-1]
    assert newest not in download.store.bars[HALVES].index
    assert sizes(broker.requests).count(BarSize.M30) == 1 + 2  # at 20, 35 and 50 s
    assert broker.clock.time == NOW + dt.timedelta(seconds=30)


def test_on_a_clock_that_stands_still_a_late_bar_is_given_up_all_the_same() -> None:
    broker = broker_with(APPLE, kind=Late)
    assert isinstance(broker, Late)
    broker.arrives_at, broker.clock.is_stopped = 100, True
    Download(broker, patient())(APPLE)
    assert sizes(broker.requests).count(BarSize.M30) == 1 + 2
    assert broker.clock.naps == [15.0, 15.0]


def test_a_look_at_the_past_waits_for_nothing() -> None:
    broker = broker_with(APPLE, kind=Late)
    assert isinstance(broker, Late)
    broker.arrives_at = 100
    Download(broker, patient()).report(APPLE, is_present=False)
    assert broker.clock.naps == []


class Slow(Late):
    """A gateway that takes half a minute for each answer."""

    def bars(self, request: BarRequest) -> pd.DataFrame:
        answer = super().bars(request)
        self.clock.time += dt.timedelta(seconds=30)
        return answer


def test_after_a_long_round_a_late_bar_is_asked_for_once_more_at_once() -> None:
    broker = broker_with(APPLE, kind=Slow)
    assert isinstance(broker, Slow)
    broker.arrives_at = 2
    download = Download(broker, replace(patient(), concurrency=1))
    download(APPLE)
    newest = broker.histories[APPLE, BarSize.M30].index[-1]
    assert newest in download.store.bars[HALVES].index
    assert broker.clock.time == NOW + 3 * dt.timedelta(seconds=30)


def test_what_was_waited_for_in_vain_is_told_with_the_number_of_questions() -> None:
    broker = broker_with(APPLE, kind=Late)
    assert isinstance(broker, Late)
    broker.arrives_at = 100
    report = Download(broker, patient()).report(APPLE)
    assert report.problems == {
        APPLE: "the 30 mins bar to 20:00 UTC did not come in time, asked for 3 times"
    }


def test_a_bar_that_ended_long_ago_is_not_waited_for() -> None:
    broker = broker_with(APPLE, kind=Late)
    assert isinstance(broker, Late)
    broker.arrives_at = 100
    broker.clock.time += dt.timedelta(minutes=5)
    Download(broker, patient())(APPLE)
    assert sizes(broker.requests).count(BarSize.M30) == 1


def test_a_bar_is_not_asked_for_before_it_is_final() -> None:
    broker = broker_with(APPLE)
    download = Download(broker, options(lag=dt.timedelta(seconds=30)))
    download(APPLE)
    assert not download.store.bars[HALVES].empty
    newest = broker.histories[APPLE, BarSize.M30].index[-1]
    first = len(broker.requests)
    broker.clock.time += dt.timedelta(seconds=10)
    download(APPLE)
    assert sizes(broker.requests[first:]) == [BarSize.M30]
    told = download.store.bars[HALVES].loc[newest, "fetched_at"]
    assert told == pd.Timestamp(broker.clock.time)


def test_all_series_come_newest_first_and_what_is_not_held_comes_last() -> None:
    con_ids = (APPLE, MICROSOFT, SPIDER)
    broker = FakeBroker(FakeClock(NOW), bars=histories(*con_ids, halves=700))
    download = Download(broker, options(concurrency=1, history_hours=300))
    series = [
        replace(each, is_held=con_id != APPLE)
        for con_id in con_ids
        for each in download.planned(con_id)
    ]
    bring_up_to_date(
        series,
        broker,
        download.store,
        download.progress,
        download.options,
        broker.clock,
        is_present=True,
    )
    halves = [each for each in broker.requests if each.bar_size is BarSize.M30]
    assert [each.instrument.con_id for each in halves][-2:] == [APPLE, APPLE]
    held = [each.end for each in halves if each.instrument.con_id != APPLE]
    assert held == sorted(held, reverse=True)
    assert len(held) == 4


def test_a_long_download_says_how_many_requests_and_how_long() -> None:
    broker = broker_with(APPLE, MICROSOFT, SPIDER)
    broker.seconds_a_request = 20.0
    download = Download(broker, options(history_hours=300))
    download(APPLE, MICROSOFT, SPIDER)
    assert download.progress.labels == ["downloading bars: 9 requests, about 3 min"]


def test_bars_are_not_joined_before_an_answer_reaches_what_is_stored() -> None:
    later = NOW + dt.timedelta(days=1)
    broker = FakeBroker(FakeClock(NOW), bars=histories(APPLE, now=later))
    download = Download(broker)
    download(APPLE)
    lacking = [slot for slot in download.planned_at(APPLE, later) if slot.start >= NOW]
    broker.histories = {key: split(each, 10) for key, each in broker.histories.items()}
    broker.max_bars_per_answer = len(lacking)
    broker.clock.time = later
    download(APPLE)
    told = broker.histories[APPLE, BarSize.M30]["close"]
    stored = download.store.bars[HALVES]["close"]
    pd.testing.assert_series_equal(stored, told[told.index.isin(stored.index)], check_freq=False)


def test_a_gateway_that_gives_one_bar_an_answer_cannot_be_joined_and_says_so() -> None:
    later = NOW + dt.timedelta(minutes=30)
    broker = FakeBroker(FakeClock(NOW), bars=histories(APPLE, now=later))
    download = Download(broker)
    download(APPLE)
    before = len(download.store.bars[HALVES])
    broker.max_bars_per_answer = 1
    broker.clock.time = later
    problems = [each.problem for each in download(APPLE) if each.problem]
    assert problems == ["the gateway's answers do not reach back to what is stored"]
    assert len(download.store.bars[HALVES]) == before
