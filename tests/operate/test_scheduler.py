"""The schedule: one run for each hour end, on the exchange's days and clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import pytest

from sellkit.core.bars import Anchor
from sellkit.core.market_time import Calendar, calendar_for
from sellkit.operate.scheduler import fire_ahead, run_on_schedule
from tests.build import new_york, utc
from tests.fakes import FakeClock

DELAY = dt.timedelta(seconds=5)


def fired(
    start: str,
    rounds: int | None,
    *,
    anchor: Anchor = Anchor.CLOCK,
    calendars: Callable[[], Iterable[Calendar]] = lambda: [new_york()],
    during: dt.timedelta = dt.timedelta(0),
    delay: dt.timedelta = DELAY,
) -> tuple[list[str], FakeClock]:
    """The times of the runs on New York's clock, each of which takes `during`."""
    clock, times = FakeClock(utc(start)), []

    def fire(due: dt.datetime) -> None:
        assert clock.now() == due + delay
        times.append(f"{new_york().local(due):%m-%d %H:%M}")
        clock.time += during

    run_on_schedule(
        clock,
        calendars,
        anchor,
        delay,
        fire,
        announce=lambda _when: None,
        prepare=lambda: None,
        rounds=rounds,
    )
    return times, clock


def test_shortly_before_each_run_the_budget_is_kept_for_it() -> None:
    clock, kept = FakeClock(utc("2026-01-28 12:00")), []
    run_on_schedule(
        clock,
        lambda: [new_york()],
        Anchor.CLOCK,
        DELAY,
        lambda due: kept.append((clock.now() - due).total_seconds()),
        announce=lambda _when: None,
        prepare=lambda: kept.append(clock.now().minute * 60 + clock.now().second - 3600),
        rounds=2,
    )
    assert kept == [-25, 5, -25, 5]


def test_an_ordinary_day_has_its_seven_hour_ends_and_then_comes_the_next() -> None:
    times, _ = fired("2026-01-28 12:00", 8)
    assert times == [
        *(f"01-28 {hour}:00" for hour in (10, 11, 12, 13, 14, 15, 16)),
        "01-29 10:00",
    ]


def test_hours_on_the_session_anchor_end_at_the_half_and_at_the_close() -> None:
    times, _ = fired("2026-01-28 12:00", 7, anchor=Anchor.SESSION)
    assert times == [
        *(f"01-28 {hour}:30" for hour in (10, 11, 12, 13, 14, 15)),
        "01-28 16:00",
    ]


def test_a_half_day_ends_early_and_the_weekend_is_passed_over() -> None:
    times, _ = fired("2025-11-28 12:00", 5)
    assert times == [*(f"11-28 {hour}:00" for hour in (10, 11, 12, 13)), "12-01 10:00"]


@pytest.mark.parametrize(
    ("start", "expected", "ends_at"),
    [
        ("2025-10-31 19:30", ["10-31 16:00", "11-03 10:00"], "2025-11-03 15:00:05"),
        ("2026-03-06 20:30", ["03-06 16:00", "03-09 10:00"], "2026-03-09 14:00:05"),
    ],
)
def test_runs_stay_on_the_exchanges_clock_when_it_changes(
    start: str, expected: list[str], ends_at: str
) -> None:
    times, clock = fired(start, 2)
    assert times == expected
    assert clock.now() == utc(ends_at)


@pytest.mark.parametrize("lead", [0, 60])
@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-01-28 19:30", ["01-28 15:00:00", "01-28 15:55:00", "01-29 10:00:00"]),
        ("2025-11-28 16:30", ["11-28 12:00:00", "11-28 12:55:00", "12-01 10:00:00"]),
    ],
)
def test_last_bars_that_are_judged_early_have_their_run_then_and_none_at_the_bell(
    start: str, expected: list[str], lead: int
) -> None:
    clock, times = FakeClock(utc(start)), []

    def fire(due: dt.datetime) -> None:
        times.append(f"{new_york().local(due):%m-%d %H:%M:%S}")
        is_early = due.minute == 55
        ahead = dt.timedelta(seconds=-lead if lead else 5)
        assert clock.now() == due + (dt.timedelta(seconds=10) if is_early else ahead)

    run_on_schedule(
        clock,
        lambda: [new_york()],
        Anchor.CLOCK,
        DELAY,
        fire,
        announce=lambda _when: None,
        prepare=lambda: None,
        rounds=3,
        lead=dt.timedelta(seconds=lead),
        early=dt.timedelta(minutes=5),
    )
    assert times == expected


