"""The schedule: each slot once, on the exchange's days and clock, and none forgotten."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import pytest

from sellkit.core.bars import Anchor
from sellkit.core.firing import Slot, SlotOutcome
from sellkit.core.market_time import calendar_for
from sellkit.core.schedule import HOURLY, Due, SlotKind
from sellkit.errors import NoCalendar, OldCalendar
from tests.build import new_york, utc
from tests.fakes import FakeClock
from tests.fakes_schedule import DELAY, Stage, StepClock

MINUTE = dt.timedelta(minutes=1)


def local(moment: dt.datetime) -> str:
    return f"{new_york().local(moment):%m-%d %H:%M}"


def fired(
    start: str, rounds: int | None, *, during: dt.timedelta = dt.timedelta(0), **changes: Any
) -> tuple[list[str], Stage]:
    """The times of the runs on New York's clock, each of which takes `during`."""
    times: list[str] = []

    def fire(slot: Slot, _prepare: bool) -> int:
        times.append(local(slot.due.at))
        stage.clock.time += during
        return 0

    stage = Stage(FakeClock(utc(start)), fire, **changes)
    stage.run(rounds)
    return times, stage


# --- which slots, and when ------------------------------------------------------------------------


def test_an_ordinary_day_has_its_seven_hour_ends_and_then_comes_the_next() -> None:
    times, stage = fired("2026-01-28 12:00", 8)
    hours = (10, 11, 12, 13, 14, 15, 16)
    assert times == [*(f"01-28 {hour}:00" for hour in hours), "01-29 10:00"]
    assert all(each.at == each.due.at + DELAY for each in stage.book.slots)


def test_hours_on_the_session_anchor_end_at_the_half_and_at_the_close() -> None:
    times, _ = fired("2026-01-28 12:00", 7, anchor=Anchor.SESSION)
    assert times == [*(f"01-28 {hour}:30" for hour in range(10, 16)), "01-28 16:00"]


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
    times, stage = fired(start, 2)
    assert times == expected
    assert stage.book.slots[-1].at == utc(ends_at)


@pytest.mark.parametrize("lead", [0, 60])
@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-01-28 19:30", ["01-28 15:00", "01-28 15:55", "01-29 10:00"]),
        ("2025-11-28 16:30", ["11-28 12:00", "11-28 12:55", "12-01 10:00"]),
    ],
)
def test_last_bars_that_are_judged_early_have_their_run_then_and_none_at_the_bell(
    start: str, expected: list[str], lead: int
) -> None:
    five, ahead = 5 * MINUTE, dt.timedelta(seconds=lead)
    times, stage = fired(start, 3, lead=ahead, early=five)
    assert times == expected
    for slot in stage.book.slots:
        is_early = slot.due.kind is SlotKind.BEFORE_CLOSE
        usual = -lead if lead else 5
        assert (slot.at - slot.due.at).total_seconds() == (10 if is_early else usual)


def test_a_holiday_has_no_run() -> None:
    times, _ = fired("2026-07-02 19:30", 2)
    assert times == ["07-02 16:00", "07-06 10:00"]


def test_an_hour_end_before_the_first_schedule_of_all_is_none_of_it() -> None:
    times, stage = fired("2026-01-28 20:00", 1)
    assert times == ["01-28 16:00"]
    assert stage.missed == []


def test_every_exchanges_hour_ends_count_once() -> None:
    both = [calendar_for("IBIS"), new_york()]
    times, _ = fired("2026-01-28 15:30", 4, calendars=lambda: both)
    assert times == ["01-28 11:00", "01-28 11:30", "01-28 12:00", "01-28 13:00"]


def test_whose_sessions_count_is_asked_after_each_run() -> None:
    known = [new_york()]

    def fire(_slot: Slot, _prepare: bool) -> int:
        known[:] = [calendar_for("IBIS")]
        return 0

    stage = Stage(FakeClock(utc("2026-01-28 20:30")), fire, calendars=lambda: list(known))
    stage.run(2)
    assert [local(each.due.at) for each in stage.ended] == ["01-28 16:00", "01-29 04:00"]


def test_hours_of_an_exchange_that_is_new_are_not_missed_for_having_passed() -> None:
    known = [new_york()]

    def fire(_slot: Slot, _prepare: bool) -> int:
        if len(known) == 1:
            known.append(calendar_for("IBIS"))
            stage.clock.time = utc("2026-01-28 16:35")
        return 0

    stage = Stage(FakeClock(utc("2026-01-28 15:45")), fire, calendars=lambda: list(known))
    stage.run(2)
    assert [local(each.due.at) for each in stage.ended] == ["01-28 11:00", "01-28 12:00"]
    assert stage.missed == []


