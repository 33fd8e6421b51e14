"""Which hours of a month were due, and what became of each."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sellkit.core.bars import Anchor
from sellkit.core.market_time import calendar_for
from sellkit.core.month import Month
from sellkit.core.past_runs import JournalledRun, PastRun, judge
from sellkit.core.run_hours import DueHour, HourCalendar, HourState, hour_calendar, let_pass
from sellkit.core.schedule import Timetable, due_on, next_due
from tests.build import new_york, utc

S = HourState
NOVEMBER = Month(2025, 11)
MINUTE = dt.timedelta(minutes=1)
ENDS = [utc(f"2025-11-26 {hour}:00") for hour in range(15, 22)]
"""A Wednesday's, the day before Thanksgiving; New York is five hours behind."""


def run(at: dt.datetime, outcome: str | None = "decided", **changes: Any) -> PastRun:
    """One that judged its positions at a moment."""
    usual: dict[str, Any] = {
        "run_id": f"{at:%d%H%M}",
        "started_at": at,
        "as_of": at,
        "judged_at": at,
        "finished_at": at + MINUTE,
        "outcome": outcome,
        "decisions": {"HOLD": 2},
    }
    return judge(JournalledRun(**{**usual, **changes}), None)


def month(*runs: PastRun, now: str = "2025-12-05 12:00", **changes: Any) -> HourCalendar:
    usual: dict[str, Any] = {
        "anchor": Anchor.CLOCK,
        "now": utc(now),
        "grace": 15 * MINUTE,
        "since": utc("2025-10-01 12:00"),
    }
    return hour_calendar(NOVEMBER, [new_york()], runs, **{**usual, **changes})


def hour(found: HourCalendar, end: dt.datetime) -> DueHour:
    return next(each for day in found.days for each in day.hours if each.end == end)


def test_the_days_are_the_working_days_with_holidays_closed_and_half_days_short() -> None:
    found = {day.date.day: day for day in month().days}
    assert len(found) == 20
    assert found[27].hours == ()
    assert [f"{each.local:%H:%M}" for each in found[28].hours] == ["10:00", "11:00", "12:00",
                                                                   "13:00"]  # fmt: skip
    assert [number for number, day in found.items() if day.is_short] == [28]
    assert len(found[26].hours) == 7


def test_hours_keep_the_exchanges_clock_when_that_is_changed() -> None:
    first = {day.date: day.hours[0] for day in month().days if day.hours}
    assert {f"{each.local:%H:%M}" for each in first.values()} == {"10:00"}
    march = hour_calendar(
        Month(2026, 3), [new_york()], [], anchor=Anchor.CLOCK, now=utc("2026-04-05 12:00"),
        grace=MINUTE, since=None,
    )  # fmt: skip
    ends = {day.date.day: day.hours[0].end.hour for day in march.days if day.hours}
    assert (ends[6], ends[9]) == (15, 14)


def test_the_hours_of_a_month_are_those_at_which_the_schedule_would_run() -> None:
    for anchor in Anchor:
        found = month(anchor=anchor)
        told = [each.end for day in found.days for each in day.hours]
        at, walked = utc("2025-11-01 00:00"), []
        while (at := next_due(Timetable((new_york(),), anchor), at).at) < utc("2025-12-01 00:00"):
            walked.append(at)
        assert told == walked


def test_where_the_last_bar_is_judged_early_its_hour_is_due_before_the_close() -> None:
    early = 3 * MINUTE
    found = month(run(ENDS[-1] - early + dt.timedelta(seconds=10)), early=early)
    judged = hour(found, ENDS[-1] - early)
    assert (judged.state, f"{judged.local:%H:%M}") == (S.RAN, "15:57")
    told = [each.end for day in found.days for each in day.hours]
    at, walked = utc("2025-11-01 00:00"), []
    while (at := next_due(Timetable((new_york(),), early=early), at).at) < utc("2025-12-01 00:00"):
        walked.append(at)
    assert told == walked


def test_an_hour_without_a_run_is_missing() -> None:
    found = month(run(ENDS[0] + MINUTE))
    assert hour(found, ENDS[0]).state is S.RAN
    assert hour(found, ENDS[1]).state is S.MISSING
    assert found.count(S.RAN) == 1
    assert len(found.missing) == found.count(S.MISSING) == 18 * 7 + 4 - 1


