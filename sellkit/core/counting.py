"""A number with its noun, as a person says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


def counted(count: int | Decimal, noun: str) -> str:
    """`1 row`, `0 rows`, `1,204 rows`.

    Parameters
    ----------
    noun
        For one of them; its plural ends in s.
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
