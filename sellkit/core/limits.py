"""What the operator allows: the numbers that the gates hold a ticket to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class AtClose(StrEnum):
    """What happens to a signal of a session's last bar.

    Attributes
    ----------
    NEXT_OPEN
        It waits for the next opening, and is decided afresh there.
    SKIP
        Nothing.
    BEFORE_CLOSE
        The bar is judged some minutes before its end, as far as it is known then.
    """

    NEXT_OPEN = "next_open"
    SKIP = "skip"
    BEFORE_CLOSE = "before_close"


class Foreign(StrEnum):
    """What happens to a close where orders rest that sellkit did not place.

    Attributes
    ----------
    BLOCK
        It is withheld, whoever placed them.
    BIND
        Those that were placed by hand are taken over and cancelled first; others withhold it.
    """

    BLOCK = "block"
    BIND = "bind"


class OrderType(StrEnum):
    """How a position is closed.

    Attributes
    ----------
    MARKET
        At whatever the market gives.
    MARKETABLE_LIMIT
        At once, and not below a price a little under the bid.
    """

    MARKET = "market"
    MARKETABLE_LIMIT = "marketable_limit"


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
    before_close
        How long before its end that bar is judged, where `at_close` says so.
    max_orders, max_daily_notional
        Per account and day: how many orders, and how much they may sell; None is unset.
    max_clock_skew
        How far this machine's clock and the gateway's may lie apart.
    order_type, limit_offset
        How positions are closed, and how far below the bid a limit lies, as a part of the bid.
    foreign
        What happens where orders rest that sellkit did not place.
    many_exits, many_exits_part
        So many positions at once, and such a part of all, are not too many to signal.
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
    before_close: dt.timedelta = dt.timedelta(minutes=5)
    max_orders: int | None = None
    max_daily_notional: Decimal | None = None
    max_clock_skew: dt.timedelta = dt.timedelta(seconds=2)
    order_type: OrderType = OrderType.MARKET
    limit_offset: Decimal = Decimal("0.002")
    foreign: Foreign = Foreign.BLOCK
    many_exits: int = 3
    many_exits_part: float = 0.5

    @property
    def early(self) -> dt.timedelta:
        """How long before its end a session's last bar is judged; zero where it is awaited."""
        return self.before_close if self.at_close is AtClose.BEFORE_CLOSE else dt.timedelta()

    @property
    def unset(self) -> tuple[str, ...]:
        """The settings that have no value, and without which nothing is sent."""
        needed = {
            "orders.max_shares": self.max_shares,
            "orders.max_notional": self.max_notional,
            "orders.max_orders": self.max_orders,
            "orders.max_daily_notional": self.max_daily_notional,
        }
        return tuple(name for name, value in needed.items() if value is None)