def test_a_run_belongs_to_the_last_hour_that_had_ended() -> None:
    found = month(run(ENDS[2] - MINUTE), run(ENDS[2]))
    assert [hour(found, end).state for end in ENDS[:4]] == [S.MISSING, S.RAN, S.RAN, S.MISSING]


def test_a_run_begun_ahead_of_its_hour_belongs_to_the_hour_that_it_judged() -> None:
    ahead = run(ENDS[0] - MINUTE, judged_at=ENDS[0] + dt.timedelta(seconds=6))
    assert hour(month(ahead), ENDS[0]).state is S.RAN


@pytest.mark.parametrize("outcome", ["failed: the gateway", None])
def test_an_hour_whose_runs_all_failed_has_failed(outcome: str | None) -> None:
    broken = run(ENDS[0] + MINUTE, outcome, judged_at=None, decisions={})
    found = hour(month(broken), ENDS[0])
    assert (found.state, found.run) == (S.FAILED, broken)
    good = run(ENDS[0] + 5 * MINUTE)
    again = run(ENDS[0] + 9 * MINUTE, outcome, judged_at=None, decisions={})
    mended = hour(month(broken, good, again), ENDS[0])
    assert (mended.state, mended.run, mended.runs) == (S.RAN, good, 3)


def test_a_run_that_was_asked_about_the_hour_later_is_no_run_of_its_time() -> None:
    later = run(ENDS[0] + MINUTE, started_at=ENDS[0] + dt.timedelta(days=2))
    assert hour(month(later), ENDS[0]).state is S.AFTERWARDS
    night = run(ENDS[-1] + dt.timedelta(hours=5))
    assert hour(month(night), ENDS[-1]).state is S.AFTERWARDS


def test_an_hour_that_may_still_get_its_run_is_ahead() -> None:
    told = month(now="2025-11-26 15:14")
    assert hour(told, ENDS[0]).state is S.AHEAD
    assert hour(told, ENDS[1]).state is S.AHEAD
    assert hour(month(now="2025-11-26 15:15"), ENDS[0]).state is S.MISSING


def test_hours_before_the_first_run_of_all_are_not_missing() -> None:
    first = run(ENDS[2] + MINUTE)
    found = month(first, since=first.facts.moment)
    assert [hour(found, end).state for end in ENDS[:4]] == [S.BEFORE, S.BEFORE, S.RAN, S.MISSING]
    assert month(since=None).count(S.MISSING) == 0


def test_two_exchanges_have_the_hours_of_both() -> None:
    calendars = [new_york(), calendar_for("LSE")]
    found = hour_calendar(
        NOVEMBER, calendars, [], anchor=Anchor.CLOCK, now=utc("2025-12-05 12:00"), grace=MINUTE,
        since=utc("2025-10-01 12:00"),
    )  # fmt: skip
    thanksgiving = next(day for day in found.days if day.date.day == 27)
    assert [each.end for each in thanksgiving.hours] == list(
        due_on(calendars[1], dt.date(2025, 11, 27))
    )
    assert found.exchanges == ("XNYS", "XLON")


def test_exchanges_with_the_same_hours_are_named_once() -> None:
    found = hour_calendar(
        NOVEMBER, [new_york(), calendar_for("NASDAQ")], [], anchor=Anchor.CLOCK,
        now=utc("2025-12-05 12:00"), grace=MINUTE, since=None,
    )  # fmt: skip
    assert found.exchanges == ("XNYS",)


def test_a_day_has_no_hours_where_the_exchange_is_closed() -> None:
    assert due_on(new_york(), dt.date(2025, 11, 29)) == ()


def test_what_the_schedule_let_pass_is_missing_with_its_reason() -> None:
    """Also before the first run of all: the schedule was there, and knows of it."""
    known = {ENDS[0]: "too late", ENDS[1]: "too late"}
    found = let_pass(month(run(ENDS[1]), since=None), known)
    assert (hour(found, ENDS[0]).state, hour(found, ENDS[0]).missed) == (S.MISSING, "too late")
    assert hour(found, ENDS[1]).state is S.RAN
    assert (hour(found, ENDS[2]).state, hour(found, ENDS[2]).missed) == (S.BEFORE, "")
