"""The ids of orders, and which orders they were told of with."""

from __future__ import annotations

from sellkit.adapters.ib.orders.numbers import OrderNumbers


def test_the_highest_id_is_kept_whatever_is_told_later() -> None:
    numbers = OrderNumbers(7)
    numbers.note(12, 7)
    numbers.note(3, 7)
    assert numbers.highest == 12
    numbers.note_next(5)
    assert numbers.highest == 12
    numbers.note_next(20)
    assert numbers.highest == 19


def test_ids_of_other_clients_are_theirs() -> None:
    numbers = OrderNumbers(7)
    numbers.note(900, 8, 1001)
    assert numbers.highest == 0
    assert numbers.perm_id_of(900) is None


def test_an_id_is_tied_to_the_order_that_it_was_last_told_of_with() -> None:
    numbers = OrderNumbers(7)
    numbers.note(3, 7, 1001)
    numbers.note(3, 7)
    assert numbers.perm_id_of(3) == 1001
    numbers.note(3, 7, 1002)
    assert numbers.perm_id_of(3) == 1002
