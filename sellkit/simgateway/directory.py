"""The contracts that a gateway knows, and the search for those that a request describes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from sellkit.core.market_time import CALENDAR_OF_EXCHANGE
from sellkit.simgateway.currencies import DOLLAR
from sellkit.simgateway.history import NO_SUCH_SECURITY, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sellkit.core.market_time import Calendar
    from sellkit.simgateway.requests import ContractQuery
    from sellkit.simgateway.scenario import Scenario, Security

SMART: Final = "SMART"
_AMERICAN: Final = "XNYS"
# Where American stocks trade beside their listing.
_AMERICAN_ROUTES: Final = ("AMEX", "NYSE", "CBOE", "ARCA", "NASDAQ", "BATS", "IEX")
# What Interactive Brokers' own router does not route.
_DIRECT: Final = frozenset({"FUT", "FOP", "CASH", "IND", "CMDTY", "CRYPTO"})
# Interactive Brokers routes to Nasdaq under an older name, too.
_OTHER_NAMES: Final = {"ISLAND": "NASDAQ"}
_OF_AMERICAN_OPTIONS: Final = "NYSE"
_DERIVATIVES: Final = ("OPT", "FUT", "FOP", "WAR")
_MOST_SAMPLES: Final = 16
_DAYS_TOLD: Final = 6


def known_as(exchange: str) -> str:
    """The name under which contracts list an exchange that a client may call by an older one."""
    return _OTHER_NAMES.get(exchange, exchange)


def exchanges_of(security: Security) -> tuple[str, ...]:
    """Where a contract trades: the router first where it has one, then the listing."""
    if security.valid_exchanges:
        return security.valid_exchanges
    listing = security.primary_exchange
    if security.sec_type in _DIRECT:
        return (listing,)
    is_american = CALENDAR_OF_EXCHANGE.get(listing) == _AMERICAN and security.sec_type == "STK"
    others = _AMERICAN_ROUTES if is_american else ()
    return tuple(dict.fromkeys((SMART, listing, *others)))


def venue_of(security: Security) -> str:
    """The exchange whose hours a contract keeps: American options those of American stocks."""
    is_american_option = security.sec_type == "OPT" and security.currency == DOLLAR
    return _OF_AMERICAN_OPTIONS if is_american_option else security.primary_exchange


def told_hours(stretches: Calendar, now: dt.datetime) -> str:
    """When an exchange is open from today on for six days, as contract details carry it."""
    today = stretches.local(now).date()
    days: list[str] = []
    for date in (today + dt.timedelta(days=number) for number in range(_DAYS_TOLD)):
        parts = stretches.between(date, date) if date <= stretches.last_date else ()
        days += [
            f"{stretches.local(part.open_utc):%Y%m%d:%H%M}-"
            f"{stretches.local(part.close_utc):%Y%m%d:%H%M}"
            for part in parts
        ] or [f"{date:%Y%m%d}:CLOSED"]
    return ";".join(days)


class Directory:
    """The contracts by number; a corporate action may replace one."""

    def __init__(self, scenario: Scenario) -> None:
        self._securities = {security.con_id: security for security in scenario.securities}
        self._names = scenario.price_names
        self._origins = {number: one.symbol for number, one in self._securities.items()}
        self._former: dict[str, int] = {}
        self._known = self._symbols()

    def all(self) -> tuple[Security, ...]:
        """Every contract as it is now."""
        return tuple(self._securities.values())

    def get(self, con_id: int) -> Security | None:
        """The contract with a number."""
        return self._securities.get(con_id)

    def named(self, symbol: str) -> Security:
        """The first contract with a symbol, or else the one that had it before a change.

        Raises
        ------
        KeyError
            There is none.
        """
        found = self.known_symbols().get(symbol)
        if found is None:
            raise KeyError(f"the scenario knows no {symbol}")
        return found

    def known_symbols(self) -> Mapping[str, Security]:
        """Every symbol by which a contract is or was known, and the first contract it means."""
        return self._known

    def origin(self, security: Security) -> str:
        """The symbol under which the scenario knew a contract, whatever it is called now."""
        return self._origins.get(security.con_id, security.symbol)

    def price_name(self, security: Security) -> str | None:
        """The name under which the market prices a contract; None when it does not."""
        return self._names.get(security.con_id)

    def replace(self, old: Security, new: Security) -> None:
        """Know a contract by its new terms, and by its new number alone where that changed.

        What was said of its old symbol stays said of it.
        """
        name = self._names.pop(old.con_id, None)
        del self._securities[old.con_id]
        self._securities[new.con_id] = new
        self._origins[new.con_id] = self._origins[old.con_id]
        self._former = {
            symbol: new.con_id if number == old.con_id else number
            for symbol, number in self._former.items()
        }
        if new.symbol != old.symbol:
            self._former[old.symbol] = new.con_id
        self._known = self._symbols()
        if name is not None:
            self._names[new.con_id] = name

    def underlying(self, security: Security) -> Security | None:
        """The stock or index that a derivative is on, where it is known."""
        if security.sec_type not in _DERIVATIVES:
            return None
        found = (
            each
            for each in self._securities.values()
            if each.symbol == security.symbol and each.sec_type in ("STK", "IND")
        )
        return next(found, None)

    def derivatives(self, security: Security) -> tuple[str, ...]:
        """The kinds of derivatives on a contract."""
        kinds = {s.sec_type for s in self._securities.values() if s.symbol == security.symbol}
        return tuple(kind for kind in _DERIVATIVES if kind in kinds - {security.sec_type})

    # --- search -------------------------------------------------------------------------------

    def find(self, query: ContractQuery) -> Security:
        """The one contract that a query describes.

        Raises
        ------
        Refused
            200: none does, or several do.
        """
        found = self._fitting(query)
        if len(found) > 1:
            symbol = query.symbol or query.local_symbol
            raise Refused(
                NO_SUCH_SECURITY,
                f"The contract description specified for {symbol} is ambiguous.",
            )
        return found[0]

    def find_all(self, query: ContractQuery) -> list[tuple[Security, str]]:
        """Every contract that a query describes, each with its exchange.

        A query without an exchange gets a contract once for each exchange on which it trades; but
        one by number alone gets it once, with its first.

        Raises
        ------
        Refused
            200: there is none.
        """
        rows: list[tuple[Security, str]] = []
        for security in self._fitting(query):
            if query.exchange:
                rows.append((security, query.exchange))
            elif query.con_id is not None:
                rows.append((security, exchanges_of(security)[0]))
            else:
                rows += [(security, exchange) for exchange in exchanges_of(security)]
        return rows

    def matching(self, pattern: str) -> list[Security]:
        """Contracts whose symbol begins with a pattern or whose name contains it; no derivatives.

        Those whose symbol is the pattern come first; there are 16 at most.
        """
        wanted = pattern.strip().lower()
        found = [
            security
            for security in self._securities.values()
            if wanted
            and security.sec_type not in _DERIVATIVES
            and (
                security.symbol.lower().startswith(wanted)
                or wanted in (security.long_name or "").lower()
            )
        ]
        found.sort(key=lambda security: security.symbol.lower() != wanted)
        return found[:_MOST_SAMPLES]

    def _symbols(self) -> dict[str, Security]:
        former = {symbol: self._securities[number] for symbol, number in self._former.items()}
        now = {each.symbol: each for each in reversed(self._securities.values())}
        return former | now

    def _fitting(self, query: ContractQuery) -> list[Security]:
        found = [s for s in self._securities.values() if _fits(query, s)]
        if not found:
            raise Refused(NO_SUCH_SECURITY, "No security definition has been found for the request")
        return found


def _fits(query: ContractQuery, security: Security) -> bool:
    exchange = known_as(query.exchange)
    if exchange not in ("", *exchanges_of(security), security.primary_exchange):
        return False
    if query.con_id is not None:
        return query.con_id == security.con_id
    if not (query.symbol or query.local_symbol):
        return False
    primary = known_as(query.primary_exchange)
    pairs = (
        (query.symbol.upper(), security.symbol),
        (_joined(query.local_symbol), _joined(security.local)),
        (query.sec_type, security.sec_type),
        (query.currency, security.currency),
        (primary, security.primary_exchange),
        (query.right[:1], security.right),
        (query.multiplier, security.multiplier),
        (query.trading_class, security.trading_class or query.trading_class),
    )
    strike = None if security.strike is None else float(security.strike)
    return (
        query.strike in (None, strike)
        # A month fits every contract that ends in it.
        and (security.last_trade_date or "").startswith(query.last_trade_date)
        and all(not wanted or wanted == present for wanted, present in pairs)
    )


def _joined(local_symbol: str) -> str:
    """A local symbol without its blanks, of which people type any number."""
    return "".join(local_symbol.split())
