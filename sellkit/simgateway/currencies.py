"""Currencies: what one unit of each is worth, and the cash with which an account starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from sellkit.errors import ConfigError

DOLLAR: Final = "USD"

# Dollars for one unit, roughly those of late 2025. They only make a scenario without rates of its
# own plausible; whoever checks amounts states rates.
_USUAL: Final[Mapping[str, Decimal]] = MappingProxyType(
    {
        currency: Decimal(dollars)
        for currency, dollars in {
            DOLLAR: "1",
            "AUD": "0.65",
            "CAD": "0.71",
            "CHF": "1.24",
            "CNH": "0.141",
            "CZK": "0.048",
            "DKK": "0.155",
            "EUR": "1.16",
            "GBP": "1.32",
            "HKD": "0.1285",
            "HUF": "0.003",
            "ILS": "0.305",
            "INR": "0.0112",
            "JPY": "0.0064",
            "KRW": "0.00068",
            "MXN": "0.0545",
            "NOK": "0.098",
            "NZD": "0.57",
            "PLN": "0.274",
            "SEK": "0.105",
            "SGD": "0.77",
            "ZAR": "0.058",
        }.items()
    }
)


def _nothing() -> Mapping[str, Decimal]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rates:
    """Exchange rates.

    Attributes
    ----------
    dollars
        Dollars for one unit of a currency, where it is not the usual one.
    """

    dollars: Mapping[str, Decimal] = field(default_factory=_nothing)

    def knows(self, currency: str) -> bool:
        """Whether there is a rate for a currency."""
        return currency in self.dollars or currency in _USUAL

    def of(self, currency: str, base: str) -> Decimal:
        """What one unit of a currency is worth in another.

        Raises
        ------
        ConfigError
            There is no rate for one of them.
        """
        if currency == base:
            return Decimal(1)
        return self._dollars(currency) / self._dollars(base)

    def _dollars(self, currency: str) -> Decimal:
        if not self.knows(currency):
            raise ConfigError(
                f"no exchange rate is known for {currency}; state the dollars for one unit in the "
                f"scenario's table [rates], for instance {currency} = 0.5"
            )
        return self.dollars.get(currency, _USUAL.get(currency, Decimal(0)))


@dataclass(frozen=True, slots=True)
class Funds:
    """The cash of an account at the start.

    Attributes
    ----------
    currency
        The account's base currency, in which it is summed up.
    cash
        Amounts by currency; below zero where it is borrowed.
    """

    account: str
    currency: str = DOLLAR
    cash: Mapping[str, Decimal] = field(default_factory=_nothing)
