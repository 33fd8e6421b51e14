"""The watch: minutes in, snapshots out; it reads, never goes back for history, and says how old."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from sellkit.core.bars import BarSize
from sellkit.core.custody import Freeze
from sellkit.core.evaluate import DailyBasis
from sellkit.core.pacing import Urgency
from sellkit.core.portfolio import OpenOrder, Position, Side
from sellkit.core.signals import Decision
from sellkit.core.watched import Watched, WatchedRow
from sellkit.core.windows import BarRequest
from sellkit.errors import ClockWentBack, ConfigError, RequestTimedOut, SellkitError
from sellkit.operate.outlook import Outlook
from sellkit.operate.watch import Watch
from tests.build import HOUR_END, account, assignment, live_facts, open_order, position
from tests.operate.workplace import APPLE, MICROSOFT, Workplace, histories, options

MINUTE = dt.timedelta(minutes=1)
NOW = HOUR_END + MINUTE
SECONDS = 60
MSFT = position("NASDAQ:MSFT", con_id=MICROSOFT)
SHORT = {(BarSize.D1, "2 D"), (BarSize.M30, "1 D"), (BarSize.M30, "2 D")}


class Scene:
    """A workplace a minute after an hour's end, its store some half-hours behind, and a watch."""

    def __init__(
        self,
        *held: Position,
        choices: Iterable[str] = ("SMA 5 1H",),
        orders: Iterable[OpenOrder] = (),
        behind: int = 2,
        **changes: Any,
    ) -> None:
        positions = held or (position(),)
        named = [str(each.instrument.token) for each in positions]
        told = histories(*(each.instrument.con_id for each in positions), now=NOW + 60 * MINUTE)
        self.place = Workplace(
            positions=positions,
            assignments=[assignment(*both) for both in zip(choices, named, strict=False)],
            told=told,
            options=options(lag=dt.timedelta(seconds=5), **changes),
        )
        self.broker, self.store, self.clock = self.place.broker, self.place.store, self.place.clock
        self.broker.orders = list(orders)
        self.clock.time = NOW
        for (con_id, size), bars in told.items():
            ended = bars[bars.index < pd.Timestamp(HOUR_END)]
            kept = ended.iloc[: len(ended) - behind] if size is BarSize.M30 else ended
            self.store.add(self.place.options.key(con_id, size), kept)
        self.watch = Watch(self.place.parts(), account(), self.place.options)
        self.shown: list[Watched] = []

    def run(self, minutes: int, *before: Callable[[], object]) -> list[Watched]:
        """The snapshots of so many minutes; `before` is called before the second, the third..."""
        shown = threading.Semaphore(0)
        steps = iter(before)

        def publish(watched: Watched) -> None:
            self.shown.append(watched)
            shown.release()

        def wait_until(instant: dt.datetime) -> bool:
            assert shown.acquire(timeout=SECONDS)
            next(steps, lambda: None)()
            self.clock.sleep_until(instant)
            return True

        self.watch.run(self.clock.now, wait_until, publish, minutes)
        return self.shown

    def one(self) -> WatchedRow:
        """The only row of the only minute."""
        (row,) = self.run(1)[0].rows
        return row

    def fail(self, error: SellkitError, *con_ids: int) -> None:
        """From now on requests for bars of these contracts fail."""
        usual = self.broker.bars

        def bars(request: BarRequest) -> pd.DataFrame:
            if request.instrument.con_id in con_ids:
                self.broker.requests.append(request)
                raise error
            return usual(request)

        self.broker.bars = bars  # type: ignore[method-assign]

    def recover(self) -> None:
        """Requests are answered again."""
        del self.broker.bars


def row_of(watched: Watched, con_id: int) -> WatchedRow:
    return next(each for each in watched.rows if each.con_id == con_id)


# --- what a minute brings -------------------------------------------------------------------------


def test_the_bars_that_ended_are_fetched_stored_and_judged() -> None:
    scene = Scene()
    row = scene.one()
    assert row.bar is not None
    assert row.bar.end == HOUR_END
    assert row.decision is Decision.HOLD
    assert row.row.assigned is not None
    assert row.row.assigned.value is not None
    key = scene.place.options.key(APPLE, BarSize.M30)
    assert scene.store.read(key).index[-1] == pd.Timestamp(HOUR_END - 30 * MINUTE)


