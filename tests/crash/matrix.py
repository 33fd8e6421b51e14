"""Kill a run at each of its points, let later runs find what it left, and look at the result."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.crash.points import Point
from tests.crash.runs import SECONDS
from tests.crash.verdict import books, sent, unfinished, unsafe
from tests.crash.world import TOO_OLD, World, world

Rule = Mapping[str, object]

AN_ORDER_LATER = 5.0
EVERY_DRY = 20
SHORT_SECONDS = 2.0
_OF_A_BROKEN_GATEWAY = ("NotConnected", "RequestTimedOut")
_ANSWERS = ("orderStatus", "openOrder", "execDetails", "completedOrder", "error")
_DROPPED = ("orderStatus", "execDetails", "completedOrder", "error")
"""What may be lost: a list that lacks an open order and ends well would be a lie."""
_ENDS = ("openOrderEnd", "execDetailsEnd", "completedOrdersEnd", "positionEnd")


@dataclass(frozen=True, slots=True)
class Kill:
    """One play of the matrix.

    Attributes
    ----------
    deadly, again
        Where the run dies, and where the run after it; None lets that one live.
    rules
        What is wrong with the gateway meanwhile.
    retries
        Whether an order that is proven unsent may be sent once more.
    work
        `live` or `dry`.
    """

    deadly: Point
    again: Point | None = None
    rules: tuple[Rule, ...] = ()
    retries: bool = False
    work: str = "live"


@dataclass(slots=True)
class Outcome:
    """What came of a kill.

    Attributes
    ----------
    died
        How many of its processes were killed.
    errors
        Why later runs did not come to their end, if they did not.
    states
        In which the tickets ended.
    problems
        What must not be.
    """

    died: int = 0
    errors: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def counted(work: str = "live") -> tuple[Point, ...]:
    """Every point of a run that nobody kills, which has to end well."""
    with world() as found:
        told = found.run(work=work)
        assert told is not None
        assert not told.error, told.error
        problems = unsafe(books(found.gateway, found.folder))
        if work == "live":
            problems += unfinished(books(found.gateway, found.folder))
            assert not list(found.gateway.exchange.holdings()), told.words
        assert not problems, problems
    return told.points


def plan(points: Sequence[Point], dry: Sequence[Point], kills: int, seed: int) -> Iterator[Kill]:
    """So many kills: once every point in calm, then again with all that may go wrong besides.

    One in twenty kills a dry run.
    """
    chance = random.Random(seed)
    left: list[Point] = []
    is_calm = True
    for number in range(kills):
        if number % EVERY_DRY == EVERY_DRY - 1:
            yield Kill(chance.choice(dry), rules=_perhaps(chance, 0.5), work="dry")
            continue
        if not left:
            is_calm = number == 0
            left = chance.sample(points, len(points))
        deadly = left.pop()
        if is_calm:
            yield Kill(deadly)
            continue
        yield Kill(
            deadly,
            again=chance.choice(points) if chance.random() < 0.3 else None,
            rules=_perhaps(chance, 0.8),
            retries=chance.random() < 0.3,
        )


def _perhaps(chance: random.Random, likely: float) -> tuple[Rule, ...]:
    return tuple(troubles(chance)) if chance.random() < likely else ()


def troubles(chance: random.Random) -> Iterator[Rule]:
    """A few rules by which the gateway drops, delays and doubles."""
    for _ in range(chance.randint(1, 3)):
        often = {chance.choice(["nth", "every"]): chance.randint(1, 4)}
        kind = chance.randrange(6)
        if kind == 0:
            yield {"message": chance.choice(_DROPPED), "do": "drop", **often}
        elif kind == 1:
            yield {"message": chance.choice(_ENDS), "do": "drop", "nth": chance.randint(1, 6)}
        elif kind == 2:
            seconds = round(chance.uniform(0.02, 0.6), 3)
            yield {"message": chance.choice(_ANSWERS), "do": "delay", "seconds": seconds, **often}
        elif kind == 3:
            yield {"message": chance.choice(_ANSWERS), "do": "duplicate", **often}
        else:
            yield _at_an_order(chance)


def _at_an_order(chance: random.Random) -> Rule:
    message = chance.choice(["placeOrder", "placeOrder", "cancelOrder"])
    rule: dict[str, object] = {"message": message, "nth": chance.randint(1, 3)}
    choices: list[dict[str, object]] = [
        {"do": "drop"},
        {"do": "duplicate"},
        {"do": "delay", "seconds": round(chance.uniform(0.1, 1.5), 2)},
        {"do": "close"},
        {"do": "close", "deliver": True},
    ]
    if message == "placeOrder":
        choices += [
            {"do": "lose_order", "reached": "nothing"},
            {"do": "lose_order", "reached": "market"},
            {"do": "error", "code": 201, "text": "Order rejected"},
        ]
    return rule | chance.choice(choices)


def play(kill: Kill) -> Outcome:
    """Kill, recover, and look."""
    outcome = Outcome()
    with world(kill.rules) as found:
        how: dict[str, Any] = {"work": kill.work, "retries": kill.retries}
        how["is_calm"] = not kill.rules
        how["request_seconds"] = SHORT_SECONDS if kill.rules else SECONDS
        _run(found, outcome, kill.deadly, **how)
        outcome.problems += _unsafe(found)
        if kill.again is not None:
            found.pass_by(AN_ORDER_LATER)
            _run(found, outcome, kill.again, **how)
            outcome.problems += _unsafe(found)
        found.pass_by(AN_ORDER_LATER)
        _run(found, outcome, None, **how)
        if kill.rules:
            found.control.clear()
            found.pass_by(AN_ORDER_LATER)
            _run(found, outcome, None, work=kill.work, retries=kill.retries, is_calm=True)
        found.go_to(TOO_OLD)
        if kill.work == "dry":
            outcome.problems += sent(found.gateway)
            return outcome
        _run(found, outcome, None, work="reconcile", is_calm=True)
        last = books(found.gateway, found.folder)
        outcome.problems += [*unsafe(last), *unfinished(last)]
        outcome.states = [f"{each.ticker} {each.state}" for each in last.tickets]
        if outcome.problems:
            outcome.problems += [f"told: {kind}: {text}" for kind, text in last.alarms]
            outcome.problems += [f"ended: {each}" for each in (*outcome.states, *outcome.errors)]
    return outcome


def _run(
    found: World, outcome: Outcome, deadly: Point | None, *, is_calm: bool, **how: object
) -> None:
    told = found.run(deadly, **how)
    outcome.died += told is None
    if told is None or not told.error:
        return
    outcome.errors.append(told.error)
    if is_calm or not told.error.startswith(_OF_A_BROKEN_GATEWAY):
        outcome.problems.append(f"a run ended early: {told.error}")


def _unsafe(found: World) -> list[str]:
    """Right after a kill, before anybody has looked."""
    return unsafe(books(found.gateway, found.folder))
