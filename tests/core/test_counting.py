"""A number with its noun."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sellkit.core.counting import counted


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 rows"),
        (1, "1 row"),
        (2, "2 rows"),
        (1204, "1,204 rows"),
        (Decimal(1), "1 row"),
        (Decimal("0.5"), "0.5 rows"),
    ],
)
def test_a_noun_is_in_the_plural_but_for_one(count: int | Decimal, said: str) -> None:
    assert counted(count, "row") == said
