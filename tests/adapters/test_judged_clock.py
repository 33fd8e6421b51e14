"""A schedule's clock: the machine's, until that jumps; then the gateway's time judges."""

from __future__ import annotations

import datetime as dt

import pytest

from sellkit.adapters.judged_clock import JudgedClock
from sellkit.errors import NotConnected
from tests.build import NOW, SECOND
from tests.fakes_schedule import StepClock

HOUR = dt.timedelta(hours=1)


class World:
    """True time, the machine's wrong one, and a gateway that may be away."""

    def __init__(self) -> None:
        self.machine = StepClock(NOW)
        self.steady = 0.0
        self.truth = NOW
        self.is_away = False
        self.asked = 0
        step = self.machine.sleep_until

        def sleep(instant: dt.datetime, at_most_seconds: float = 1e9) -> None:
            before = self.machine.time
            step(instant, at_most_seconds)
            self.pass_by(0 * SECOND, self.machine.time - before)

        self.machine.sleep_until = sleep  # type: ignore[method-assign]
        self.clock = JudgedClock(self.machine, self.ask, steady=lambda: self.steady)

    def ask(self) -> dt.datetime:
        self.asked += 1
        if self.is_away:
            raise NotConnected("nothing listens")
        return self.truth.replace(microsecond=0)

    def pass_by(self, machine: dt.timedelta, truly: dt.timedelta | None = None) -> None:
        """Time goes by for the machine's clock, and in truth for that and the steady one."""
        self.machine.time += machine
        self.truth += machine if truly is None else truly
        self.steady += (machine if truly is None else truly).total_seconds()

    def sleep(self, long: dt.timedelta) -> None:
        """The machine is suspended: its steady clock stands still."""
        self.machine.time += long
        self.truth += long


def test_a_clock_that_goes_as_it_should_asks_once_at_the_beginning() -> None:
    world = World()
    for _ in range(100):
        world.pass_by(30 * SECOND)
        assert world.clock.now() == world.machine.time
    assert world.asked == 1


@pytest.mark.parametrize("by", [3 * HOUR, -3 * HOUR])
def test_after_the_machines_clock_was_set_the_gateways_time_holds(by: dt.timedelta) -> None:
    world = World()
    world.pass_by(10 * SECOND)
    world.machine.time += by
    assert abs(world.clock.now() - world.truth) <= SECOND
    world.pass_by(HOUR)
    assert abs(world.clock.now() - world.truth) <= SECOND
    world.machine.time -= by
    assert world.clock.now() == world.truth
    assert world.asked == 3


def test_after_the_machine_slept_its_clock_holds_where_the_gateway_agrees() -> None:
    world = World()
    world.sleep(3 * HOUR)
    assert world.clock.now() == world.machine.time == world.truth
    assert world.asked == 2


def test_a_clock_that_was_wrong_from_the_beginning_is_corrected() -> None:
    world = World()
    world.machine.time += HOUR
    clock = JudgedClock(world.machine, world.ask, steady=lambda: world.steady)
    assert abs(clock.now() - world.truth) <= SECOND


def test_while_the_gateway_is_away_the_machines_time_holds_and_it_is_asked_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.is_away = True
    world.machine.time += 3 * HOUR
    assert world.clock.now() == world.machine.time
    assert "clock_not_judged" in {each.getMessage() for each in caplog.records}
    world.pass_by(30 * SECOND)
    world.clock.now()
    assert world.asked == 2
    world.is_away = False
    world.pass_by(40 * SECOND)
    assert abs(world.clock.now() - world.truth) <= SECOND
    assert world.asked == 3


def test_a_gateway_that_is_away_at_the_beginning_is_not_asked_each_minute() -> None:
    world = World()
    world.is_away = True
    clock = JudgedClock(world.machine, world.ask, steady=lambda: world.steady)
    for _ in range(10):
        world.pass_by(120 * SECOND)
        assert clock.now() == world.machine.time
    assert world.asked == 2


def test_a_sleep_ends_at_its_instant_or_after_so_many_seconds() -> None:
    world = World()
    world.clock.sleep_until(NOW + 7 * SECOND)
    assert world.clock.now() == NOW + 7 * SECOND
    world.clock.sleep_until(NOW + HOUR, 12.0)
    assert world.clock.now() == NOW + 19 * SECOND