def test_a_row_says_what_status_says_of_the_same_bars() -> None:
    scene = Scene(choices=("EMA 10 1H",))
    row = scene.one()
    desk = scene.place.desk
    desk.bring_up_to_date()
    (told,) = desk.decide().rows
    assert row.row.signal == told.signal
    assert row.row.readings == told.readings


@pytest.mark.parametrize(("asks", "quoted"), [(False, []), (True, [APPLE])])
def test_prices_are_asked_for_what_would_be_sold_where_somebody_wants_to_know(
    asks: bool, quoted: list[int]
) -> None:
    scene = Scene(position(), MSFT, choices=("SMA 5 1H", "SMA 5 1H"))
    bars = scene.broker.histories[APPLE, BarSize.M30]
    bars.loc[pd.Timestamp(HOUR_END - 30 * MINUTE), ["low", "close"]] = 90.0
    outlook = Outlook(live_facts) if asks else None
    scene.watch = Watch(scene.place.parts(), account(), scene.place.options, outlook=outlook)
    (watched,) = scene.run(1)
    assert row_of(watched, APPLE).decision is Decision.EXIT
    assert scene.broker.quoted == quoted
    told = row_of(watched, APPLE).row.would_send
    assert ("are live was not asked" in told) is not asks


def test_every_open_order_is_told_also_one_on_a_contract_that_is_not_held() -> None:
    orders = (open_order(), open_order(con_id=77))
    (watched,) = Scene(orders=orders).run(1)
    assert watched.orders == orders


def test_a_bar_that_may_still_change_is_not_judged_yet() -> None:
    scene = Scene()
    scene.clock.time = HOUR_END + dt.timedelta(seconds=2)
    row = scene.one()
    assert row.bar is not None
    assert row.bar.end == HOUR_END - 60 * MINUTE


def test_only_short_slices_are_asked_for_whatever_is_missing() -> None:
    held = (position(), MSFT)
    scene = Scene(*held, choices=("SMA 50 1H", "SMA 50 1D"), behind=200)
    scene.run(3)
    asked = [(each.bar_size, each.duration) for each in scene.broker.requests]
    assert len(asked) == 6
    assert set(asked) <= SHORT
    assert all(each.urgency is Urgency.MINUTE for each in scene.broker.requests)


def test_each_bar_size_that_an_assignment_needs_is_asked_for_once_a_minute() -> None:
    held = (position(), MSFT, position("NYSE:KO", con_id=8894))
    scene = Scene(*held, choices=("SMA 5 1H", "SMA 5 1D"))
    scene.run(2)
    asked = [(each.instrument.con_id, each.bar_size) for each in scene.broker.requests]
    expected = [(APPLE, BarSize.M30), (MICROSOFT, BarSize.D1)]
    assert sorted(asked) == sorted(expected * 2)


def test_a_daily_average_held_against_hours_needs_both_sizes() -> None:
    scene = Scene(choices=("SMA 5 1D",), daily_basis=DailyBasis.HOURLY)
    scene.run(1)
    assert {each.bar_size for each in scene.broker.requests} == {BarSize.D1, BarSize.M30}


def test_one_session_of_half_hours_is_enough_once_one_of_it_is_stored() -> None:
    scene = Scene()
    scene.run(1)
    assert [each.duration for each in scene.broker.requests] == ["1 D"]


def test_the_first_half_hours_of_a_session_are_joined_to_the_session_before() -> None:
    scene = Scene(behind=11)
    row = scene.one()
    assert [each.duration for each in scene.broker.requests] == ["2 D"]
    assert row.decision is Decision.HOLD


def test_history_that_ends_too_early_is_not_mended_and_says_what_to_do() -> None:
    scene = Scene(behind=40)
    before = scene.store.read(scene.place.options.key(APPLE, BarSize.M30))
    row = scene.one()
    assert row.decision is Decision.UNDECIDED
    assert "sellkit status" in " ".join(row.reasons)
    after = scene.store.read(scene.place.options.key(APPLE, BarSize.M30))
    pd.testing.assert_frame_equal(before, after)


