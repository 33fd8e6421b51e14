"""What was decided on a bar stands, however it is told later."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from sellkit.core.precedent import Precedent, by_key, upheld
from sellkit.core.signals import Decision, Signal
from tests.build import HOUR_END, NOW, SECOND, assignment, certificate, position, signal

PROOF = certificate()


def before(**changes: Any) -> Precedent:
    """An EXIT on the usual bar, taken five minutes ago."""
    usual: dict[str, Any] = {
        "run_id": "r0",
        "decided_at": NOW - dt.timedelta(minutes=5),
        "con_id": 265598,
        "label": "SMA 50 1H",
        "decision": Decision.EXIT,
        "reasons": ("it fell",),
        "start": PROOF.slot.start,
        "end": PROOF.slot.end,
        "parts": 2,
        "fetched_at": HOUR_END + 3 * SECOND,
        "close": 99.0,
        "average": 100.0,
        "bars_used": 180,
        "seed_weight": 0.0005,
        "price_basis": "TRADES",
    }
    return Precedent(**(usual | changes))


def judged(close: float = 101.0, average: float = 100.0, **changes: Any) -> Signal:
    decision = Decision.EXIT if close < average else Decision.HOLD
    return replace(signal(decision=decision, proof=certificate(close, average)), **changes)


def kept(now: Signal, *earlier: Precedent) -> Signal:
    return upheld(now, by_key(earlier or (before(),)))


def test_a_decision_stands_with_the_bar_that_it_was_made_on() -> None:
    found = kept(judged(101.0))
    assert found.decision is Decision.EXIT
    proof = found.certificate
    assert proof is not None
    assert (proof.close, proof.average, proof.bars_used) == (99.0, 100.0, 180)
    assert (proof.seed_weight, proof.fetched_at) == (0.0005, HOUR_END + 3 * SECOND)
    assert proof.slot == PROOF.slot


def test_it_says_what_was_told_then_and_what_is_told_now_and_when() -> None:
    found = kept(judged(101.0, 100.5))
    assert found.reasons == (
        "it fell",
        "decided at 2026-01-28 19:55:20 UTC, and told differently since: its close was 99 then and "
        "is 101 now and its average was 100 then and is 100.5 now (told at 2026-01-28 20:00:05 "
        "UTC, by which it would be HOLD); the decision stands",
    )
    now = found.retelling
    assert now is not None
    assert (now.run_id, now.decision, now.close, now.average) == ("r0", Decision.HOLD, 101.0, 100.5)


def test_of_a_bar_that_is_told_as_before_nothing_is_said() -> None:
    found = kept(judged(99.0))
    assert (found.decision, found.reasons, found.retelling) == (Decision.EXIT, ("it fell",), None)


def test_a_decision_that_turns_on_the_last_digit_stands_and_says_so() -> None:
    close = 100.0 - 1e-12
    found = kept(judged(100.0), before(close=close))
    assert found.decision is Decision.EXIT
    assert found.retelling is not None
    assert "another last digit" in found.reasons[-1]


def test_a_hold_does_not_become_an_exit() -> None:
    found = kept(judged(98.0), before(decision=Decision.HOLD, close=101.0))
    assert found.decision is Decision.HOLD
    assert "by which it would be EXIT" in found.reasons[-1]


def test_the_first_decision_counts() -> None:
    found = kept(judged(99.0), before(decision=Decision.HOLD, close=101.0), before(run_id="r1"))
    assert found.decision is Decision.HOLD


@pytest.mark.parametrize("doubt", [Decision.UNDECIDED, Decision.EXCLUDED])
def test_doubt_is_not_overruled_by_an_earlier_decision(doubt: Decision) -> None:
    now = judged(decision=doubt, certificate=None)
    assert kept(now) is now
    assert kept(replace(now, certificate=PROOF)).decision is doubt


@pytest.mark.parametrize(
    "other",
    [
        before(con_id=272093),
        before(label="SMA 20 1H"),
        before(label="EMA 50 1H"),
        before(label="SMA 50 1D"),
        before(end=HOUR_END - dt.timedelta(hours=1)),
        before(start=PROOF.slot.start - dt.timedelta(hours=1)),
    ],
)
def test_a_decision_on_something_else_is_none_on_this(other: Precedent) -> None:
    now = judged()
    assert kept(now, other) is now


def test_without_an_assignment_there_is_nothing_to_uphold() -> None:
    now = judged(assignment=None)
    assert kept(now) is now


def test_another_quantity_is_another_ticket_for_the_same_decision() -> None:
    now = judged(101.0, position=position(quantity="40"))
    found = kept(now)
    assert (found.decision, found.position.quantity) == (Decision.EXIT, now.position.quantity)
    assert found.assignment == assignment()
