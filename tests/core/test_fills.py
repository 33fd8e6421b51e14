"""Executions counted once, however often, in whatever order, and however corrected they come."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellkit.core.fills import Fill, counted, total
from tests.ticketing import fill

FIRST = "0000e0d5.6789.01.01"


@pytest.mark.parametrize(
    ("exec_id", "family"),
    [(FIRST, "0000e0d5.6789.01"), ("0001.01", "0001"), ("plain", "plain"), (".01", ".01")],
)
def test_what_stands_before_the_last_dot_is_the_family(exec_id: str, family: str) -> None:
    assert fill(exec_id).family == family


@pytest.mark.parametrize(
    ("client_id", "order_id", "is_by_hand"),
    [("0", "0", True), ("0", "-4", True), ("0", "17", False), ("1", "0", False)],
)
def test_what_client_0_has_no_own_number_for_was_traded_by_hand(
    client_id: str, order_id: str, is_by_hand: bool
) -> None:
    assert replace(fill(), client_id=client_id, order_id=order_id).is_by_hand is is_by_hand


def test_executions_of_several_families_add_up() -> None:
    assert total([fill("a.01", "30"), fill("b.01", "70")]) == 100


def test_a_doubled_execution_counts_once() -> None:
    assert total([fill(FIRST, "60"), fill(FIRST, "60")]) == 60


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    corrected = replace(fill("a.02", "50"), price=Decimal(97))
    assert counted([fill("a.01", "60"), corrected]) == (corrected,)


def test_a_correction_that_comes_before_what_it_corrects_still_counts() -> None:
    assert total([fill("a.02", "50"), fill("a.01", "60")]) == 50


def test_the_tenth_correction_is_later_than_the_ninth() -> None:
    assert total([fill("a.10", "10"), fill("a.9", "9")]) == 10
    assert total([fill("a.09", "9"), fill("a.10", "10")]) == 10


def test_an_execution_of_another_family_with_a_like_beginning_is_another_one() -> None:
    assert total([fill("a.1.01", "30"), fill("a.11.01", "40")]) == 70


def test_families_stay_in_the_order_in_which_they_came() -> None:
    told = [fill("b.01", "1"), fill("a.01", "2"), fill("b.02", "3")]
    assert [each.exec_id for each in counted(told)] == ["b.02", "a.01"]


def test_nothing_executed_is_a_decimal_nothing() -> None:
    assert total([]) == Decimal(0)
    assert isinstance(total([]), Decimal)


MANY: list[Fill] = [
    fill(f"{family}.{revision:02}", str(10 * number + revision))
    for number, family in enumerate("abcd", start=1)
    for revision in (1, 2, 3)
]


@given(st.lists(st.sampled_from(MANY), max_size=20), st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_changes_what_is_counted(
    told: list[Fill], random: Random
) -> None:
    shuffled = [*told, *told[: len(told) // 2]]
    random.shuffle(shuffled)
    assert total(shuffled) == total(told)


@given(st.lists(st.sampled_from(MANY), max_size=12))
def test_each_family_is_counted_by_its_latest_revision(told: list[Fill]) -> None:
    by_family = itertools.groupby(sorted(told, key=lambda e: e.exec_id), lambda e: e.family)
    assert total(told) == sum(max(each.quantity for each in found) for _, found in by_family)
