"""When a gateway is away by plan: each day, each week, over clock changes."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellkit.core.market_time import UTC
from sellkit.core.upkeep import LOGIN, RESTART, Upkeep, Window
from sellkit.errors import ConfigError

HOUR = dt.timedelta(hours=1)
NIGHTLY = Window.parse(RESTART, "23:45 America/New_York", HOUR)
WEEKLY = Window.parse(LOGIN, "sunday  01:00 America/New_York", 12 * HOUR)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2026-06-10T23:44:59-04:00", None),
        ("2026-06-10T23:45:00-04:00", "2026-06-11T00:45:00-04:00"),
        ("2026-06-11T00:44:59-04:00", "2026-06-11T00:45:00-04:00"),
        ("2026-06-11T00:45:00-04:00", None),
        ("2026-01-10T23:45:00-05:00", "2026-01-11T00:45:00-05:00"),
        ("2026-01-10T23:45:00-04:00", None),
    ],
)
def test_the_nightly_window_is_told_by_the_clock_of_its_zone(moment: str, end: str | None) -> None:
    assert NIGHTLY.ends(at(moment)) == (None if end is None else at(end))


@pytest.mark.parametrize(
    ("moment", "is_within"),
    [
        ("2026-06-14T00:59:59-04:00", False),
        ("2026-06-14T01:00:00-04:00", True),
        ("2026-06-14T12:59:59-04:00", True),
        ("2026-06-14T13:00:00-04:00", False),
        ("2026-06-15T01:00:00-04:00", False),
    ],
)
def test_the_weekly_window_is_on_its_day_alone(moment: str, is_within: bool) -> None:
    assert (WEEKLY.ends(at(moment)) is not None) is is_within


def test_a_window_lasts_as_long_as_it_says_over_a_clock_change() -> None:
    # On 1 November 2026 the hour from 01:00 comes twice in New York.
    window = Window.parse(RESTART, "00:30 America/New_York", 2 * HOUR)
    begin = at("2026-11-01T00:30:00-04:00")
    assert window.ends(begin) == begin + 2 * HOUR
    assert window.ends(begin + 2 * HOUR) is None


def test_a_time_that_a_clock_change_leaves_out_has_its_window_all_the_same() -> None:
    window = Window.parse(RESTART, "02:30 America/New_York", HOUR)
    midnight = at("2026-03-08T00:00-05:00")
    minutes = (midnight + dt.timedelta(minutes=each) for each in range(24 * 60))
    assert sum(window.ends(each) is not None for each in minutes) == 60


@given(
    st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 12 * 60),
)
def test_a_moment_lies_in_a_daily_window_exactly_when_it_began_within_its_length(
    now: dt.datetime, minutes: int
) -> None:
    length = dt.timedelta(minutes=minutes)
    ends = Window.parse(RESTART, "23:45 Europe/Zurich", length).ends(now)
    assert ends is None or dt.timedelta() < ends - now <= length


def test_what_is_under_way_is_named_and_only_a_restart_ends_by_itself() -> None:
    upkeep = Upkeep.of([NIGHTLY, None, WEEKLY])
    assert upkeep.name(at("2026-06-10T23:50:00-04:00")) == RESTART
    assert upkeep.restart_ends(at("2026-06-10T23:50:00-04:00")) == at("2026-06-11T00:45:00-04:00")
    assert upkeep.name(at("2026-06-14T02:00:00-04:00")) == LOGIN
    assert upkeep.restart_ends(at("2026-06-14T02:00:00-04:00")) is None
    assert Upkeep().name(at("2026-06-14T02:00:00-04:00")) == ""


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (RESTART, "23:45", "write it as '23:45 America/New_York'"),
        (RESTART, "Sunday 23:45 America/New_York", "write it as '23:45 America/New_York'"),
        (RESTART, "11:45 PM America/New_York", "write it as"),
        (RESTART, "24:10 America/New_York", "no time of the daily restart"),
        (RESTART, "23:45 America/Gotham", "no time zone is called"),
        (LOGIN, "01:00 America/New_York", "write it as 'Sunday 01:00"),
        (LOGIN, "Someday 01:00 America/New_York", "no day of the week"),
    ],
)
def test_what_is_no_time_of_a_window_is_refused(name: str, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Window.parse(name, text, HOUR)


def test_a_window_is_no_excuse_for_a_day() -> None:
    with pytest.raises(ConfigError, match="may last up to"):
        Window.parse(RESTART, "23:45 America/New_York", dt.timedelta(hours=13))
