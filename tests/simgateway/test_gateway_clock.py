"""The gateway's clock."""

from __future__ import annotations

import datetime as dt

import pytest

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock, WallClock, parse_instant, stamp

NOON = dt.datetime(2025, 11, 28, 17, tzinfo=dt.UTC)


class Steady:
    """Real seconds that a test lets pass."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_virtual_clock_runs_at_its_speed() -> None:
    steady = Steady()
    clock = VirtualClock(NOON, 60, steady)
    steady.seconds += 2
    assert clock.now() == NOON + dt.timedelta(minutes=2)


def test_a_clock_of_speed_zero_stands_still_until_it_is_moved() -> None:
    steady = Steady()
    clock = VirtualClock(NOON, 0, steady)
    steady.seconds += 1000
    assert clock.now() == NOON
    clock.advance(dt.timedelta(hours=1))
    assert clock.now() == NOON + dt.timedelta(hours=1)
    clock.set(NOON)
    assert clock.now() == NOON


@pytest.mark.parametrize("speed", [-1, float("nan"), float("inf")])
def test_a_speed_below_zero_or_without_end_is_refused(speed: float) -> None:
    with pytest.raises(ConfigError, match="speed"):
        VirtualClock(NOON, speed)


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ConfigError, match="zone"):
        VirtualClock(NOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    "text",
    ["2025-11-28T12:00:00", "2025-11-28 12:00", "2025-11-28T17:00:00Z", "20251128T180000+01"],
)
def test_a_time_without_a_zone_is_new_yorks(text: str) -> None:
    assert parse_instant(text) == NOON


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ConfigError, match="'noon' is no time"):
        parse_instant("noon")


def test_local_times_carry_the_gateways_zone_in_winter_and_summer() -> None:
    assert stamp(NOON) == "20251128 12:00:00 US/Eastern"
    assert stamp(dt.datetime(2025, 7, 1, 16, tzinfo=dt.UTC)) == "20250701 12:00:00 US/Eastern"


def test_the_wall_clock_is_aware() -> None:
    assert WallClock().now().tzinfo is dt.UTC
    assert WallClock().describe() == "wall"


def test_a_new_speed_counts_from_now_on() -> None:
    steady = Steady()
    clock = VirtualClock(NOON, 1, steady)
    steady.seconds += 10
    clock.set_speed(3600)
    steady.seconds += 2
    assert clock.now() == NOON + dt.timedelta(hours=2, seconds=10)
    assert clock.describe() == "virtual, 3600 seconds a second"


def test_more_than_an_hour_in_a_second_is_refused() -> None:
    clock = VirtualClock(NOON, 0, Steady())
    with pytest.raises(ConfigError, match="at most 3600, not 3601"):
        clock.set_speed(3601)
    with pytest.raises(ConfigError, match="at most 3600"):
        VirtualClock(NOON, 3601)