def test_a_holiday_has_no_run() -> None:
    times, _ = fired("2026-07-02 19:30", 2)
    assert times == ["07-02 16:00", "07-06 10:00"]


def test_an_hour_end_that_has_just_come_is_not_run_again() -> None:
    times, _ = fired("2026-01-28 20:00", 1)
    assert times == ["01-28 16:00"]


def test_a_run_that_outlasts_an_hour_end_lets_it_pass() -> None:
    times, _ = fired("2026-01-28 14:40", 3, during=dt.timedelta(minutes=70))
    assert times == ["01-28 10:00", "01-28 12:00", "01-28 14:00"]


def test_no_hour_end_is_run_twice_however_short_the_run() -> None:
    times, _ = fired("2026-01-28 14:40", 6, delay=dt.timedelta(0))
    assert len(set(times)) == 6


def test_no_hour_end_is_run_twice_when_the_clock_is_set_back() -> None:
    clock, runs = FakeClock(utc("2026-01-28 14:40")), []

    def fire(due: dt.datetime) -> None:
        runs.append(due)
        clock.time -= dt.timedelta(minutes=90)

    run_on_schedule(
        clock,
        lambda: [new_york()],
        Anchor.CLOCK,
        DELAY,
        fire,
        announce=lambda _when: None,
        prepare=lambda: None,
        rounds=3,
    )
    assert runs == [utc(f"2026-01-28 {hour}:00") for hour in (15, 16, 17)]


def test_one_round_is_one_run() -> None:
    times, _ = fired("2026-01-28 14:40", 1)
    assert times == ["01-28 10:00"]


def test_every_exchanges_hour_ends_count_once() -> None:
    both = [calendar_for("IBIS"), new_york()]
    times, _ = fired("2026-01-28 15:30", 4, calendars=lambda: both)
    assert times == ["01-28 11:00", "01-28 11:30", "01-28 12:00", "01-28 13:00"]


def test_whose_sessions_count_is_asked_before_each_wait() -> None:
    asked = iter([[new_york()], [calendar_for("IBIS")]])
    times, _ = fired("2026-01-28 20:30", 2, calendars=lambda: next(asked))
    assert times == ["01-28 16:00", "01-29 04:00"]


def test_the_next_run_is_announced_before_the_wait_for_it() -> None:
    clock, told = FakeClock(utc("2026-01-28 14:40")), []
    run_on_schedule(
        clock,
        lambda: [new_york()],
        Anchor.CLOCK,
        DELAY,
        lambda _due: None,
        announce=lambda when: told.append((clock.now(), when)),
        prepare=lambda: None,
        rounds=1,
    )
    assert told == [(utc("2026-01-28 14:40"), utc("2026-01-28 15:00:05"))]


def test_without_a_number_of_rounds_only_an_interruption_ends_the_schedule() -> None:
    runs: list[dt.datetime] = []

    def fire(due: dt.datetime) -> None:
        runs.append(due)
        if len(runs) == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_on_schedule(
            FakeClock(utc("2026-01-28 14:40")),
            lambda: [new_york()],
            Anchor.CLOCK,
            DELAY,
            fire,
            announce=lambda _when: None,
            prepare=lambda: None,
        )
    assert runs == sorted(set(runs))


