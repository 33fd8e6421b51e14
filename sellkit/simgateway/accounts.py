"""The figures of an account, from its cash and its positions at the market's present prices.

In a cash account nothing can be borrowed against what the positions are worth, so the buying power
is the cash; a margin account backs its positions with a half of their worth, and later with a
quarter. Amounts in other currencies count one to one, and the ledger says so with a rate of 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sellkit.simgateway.history import Refused
from sellkit.simgateway.orders.commissions import margin_rates

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from sellkit.simgateway.exchange import Exchange
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.prices import Prices
    from sellkit.simgateway.scenario import Holding, Security

_BASE: Final = "USD"
_NO_LIMIT_ON_DAY_TRADES: Final = "-1"


class Valued(NamedTuple):
    """A position at its present price, all in the contract's currency.

    `price` is for one unit, `value` for the whole position.
    """

    holding: Holding
    price: float
    value: float
    unrealized: float


class Figure(NamedTuple):
    """One figure of an account; the currency is empty where there is none."""

    key: str
    value: str
    currency: str


class Valuer:
    """Values positions at the market's last trades, looked up once in each second."""

    def __init__(self, exchange: Exchange, prices: Prices) -> None:
        self._exchange = exchange
        self._prices = prices
        self._second: dt.datetime | None = None
        self._last: dict[int, float | None] = {}

    def forget(self) -> None:
        """Look the prices up anew, although the second is the same."""
        self._second = None

    def positions(self, account: str, now: dt.datetime) -> list[Valued]:
        """The positions of an account at their present prices."""
        return [self.value(holding, now) for holding in self._exchange.holdings(account)]

    def value(self, holding: Holding, now: dt.datetime) -> Valued:
        """One position at its present price; it may be zero."""
        units = float(holding.security.units)
        quantity, cost = float(holding.quantity), float(holding.average_cost)
        last = self._last_price(holding.security, now)
        # Without a price the position is worth what it cost.
        price = cost / units if last is None else last
        value = round(price * quantity * units, 2)
        return Valued(holding, price, value, round(value - cost * quantity, 2))

    def _last_price(self, security: Security, now: dt.datetime) -> float | None:
        """The last trade, or None when the market has no price for the contract."""
        second = now.replace(microsecond=0)
        if second != self._second:
            self._second, self._last = second, {}
        if security.con_id not in self._last:
            self._last[security.con_id] = self._look_up(security, now)
        return self._last[security.con_id]

    def _look_up(self, security: Security, now: dt.datetime) -> float | None:
        name = self._exchange.price_name(security)
        if name is None:
            return None
        try:
            return self._prices.quote(name, now).last
        except Refused:
            return None


def figures(cash: Decimal, positions: Sequence[Valued], *, is_margin: bool = False) -> list[Figure]:
    """The figures of an account's summary."""
    market = sum(position.value for position in positions)
    gross = sum(abs(position.value) for position in positions)
    net = float(cash) + market
    initial_rate, maintenance_rate = margin_rates(is_margin=is_margin)
    initial, maintenance = gross * float(initial_rate), gross * float(maintenance_rate)
    available = net - initial if is_margin else float(cash)
    excess = net - maintenance if is_margin else float(cash)
    plain = {
        "AccountType": "INDIVIDUAL",
        "Cushion": f"{float(cash) / net:.6f}" if net > 0 else "0",
        "DayTradesRemaining": _NO_LIMIT_ON_DAY_TRADES,
        "HighestSeverity": "0",
        "Leverage": f"{gross / net:.2f}" if net > 0 else "0",
        "LookAheadNextChange": "0",
    }
    amounts = {
        "AccruedCash": 0.0,
        "AvailableFunds": available,
        "BuyingPower": max(0.0, available / float(initial_rate)),
        "EquityWithLoanValue": net,
        "ExcessLiquidity": excess,
        "FullAvailableFunds": available,
        "FullExcessLiquidity": excess,
        "FullInitMarginReq": initial,
        "FullMaintMarginReq": maintenance,
        "GrossPositionValue": gross,
        "InitMarginReq": initial,
        "MaintMarginReq": maintenance,
        "NetLiquidation": net,
        "SettledCash": float(cash),
        "TotalCashValue": float(cash),
    }
    rows = [Figure(key, value, "") for key, value in plain.items()]
    return rows + [Figure(key, f"{amount:.2f}", _BASE) for key, amount in amounts.items()]


def ledger(
    cash: Mapping[str, Decimal],
    positions: Sequence[Valued],
    realized: Mapping[str, Decimal],
) -> list[Figure]:
    """The account's ledger: once for each currency that is held, and once for all together.

    `cash` and `realized` are by currency.
    """
    currencies = {_BASE, *cash} | {position.holding.security.currency for position in positions}
    rows: list[Figure] = []
    for currency in (*sorted(currencies), "BASE"):
        held = [p for p in positions if currency in ("BASE", p.holding.security.currency)]
        own_cash = _in(currency, cash)
        market = sum(position.value for position in held)
        amounts = {
            "CashBalance": own_cash,
            "NetLiquidationByCurrency": own_cash + market,
            "RealizedPnL": _in(currency, realized),
            "StockMarketValue": market,
            "TotalCashBalance": own_cash,
            "UnrealizedPnL": sum(position.unrealized for position in held),
        }
        rows.append(Figure("Currency", currency, currency))
        rows.append(Figure("ExchangeRate", "1.00", currency))
        rows += [Figure(key, f"{amount:.2f}", currency) for key, amount in amounts.items()]
    return rows


def _in(currency: str, amounts: Mapping[str, Decimal]) -> float:
    """What there is of a currency, or of all together."""
    if currency == "BASE":
        return float(sum(amounts.values()))
    return float(amounts.get(currency, 0))


def account_figures(gateway: Gateway, account: str) -> list[Figure]:
    """Every figure of an account, as it is now."""
    valued = gateway.valuer.positions(account, gateway.clock.now())
    books = gateway.exchange.ledger
    own = ledger(books.cash(account), valued, books.realized_by_currency(account))
    is_margin = account in gateway.scenario.margin_accounts
    return figures(books.total_cash(account), valued, is_margin=is_margin) + own
