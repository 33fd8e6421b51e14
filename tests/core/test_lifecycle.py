"""The one table of moves between the states of a ticket."""

from __future__ import annotations

import itertools

import pytest

from sellkit.core.lifecycle import ALLOWED, TicketState, check
from sellkit.errors import IllegalTransition

S = TicketState
STATES = tuple(TicketState)
ENDS = {
    *(S.DONE, S.DONE_BY_OTHER, S.ABANDONED, S.REJECTED),
    *(S.CANCELLED, S.EXPIRED, S.NOT_RECEIVED),
}
# Written out a second time on purpose: a move that slips into the table is seen here.
MOVES = {
    (before, after)
    for before, told in {
        S.INTENT: "CANCELLING SUBMITTING DONE_BY_OTHER ABANDONED",
        S.CANCELLING: "SUBMITTING DONE_BY_OTHER ABANDONED",
        S.SUBMITTING: "ACKNOWLEDGED FILLED UNCERTAIN ABANDONED REJECTED CANCELLED EXPIRED",
        S.ACKNOWLEDGED: "STOPPING FILLED UNCERTAIN REJECTED CANCELLED EXPIRED",
        S.STOPPING: "FILLED UNCERTAIN REJECTED CANCELLED EXPIRED",
        S.FILLED: "DONE UNCERTAIN",
        S.UNCERTAIN: "ACKNOWLEDGED FILLED NOT_RECEIVED REJECTED CANCELLED EXPIRED",
        S.DONE: "UNCERTAIN",
        S.REJECTED: "UNCERTAIN",
        S.CANCELLED: "UNCERTAIN",
        S.EXPIRED: "UNCERTAIN",
        S.NOT_RECEIVED: "UNCERTAIN",
        S.ABANDONED: "INTENT",
    }.items()
    for after in map(TicketState, told.split())
}


def reached(start: TicketState) -> set[TicketState]:
    found, fresh = {start}, {start}
    while fresh:
        fresh = {after for before in fresh for after in ALLOWED[before]} - found
        found |= fresh
    return found


@pytest.mark.parametrize(("before", "after"), list(itertools.product(STATES, STATES)))
def test_a_move_is_allowed_exactly_when_the_table_holds_it(
    before: TicketState, after: TicketState
) -> None:
    if (before, after) in MOVES:
        check(before, after, "SK1-a-1")
        return
    with pytest.raises(IllegalTransition, match=r"SK1-a-1 cannot become .* from"):
        check(before, after, "SK1-a-1")


@pytest.mark.parametrize("state", STATES)
def test_a_ticket_begins_as_an_intent_and_as_nothing_else(state: TicketState) -> None:
    if state is S.INTENT:
        check(None, state, "SK1-a-1")
        return
    with pytest.raises(IllegalTransition, match="from nothing"):
        check(None, state, "SK1-a-1")


def test_every_state_is_reached_from_the_intent() -> None:
    assert reached(S.INTENT) == set(STATES)


@pytest.mark.parametrize("state", STATES)
def test_from_every_state_an_end_can_be_reached(state: TicketState) -> None:
    assert reached(state) & ENDS


def test_the_ends_are_these_and_none_of_them_is_claimed() -> None:
    assert {each for each in STATES if each.is_terminal} == ENDS
    assert not any(each.is_claimed for each in ENDS)


def test_between_claim_and_end_the_gateway_may_have_heard_of_it() -> None:
    unclaimed = {S.INTENT, S.CANCELLING}
    assert {each for each in STATES if each.is_claimed} == set(STATES) - ENDS - unclaimed


def test_nothing_goes_back_before_a_claim_but_what_was_given_up() -> None:
    back = {before for before, after in MOVES if after in (S.INTENT, S.CANCELLING)}
    assert back == {S.INTENT, S.ABANDONED}


def test_an_end_of_an_order_is_left_only_for_doubt() -> None:
    for end in ENDS - {S.ABANDONED, S.DONE_BY_OTHER}:
        assert ALLOWED[end] == {S.UNCERTAIN}
