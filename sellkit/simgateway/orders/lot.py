"""A position and what it cost, and what a fill makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

COST_STEP: Final = Decimal("0.000001")
"""The steps in which costs and averages are kept."""

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Lot:
    """A position and what it cost; both negative when short."""

    quantity: Decimal
    cost: Decimal


def added(before: Lot, signed: Decimal, paid: Decimal) -> tuple[Lot, Decimal]:
    """A position after a fill, and the profit that the fill realized.

    `paid` is what left the account, the commission included. A fill that turns the position round
    closes the old one with its share of `paid`, and opens the new one with the rest.
    """
    if before.quantity * signed >= 0:
        return Lot(before.quantity + signed, before.cost + paid), _ZERO
    if abs(signed) <= abs(before.quantity):
        left = before.quantity + signed
        cost = (before.cost * left / before.quantity).quantize(COST_STEP)
        return Lot(left, cost), cost - before.cost - paid
    closing = (paid * -before.quantity / signed).quantize(COST_STEP)
    return Lot(before.quantity + signed, paid - closing), -closing - before.cost