def test_history_that_is_too_short_says_how_short_and_what_to_do() -> None:
    scene = Scene(choices=("SMA 200 1D",))
    row = scene.one()
    assert row.decision is Decision.UNDECIDED
    assert "needs 200 bars" in " ".join(row.reasons)
    assert "sellkit status" in " ".join(row.reasons)


def test_what_a_person_fetched_meanwhile_is_seen() -> None:
    scene = Scene(behind=40)
    desk = scene.place.desk
    first, second = scene.run(2, desk.bring_up_to_date)
    assert first.rows[0].decision is Decision.UNDECIDED
    assert second.rows[0].decision is Decision.HOLD
    assert not second.rows[0].is_stale


def test_prices_that_are_told_otherwise_now_are_not_joined() -> None:
    scene = Scene()
    history = scene.broker.histories[APPLE, BarSize.M30]
    scene.broker.histories[APPLE, BarSize.M30] = history.assign(
        **{name: history[name] / 2 for name in ("open", "high", "low", "close")}
    )
    key = scene.place.options.key(APPLE, BarSize.M30)
    before = scene.store.read(key)
    row = scene.one()
    assert "0.5 times" in row.trouble
    pd.testing.assert_frame_equal(scene.store.read(key), before)


def test_a_frozen_instrument_is_not_asked_for() -> None:
    scene = Scene()
    scene.store.freeze(scene.place.options.key(APPLE, BarSize.D1), Freeze(NOW, 0.5, "a split"))
    row = scene.one()
    assert scene.broker.requests == []
    assert row.decision is Decision.UNDECIDED
    assert "frozen" in row.reasons[0]


@pytest.mark.parametrize("factor", [1000.0, float("nan"), 0.0])
def test_bars_that_cannot_be_are_put_aside_once(factor: float) -> None:
    scene = Scene()
    history = scene.broker.histories[APPLE, BarSize.M30]
    wrong = pd.Timestamp(HOUR_END - 30 * MINUTE)
    for name in ("open", "high", "low", "close"):
        history.loc[wrong, name] *= factor
    shown = scene.run(3)
    assert all("cannot be" in each.rows[0].trouble for each in shown)
    assert len(scene.store.quarantined()) == 1


def test_a_second_bar_that_cannot_be_does_not_bring_the_first_one_back() -> None:
    scene = Scene()
    history = scene.broker.histories[APPLE, BarSize.M30]
    for start in (HOUR_END - 30 * MINUTE, HOUR_END):
        history.loc[pd.Timestamp(start), ["open", "high", "low", "close"]] *= 1000
    shown = scene.run(40)
    assert len(scene.store.quarantined()) == 2
    assert "2 of the bars" in shown[-1].rows[0].trouble


def test_a_price_that_goes_on_standing_still_never_enters() -> None:
    scene = Scene()
    history = scene.broker.histories[APPLE, BarSize.M30]
    last = history["close"].loc[pd.Timestamp(HOUR_END - 90 * MINUTE)]
    for start in (HOUR_END - 60 * MINUTE, HOUR_END - 30 * MINUTE, HOUR_END):
        history.loc[pd.Timestamp(start), ["open", "high", "low", "close"]] = last
        history.loc[pd.Timestamp(start), "volume"] = 0.0
    scene.run(40)
    key = scene.place.options.key(APPLE, BarSize.M30)
    assert scene.store.read(key).index[-1] == pd.Timestamp(HOUR_END - 90 * MINUTE)


def test_bars_that_were_put_aside_are_taken_once_they_are_told_rightly() -> None:
    scene = Scene()
    history = scene.broker.histories[APPLE, BarSize.M30]
    right, wrong = history.copy(), HOUR_END - 30 * MINUTE
    history.loc[pd.Timestamp(wrong), ["open", "high", "low", "close"]] *= 1000

    def mend() -> None:
        scene.broker.histories[APPLE, BarSize.M30] = right

    _, second = scene.run(2, mend)
    assert not second.rows[0].is_stale
    key = scene.place.options.key(APPLE, BarSize.M30)
    assert scene.store.read(key).index[-1] == pd.Timestamp(wrong)


def test_minutes_without_a_new_bar_write_nothing() -> None:
    scene = Scene()
    written: list[object] = []
    usual = scene.store.add_many

    def add_many(bars: Any) -> Any:
        written.append(bars)
        return usual(bars)

    scene.store.add_many = add_many  # type: ignore[method-assign]
    scene.run(5)
    assert len(written) == 1


