"""The figures of an account, from its cash and its positions at the market's present prices.

In a cash account nothing can be borrowed against what the positions are worth, so the buying power
is the cash; a margin account backs its positions with a half of their worth, and later with a
quarter. The summary is in the account's base currency; the ledger has each currency by itself, with
its rate, and all together as BASE.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from sellkit.simgateway.history import Refused
from sellkit.simgateway.orders.commissions import margin_rates

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from sellkit.simgateway.exchange import Exchange
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.prices import Prices
    from sellkit.simgateway.scenario import Holding, Security

BASE: Final = "BASE"
"""What the ledger calls all currencies together."""

# A margin account backs a half of what it buys.
_LEVERAGE: Final = 2
_NO_LIMIT_ON_DAY_TRADES: Final = "-1"


class Valued(NamedTuple):
    """A position at its present price, all in the contract's currency.

    `price` is for one unit, `value` for the whole position.
    """

    holding: Holding
    price: float
    value: float
    unrealized: float

    @property
    def worth(self) -> float:
        """What it adds to the account; of a future only what it has gained."""
        return self.unrealized if self.holding.security.is_settled_daily else self.value

    @property
    def shown_price(self) -> float:
        """The price in whole units of the currency, where it is quoted in hundredths."""
        return self.price / self.holding.security.price_magnifier


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
        self._valued: dict[tuple[str, int], Valued] = {}
        self._figures: dict[str, tuple[int, list[Figure]]] = {}

    def forget(self) -> None:
        """Look the prices up anew, although the second is the same."""
        self._second = None

    def figures(
        self, account: str, now: dt.datetime, make: Callable[[], list[Figure]]
    ) -> list[Figure]:
        """An account's figures, made once for all clients until a price or the books change."""
        self._begin(now)
        changes = self._exchange.ledger.changes
        known = self._figures.get(account)
        if known is None or known[0] != changes:
            known = self._figures[account] = (changes, make())
        return known[1]

    def positions(self, account: str, now: dt.datetime) -> list[Valued]:
        """The positions of an account at their present prices."""
        return [self.value(holding, now) for holding in self._exchange.holdings(account)]

    def value(self, holding: Holding, now: dt.datetime) -> Valued:
        """One position at its present price; it may be zero."""
        self._begin(now)
        key = (holding.account, holding.security.con_id)
        known = self._valued.get(key)
        # A change of a position writes it down anew; the others keep their value for the second.
        if known is None or known.holding is not holding:
            known = self._valued[key] = self._value(holding, now)
        return known

    def _value(self, holding: Holding, now: dt.datetime) -> Valued:
        units = float(holding.security.units)
        quantity, cost = float(holding.quantity), float(holding.average_cost)
        last = self._last_price(holding.security, now)
        # Without a price the position is worth what it cost.
        price = cost / units if last is None else last
        value = round(price * quantity * units, 2)
        return Valued(holding, price, value, round(value - cost * quantity, 2))

    def _last_price(self, security: Security, now: dt.datetime) -> float | None:
        """The last trade, or None when the market has no price for the contract."""
        if security.con_id not in self._last:
            self._last[security.con_id] = self._look_up(security, now)
        return self._last[security.con_id]

    def _begin(self, now: dt.datetime) -> None:
        second = now.replace(microsecond=0)
        if second != self._second:
            self._second, self._last, self._valued, self._figures = second, {}, {}, {}

    def _look_up(self, security: Security, now: dt.datetime) -> float | None:
        name = self._exchange.price_name(security)
        if name is None:
            stated = self._exchange.stated_price(security)
            return None if stated is None else float(stated)
        try:
            return self._prices.quote(name, now).last
        except Refused:
            return None


class Standing(NamedTuple):
    """An account as it stands, from which its figures follow.

    Attributes
    ----------
    base
        Its base currency.
    rate_of
        What one unit of a currency is worth in the base currency.
    cash, realized
        By currency.
    """

    base: str
    rate_of: Callable[[str], float]
    cash: Mapping[str, Decimal]
    realized: Mapping[str, Decimal]
    positions: list[Valued]
    is_margin: bool

    def total(self, amounts: Mapping[str, Decimal]) -> float:
        """Amounts by currency, all together in the base currency."""
        return sum(float(amount) * self.rate_of(one) for one, amount in amounts.items())

    def rated(self) -> list[tuple[Valued, float]]:
        """The positions, each with the rate of its currency."""
        return [(one, self.rate_of(one.holding.security.currency)) for one in self.positions]


def standing(gateway: Gateway, account: str) -> Standing:
    """An account as it stands now."""
    books = gateway.exchange.ledger
    base = books.base(account)
    return Standing(
        base=base,
        rate_of=cache(lambda currency: float(books.rates.of(currency, base))),
        cash=books.cash(account),
        realized=books.realized_by_currency(account),
        positions=gateway.valuer.positions(account, gateway.clock.now()),
        is_margin=account in gateway.scenario.margin_accounts,
    )


