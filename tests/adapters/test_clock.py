"""The machine's clock and the gateway's, without sleeping."""

from __future__ import annotations

import datetime as dt
import math
import threading

import pytest

from sellkit.adapters.clock import BrokerClock, FlowingClock, SteadfastClock, SystemClock
from sellkit.errors import ClockWentBack, NotConnected, OtherGateway, RequestTimedOut, SellkitError

START = dt.datetime(2025, 12, 5, 16, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


class Gateway:
    """A gateway's time of any speed, beside a steady clock that sleeping moves."""

    def __init__(self, speed: float = 1.0) -> None:
        self.steady = 50.0
        self.speed = speed
        self.asked = 0
        self.shift = dt.timedelta(0)
        self.slept: list[float] = []

    def ask(self) -> dt.datetime:
        self.asked += 1
        return self.present()

    def present(self) -> dt.datetime:
        passed = dt.timedelta(seconds=(self.steady - 50.0) * self.speed)
        return (START + passed + self.shift).replace(microsecond=0)

    def sleep(self, seconds: float) -> None:
        assert len(self.slept) < 10_000, "it sleeps for ever"
        self.slept.append(seconds)
        self.steady += seconds

    def clock(self) -> BrokerClock:
        return BrokerClock(self.ask, steady=lambda: self.steady, sleep=self.sleep)


def test_the_machines_clock_is_aware_utc() -> None:
    assert SystemClock().now().utcoffset() == dt.timedelta(0)


def test_the_machines_clock_sleeps_in_pieces_until_the_instant_has_come() -> None:
    slept: list[float] = []
    clock = SystemClock(slept.append)

    class Jumping(SystemClock):
        """Each look at it finds it 40 seconds later."""

        def __init__(self) -> None:
            super().__init__(slept.append)
            self.time = START

        def now(self) -> dt.datetime:
            self.time += 40 * SECOND
            return self.time

    Jumping().sleep_until(START + 100 * SECOND)
    clock.sleep_until(START)

    assert slept == [30.0, 20.0]


def test_an_answer_is_used_again_while_it_is_fresh() -> None:
    gateway = Gateway()
    clock = gateway.clock()
    first = clock.now()
    gateway.steady += 0.9

    assert clock.now() == first
    assert gateway.asked == 1


def test_a_stale_answer_is_asked_for_again() -> None:
    gateway = Gateway()
    clock = gateway.clock()
    clock.now()
    gateway.steady += 1.1

    assert clock.now() == START + SECOND
    assert gateway.asked == 2


@pytest.mark.parametrize("speed", [0.0, 0.5, 1.0, 60.0, 3600.0])
def test_it_never_runs_ahead_whatever_the_speed_of_the_gateways_time(speed: float) -> None:
    gateway = Gateway(speed)
    clock = gateway.clock()

    for _ in range(200):
        gateway.steady += 0.07
        assert clock.now() <= gateway.present()


def test_it_never_goes_backwards() -> None:
    gateway = Gateway()
    clock = gateway.clock()
    before = clock.now()
    gateway.shift = dt.timedelta(minutes=-4)
    gateway.steady += 5

    assert clock.now() == before


def test_a_gateway_that_began_an_earlier_day_is_followed_no_further() -> None:
    gateway = Gateway()
    clock = gateway.clock()
    clock.now()
    gateway.shift = dt.timedelta(hours=-1)
    gateway.steady += 5

    with pytest.raises(ClockWentBack, match="start sellkit anew"):
        clock.now()
    with pytest.raises(ClockWentBack):
        SteadfastClock(clock).sleep_until(START)


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_it_sleeps_until_the_gateway_says_that_the_instant_has_come(speed: float) -> None:
    gateway = Gateway(speed)
    clock = gateway.clock()
    instant = START + 90 * SECOND

    clock.sleep_until(instant)

    assert gateway.present() >= instant
    assert sum(gateway.slept) < 90 / speed + 3


def test_an_instant_that_has_passed_needs_no_sleep() -> None:
    gateway = Gateway()
    gateway.clock().sleep_until(START)

    assert gateway.slept == []


def test_an_error_of_the_gateway_passes() -> None:
    def ask() -> dt.datetime:
        raise NotConnected("gone")

    with pytest.raises(NotConnected):
        BrokerClock(ask).now()


def test_many_threads_share_one_answer() -> None:
    gateway = Gateway()
    clock = gateway.clock()
    together = threading.Barrier(8)
    seen: list[dt.datetime] = []

    def look() -> None:
        together.wait(10)
        seen.append(clock.now())

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert seen == [START] * 8
    assert gateway.asked == 1


def test_a_system_clock_stays_behind_another_that_is_behind() -> None:
    clock = SystemClock()
    other = clock.now() - dt.timedelta(seconds=2)
    clock.stay_behind(other)
    assert other <= clock.now() <= other + dt.timedelta(seconds=1)


def test_a_system_clock_does_not_follow_one_that_is_ahead() -> None:
    clock, plain = SystemClock(), SystemClock()
    clock.stay_behind(plain.now() + dt.timedelta(hours=1))
    assert clock.now() <= plain.now()


# --- a clock for a schedule -----------------------------------------------------------------------


class AbsentClock:
    """A clock that cannot be asked until the given errors have been told."""

    def __init__(self, *errors: SellkitError) -> None:
        self.errors = list(errors)
        self.slept_until: dt.datetime | None = None

    def now(self) -> dt.datetime:
        self._tell()
        return NOON

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        self._tell()
        self.slept_until = instant

    def _tell(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


NOON = dt.datetime(2026, 1, 28, 17, tzinfo=dt.UTC)
AWAY = (NotConnected("gone"), RequestTimedOut("silent"), NotConnected("gone"))


def test_a_schedules_clock_waits_for_one_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    naps: list[float] = []
    assert SteadfastClock(AbsentClock(*AWAY), sleep=naps.append).now() == NOON
    assert naps == [1.0, 1.0, 1.0]
    said = [each.getMessage() for each in caplog.records]
    assert said == ["clock_away", "clock_back"]


def test_a_schedules_clock_waits_on_when_the_other_goes_away_meanwhile() -> None:
    other = AbsentClock(*AWAY)
    SteadfastClock(other, sleep=lambda _seconds: None).sleep_until(NOON)
    assert other.slept_until == NOON


def test_an_error_that_will_not_pass_ends_the_schedule() -> None:
    clock = SteadfastClock(AbsentClock(OtherGateway("another account")), sleep=lambda _: None)
    with pytest.raises(OtherGateway):
        clock.now()


class Steady:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Away:
    """A clock that can be asked or not."""

    def __init__(self, now: dt.datetime) -> None:
        self.time = now
        self.error: SellkitError | None = None

    def now(self) -> dt.datetime:
        if self.error is not None:
            raise self.error
        return self.time

    def sleep_until(self, instant: dt.datetime) -> None:
        self.time = max(self.time, instant)


def test_a_watchs_clock_goes_on_by_itself_while_the_other_cannot_be_asked() -> None:
    steady = Steady()
    other = Away(NOON)
    clock = FlowingClock(other, steady)
    other.error = NotConnected("the gateway is away")
    steady.seconds += 90
    assert clock.now() == clock.reckoned() == NOON + 90 * SECOND


def test_a_watchs_clock_never_goes_back_when_the_other_returns_behind_it() -> None:
    steady = Steady()
    other = Away(NOON)
    clock = FlowingClock(other, steady)
    other.error = NotConnected("the gateway is away")
    steady.seconds += 90
    reckoned = clock.now()
    other.error, other.time = None, NOON + 10 * SECOND
    assert clock.now() == reckoned
    other.time = NOON + 200 * SECOND
    assert clock.now() == other.time


def test_a_watchs_clock_goes_on_when_the_other_is_set_back() -> None:
    steady = Steady()
    other = Away(NOON)
    clock = FlowingClock(other, steady)
    steady.seconds += 30
    other.time = NOON - 3600 * SECOND
    assert clock.now() == clock.reckoned() == NOON + 30 * SECOND
    steady.seconds += 30
    other.time += 30 * SECOND
    assert clock.now() == clock.reckoned() == NOON + 60 * SECOND


def test_a_watchs_clock_reckons_without_asking() -> None:
    steady = Steady()
    other = Away(NOON)
    clock = FlowingClock(other, steady)
    other.time += 500 * SECOND
    steady.seconds += 7
    assert clock.reckoned() == NOON + 7 * SECOND


def test_an_error_that_will_not_pass_passes_through_a_watchs_clock() -> None:
    other = Away(NOON)
    clock = FlowingClock(other, Steady())
    other.error = ClockWentBack("it went back")
    with pytest.raises(ClockWentBack):
        clock.now()


def test_a_watchs_clock_that_was_stopped_waits_no_more() -> None:
    clock = FlowingClock(Away(NOON), Steady())
    assert clock.wait_until(NOON)
    clock.stop()
    assert not clock.wait_until(NOON + 3600 * SECOND)
    assert not clock.wait_until(NOON)
