"""Lists that are read a moment before they are needed, and when they do not count."""

from __future__ import annotations

import gc
import sys

import pytest

from sellkit.core.reports import BrokerRecords
from sellkit.core.standing import Standing
from sellkit.errors import NotConnected
from sellkit.operate.early import EarlyLook
from sellkit.operate.keys import Keys
from sellkit.operate.stillness import Stillness
from tests.build import account, standing
from tests.ticketing import records

ACCOUNT = account()


class Seconds:
    """A steady clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def look(steady: Seconds, failure: Exception | None = None) -> tuple[EarlyLook, list[str]]:
    """One whose lists are told at once, and the order in which it asks."""
    asked: list[str] = []

    def stands() -> Standing:
        asked.append("standing")
        return standing()

    def told() -> BrokerRecords:
        asked.append("records")
        if failure is not None:
            raise failure
        return records()

    return EarlyLook(stands, told, 5.0, steady), asked


def test_what_was_read_ahead_is_given_once_with_the_standing_from_before_it() -> None:
    early, asked = look(Seconds())
    early.begin()
    early.begin()
    assert early.take() == (standing(), records())
    assert early.take() is None
    assert asked == ["standing", "records"]


def test_what_was_never_begun_is_not_given() -> None:
    early, asked = look(Seconds())
    assert early.take() is None
    assert asked == []


def test_lists_that_were_asked_for_too_long_ago_are_not_given() -> None:
    steady = Seconds()
    early, _ = look(steady)
    early.begin()
    steady.now += 5.1
    assert early.take() is None


def test_lists_that_did_not_come_are_read_by_whoever_needs_them() -> None:
    early, _ = look(Seconds(), NotConnected("gone"))
    early.begin()
    assert early.take() is None


def test_keys_that_nobody_else_took_since_their_mark_are_known_to_be_so() -> None:
    keys = Keys()
    mark = keys.mark()
    with keys.held(ACCOUNT, [1]):
        assert keys.is_first_since(mark)


@pytest.mark.parametrize("taking", [Keys.held, Keys.lent])
def test_whoever_took_a_contract_in_between_makes_a_mark_void(taking: object) -> None:
    keys = Keys()
    mark = keys.mark()
    with taking(keys, ACCOUNT, [2]):  # type: ignore[operator]
        assert keys.mark() is None
    with keys.held(ACCOUNT, [1]):
        assert not keys.is_first_since(mark)


def test_no_mark_is_given_while_anybody_has_a_contract() -> None:
    keys = Keys()
    with keys.lent(ACCOUNT, [2]):
        assert keys.mark() is None
    assert not keys.is_first_since(None)


def test_stillness_leaves_the_interpreter_as_it_was() -> None:
    before = sys.getswitchinterval()
    still = Stillness()
    still.make_ready()
    still.begin()
    still.begin()
    assert not gc.isenabled()
    assert sys.getswitchinterval() < before
    still.end()
    still.end()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    assert sys.getswitchinterval() == pytest.approx(before)
