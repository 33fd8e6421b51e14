"""What the market shows of a contract, looked up once in each second for all orders on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.simgateway.history import Refused

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

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
    """

    def __init__(self, prices: Prices, name_of: Callable[[Security], str | None]) -> None:
        self._prices = prices
        self._name_of = name_of
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
            return None
        try:
            return self._prices.quote(name, now)
        except Refused:
            return None