def test_only_openings_with_deferred_tickets_have_a_run() -> None:
    clock = FakeClock(utc("2026-01-28 12:00"))
    stage = Stage(clock, lead=MINUTE)
    stage.book.deferred = {utc("2026-01-28 14:30"), utc("2026-01-29 14:35")}
    stage.run(9)
    openings = [each for each in stage.book.slots if each.due.kind is SlotKind.OPENING]
    assert [(each.due.at, each.at) for each in openings] == [
        (utc("2026-01-28 14:30"), utc("2026-01-28 14:30:05"))
    ]


def test_beyond_the_calendar_it_ends_loudly() -> None:
    last = new_york().sessions[-1]
    stage = Stage(FakeClock(last.open_utc - dt.timedelta(hours=23)))
    with pytest.raises(NoCalendar, match="bring exchange_calendars up to date") as ended:
        stage.run()
    assert ended.value.exit_code == 2  # it was just begun: begun again it knows no more
    assert stage.ended
    assert stage.book.unended() == ()


def test_an_old_schedule_ends_in_time_for_another_one_to_know_more_sessions() -> None:
    last = new_york().last_date
    stage = Stage(FakeClock(new_york().sessions[-1].open_utc - dt.timedelta(days=30)))
    with pytest.raises(OldCalendar, match=f"up to {last} in this process") as ended:
        stage.run()
    assert ended.value.exit_code == 1  # what restarts a service may go on
    assert dt.timedelta(days=13) <= last - stage.clock.time.date() < dt.timedelta(days=14)
    assert stage.book.unended() == ()


def test_an_old_schedule_does_not_end_in_the_middle_of_a_run() -> None:
    def fire(_slot: Slot, _prepare: bool) -> int:
        stage.clock.time += dt.timedelta(days=20)
        return 0

    start = new_york().sessions[-1].open_utc - dt.timedelta(days=30)
    stage = Stage(StepClock(start), fire, lasts=60.0)
    with pytest.raises(OldCalendar):
        stage.run()
    (slot,) = [each for each in stage.book.slots if each.end]
    assert slot.end is not None
    assert slot.end.outcome is SlotOutcome.RAN


# --- beside the hour: further notebooks -----------------------------------------------------------


def at_minute(minute: int) -> Callable[[dt.datetime], dt.datetime]:
    def following(after: dt.datetime) -> dt.datetime:
        found = after.replace(minute=minute, second=0, microsecond=0)
        return found if found > after else found + dt.timedelta(hours=1)

    return following


def test_a_further_notebook_runs_at_its_moments_beside_the_hours() -> None:
    _, stage = fired("2026-01-28 14:40", 4, entries={"report": at_minute(20)})
    told = [(each.due.entry, f"{each.at:%H:%M:%S}") for each in stage.book.slots]
    assert told == [
        (HOURLY, "15:00:05"),
        ("report", "15:20:00"),
        (HOURLY, "16:00:05"),
        ("report", "16:20:00"),
    ]


def test_a_long_notebook_does_not_hold_up_the_hour() -> None:
    begun: list[tuple[str, dt.datetime]] = []
    stage = Stage(
        StepClock(utc("2026-01-28 14:50")),
        lambda slot, _: begun.append((slot.due.entry, stage.clock.now())) or 0,
        entries={"long": at_minute(55)},
        lasts=600.0,
    )
    stage.run(2)
    assert [name for name, _ in begun] == ["long", HOURLY]
    late = begun[1][1] - utc("2026-01-28 15:00:05")
    assert late <= dt.timedelta(seconds=1)


def test_an_entry_that_is_defined_anew_has_no_past() -> None:
    stage = Stage(
        FakeClock(utc("2026-01-28 14:40")),
        entries={"report": at_minute(20)},
        definitions={"report": "20 * * * *"},
    )
    stage.run(2)
    stage.clock.time = utc("2026-01-28 18:21")
    stage.definitions = {"report": "10 * * * *"}
    stage.entries = {"report": at_minute(10)}
    stage.run(2)
    assert {each.entry for each in stage.missed} == {HOURLY}
    assert stage.book.slots[-1].due.at == utc("2026-01-28 19:10")


# --- late, and not at all -------------------------------------------------------------------------