def test_nothing_is_journalled_and_no_table_of_averages_is_written() -> None:
    scene = Scene()
    scene.run(2)
    assert scene.place.journal.runs() == ()
    assert scene.store.averages == {}


# --- stops ----------------------------------------------------------------------------------------


def test_a_stop_is_tied_to_its_contract_not_to_its_symbol() -> None:
    twin = position("NASDAQ:AAPL", con_id=999)
    scene = Scene(position(), twin, orders=[open_order(con_id=999, stop="71")])
    watched = scene.run(1)[0]
    assert row_of(watched, 999).stops == (Decimal(71),)
    assert row_of(watched, APPLE).stops == ()


def test_a_trailing_stop_is_shown_where_it_stands_now() -> None:
    trailing = dataclasses.replace(open_order(stop="81.5"), order_type="TRAIL")
    moved = dataclasses.replace(trailing, stop_price=Decimal(83))
    scene = Scene(orders=[trailing])

    def move() -> None:
        scene.broker.orders = [moved]

    first, second = scene.run(2, move)
    assert first.rows[0].stops == (Decimal("81.5"),)
    assert second.rows[0].stops == (Decimal(83),)


def test_a_stop_that_would_buy_more_protects_nothing() -> None:
    scene = Scene(orders=[open_order(side=Side.BUY, stop="130")])
    assert scene.one().stops == ()


# --- what fails -----------------------------------------------------------------------------------


def test_a_row_whose_request_failed_keeps_its_values_ages_and_says_why() -> None:
    scene = Scene(position(), MSFT, choices=("SMA 5 1H", "SMA 5 1H"))
    error = RequestTimedOut("no answer within 60 s")
    first, second, third = scene.run(
        3, lambda: scene.fail(error, APPLE), lambda: scene.clock.sleep_until(NOW + MINUTE)
    )
    well, failed = row_of(second, MICROSOFT), row_of(third, APPLE)
    assert failed.trouble == "no answer within 60 s"
    assert failed.row.signal == row_of(first, APPLE).row.signal
    assert failed.age(third.due) == 2 * MINUTE
    assert not well.is_stale
    assert well.age(second.due) == dt.timedelta()


def test_a_stale_row_keeps_its_judgement_beyond_the_end_of_another_hour() -> None:
    scene = Scene()
    error = RequestTimedOut("no answer within 60 s")

    def fail_for_an_hour() -> None:
        scene.fail(error, APPLE)
        scene.clock.time += 60 * MINUTE

    first, second = scene.run(2, fail_for_an_hour)
    row = second.rows[0]
    assert row.is_stale
    assert row.bar == first.rows[0].bar
    assert row.decision is first.rows[0].decision
    assert row.age(second.due) == 60 * MINUTE


def test_a_row_comes_back_by_itself() -> None:
    scene = Scene()
    scene.fail(RequestTimedOut("no answer within 60 s"), APPLE)
    first, second = scene.run(2, scene.recover)
    assert first.rows[0].refreshed_at is None
    assert not second.rows[0].is_stale
    assert second.rows[0].refreshed_at == NOW + MINUTE


def test_without_a_connection_all_rows_age_with_the_reason_until_it_is_back() -> None:
    scene = Scene()
    first, second, third = scene.run(
        3,
        lambda: scene.broker.interrupt("the gateway has lost Interactive Brokers"),
        scene.broker.come_back,
    )
    assert second.trouble == "the gateway has lost Interactive Brokers"
    assert second.rows[0].row == first.rows[0].row
    assert second.rows[0].trouble == second.trouble
    assert second.rows[0].age(second.due) == MINUTE
    assert third.trouble == ""
    assert not third.rows[0].is_stale


def test_a_gateway_of_another_time_ends_the_watch() -> None:
    scene = Scene()
    scene.broker.failure = ClockWentBack("the gateway's clock went back")
    with pytest.raises(ClockWentBack):
        scene.run(1)


