"""What a trade costs, in the simplest form that is not wrong by much."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sellkit.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Costs:
    """Of every sale and purchase.

    Attributes
    ----------
    commission_per_share
        In the instrument's currency. The default is Interactive Brokers' fixed rate for American
        stocks; its least charge for an order is left out, for shares are not counted here.
    spread_bp
        The spread between bid and ask in hundredths of a percent of the price; a trade at the
        market pays half of it.

    Raises
    ------
    ConfigError
        One is negative or no number.
    """

    commission_per_share: float = 0.005
    spread_bp: float = 2.0

    def __post_init__(self) -> None:
        for name, value in (
            ("commission per share", self.commission_per_share),
            ("spread in basis points", self.spread_bp),
        ):
            if not math.isfinite(value) or value < 0:
                raise ConfigError(f"a {name} of {value} is no cost: write 0 or more")

    def sold_at(self, price: float) -> float:
        """What a share brings that is sold while the market stands at a price."""
        return price * (1 - self.spread_bp / 20_000) - self.commission_per_share

    def bought_at(self, price: float) -> float:
        """What a share takes."""
        return price * (1 + self.spread_bp / 20_000) + self.commission_per_share

    def __str__(self) -> str:
        return f"{self.commission_per_share:g} a share and a spread of {self.spread_bp:g} bp"
