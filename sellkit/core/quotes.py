"""What the market shows of an instrument at the moment of a decision, and whether it is live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The prices of an instrument, as the account may see them.

    Attributes
    ----------
    asked_at
        When the gateway was asked; aware UTC.
    bid, ask, last
        In the instrument's currency; None where none was told, as bid and ask of a market that is
        closed.
    trouble
        Why these are no live prices of a market that trades, in words a person can act on; None
        when they are. A halt is one.
    """

    asked_at: dt.datetime
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    trouble: str | None = None

    @property
    def price(self) -> Decimal | None:
        """The middle of bid and ask; else whichever price there is, or None."""
        if self.bid is not None and self.ask is not None:
            return (self.bid + self.ask) / 2
        return self.last or self.bid or self.ask

    def __str__(self) -> str:
        told = (("bid", self.bid), ("ask", self.ask), ("last", self.last))
        return ", ".join(f"{name} {value}" for name, value in told if value is not None) or "none"
