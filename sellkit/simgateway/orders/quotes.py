"""What the market shows of a contract, looked up once in each second for all orders on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.simgateway.history import Refused
from sellkit.simgateway.quote import Quote

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from decimal import Decimal

    from sellkit.simgateway.prices import Prices
    from sellkit.simgateway.quote import Quote
    from sellkit.simgateway.scenario import Security


class Quotes:
    """Quotes by contract.

    Parameters
    ----------
    prices
        The market.
    name_of
        The name under which the market prices a contract; None when it does not.
    stated_price_of
        The price of a contract for which the market makes none; None when nobody knows it.
    """

    def __init__(
        self,
        prices: Prices,
        name_of: Callable[[Security], str | None],
        stated_price_of: Callable[[Security], Decimal | None],
    ) -> None:
        self._prices = prices
        self._name_of = name_of
        self._stated_price_of = stated_price_of
        self._second: dt.datetime | None = None
        self._found: dict[int, Quote | None] = {}

    def forget(self) -> None:
        """Ask the market anew, also about a second that was asked about."""
        self._second = None

    def of(self, security: Security, now: dt.datetime) -> Quote | None:
        """The quote of a contract; None where the market has no price for it."""
        second = now.replace(microsecond=0)
        if second != self._second:
            self._second, self._found = second, {}
        if security.con_id not in self._found:
            self._found[security.con_id] = self._look_up(security, now)
        return self._found[security.con_id]

    def _look_up(self, security: Security, now: dt.datetime) -> Quote | None:
        name = self._name_of(security)
        if name is None:
            return self._stated(security)
        try:
            return self._prices.quote(name, now)
        except Refused:
            return None

    def _stated(self, security: Security) -> Quote | None:
        """A quote a tick to each side of a price that stands still."""
        price, size = self._stated_price_of(security), 100
        if price is None:
            return None
        last, tick = float(price), security.min_tick
        sides = (float(max(price - tick, tick)), float(price + tick), last)
        return Quote(*sides, size, size, size, 0, last, last, last, last)