def figures(own: Standing) -> list[Figure]:
    """The figures of an account's summary, in its base currency."""
    cash = own.total(own.cash)
    rated = own.rated()
    net = cash + sum([one.worth * rate for one, rate in rated])
    stocks = [each for each in rated if not each[0].holding.security.is_settled_daily]
    gross = sum([abs(one.value) * rate for one, rate in stocks])
    initial, maintenance = _margins(rated, is_margin=own.is_margin)
    # Nothing but cash stands behind what a cash account buys, and behind its futures.
    futures = initial - gross
    available = net - initial if own.is_margin else cash - futures
    excess = net - maintenance if own.is_margin else cash - futures
    plain = {
        "AccountType": "INDIVIDUAL",
        "Cushion": f"{excess / net:.6f}" if net > 0 else "0",
        "DayTradesRemaining": _NO_LIMIT_ON_DAY_TRADES,
        "HighestSeverity": "0",
        "Leverage": f"{gross / net:.2f}" if net > 0 else "0",
        "LookAheadNextChange": "0",
    }
    amounts = {
        "AccruedCash": 0.0,
        "AvailableFunds": available,
        "BuyingPower": max(0.0, available * (_LEVERAGE if own.is_margin else 1)),
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
        "SettledCash": cash,
        "TotalCashValue": cash,
    }
    rows = [Figure(key, value, "") for key, value in plain.items()]
    return rows + [Figure(key, f"{amount:.2f}", own.base) for key, amount in amounts.items()]


def _margins(rated: list[tuple[Valued, float]], *, is_margin: bool) -> tuple[float, float]:
    """Initial and maintenance margin of all positions."""
    initial = maintenance = 0.0
    for one, rate in rated:
        value = abs(one.value) * rate
        first, later = margin_rates(one.holding.security, is_margin=is_margin)
        initial += value * float(first)
        maintenance += value * float(later)
    return initial, maintenance


def ledger(own: Standing, account: str) -> list[Figure]:
    """The account's ledger: once for each currency that is held, and once for all together."""
    held = {position.holding.security.currency for position in own.positions}
    rows: list[Figure] = []
    currencies = sorted({own.base, *own.cash, *own.realized} | held)
    for currency in currencies:
        positions = [p for p in own.positions if p.holding.security.currency == currency]
        amounts = _amounts(
            float(own.cash.get(currency, 0)),
            float(own.realized.get(currency, 0)),
            [(position, 1.0) for position in positions],
        )
        rows += _ledger_rows(account, currency, own.rate_of(currency), amounts)
    if len(currencies) > 1:
        amounts = _amounts(own.total(own.cash), own.total(own.realized), own.rated())
    return rows + _ledger_rows(account, BASE, 1.0, amounts)


def _amounts(
    cash: float, realized: float, positions: list[tuple[Valued, float]]
) -> dict[str, float]:
    """The ledger's amounts; each position comes with the rate at which it counts."""

    worth = [(p.holding.security.sec_type, p.value * r) for p, r in positions]

    def of(kind: str) -> float:
        return sum([value for own, value in worth if own == kind])

    futures = [p.unrealized * r for p, r in positions if p.holding.security.is_settled_daily]
    return {
        "AccruedCash": 0.0,
        "CashBalance": cash,
        "FutureOptionValue": of("FOP"),
        "FuturesPNL": sum(futures),
        "NetLiquidationByCurrency": cash + sum([p.worth * r for p, r in positions]),
        "OptionMarketValue": of("OPT"),
        "RealizedPnL": realized,
        "StockMarketValue": of("STK"),
        "TotalCashBalance": cash,
        "UnrealizedPnL": sum([p.unrealized * r for p, r in positions]),
    }


def _ledger_rows(
    account: str, currency: str, rate: float, amounts: Mapping[str, float]
) -> list[Figure]:
    head = {
        "AccountOrGroup": account,
        "Currency": currency,
        "ExchangeRate": "1.00" if rate == 1 else f"{rate:.7f}",
        "RealCurrency": currency,
    }
    rows = [Figure(key, value, currency) for key, value in head.items()]
    return rows + [Figure(key, f"{amount:.2f}", currency) for key, amount in amounts.items()]


def account_figures(gateway: Gateway, account: str) -> list[Figure]:
    """Every figure of an account, as it is now; the list is shared and not to be changed."""

    def make() -> list[Figure]:
        own = standing(gateway, account)
        return figures(own) + ledger(own, account)

    return gateway.valuer.figures(account, gateway.clock.now(), make)
