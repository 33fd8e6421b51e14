"""What a simulated gateway holds: accounts, positions, contracts and resting orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sellkit.core.market_time import CALENDAR_OF_EXCHANGE
from sellkit.simgateway.currencies import DOLLAR, Funds, Rates
from sellkit.simgateway.market import Listing
from sellkit.simgateway.market_terms import MarketTerms
from sellkit.simgateway.orders.habits import OrderHabits

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.simgateway.corporate_actions import CorporateAction
    from sellkit.simgateway.faults import Rule
    from sellkit.simgateway.latency import Latency
    from sellkit.simgateway.market_rules import MarketRule

DEFAULT_ACCOUNT: Final = "DU0000001"
DEFAULT_CASH: Final = Decimal(100_000)
CENT: Final = Decimal("0.01")
# Made-up prices without a start price lie between 20 and 300.
_LIKELY_PRICE: Final = 80
_MONTH_CODES: Final = "FGHJKMNQUVXZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """A contract that the gateway knows.

    Attributes
    ----------
    con_id
        Interactive Brokers' contract number.
    sec_type
        `STK`, `OPT`, ... as Interactive Brokers abbreviates them.
    primary_exchange
        Code of the listing exchange.
    min_tick
        The smallest step of a price.
    listed
        First day of its history; None for one older than the market.
    start_price, volatility
        Wishes for its made-up prices; None leaves them to the market.
    price
        What it costs where the market makes no price for it; None where nobody knows.
    price_magnifier
        How many units of a price make one of the currency: 100 for a price in pence.
    valid_exchanges
        Where it trades, best route first; empty for what is usual.
    market_rules
        Numbers of its market rules: one for all its exchanges, or one for each; empty for the plain
        one of its smallest step.
    """

    con_id: int
    symbol: str
    sec_type: str = "STK"
    currency: str = "USD"
    primary_exchange: str
    local_symbol: str | None = None
    trading_class: str | None = None
    long_name: str | None = None
    stock_type: str | None = None
    multiplier: str | None = None
    last_trade_date: str | None = None
    strike: Decimal | None = None
    right: str | None = None
    min_tick: Decimal = CENT
    listed: dt.date | None = None
    start_price: float | None = None
    volatility: float | None = None
    price: Decimal | None = None
    price_magnifier: int = 1
    valid_exchanges: tuple[str, ...] = ()
    market_rules: tuple[int, ...] = ()

    @property
    def local(self) -> str:
        """The local symbol: unless one was given, built from the terms of what is no stock.

        `AAPL  260116C00200000`, `ESZ5` and `EUR.USD` for instance.
        """
        expiry = self.last_trade_date or ""
        if self.local_symbol is None and self.is_currency_pair:
            return f"{self.symbol}.{self.currency}"
        if self.local_symbol or len(expiry) < len("202512"):
            return self.local_symbol or self.symbol
        if self.sec_type == "FUT":
            return f"{self.symbol}{_MONTH_CODES[int(expiry[4:6]) - 1]}{expiry[3]}"
        if self.sec_type == "OPT" and self.right and self.strike and len(expiry) == len("20251219"):
            return f"{self.symbol:<6}{expiry[2:]}{self.right}{int(self.strike * 1000):08d}"
        return self.symbol

    @property
    def is_priced(self) -> bool:
        """Whether the market has prices for it: a stock on an exchange with a known calendar."""
        return self.sec_type == "STK" and self.primary_exchange in CALENDAR_OF_EXCHANGE

    @property
    def units(self) -> Decimal:
        """Amount in the contract's currency for each contract and each 1 of its price."""
        return Decimal(self.multiplier or 1) / self.price_magnifier

    @property
    def is_settled_daily(self) -> bool:
        """Whether only its profit and loss moves cash, as a future's does, not its price."""
        return self.sec_type == "FUT"

    @property
    def is_currency_pair(self) -> bool:
        """Whether a trade swaps one currency for another, and leaves no position."""
        return self.sec_type == "CASH"


@dataclass(frozen=True, slots=True)
class Holding:
    """A position: whose, of what, how many (negative when short), and at which average cost."""

    account: str
    security: Security
    quantity: Decimal
    average_cost: Decimal


