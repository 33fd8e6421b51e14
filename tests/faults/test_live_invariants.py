"""The invariants catch what a sellkit that sends could do wrong."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sellkit.core.lifecycle import TicketState
from tests.faults.catalogue import FAULTS
from tests.faults.evidence import Evidence, gather
from tests.faults.invariants import breaches
from tests.faults.play import playing

WITH_STOP = 47
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """The evidence of a live run that cancelled a stop of its own and closed the position."""
    with playing(FAULTS[WITH_STOP], tmp_path_factory.mktemp("live")) as play:
        play.turn(fall=("AAPL",), rise=("MSFT",))
        play.run_live()
        return gather(play)


def broken(evidence: Evidence) -> set[str]:
    return {each.partition(":")[0] for each in breaches(evidence)}


def attempted(evidence: Evidence, **facts: Any) -> Evidence:
    """The same with other facts about its one attempt."""
    (attempt,) = evidence.attempts
    return replace(evidence, attempts=(replace(attempt, **facts),))


def test_a_position_that_was_closed_breaks_none(sound: Evidence) -> None:
    assert [str(each.state) for each in sound.attempts] == ["DONE"]
    assert len(sound.resting) == len(sound.orders) == 1
    assert not breaches(sound)


def test_a_close_beside_a_stop_that_still_lives_breaks_the_first(sound: Evidence) -> None:
    (stop,) = sound.resting
    order = sound.orders[0]
    assert order.placed_at is not None
    lived_on = replace(stop, ended_at=order.placed_at + MINUTE)
    assert broken(replace(sound, resting=(lived_on,))) == {"I1"}


def test_a_reference_that_was_placed_twice_breaks_the_first(sound: Evidence) -> None:
    (order,) = sound.orders
    other = replace(order, perm_id=1, filled=Decimal(0))
    assert "I1" in broken(replace(sound, orders=(order, other)))


def test_a_second_attempt_beside_a_first_that_works_breaks_the_first(sound: Evidence) -> None:
    (attempt,) = sound.attempts
    works = replace(attempt, state=TicketState.ACKNOWLEDGED)
    second = replace(attempt, attempt=2, reference="SK1-x-2", filled=Decimal(0))
    assert "I1" in broken(replace(sound, attempts=(works, second)))


def test_an_order_without_its_claim_breaks_the_third(sound: Evidence) -> None:
    assert "I3" in broken(attempted(sound, claimed_at=None))


def test_more_orders_than_claims_break_the_third(sound: Evidence) -> None:
    assert broken(replace(sound, requests=(*sound.requests, "placeOrder"))) == {"I3"}


def test_a_cancel_of_everything_breaks_the_third(sound: Evidence) -> None:
    assert broken(replace(sound, requests=(*sound.requests, "reqGlobalCancel"))) == {"I3"}


@pytest.mark.parametrize("state", [TicketState.SUBMITTING, TicketState.FILLED])
def test_an_attempt_without_an_end_breaks_the_fourth_said_or_not(
    sound: Evidence, state: TicketState
) -> None:
    told = (sound.attempts[0].reference,)
    assert broken(replace(attempted(sound, state=state), told=told)) == {"I4"}


@pytest.mark.parametrize(
    "state",
    [
        TicketState.ACKNOWLEDGED,
        TicketState.STOPPING,
        TicketState.UNCERTAIN,
        TicketState.REJECTED,
        TicketState.CANCELLED,
        TicketState.EXPIRED,
        TicketState.NOT_RECEIVED,
    ],
)
def test_an_attempt_that_did_not_close_breaks_the_fourth_unless_it_was_told(
    sound: Evidence, state: TicketState
) -> None:
    ended = attempted(sound, state=state)
    assert broken(ended) == {"I4"}
    assert not broken(replace(ended, told=(f"{sound.attempts[0].reference} {state}",)))


def test_a_fill_that_the_journal_lacks_breaks_the_fourth(sound: Evidence) -> None:
    assert broken(attempted(sound, filled=Decimal(99))) == {"I4"}


def test_an_attempt_that_never_began_breaks_the_fourth_unless_a_run_broke_off(
    sound: Evidence,
) -> None:
    (attempt,) = sound.attempts
    idle = replace(attempt, ticket_id="x", state=TicketState.INTENT, claimed_at=None)
    told = replace(sound, attempts=(attempt, replace(idle, reference="SK1-x-1", filled=Decimal(0))))
    assert broken(told) == {"I4"}
    assert not broken(replace(told, was_killed=True))
