"""What the journal remembers of one position: decisions on its bars, orders, executions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from decimal import Decimal

    from sellkit.core.fills import Fill
    from sellkit.core.portfolio import Side
    from sellkit.core.precedent import Precedent


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOrder:
    """An order as far as it came.

    Attributes
    ----------
    reference
        Ticket and attempt.
    at
        When it was prepared or, once it was claimed, claimed; aware UTC.
    close
        Of the deciding bar, in the instrument's currency: an order at the market has no price.
    state
        `prepared`, `withheld` or `deferred` where it was never begun; else the ticket's state.
    reasons
        Why it stands there, in words; none for what was prepared.
    """

    reference: str
    at: dt.datetime
    side: Side
    quantity: Decimal
    close: float
    state: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """Everything of one position since a moment, oldest first.

    Attributes
    ----------
    decisions
        The first EXIT or HOLD on each bar and average: the one that counts.
    fills
        Each execution once, as it was told last.
    """

    decisions: tuple[Precedent, ...] = ()
    orders: tuple[PastOrder, ...] = ()
    fills: tuple[Fill, ...] = ()
