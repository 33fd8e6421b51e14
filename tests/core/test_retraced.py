"""A recorded decision held against the same one judged again."""

from __future__ import annotations

from sellkit.core.retraced import Likeness, compared

ROW = {"ticker": "NASDAQ:AAPL", "decision": "EXIT", "bars_used": 1, "parts": 2}


def test_what_python_takes_for_equal_and_bytes_do_not_is_a_difference_with_a_name() -> None:
    for other in (1.0, True):
        found = compared(ROW, {**ROW, "bars_used": other})
        assert found.likeness is Likeness.DIFFERENT
        assert [each.name for each in found.differences] == ["bars_used"]
    assert compared(ROW, dict(reversed(ROW.items()))).likeness is Likeness.EQUAL


def test_a_field_of_none_is_not_one_that_is_missing() -> None:
    found = compared({**ROW, "order_id": None}, ROW)
    assert found.likeness is Likeness.DIFFERENT
    assert [each.name for each in found.differences] == ["order_id"]