def test_an_error_that_ends_the_watch_is_not_kept_until_the_next_minute() -> None:
    scene = Scene()
    scene.broker.failure = ClockWentBack("the gateway's clock went back")
    woken = threading.Event()

    def wait_until(_instant: dt.datetime) -> bool:
        assert woken.wait(SECONDS), "it waited for the next minute"
        return False

    with pytest.raises(ClockWentBack):
        scene.watch.run(scene.clock.now, wait_until, scene.shown.append, wake=woken.set)


# --- minutes --------------------------------------------------------------------------------------


def test_the_first_refresh_comes_at_once_and_then_one_at_each_minutes_beginning() -> None:
    scene = Scene()
    scene.clock.time = NOW + dt.timedelta(seconds=42)
    shown = scene.run(3)
    assert [each.minute for each in shown] == [1, 2, 3]
    assert [each.due for each in shown] == [NOW, NOW + MINUTE, NOW + 2 * MINUTE]
    assert scene.broker.requests[1].end == NOW + MINUTE


def test_a_minute_whose_predecessor_is_still_under_way_is_skipped_and_said() -> None:
    scene = Scene()
    scene.broker.kept_seconds = 95.0
    asked, answered = threading.Event(), threading.Event()
    usual = scene.broker.bars

    def bars(request: BarRequest) -> pd.DataFrame:
        asked.set()
        assert answered.wait(SECONDS)
        return usual(request)

    scene.broker.bars = bars  # type: ignore[method-assign]
    ended = threading.Event()

    def publish(watched: Watched) -> None:
        scene.shown.append(watched)
        if not watched.trouble:
            ended.set()

    def wait_until(instant: dt.datetime) -> bool:
        assert asked.wait(SECONDS)
        if len(scene.shown) == 2:
            answered.set()
            assert ended.wait(SECONDS)
        scene.clock.sleep_until(instant)
        return True

    scene.watch.run(scene.clock.now, wait_until, publish, 4)
    second, third, first, fourth = scene.shown
    assert [each.minute for each in (first, second, third, fourth)] == [1, 2, 3, 4]
    assert "1 of 1 answers" in second.trouble
    assert "hourly run" in second.trouble
    assert third.skipped == fourth.skipped == 2
    assert (second.requests, second.seconds) == (0, 0.0)
    assert scene.watch.minutes == 4
    assert len(scene.broker.requests) == 2


def test_minutes_that_were_slept_through_count_as_skipped() -> None:
    scene = Scene()

    def sleep() -> None:
        scene.clock.time += 10 * MINUTE

    _, second = scene.run(11, sleep)
    assert (second.minute, second.skipped) == (11, 9)


def test_a_clock_that_goes_back_brings_no_minute_twice() -> None:
    scene = Scene()

    def set_back() -> None:
        scene.clock.time -= 30 * MINUTE

    shown = scene.run(3, set_back)
    assert [each.due for each in shown] == [NOW, NOW + MINUTE, NOW + 2 * MINUTE]


def test_it_ends_when_it_is_told_to() -> None:
    scene = Scene()
    done = threading.Event()
    scene.watch.run(scene.clock.now, lambda _: not done.wait(SECONDS), lambda _: done.set())
    assert done.is_set()


def test_what_comes_after_the_end_is_not_shown() -> None:
    scene = Scene()
    asked, answered = threading.Event(), threading.Event()

    def bars(_request: BarRequest) -> pd.DataFrame:
        asked.set()
        assert answered.wait(SECONDS)
        raise RequestTimedOut("too late")

    scene.broker.bars = bars  # type: ignore[method-assign]
    scene.watch.run(scene.clock.now, lambda _: not asked.wait(SECONDS), scene.shown.append)
    answered.set()
    scene.watch.join()
    assert scene.shown == []


def test_a_snapshot_cannot_be_changed() -> None:
    watched = Scene().run(1)[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        watched.minute = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        watched.rows[0].trouble = "other"  # type: ignore[misc]
    assert isinstance(watched.rows, tuple)


def test_a_file_of_assignments_that_cannot_be_read_leaves_the_former_ones() -> None:
    scene = Scene()

    def spoil() -> None:
        def load() -> Any:
            raise ConfigError("assigned_ma.csv is no table")

        scene.place.book.load = load  # type: ignore[method-assign]

    _, second = scene.run(2, spoil)
    assert second.trouble == "assigned_ma.csv is no table"
    assert second.rows[0].decision is Decision.HOLD
