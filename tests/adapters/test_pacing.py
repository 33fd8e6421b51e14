"""The budget of requests, without a clock and without sleeping."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sellkit.adapters.ib.pacing import Ledger, Pacer, PacingRules
from sellkit.errors import ConfigError, NotConnected, PacingViolation, RequestTimedOut


class Time:
    """A steady clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.sleeps: list[float] = []

    def steady(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


def pacer(rules: PacingRules, time: Time, chance: float = 1.0) -> Pacer:
    return Pacer(rules, steady=time.steady, sleep=time.sleep, chance=lambda: chance)


def answering(*outcomes: Exception | str) -> Callable[[], Awaitable[str]]:
    """A request whose attempts end one after the other in these ways."""
    left = list(outcomes)

    async def send() -> str:
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return send


TOO_MUCH = PacingViolation("too much")


def test_a_full_bucket_lets_a_burst_pass_at_once() -> None:
    ledger = Ledger(PacingRules(burst=3))

    waits = []
    for question in range(4):
        waits.append(ledger.wait(question, 0.0))
        ledger.record(question, 0.0)

    assert waits == [0.0, 0.0, 0.0, pytest.approx(0.1)]


def test_the_bucket_fills_at_its_rate_and_no_further_than_its_size() -> None:
    ledger = Ledger(PacingRules(burst=2, requests_per_second=10))
    for question in range(2):
        ledger.record(question, 0.0)

    assert ledger.wait("next", 0.0) == pytest.approx(0.1)
    assert ledger.wait("next", 0.05) == pytest.approx(0.05)
    for question in range(10, 12):
        assert ledger.wait(question, 100.0) == 0.0
        ledger.record(question, 100.0)
    assert ledger.wait("next", 100.0) == pytest.approx(0.1)


def test_identical_questions_lie_fifteen_seconds_apart() -> None:
    ledger = Ledger(PacingRules())
    ledger.record("AAPL", 0.0)

    assert ledger.wait("AAPL", 4.0) == pytest.approx(11.0)
    assert ledger.wait("AAPL", 15.0) == 0.0
    assert ledger.wait("MSFT", 4.0) == 0.0


def test_the_gap_counts_from_the_latest_of_identical_questions() -> None:
    ledger = Ledger(PacingRules())
    ledger.record("AAPL", 0.0)
    ledger.record("AAPL", 15.0)

    assert ledger.wait("AAPL", 20.0) == pytest.approx(10.0)


def test_an_identical_question_waits_and_another_one_overtakes_it() -> None:
    time = Time()
    sent: list[tuple[str, float]] = []

    async def send(question: str) -> None:
        sent.append((question, time.seconds - 1000.0))

    async def scene() -> None:
        paced = pacer(PacingRules(), time)
        await paced.run("AAPL", lambda: send("AAPL"))
        await paced.run("MSFT", lambda: send("MSFT"))
        await paced.run("AAPL", lambda: send("AAPL"))

    asyncio.run(scene())

    assert sent == [("AAPL", 0.0), ("MSFT", 0.0), ("AAPL", pytest.approx(15.0))]


def test_no_more_requests_are_open_than_allowed() -> None:
    open_now = 0
    most = 0

    async def send() -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        for _ in range(5):
            await asyncio.sleep(0)
        open_now -= 1

    async def scene() -> None:
        paced = pacer(PacingRules(max_open=3, burst=100), Time())
        await asyncio.gather(*(paced.run(each, send) for each in range(12)))

    asyncio.run(scene())

    assert most == 3


def test_many_requests_leave_at_the_rate_of_the_bucket() -> None:
    time = Time()
    sent: list[float] = []

    async def send() -> None:
        sent.append(time.seconds - 1000.0)

    async def scene() -> None:
        paced = pacer(PacingRules(burst=5, requests_per_second=10), time)
        for question in range(25):
            await paced.run(question, send)

    asyncio.run(scene())

    assert sent[:5] == [0.0] * 5
    assert sent[-1] == pytest.approx(2.0)


def test_a_pacing_error_is_tried_again_after_growing_waits() -> None:
    time = Time()
    rules = PacingRules(identical_gap_seconds=0, backoff_seconds=10, max_backoff_seconds=30)

    answer = asyncio.run(
        pacer(rules, time).run("AAPL", answering(TOO_MUCH, TOO_MUCH, TOO_MUCH, "bars"))
    )

    assert answer == "bars"
    assert time.sleeps == [10.0, 20.0, 30.0]


def test_a_repeated_request_keeps_the_gap_between_identical_ones_too() -> None:
    time = Time()
    rules = PacingRules(backoff_seconds=1, jitter=0)

    asyncio.run(pacer(rules, time).run("AAPL", answering(TOO_MUCH, "bars")))

    assert sum(time.sleeps) == pytest.approx(15.0)


def test_attempts_are_bounded_and_the_last_error_passes() -> None:
    time = Time()
    send = answering(*[TOO_MUCH] * 3, "never asked for")

    with pytest.raises(PacingViolation):
        asyncio.run(pacer(PacingRules(max_attempts=3), time).run("AAPL", send))


@pytest.mark.parametrize("error", [RequestTimedOut("silence"), NotConnected("gone")])
def test_any_other_error_passes_at_once(error: Exception) -> None:
    time = Time()

    with pytest.raises(type(error)):
        asyncio.run(pacer(PacingRules(), time).run("AAPL", answering(error, "bars")))

    assert time.sleeps == []


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
        ("requests_per_second", float("nan")),
    ],
)
def test_a_rule_by_which_nothing_could_be_sent_is_refused(rule: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rule):
        PacingRules(**{rule: value})  # type: ignore[arg-type]


def test_a_failed_request_gives_its_place_back() -> None:
    async def scene() -> str:
        paced = pacer(PacingRules(max_open=1), Time())
        with pytest.raises(NotConnected):
            await paced.run("AAPL", answering(NotConnected("gone")))
        return await paced.run("MSFT", answering("bars"))

    assert asyncio.run(scene()) == "bars"
