"""What a simulated gateway holds: accounts, positions, contracts and resting orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sellkit.core.market_time import CALENDAR_OF_EXCHANGE
from sellkit.simgateway.market import Listing
from sellkit.simgateway.orders.habits import OrderHabits

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.simgateway.downtime_plan import NightlyReset, WeeklyLogin
    from sellkit.simgateway.faults import Latency, Rule

DEFAULT_ACCOUNT: Final = "DU0000001"
DEFAULT_CASH: Final = Decimal(100_000)
CENT: Final = Decimal("0.01")


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

    @property
    def is_priced(self) -> bool:
        """Whether the market has prices for it: a stock on an exchange with a known calendar."""
        return self.sec_type == "STK" and self.primary_exchange in CALENDAR_OF_EXCHANGE

    @property
    def units(self) -> Decimal:
        """What one contract counts for: the multiplier, or 1."""
        return Decimal(self.multiplier or 1)


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
        In each account, in dollars.
    margin_accounts
        Those of the accounts that may borrow and sell short; the others are cash accounts.
    habits
        How orders are treated where real gateways differ.
    nightly_reset, weekly_login
        When the gateway is down; None for never.
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
    margin_accounts: frozenset[str] = frozenset()
    habits: OrderHabits = field(default_factory=OrderHabits)
    nightly_reset: NightlyReset | None = None
    weekly_login: WeeklyLogin | None = None

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
                tick=security.min_tick,
                listed=security.listed,
                start_price=security.start_price,
                volatility=security.volatility,
            )
            for security in self.securities
            if security.con_id in names
        )
