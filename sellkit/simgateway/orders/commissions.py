"""What an order costs and what margin it takes.

Commissions are those of Interactive Brokers' fixed pricing for American stocks: half a cent a
share, at least one dollar an order, at most one per cent of its value.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sellkit.simgateway.accounts import Valued
    from sellkit.simgateway.orders.order import Order

_A_SHARE: Final = Decimal("0.005")
_LEAST: Final = Decimal(1)
_MOST: Final = Decimal("0.01")
_CENT: Final = Decimal("0.01")
_WHOLE: Final = Decimal(1)
_INITIAL: Final = Decimal("0.5")
_MAINTENANCE: Final = Decimal("0.25")


def commission(quantity: Decimal, value: Decimal) -> Decimal:
    """The commission of so much of an order, in the contract's currency.

    Parameters
    ----------
    quantity
        Shares or contracts.
    value
        Their price in all.
    """
    return min(max(_A_SHARE * quantity, _LEAST), _MOST * value).quantize(_CENT)


def margin_rates(*, is_margin: bool) -> tuple[Decimal, Decimal]:
    """Shares of the positions' worth that an account has to back, at first and later."""
    return (_INITIAL, _MAINTENANCE) if is_margin else (_WHOLE, _WHOLE)


@dataclass(frozen=True, slots=True)
class Margins:
    """Initial margin, maintenance margin and equity with loan value, before and after an order."""

    before: tuple[Decimal, Decimal, Decimal]
    after: tuple[Decimal, Decimal, Decimal]
    commission: Decimal
    currency: str

    @property
    def change(self) -> tuple[Decimal, Decimal, Decimal]:
        """What the order changes."""
        initial, maintenance, equity = (
            late - early for early, late in zip(self.before, self.after, strict=True)
        )
        return initial, maintenance, equity


def margins(
    order: Order, price: Decimal, positions: list[Valued], cash: Decimal, *, is_margin: bool
) -> Margins:
    """What would become of an account when the order filled at a price.

    A cash account backs its positions in full; a margin account with a half at first, and a
    quarter later.
    """
    terms = order.terms
    rates = margin_rates(is_margin=is_margin)
    values = {one.holding.security.con_id: Decimal(str(one.value)) for one in positions}
    gross = sum((abs(value) for value in values.values()), Decimal(0))
    equity = cash + sum(values.values(), Decimal(0))
    own = values.get(terms.security.con_id, Decimal(0))
    traded = terms.quantity * price * terms.security.units
    cost = commission(terms.quantity, traded)
    gross_after = gross - abs(own) + abs(own + terms.sign * traded)
    before = (_rounded(gross * rates[0]), _rounded(gross * rates[1]), _rounded(equity))
    after = (
        _rounded(gross_after * rates[0]),
        _rounded(gross_after * rates[1]),
        _rounded(equity - cost),
    )
    return Margins(before, after, cost, terms.security.currency)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT)