def too_long() -> Stage:
    """The first of two runs takes two hours and five minutes."""

    def fire(slot: Slot, _prepare: bool) -> int:
        if slot.number == 1:
            stage.clock.time += dt.timedelta(minutes=125)
        return 0

    stage = Stage(FakeClock(utc("2026-01-28 14:40")), fire)
    stage.run(2)
    return stage


def test_after_a_run_that_outlasts_hour_ends_the_newest_is_run_and_the_others_are_missed() -> None:
    stage = too_long()
    assert [local(each.due.at) for each in stage.ended] == ["01-28 10:00", "01-28 12:00"]
    assert [local(each.at) for each in stage.missed] == ["01-28 11:00"]


@pytest.mark.parametrize(("late", "is_run"), [(599, True), (601, False)])
def test_a_slot_is_run_late_within_the_grace_and_missed_beyond_it(late: int, is_run: bool) -> None:
    """The machine was asleep from 14:45 on."""

    class Asleep(FakeClock):
        def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
            woken = utc("2026-01-28 15:00") + dt.timedelta(seconds=late)
            super().sleep_until(max(instant, woken))

    stage = Stage(Asleep(utc("2026-01-28 14:45")))
    stage.run(1)
    due = stage.ended[0].due.at
    assert due == utc("2026-01-28 15:00" if is_run else "2026-01-28 16:00")
    assert [each.at for each in stage.missed] == ([] if is_run else [utc("2026-01-28 15:00")])
    assert [each.is_missed for each in stage.book.slots] == ([False] if is_run else [True, False])


def test_after_a_night_off_only_the_newest_slot_within_the_grace_is_run() -> None:
    stage = Stage(FakeClock(utc("2026-01-27 20:40")))
    stage.run(1)
    stage.clock.time = utc("2026-01-28 17:05")
    stage.run(1)
    assert [local(each.at) for each in stage.missed] == ["01-28 10:00", "01-28 11:00"]
    assert local(stage.ended[-1].due.at) == "01-28 12:00"


def test_missed_slots_are_said_aloud(caplog: pytest.LogCaptureFixture) -> None:
    too_long()
    (said,) = [each for each in caplog.records if each.getMessage() == "slots_missed"]
    assert said.levelname == "CRITICAL"


