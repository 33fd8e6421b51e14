"""Cron expressions: weekdays as cron has them, on the clock of the zone that stands beside them."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest

from sellkit.adapters.cron import cron
from sellkit.core.schedule import Following
from sellkit.errors import ConfigError
from tests.build import utc

NEW_YORK = "America/New_York"
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri"]


def moments(following: Following, after: str, count: int) -> list[dt.datetime]:
    at, found = utc(after), []
    for _ in range(count):
        told = following(at)
        assert told is not None
        found.append(at := told)
    return found


@pytest.mark.parametrize("days", ["1-5", "mon-fri", "MON-FRI", "mon,tue,wed,thu,fri", "1,2,3,4,5"])
def test_one_to_five_is_monday_to_friday_as_the_names_are(days: str) -> None:
    found = moments(cron("x", f"0 12 * * {days}", "UTC"), "2026-01-23 12:00", 6)
    assert [f"{each:%a}" for each in found] == [*WEEKDAYS, "Mon"]


@pytest.mark.parametrize("day", ["0", "7", "sun", "Sun"])
def test_sunday_is_nought_and_seven(day: str) -> None:
    (found,) = moments(cron("x", f"0 12 * * {day}", "UTC"), "2026-01-23 12:00", 1)
    assert f"{found:%a}" == "Sun"


def test_the_expression_is_read_on_the_clock_of_its_zone_in_winter_and_in_summer() -> None:
    following = cron("x", "30 16 * * *", NEW_YORK)
    assert moments(following, "2026-01-28 12:00", 1) == [utc("2026-01-28 21:30")]
    assert moments(following, "2026-06-10 12:00", 1) == [utc("2026-06-10 20:30")]
    assert moments(cron("x", "30 16 * * *", "UTC"), "2026-06-10 12:00", 1) == [
        utc("2026-06-10 16:30")
    ]


def test_each_moment_comes_after_the_one_before_it_and_once_when_clocks_change() -> None:
    for expression in ("30 1 * * *", "30 2 * * *", "*/20 * * * *"):
        found = moments(cron("x", expression, NEW_YORK), "2026-03-07 00:00", 400)
        assert all(one < other for one, other in pairwise(found))
        found = moments(cron("x", expression, NEW_YORK), "2026-10-31 00:00", 400)
        assert all(one < other for one, other in pairwise(found))


def test_a_time_that_clocks_pass_over_comes_all_the_same_and_one_that_they_repeat_once() -> None:
    spring = moments(cron("x", "30 2 * * *", NEW_YORK), "2026-03-07 12:00", 3)
    assert [each.date().day for each in spring] == [8, 9, 10]
    autumn = moments(cron("x", "30 1 * * *", NEW_YORK), "2026-10-31 12:00", 2)
    assert [each.date().day for each in autumn] == [1, 2]


def test_a_moment_is_followed_by_the_next_one_however_near_it_is_asked() -> None:
    following = cron("x", "0 * * * *", "UTC")
    almost = utc("2026-01-28 11:59:59") + dt.timedelta(microseconds=999_999)
    assert following(almost) == utc("2026-01-28 12:00")
    assert following(utc("2026-01-28 12:00")) == utc("2026-01-28 13:00")


@pytest.mark.parametrize(
    ("expression", "zone", "says"),
    [
        ("61 16 * * mon-fri", "UTC", "'audit'.*'61 16.*minute"),
        ("30 16 * * montag", "UTC", "'audit'.*day-of-week"),
        ("30 16 * *", "UTC", "five fields"),
        ("0 30 16 * * mon", "UTC", "five fields"),
        ("30 16 * * mon", "Eastern", "'audit'.*no time zone is called 'Eastern'"),
    ],
)
def test_what_is_no_expression_or_no_zone_is_refused_by_name(
    expression: str, zone: str, says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        cron("audit", expression, zone)
