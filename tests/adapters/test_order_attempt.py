"""What becomes of whatever goes wrong while an order is written."""

from __future__ import annotations

from concurrent.futures import CancelledError

import pytest

from sellkit.adapters.ib.error_codes import submission_errors
from sellkit.adapters.ib.orders.sending import Attempt, order_of
from sellkit.errors import NotConnected, NotSent, SubmissionUncertain
from tests.build import ticket

FAILURES = [
    ConnectionError("gone"),
    CancelledError(),
    TimeoutError(),
    NotConnected("no"),
    KeyError(1),
]


@pytest.mark.parametrize("error", FAILURES)
def test_what_fails_before_an_order_begins_was_not_sent_and_never_will_be(
    error: Exception,
) -> None:
    attempt = Attempt()
    with (
        pytest.raises(NotSent, match="the order SK1 was not sent"),
        submission_errors("the order SK1", attempt.give_up),
    ):
        raise error
    assert not attempt.begin()
    assert not attempt.has_begun


@pytest.mark.parametrize("error", FAILURES)
def test_what_fails_after_it_began_leaves_it_uncertain(error: Exception) -> None:
    attempt = Attempt()
    assert attempt.begin()
    with (
        pytest.raises(SubmissionUncertain, match="it is not sent again"),
        submission_errors("the order SK1", attempt.give_up),
    ):
        raise error


def test_a_refusal_in_so_many_words_passes_even_when_it_had_begun() -> None:
    attempt = Attempt()
    attempt.begin()
    with pytest.raises(NotSent, match="so many"), submission_errors("it", attempt.give_up):
        raise NotSent("so many words")


def test_an_interrupted_wait_ends_the_attempt() -> None:
    attempt = Attempt()
    with pytest.raises(KeyboardInterrupt), submission_errors("it", attempt.give_up):
        raise KeyboardInterrupt
    assert not attempt.begin()


@pytest.mark.parametrize(
    "changes", [{"lmtPrize": "1"}, {"overridePercentageConstraints": True}, {"whatIf": True}]
)
def test_an_order_with_a_field_that_is_never_sent_is_not_sent(changes: dict[str, object]) -> None:
    with pytest.raises(NotSent, match=next(iter(changes))):
        order_of(ticket().order()["order"] | changes, "DU1")


def test_an_order_without_a_field_that_is_always_sent_is_not_sent() -> None:
    order = ticket().order()["order"]
    for name in order:
        with pytest.raises(NotSent, match=name):
            order_of({each: order[each] for each in order if each != name}, "DU1")


def test_numbers_are_written_without_an_exponent() -> None:
    order = ticket().order()["order"] | {"totalQuantity": "1E+2"}
    assert str(order_of(order, "DU1").totalQuantity) == "100"
