"""The budget of requests, without a clock and without sleeping."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.core.pacing import Ask, Budget, PacingRules, Urgency
from sellkit.errors import ConfigError

HOUR, BACKFILL = Urgency.HOUR, Urgency.BACKFILL
START = 1000.0


def sent_at(budget: Budget, asks: list[Ask], urgency: Urgency = HOUR) -> list[float]:
    """When each of them leaves, one after the other."""
    now, times = START, []
    for ask in asks:
        while wait := budget.wait(ask, urgency, now):
            now += wait
        budget.record(ask, now)
        times.append(now - START)
    return times


def asks(count: int) -> list[Ask]:
    return [Ask(f"question {number}") for number in range(count)]


def test_a_full_bucket_lets_a_burst_pass_at_once_and_then_fills_at_its_rate() -> None:
    budget = Budget(PacingRules(burst=3, reserve=0, requests_per_second=10))
    assert sent_at(budget, asks(5)) == pytest.approx([0, 0, 0, 0.1, 0.2])


def test_the_bucket_holds_no_more_than_its_size() -> None:
    budget = Budget(PacingRules(burst=2, reserve=0))
    sent_at(budget, asks(2))
    later = START + 100
    for ask in asks(2):
        assert budget.wait(ask, HOUR, later) == 0
        budget.record(ask, later)
    assert budget.wait(Ask("next"), HOUR, later) == pytest.approx(0.1)


def test_identical_questions_lie_fifteen_seconds_apart_and_others_overtake_them() -> None:
    budget = Budget(PacingRules())
    budget.record(Ask("AAPL"), START)
    assert budget.wait(Ask("AAPL"), HOUR, START + 4) == pytest.approx(11)
    assert budget.wait(Ask("MSFT"), HOUR, START + 4) == 0
    budget.record(Ask("AAPL"), START + 15)
    assert budget.wait(Ask("AAPL"), HOUR, START + 20) == pytest.approx(10)


def test_a_reserve_is_left_to_the_hourly_run() -> None:
    budget = Budget(PacingRules(burst=5, reserve=3, requests_per_second=1))
    assert sent_at(budget, asks(4), BACKFILL) == pytest.approx([0, 0, 1, 2])
    now = START + 2
    urgent = [Ask(f"urgent {number}") for number in range(3)]
    for ask in urgent:
        assert budget.wait(ask, HOUR, now) == 0
        budget.record(ask, now)
    assert budget.wait(Ask("more"), HOUR, now) == pytest.approx(1)
    assert budget.wait(Ask("more"), BACKFILL, now) == pytest.approx(4)


def test_a_pacing_error_halves_the_rate_which_comes_back_little_by_little() -> None:
    budget = Budget(PacingRules(requests_per_second=8, recovery_seconds=800))
    budget.slow_down(START)
    assert budget.rate_at(START) == 4
    assert budget.wait(Ask("next"), HOUR, START) == pytest.approx(0.25)
    budget.slow_down(START)
    assert budget.rate_at(START) == 2
    assert budget.rate_at(START + 100) == pytest.approx(3)
    assert budget.rate_at(START + 10_000) == 8


def test_however_many_pacing_errors_there_are_something_is_sent() -> None:
    budget = Budget(PacingRules(requests_per_second=8, slowest=1 / 16))
    for _ in range(50):
        budget.slow_down(START)
    assert budget.rate_at(START) == 0.5


@given(st.integers(0, 5000), st.integers(0, 6))
@settings(deadline=None, max_examples=50)
def test_how_long_requests_take_is_foretold_while_the_rate_comes_back(
    count: int, slowed: int
) -> None:
    budget = Budget(PacingRules(requests_per_second=10, recovery_seconds=600))
    for _ in range(slowed):
        budget.slow_down(START)
    told = budget.seconds_for(count, START)
    step, sent, now = 0.5, 0.0, START
    while sent < count:
        sent += step * budget.rate_at(now + step / 2)
        now += step
    assert told == pytest.approx(now - START, abs=1.5)


def test_a_clock_that_went_back_makes_nothing_wait_longer_than_the_gap() -> None:
    budget = Budget(PacingRules())
    budget.record(Ask("AAPL"), START)
    budget.forget(START - 500)
    assert budget.wait(Ask("AAPL"), HOUR, START - 500) == pytest.approx(15)


# So many different questions, so close together, that each rule has to hold some back.
small_bars = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 2), st.sampled_from([1, 2]), st.floats(0, 1)),
    min_size=80,
    max_size=120,
)


@given(small_bars)
@settings(deadline=None, max_examples=40)
def test_small_bars_keep_the_three_hard_rules(
    wanted: list[tuple[int, int, int, float]],
) -> None:
    budget = Budget(PacingRules(requests_per_second=1000, burst=100))
    now, log = START, []
    for question, series, weight, pause in wanted:
        now += pause
        ask = Ask(f"{question} of {series}", f"series {series}", is_small=True, weight=weight)
        while wait := budget.wait(ask, BACKFILL, now):
            now += wait
        budget.record(ask, now)
        log.append((now, ask))
    for place, (at, ask) in enumerate(log):
        before = log[:place]
        slack = 1e-5
        assert all(at - past >= 15 - slack for past, one in before if one.question == ask.question)
        burst = [past for past, one in before if one.series == ask.series and at - past < 2 - slack]
        assert len(burst) < 5
        ten = [one.weight for past, one in before if at - past < 600 - slack]
        assert sum(ten) + ask.weight <= 60


@pytest.mark.parametrize(("count", "weight", "seconds"), [(6, 1, 2), (61, 1, 600), (31, 2, 600)])
def test_a_hard_rule_holds_back_the_first_request_too_many_and_none_before(
    count: int, weight: int, seconds: float
) -> None:
    budget = Budget(PacingRules(requests_per_second=1000, burst=100))
    wanted = [
        Ask(f"{number}", "one" if count == 6 else f"{number}", is_small=True, weight=weight)
        for number in range(count)
    ]
    assert sent_at(budget, wanted) == pytest.approx([0.0] * (count - 1) + [seconds])


def test_larger_bars_are_not_bound_by_the_rules_for_small_ones() -> None:
    budget = Budget(PacingRules(requests_per_second=1000, burst=500))
    same = [Ask(f"{number}", "AAPL TRADES") for number in range(200)]
    assert sent_at(budget, same)[-1] == 0


def test_chance_moves_a_wait_within_its_share_only() -> None:
    rules = PacingRules(backoff_seconds=8, jitter=0.25)
    assert rules.backoff(1, 0.0) == 6.0
    assert rules.backoff(1, 1.0) == 8.0
    assert rules.backoff(2, 0.5) == 14.0


def test_a_wait_never_grows_beyond_the_longest() -> None:
    assert PacingRules(max_backoff_seconds=60, jitter=0).backoff(50, 0.0) == 60.0


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("max_open", 0),
        ("burst", 0),
        ("max_attempts", 0),
        ("requests_per_second", 0),
        ("identical_gap_seconds", -1),
        ("backoff_seconds", -1),
        ("jitter", 1.5),
        ("reserve", 8),
        ("slowest", 0),
        ("recovery_seconds", 0),
        ("requests_per_second", float("nan")),
    ],
)
def test_a_rule_by_which_nothing_could_be_sent_is_refused(rule: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rule):
        PacingRules(**{rule: value})  # type: ignore[arg-type]
