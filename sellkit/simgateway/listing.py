"""A symbol that the market knows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from sellkit.errors import ConfigError

_WILDEST = 0.25


@dataclass(frozen=True, slots=True)
class Listing:
    """One symbol on its primary exchange.

    Attributes
    ----------
    symbol, exchange
        For instance `AAPL` on `NASDAQ`; the exchange's calendar rules when it trades.
    tick
        Every synthetic price is a multiple of it.
    listed
        There is no bar before that date. None: as far back as the calendar reaches.
    start_price
        Opening of the first session, and the level that synthetic prices keep returning to, so it
        is a fair guess of the price at any time. None: 20 to 300, by symbol.
    volatility
        Standard deviation of a day's return, 0.015 for instance. None: 0.01 to 0.02, by symbol.

    Raises
    ------
    ConfigError
        A value from which no prices can be made.
    """

    symbol: str
    exchange: str
    tick: Decimal = Decimal("0.01")
    listed: dt.date | None = None
    start_price: float | None = None
    volatility: float | None = None

    def __post_init__(self) -> None:
        if not self.tick > 0:
            raise ConfigError(f"{self.symbol}: the tick {self.tick} must be more than 0")
        if self.start_price is not None and not self.start_price >= 10 * self.tick:
            raise ConfigError(
                f"{self.symbol}: start_price {self.start_price} must be at least ten ticks of "
                f"{self.tick}"
            )
        if self.volatility is not None and not 0 <= self.volatility <= _WILDEST:
            raise ConfigError(
                f"{self.symbol}: volatility {self.volatility} must lie in 0 to {_WILDEST}; 0.015 "
                "means 1.5 % a day"
            )
