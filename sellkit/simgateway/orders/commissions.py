"""What an order costs and what margin it takes.

Commissions follow Interactive Brokers' fixed pricing: American stocks half a cent a share, at least
one dollar an order and at most one per cent of its value; other stocks a share of their value with
a least amount, by currency; options 0.65 and futures 0.85 a contract; currencies 0.2 hundredths of
a per cent, at least 2. Fees of exchanges are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from sellkit.simgateway.accounts import Valued
    from sellkit.simgateway.orders.ledger import Ledger
    from sellkit.simgateway.orders.order import Order
    from sellkit.simgateway.scenario import Security

_CENT: Final = Decimal("0.01")
_ZERO: Final = Decimal(0)


class _Tariff(NamedTuple):
    """For each share or contract, of the value, at least, and at most as a share of the value."""

    each: Decimal
    share: Decimal
    least: Decimal
    most: Decimal | None = None


def _tariff(each: str, share: str, least: str, most: str | None = None) -> _Tariff:
    return _Tariff(
        Decimal(each), Decimal(share), Decimal(least), None if most is None else Decimal(most)
    )


_STOCKS: Final = {
    "USD": _tariff("0.005", "0", "1", "0.01"),
    "CAD": _tariff("0.01", "0", "1", "0.005"),
    "EUR": _tariff("0", "0.0005", "3"),
    "GBP": _tariff("0", "0.0005", "3"),
    "CHF": _tariff("0", "0.0005", "5"),
    "AUD": _tariff("0", "0.0008", "6"),
    "JPY": _tariff("0", "0.0008", "80"),
    "HKD": _tariff("0", "0.0008", "18"),
}
_OTHER_STOCKS: Final = _tariff("0", "0.0008", "1")
_KINDS: Final = {
    "OPT": _tariff("0.65", "0", "1"),
    "FOP": _tariff("0.85", "0", "0"),
    "FUT": _tariff("0.85", "0", "0"),
    "CASH": _tariff("0", "0.00002", "2"),
}

# Initial and maintenance margin as a share of a position's worth.
_BACKED_IN_FULL: Final = (Decimal(1), Decimal(1))
_ON_MARGIN: Final = (Decimal("0.5"), Decimal("0.25"))
_FUTURE: Final = (Decimal("0.1"), Decimal("0.08"))


def commission(security: Security, quantity: Decimal, value: Decimal) -> Decimal:
    """The commission of so much of an order, in the contract's currency.

    Parameters
    ----------
    quantity
        Shares or contracts.
    value
        What they are worth in all.
    """
    stocks = _STOCKS.get(security.currency, _OTHER_STOCKS)
    tariff = _KINDS.get(security.sec_type, stocks)
    if not quantity:
        return _ZERO.quantize(_CENT)
    cost = max(tariff.each * quantity + tariff.share * value, tariff.least)
    if tariff.most is not None:
        cost = min(cost, tariff.most * value)
    return cost.quantize(_CENT)


def margin_rates(security: Security, *, is_margin: bool) -> tuple[Decimal, Decimal]:
    """Shares of a position's worth that an account has to back, at first and later.

    A cash account backs what it holds in full, and nobody borrows on options. Those for futures
    are round numbers near what exchanges ask.
    """
    if security.is_settled_daily:
        return _FUTURE
    if security.is_currency_pair:
        return _ZERO, _ZERO
    return _ON_MARGIN if is_margin and security.sec_type == "STK" else _BACKED_IN_FULL


@dataclass(frozen=True, slots=True)
class Margins:
    """Initial margin, maintenance margin and equity with loan value, before and after an order.

    They are in the account's base currency, the commission is in `currency`.
    """

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
    order: Order, price: Decimal, positions: list[Valued], ledger: Ledger, *, is_margin: bool
) -> Margins:
    """What would become of an account when the order filled at a price."""
    terms, security = order.terms, order.terms.security

    def in_base(amount: Decimal, currency: str) -> Decimal:
        return ledger.in_base(terms.account, amount, currency)

    initial, maintenance, own = _ZERO, _ZERO, _ZERO
    equity = ledger.total_cash(terms.account)
    for one in positions:
        held = one.holding.security
        value = in_base(Decimal(str(one.value)), held.currency)
        equity += in_base(Decimal(str(one.worth)), held.currency)
        first, later = margin_rates(held, is_margin=is_margin)
        initial += abs(value) * first
        maintenance += abs(value) * later
        own = value if held.con_id == security.con_id else own
    traded = terms.quantity * price * security.units
    cost = commission(security, terms.quantity, traded)
    more = abs(own + terms.sign * in_base(traded, security.currency)) - abs(own)
    first, later = margin_rates(security, is_margin=is_margin)
    before = (_rounded(initial), _rounded(maintenance), _rounded(equity))
    after = (
        _rounded(initial + more * first),
        _rounded(maintenance + more * later),
        _rounded(equity - in_base(cost, security.currency)),
    )
    return Margins(before, after, cost, security.currency)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT)
