"""How large and how small a figure may be that enters from outside."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from sellkit.errors import ConfigError

# Exact decimals of 28 digits must still tell a cent of the largest product of a size and a price.
LARGEST: Final = Decimal(10) ** 12
"""The largest size, price, amount or factor."""

SMALLEST: Final = Decimal(1).scaleb(-12)
"""The smallest one that is not zero: a cost divided by it must stay a number of 28 digits."""


def bound_broken(figure: Decimal) -> str | None:
    """What a figure must be and is not, in words; None for one that is within the bounds."""
    if abs(figure) > LARGEST:
        return f"must be at most {LARGEST:f} in size, not {figure:g}"
    if figure and abs(figure) < SMALLEST:
        return f"must be 0, or at least {SMALLEST:f} in size, not {figure:g}"
    return None


def check_figures(**figures: Decimal | None) -> None:
    """Refuse figures, each under its name, that are beyond what can be reckoned with.

    Raises
    ------
    ConfigError
        One is no finite number, too large, or too near to zero.
    """
    for name, given in figures.items():
        if given is None:
            continue
        figure = Decimal(given)  # by hand a whole number is written as one
        broken = bound_broken(figure) if figure.is_finite() else f"must be finite, not {figure}"
        if broken:
            raise ConfigError(f"{name!r} {broken}")
