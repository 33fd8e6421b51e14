"""What the operator allows: the numbers that the gates hold a ticket to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from decimal import Decimal


class AtClose(StrEnum):
    """What happens to a signal of a session's last bar."""

    NEXT_OPEN = "next_open"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the operator allows.

    Attributes
    ----------
    max_shares, max_notional
        Per order, in shares and in the instrument's currency; None is unset.
    max_bar_age, max_snapshot_age
        How old the deciding bar and the positions may be.
    max_seed_weight
        Share of an EMA that may stem from its seed.
    close_margin
        How long before the session's end the last order may go.
    max_quote_gap
        How far the deciding close may lie from the market's price, as a part of the close.
    require_above_break_even
        Whether only positions above their cost are closed.
    at_close
        What happens to a signal of a session's last bar.
    """

    max_shares: Decimal | None
    max_notional: Decimal | None
    max_bar_age: dt.timedelta
    max_snapshot_age: dt.timedelta
    max_seed_weight: float
    close_margin: dt.timedelta
    max_quote_gap: float
    require_above_break_even: bool
    at_close: AtClose