class OrderKind(StrEnum):
    """Who placed a resting order."""

    OWN = "own"
    FOREIGN = "foreign"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestingOrder:
    """An order that rests in the market when the gateway starts.

    Attributes
    ----------
    kind
        `own` and `foreign` were placed by API clients, `manual` by hand in the terminal.
    client_id
        The client that placed it; None for one placed by hand.
    order_type
        `LMT`, `STP`, `STP LMT`, `TRAIL`, ...
    """

    account: str
    security: Security
    kind: OrderKind
    client_id: int | None
    action: str
    quantity: Decimal
    order_type: str
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    trail_stop_price: Decimal | None = None
    time_in_force: str = "GTC"
    reference: str = ""
    outside_rth: bool = False
    oca_group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The state in which a gateway starts.

    Attributes
    ----------
    accounts
        Account numbers, the default one first.
    symbols
        Contracts that can be asked for without being held.
    faults, latencies
        The rules that break messages on their way, and how long kinds of messages take.
    bars_final_after_seconds
        How long after its end, on the gateway's clock, a bar is missing in answers.
    always_open
        The market never closes.
    read_only
        The gateway refuses orders and lists none, as with the read-only switch of the real one.
    seed
        Of the made-up prices.
    cash
        In each account that has no `funds` of its own, in dollars.
    funds
        The cash and the base currency of accounts.
    rates
        What currencies are worth.
    market_rules
        Rules with several bands of prices.
    corporate_actions
        Splits and changed symbols, with their moments.
    margin_accounts
        Those of the accounts that may borrow and sell short; the others are cash accounts.
    habits
        How orders are treated where real gateways differ.
    market_data
        What may be seen of prices, and when they stand still or are corrected.
    """

    accounts: tuple[str, ...] = (DEFAULT_ACCOUNT,)
    holdings: tuple[Holding, ...] = ()
    symbols: tuple[Security, ...] = ()
    orders: tuple[RestingOrder, ...] = ()
    faults: tuple[Rule, ...] = ()
    latencies: tuple[Latency, ...] = ()
    bars_final_after_seconds: float = 0.0
    always_open: bool = False
    read_only: bool = False
    seed: int = 1
    cash: Decimal = DEFAULT_CASH
    funds: tuple[Funds, ...] = ()
    rates: Rates = field(default_factory=Rates)
    market_rules: tuple[MarketRule, ...] = ()
    corporate_actions: tuple[CorporateAction, ...] = ()
    margin_accounts: frozenset[str] = frozenset()
    habits: OrderHabits = field(default_factory=OrderHabits)
    market_data: MarketTerms = field(default_factory=MarketTerms)

    def funds_of(self, account: str) -> Funds:
        """The cash and the base currency of an account."""
        own = (funds for funds in self.funds if funds.account == account)
        return next(own, Funds(account, DOLLAR, {DOLLAR: self.cash}))

    @property
    def securities(self) -> tuple[Security, ...]:
        """Every contract once: those held, then the others."""
        known = {holding.security.con_id: holding.security for holding in self.holdings}
        return (*known.values(), *self.symbols)

    @property
    def price_names(self) -> dict[int, str]:
        """The name under which the market prices each contract, by contract number.

        It is the symbol; when two contracts share one, the later is named `SYMBOL.EXCHANGE`.
        """
        names: dict[int, str] = {}
        taken: set[str] = set()
        for security in self.securities:
            if not security.is_priced:
                continue
            name = security.symbol
            if name in taken:
                name = f"{name}.{security.primary_exchange}"
            taken.add(name)
            names[security.con_id] = name
        return names

    def listings(self) -> tuple[Listing, ...]:
        """What the market has to price."""
        names = self.price_names
        return tuple(
            Listing(
                names[security.con_id],
                security.primary_exchange,
                tick=self._tick(security),
                listed=security.listed,
                start_price=security.start_price,
                volatility=security.volatility,
            )
            for security in self.securities
            if security.con_id in names
        )

    def _tick(self, security: Security) -> Decimal:
        """The step of made-up prices: that of the contract's rule at its start price."""
        rules = [rule for rule in self.market_rules if rule.number in security.market_rules[:1]]
        if not rules:
            return security.min_tick
        return rules[0].step(Decimal(str(security.start_price or _LIKELY_PRICE)))