@pytest.mark.parametrize(("held_up", "is_said"), [(59, False), (61, True)])
def test_a_run_that_comes_late_is_said_aloud_and_run_all_the_same(
    held_up: int, is_said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    class HeldUp(FakeClock):
        def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
            begin = utc("2026-01-28 15:00:05")
            super().sleep_until(
                begin + dt.timedelta(seconds=held_up) if instant >= begin else instant
            )

    stage = Stage(HeldUp(utc("2026-01-28 14:40")))
    stage.run(1)
    assert [each.due.at for each in stage.ended] == [utc("2026-01-28 15:00")]
    said = [record for record in caplog.records if record.getMessage() == "run_late"]
    assert len(said) == is_said
    assert all(record.levelname == "CRITICAL" for record in said)


def test_no_slot_is_run_twice_when_the_clock_is_set_back() -> None:
    times, stage = fired("2026-01-28 14:40", 3, during=dt.timedelta(minutes=-90))
    assert times == ["01-28 10:00", "01-28 11:00", "01-28 12:00"]
    assert stage.missed == []


def test_no_slot_is_run_twice_however_short_the_run() -> None:
    times, _ = fired("2026-01-28 14:40", 6, delay=dt.timedelta(0))
    assert len(set(times)) == 6


# --- ahead of the hour ----------------------------------------------------------------------------


def begun_ahead(start: str, *codes: int, during: int = 5) -> list[tuple[bool, str]]:
    """Of each run: whether it prepares and when it begins."""
    left, found = iter(codes), list[tuple[bool, str]]()

    def fire(_slot: Slot, prepare: bool) -> int:
        found.append((prepare, f"{stage.clock.now():%H:%M:%S}"))
        stage.clock.time += dt.timedelta(seconds=during)
        return next(left)

    stage = Stage(FakeClock(utc(start)), fire, lead=MINUTE)
    stage.run(1)
    return found


def test_a_run_that_prepares_itself_begins_ahead_of_the_hour() -> None:
    _, stage = fired("2026-01-28 14:40", 2, lead=MINUTE)
    times = [f"{each.at:%H:%M:%S}" for each in stage.book.slots]
    assert times == ["14:59:00", "15:59:00"]


def test_a_schedule_begun_within_the_lead_runs_at_once() -> None:
    assert begun_ahead("2026-01-28 14:59:30", 0) == [(True, "14:59:30")]


def test_a_run_that_wakes_after_the_hours_end_begins_when_the_bars_are_final() -> None:
    class Overslept(FakeClock):
        def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
            super().sleep_until(max(instant, utc("2026-01-28 15:00:01")))

    stage = Stage(Overslept(utc("2026-01-28 14:40")), lead=MINUTE)
    stage.run(1)
    (slot,) = stage.book.slots
    assert (slot.due.at, slot.at) == (utc("2026-01-28 15:00"), utc("2026-01-28 15:00:05"))


def test_a_run_that_failed_ahead_of_the_hour_has_another_at_the_hour() -> None:
    assert begun_ahead("2026-01-28 14:58", 3, 0) == [(True, "14:59:00"), (False, "15:00:05")]


@pytest.mark.parametrize("code", [0, 4, 5])
def test_a_run_that_came_to_its_end_has_no_other(code: int) -> None:
    assert begun_ahead("2026-01-28 14:58", code) == [(True, "14:59:00")]


def test_a_run_that_failed_after_the_hour_has_no_other() -> None:
    assert begun_ahead("2026-01-28 14:58", 3, during=70) == [(True, "14:59:00")]


def test_the_second_run_fails_for_good() -> None:
    assert begun_ahead("2026-01-28 14:58", 3, 3) == [(True, "14:59:00"), (False, "15:00:05")]


def test_shortly_before_each_run_the_budget_is_kept_for_it() -> None:
    _, stage = fired("2026-01-28 12:00", 2)
    assert stage.prepared == [utc("2026-01-28 14:59:35"), utc("2026-01-28 15:59:35")]


def test_the_next_run_is_announced_before_the_wait_for_it() -> None:
    _, stage = fired("2026-01-28 14:40", 2)
    assert stage.announced == [utc("2026-01-28 15:00:05"), utc("2026-01-28 16:00:05")]


# --- too long, interrupted ------------------------------------------------------------------------


def test_a_run_that_takes_too_long_is_ended_and_its_notebook_kept() -> None:
    stage = Stage(StepClock(utc("2026-01-28 14:59")), timeout=300.0, lasts=1e6)
    stage.folder.left["00000001"] = None
    stage.run(1)
    (run,), (slot,) = stage.runs, stage.ended
    assert run.told == ["stop"]
    assert slot.end is not None
    assert slot.end.outcome is SlotOutcome.OVERRAN
    assert slot.end.notebook == "runs/00000001.ipynb"
    assert slot.ended_at is not None
    assert 300 <= (slot.ended_at - slot.at).total_seconds() < 310


def test_one_that_does_not_end_when_asked_is_killed_half_a_minute_later() -> None:
    stage = Stage(StepClock(utc("2026-01-28 14:59")), timeout=300.0, lasts=1e6, is_deaf=True)
    stage.run(1)
    assert stage.runs[0].told == ["stop", "kill"]
    slot = stage.ended[0]
    assert slot.ended_at is not None
    assert 330 <= (slot.ended_at - slot.at).total_seconds() < 340


def test_one_that_came_to_its_end_while_it_was_ended_has_run() -> None:
    stage = Stage(StepClock(utc("2026-01-28 14:59")), lambda _slot, _: 0, timeout=10, lasts=10.2)
    stage.is_deaf = True
    stage.run(1)
    assert stage.ended[0].end is not None
    assert stage.ended[0].end.outcome is SlotOutcome.RAN


def test_an_interruption_ends_what_runs_in_good_order_and_records_it() -> None:
    class Interrupting(StepClock):
        def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
            if self.time > utc("2026-01-28 15:00:30"):
                raise KeyboardInterrupt
            super().sleep_until(instant, at_most_seconds)

    stage = Stage(Interrupting(utc("2026-01-28 14:59:50")), lasts=1e6)
    with pytest.raises(KeyboardInterrupt):
        stage.run()
    (slot,) = stage.book.slots
    assert slot.end is not None
    assert (slot.end.outcome, slot.end.exit_code) == (SlotOutcome.INTERRUPTED, 130)


def test_without_a_number_of_rounds_only_an_interruption_ends_the_schedule() -> None:
    runs: list[dt.datetime] = []

    def fire(slot: Slot, _prepare: bool) -> int:
        runs.append(slot.due.at)
        if len(runs) == 20:
            raise KeyboardInterrupt
        return 0

    with pytest.raises(KeyboardInterrupt):
        Stage(FakeClock(utc("2026-01-28 14:40")), fire).run()
    assert runs == sorted(set(runs))


# --- what a former schedule left ------------------------------------------------------------------


def left_behind(due: str = "2026-01-28 15:00", now: str = "2026-01-28 15:01") -> Stage:
    """A schedule ended right after it had claimed a slot."""
    stage = Stage(FakeClock(utc("2026-01-28 14:40")), definitions={HOURLY: "hours"})
    stage.book.watch(HOURLY, "hours", stage.clock.now())
    slot = Due(HOURLY, SlotKind.HOUR, utc(due))
    stage.book.begin(slot, 1, utc(due) + DELAY, "aaaaaaaa")
    stage.clock.time = utc(now)
    return stage


def test_a_slot_that_was_claimed_and_never_begun_is_begun_again_within_the_grace() -> None:
    stage = left_behind()
    stage.run(1)
    first, second = stage.book.slots
    assert first.end is not None
    assert first.end.outcome is SlotOutcome.UNBEGUN
    assert (second.due, second.attempt) == (first.due, 2)
    assert second.end is not None
    assert second.end.outcome is SlotOutcome.RAN


def test_beyond_the_grace_it_is_recorded_and_not_begun() -> None:
    stage = left_behind(now="2026-01-28 15:11")
    stage.run(1)
    first, second = stage.book.slots
    assert first.end is not None
    assert first.end.outcome is SlotOutcome.UNBEGUN
    assert second.due.at == utc("2026-01-28 16:00")


def test_a_run_that_had_left_a_trace_is_lost_and_not_begun_again() -> None:
    stage = left_behind()
    stage.folder.left["aaaaaaaa"] = None
    stage.run(1)
    first, second = stage.book.slots
    assert first.end is not None
    assert first.end.outcome is SlotOutcome.LOST
    assert second.due.at == utc("2026-01-28 16:00")


def test_a_run_that_is_at_work_still_is_followed_to_its_end() -> None:
    stage = left_behind()
    stage.clock = StepClock(utc("2026-01-28 15:01"))
    stage.launcher.alive["aaaaaaaa"] = run = stage._begin(stage.book.slots[0], False)
    run._until, run._code = utc("2026-01-28 15:03"), None
    stage.folder.left["aaaaaaaa"] = ""
    stage.run(1)
    (slot,) = stage.book.slots
    assert slot.end is not None
    assert slot.end.outcome is SlotOutcome.RAN
    assert slot.ended_at == pytest.approx(utc("2026-01-28 15:03"), abs=dt.timedelta(seconds=2))


def test_one_that_is_at_work_still_and_takes_too_long_is_ended() -> None:
    stage = left_behind()
    stage.clock, stage.timeout = StepClock(utc("2026-01-28 15:01")), 60.0
    stage.launcher.alive["aaaaaaaa"] = run = stage._begin(stage.book.slots[0], False)
    run._until = utc("2026-01-29 15:00")
    stage.run(1)
    assert run.told == ["stop"]
    assert stage.book.slots[0].end is not None
    assert stage.book.slots[0].end.outcome is SlotOutcome.OVERRAN


def test_a_failure_ahead_of_the_hour_is_made_good_by_the_schedule_after_a_restart() -> None:
    clock = FakeClock(utc("2026-01-28 14:58"))
    stage = Stage(clock, lambda _slot, _: 3, lead=MINUTE)
    made = stage.scheduler()
    made._look(None)
    clock.time = utc("2026-01-28 14:59:10")
    made._look(None)
    made._look(None)
    clock.time = utc("2026-01-28 14:59:40")
    stage.fire = lambda _slot, _: 0
    stage.run(1)
    first, second = stage.book.slots
    assert (first.due, second.attempt) == (second.due, 2)
    assert second.at == utc("2026-01-28 15:00:05")


# --- settings that change -------------------------------------------------------------------------


def test_one_that_is_outdated_leaves_off_once_nothing_runs_and_the_next_goes_on() -> None:
    at_work: list[int] = []

    def is_outdated() -> bool:
        at_work.append(sum(each.exit_code is None for each in stage.runs))
        return len(stage.book.slots) == 2

    stage = Stage(StepClock(utc("2026-01-28 14:00")), lasts=30.0, is_outdated=is_outdated)
    stage.run()
    assert [local(each.due.at) for each in stage.book.slots] == ["01-28 10:00", "01-28 11:00"]
    assert all(each.end is not None for each in stage.book.slots)
    assert set(at_work) == {0}
    stage.is_outdated = lambda: False
    stage.run(2)
    assert [local(each.due.at) for each in stage.book.slots[2:]] == ["01-28 12:00", "01-28 13:00"]
