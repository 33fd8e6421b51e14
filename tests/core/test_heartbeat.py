"""When the silence of a schedule is an alarm: in a session, and not at night."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from sellkit.core.heartbeat import Heartbeat, Late, is_back, lateness, latest_due
from tests.build import new_york, utc

MINUTE = dt.timedelta(minutes=1)
GRACE = 10 * MINUTE
# A session of New York in winter: 14:30 to 21:00 UTC; hours end at 15:00, 16:00 and so on.
BEAT = Heartbeat(at=utc("2026-01-28 16:00:40"), last_due=utc("2026-01-28 16:00"), outcome="decided")


def late(now: str, beat: Heartbeat | None = BEAT) -> Late | None:
    return lateness(beat, utc(now), [new_york()], GRACE)


@pytest.mark.parametrize("now", ["2026-01-28 16:01", "2026-01-28 17:00", "2026-01-28 17:09:59"])
def test_a_run_may_take_its_time(now: str) -> None:
    assert late(now) is None


def test_a_run_that_was_not_heard_of_in_time_is_missed() -> None:
    found = late("2026-01-28 17:10")
    assert found is not None
    assert found.due == utc("2026-01-28 17:00")
    assert "the last run heard of was that of 2026-01-28 16:00:00 UTC (decided)" in found.text
    assert "due at 2026-01-28 17:00:00 UTC" in found.text


def test_what_a_schedule_thinks_to_be_due_next_does_not_count() -> None:
    wrong = replace(BEAT, next_due=utc("2026-02-02 15:00"))
    assert late("2026-01-28 17:10", wrong) is not None


def test_the_run_of_the_close_is_missed_shortly_after_it() -> None:
    beat = replace(BEAT, last_due=utc("2026-01-28 20:00"))
    found = late("2026-01-28 21:10", beat)
    assert found is not None
    assert found.due == utc("2026-01-28 21:00")


@pytest.mark.parametrize("now", ["2026-01-28 22:11", "2026-01-29 02:00", "2026-01-29 14:29"])
def test_at_night_a_run_that_was_missed_is_no_alarm_any_more(now: str) -> None:
    assert late(now, BEAT) is None


@pytest.mark.parametrize("now", ["2026-01-31 16:30", "2026-02-01 16:30"])
def test_weekends_are_silent(now: str) -> None:
    assert late(now, BEAT) is None


@pytest.mark.parametrize("now", ["2026-01-19 16:30", "2025-12-25 16:30", "2025-11-27 16:30"])
def test_holidays_are_silent(now: str) -> None:
    assert late(now, None) is None


def test_a_half_day_has_no_run_after_its_close() -> None:
    beat = replace(BEAT, last_due=utc("2025-11-28 18:00"), at=utc("2025-11-28 18:01"))
    assert late("2025-11-28 18:30", beat) is None
    assert late("2025-11-28 18:30", replace(beat, last_due=utc("2025-11-28 17:00"))) is not None


def test_hours_follow_daylight_saving_time() -> None:
    beat = replace(BEAT, last_due=utc("2026-03-09 14:00"))  # 10:00, the first end of that day
    assert late("2026-03-09 14:59", beat) is None
    found = late("2026-03-09 15:10", beat)
    assert found is not None
    assert found.due == utc("2026-03-09 15:00")


def test_no_heartbeat_at_all_is_one_that_is_late() -> None:
    found = late("2026-01-28 15:10", None)
    assert found is not None
    assert "no run was ever heard of" in found.text
    assert late("2026-01-28 15:05", None) is None


def test_a_schedule_that_has_not_run_yet_is_late_like_any() -> None:
    found = late("2026-01-28 15:10", Heartbeat(at=utc("2026-01-28 15:09")))
    assert found is not None
    assert "no run was heard of" in found.text


def test_a_process_that_has_fallen_silent_is_missed_before_its_next_run_is() -> None:
    found = late("2026-01-28 16:20", replace(BEAT, is_kept=True))
    assert found is not None
    assert found.is_silence
    assert "since 2026-01-28 16:00:40 UTC" in found.text
    assert late("2026-01-28 16:20", BEAT) is None


def test_a_process_may_be_silent_at_night() -> None:
    beat = replace(BEAT, last_due=utc("2026-01-28 21:00"), is_kept=True)
    assert late("2026-01-29 03:00", beat) is None


def test_on_the_gateways_time_only_the_process_is_missed() -> None:
    beat = Heartbeat(at=utc("2026-01-31 16:00"), is_kept=True, is_own_time=True)
    assert late("2026-01-31 16:09", beat) is None
    found = late("2026-01-31 16:10", beat)
    assert found is not None
    assert found.is_silence


def test_a_run_of_the_missed_hour_or_a_later_one_brings_it_back() -> None:
    missed = Late(utc("2026-01-28 17:00"), "")
    assert not is_back(missed, BEAT)
    assert not is_back(missed, None)
    assert is_back(missed, replace(BEAT, last_due=utc("2026-01-28 17:00")))
    assert is_back(missed, replace(BEAT, last_due=utc("2026-01-28 18:00")))


def test_a_fallen_silent_process_is_back_when_it_speaks() -> None:
    silent = Late(utc("2026-01-28 16:10:40"), "", is_silence=True)
    assert not is_back(silent, BEAT)
    assert is_back(silent, replace(BEAT, at=utc("2026-01-28 16:30")))


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-01-28 14:59", None),  # the session has opened, and no hour of it has ended
        ("2026-01-28 15:00", "2026-01-28 15:00"),
        ("2026-01-28 20:59:59", "2026-01-28 20:00"),
        ("2026-01-29 03:00", "2026-01-28 21:00"),
        ("2026-02-01 12:00", "2026-01-30 21:00"),
    ],
)
def test_the_latest_hour_is_that_of_the_session_that_opened_last(now: str, due: str | None) -> None:
    assert latest_due([new_york()], utc(now)) == (due and utc(due))