@pytest.mark.parametrize(("held_up", "is_said"), [(59, False), (61, True)])
def test_a_run_that_comes_late_is_said_aloud_and_fired_all_the_same(
    held_up: int, is_said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    class HeldUp(FakeClock):
        def sleep_until(self, instant: dt.datetime) -> None:
            super().sleep_until(instant + dt.timedelta(seconds=held_up))

    runs: list[dt.datetime] = []
    run_on_schedule(
        HeldUp(utc("2026-01-28 14:40")),
        lambda: [new_york()],
        Anchor.CLOCK,
        DELAY,
        runs.append,
        announce=lambda _when: None,
        prepare=lambda: None,
        rounds=1,
    )
    assert runs == [utc("2026-01-28 15:00")]
    said = [record for record in caplog.records if record.getMessage() == "run_late"]
    assert len(said) == is_said
    assert all(record.levelname == "CRITICAL" for record in said)


def times_of(start: str, rounds: int, **changes: object) -> list[tuple[str, str]]:
    """Of each run: what it is for and when it begins, on New York's clock."""
    clock, found = FakeClock(utc(start)), []

    def fire(due: dt.datetime) -> None:
        shown = [f"{new_york().local(each):%H:%M:%S}" for each in (due, clock.now())]
        found.append((shown[0], shown[1]))

    run_on_schedule(
        clock,
        lambda: [new_york()],
        Anchor.CLOCK,
        DELAY,
        fire,
        announce=lambda _when: None,
        prepare=lambda: None,
        rounds=rounds,
        **changes,  # type: ignore[arg-type]
    )
    return found


def test_a_run_that_prepares_itself_begins_ahead_of_the_hour() -> None:
    lead = dt.timedelta(seconds=60)
    assert times_of("2026-01-28 14:40", 2, lead=lead) == [
        ("10:00:00", "09:59:00"),
        ("11:00:00", "10:59:00"),
    ]


def test_a_schedule_begun_within_the_lead_fires_at_once() -> None:
    lead = dt.timedelta(seconds=60)
    assert times_of("2026-01-28 14:59:30", 1, lead=lead) == [("10:00:00", "09:59:30")]


def test_a_run_that_wakes_after_the_hours_end_begins_when_the_bars_are_final() -> None:
    class Overslept(FakeClock):
        def sleep_until(self, instant: dt.datetime, at_most_seconds: float = 0) -> None:
            super().sleep_until(max(instant, utc("2026-01-28 15:00:01")))

    clock, found = Overslept(utc("2026-01-28 14:40")), []
    run_on_schedule(
        clock,
        lambda: [new_york()],
        Anchor.CLOCK,
        DELAY,
        lambda due: found.append((due, clock.now())),
        announce=lambda _when: None,
        prepare=lambda: None,
        rounds=1,
        lead=dt.timedelta(seconds=60),
    )
    assert found == [(utc("2026-01-28 15:00"), utc("2026-01-28 15:00:05"))]


def test_deferred_tickets_have_a_run_after_each_opening() -> None:
    lead = dt.timedelta(seconds=60)
    assert times_of("2026-01-28 12:00", 3, lead=lead, at_openings=True) == [
        ("09:30:00", "09:30:05"),
        ("10:00:00", "09:59:00"),
        ("11:00:00", "10:59:00"),
    ]


def tries_of(start: str, *codes: int, during: int = 5) -> tuple[list[tuple[bool, str]], int]:
    """How often a run at 15:00 UTC is fired: whether it prepares, and when; and the last code."""
    clock, left, found = FakeClock(utc(start)), iter(codes), []

    def fire(*, prepare: bool) -> int:
        found.append((prepare, f"{clock.now():%H:%M:%S}"))
        clock.time += dt.timedelta(seconds=during)
        return next(left)

    return found, fire_ahead(utc("2026-01-28 15:00"), clock, DELAY, fire)


def test_a_run_that_failed_ahead_of_the_hour_has_another_at_the_hour() -> None:
    assert tries_of("2026-01-28 14:59", 3, 0) == ([(True, "14:59:00"), (False, "15:00:05")], 0)


@pytest.mark.parametrize("code", [0, 4, 5])
def test_a_run_that_came_to_its_end_has_no_other(code: int) -> None:
    assert tries_of("2026-01-28 14:59", code) == ([(True, "14:59:00")], code)


def test_a_run_that_failed_at_the_hour_has_no_other() -> None:
    assert tries_of("2026-01-28 14:59", 3, during=70) == ([(True, "14:59:00")], 3)
    assert tries_of("2026-01-28 15:00:05", 3) == ([(False, "15:00:05")], 3)
