"""Requests within the budget, by a clock that moves only when somebody sleeps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from sellkit.adapters.ib.pacing import Pacer
from sellkit.adapters.pacing_ledger import PacingLedger
from sellkit.core.pacing import Ask, PacingRules, Urgency
from sellkit.errors import NotConnected, PacingViolation, RequestTimedOut

Result = TypeVar("Result")


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


class Paced:
    """A pacer on a ledger of its own, which asks for the hour."""

    def __init__(self, rules: PacingRules, time: Time, chance: float = 1.0) -> None:
        self.pacer = Pacer(
            rules,
            PacingLedger(":memory:", "", rules, time.steady),
            sleep=time.sleep,
            chance=lambda: chance,
        )

    async def run(self, question: object, send: Callable[[], Awaitable[Result]]) -> Result:
        return await self.pacer.run(Ask(str(question)), Urgency.HOUR, send)


def pacer(rules: PacingRules, time: Time, chance: float = 1.0) -> Paced:
    return Paced(rules, time, chance)


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


def test_as_many_requests_are_open_as_allowed_and_no_more() -> None:
    open_now = 0
    most = 0

    async def send(meeting: asyncio.Barrier) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await meeting.wait()
        open_now -= 1

    async def scene() -> None:
        meeting = asyncio.Barrier(3)
        paced = pacer(PacingRules(max_open=3, burst=100), Time())
        await asyncio.gather(*(paced.run(each, lambda: send(meeting)) for each in range(12)))

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


def test_a_failed_request_gives_its_place_back() -> None:
    async def scene() -> str:
        paced = pacer(PacingRules(max_open=1), Time())
        with pytest.raises(NotConnected):
            await paced.run("AAPL", answering(NotConnected("gone")))
        return await paced.run("MSFT", answering("bars"))

    assert asyncio.run(scene()) == "bars"


def test_whoever_asks_the_same_meanwhile_gets_the_same_answer() -> None:
    asked: list[str] = []

    async def send() -> str:
        asked.append("AAPL")
        await asyncio.sleep(0.01)
        return "bars"

    async def scene() -> list[str]:
        paced = pacer(PacingRules(), Time())
        return await asyncio.gather(*(paced.run("AAPL", send) for _ in range(5)))

    assert asyncio.run(scene()) == ["bars"] * 5
    assert asked == ["AAPL"]


def test_a_pacing_error_slows_down_everything_that_follows() -> None:
    time = Time()
    rules = PacingRules(
        requests_per_second=1, burst=1, reserve=0, backoff_seconds=0, identical_gap_seconds=0
    )

    async def scene() -> None:
        paced = pacer(rules, time)
        await paced.run("first", answering(TOO_MUCH, "bars"))
        before = time.seconds
        for question in range(4):
            await paced.run(question, answering("bars"))
        assert time.seconds - before > 1.9 * 3  # one token was left

    asyncio.run(scene())
