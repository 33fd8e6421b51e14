"""The gateway's books: contracts, positions, resting orders, and the orders that clients sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.history import NO_SUCH_SECURITY, NOT_VALID, Refused
from sellkit.simgateway.scenario import CENT, Holding

if TYPE_CHECKING:
    import datetime as dt
    from decimal import Decimal

    from sellkit.simgateway.requests import ContractQuery
    from sellkit.simgateway.scenario import RestingOrder, Scenario, Security

_FIRST_PERM_ID: Final = 1_400_000_001
_CENT_RULE: Final = 26
_FIRST_OTHER_RULE: Final = 500
_WORKING_AT_ONCE: Final = frozenset({"MKT", "LMT"})
# Interactive Brokers routes to Nasdaq under an older name, too.
_OTHER_NAMES: Final = {"ISLAND": "NASDAQ"}


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A resting order with its numbers.

    Attributes
    ----------
    order_id, client_id
        Both 0 for an order that was placed by hand.
    """

    resting: RestingOrder
    order_id: int
    client_id: int
    perm_id: int

    @property
    def status(self) -> str:
        """Submitted, or PreSubmitted for an order that waits for its trigger."""
        is_working = self.resting.order_type in _WORKING_AT_ONCE
        return "Submitted" if is_working else "PreSubmitted"


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order that a client sent. The gateway takes none; it only remembers that one came.

    Attributes
    ----------
    fields
        What followed the order id, as on the wire.
    """

    client_id: int
    order_id: int
    time: dt.datetime
    fields: tuple[str, ...]


class Exchange:
    """The state behind the protocol.

    Attributes
    ----------
    placed_orders
        Every order that a client sent, oldest first.
    sessions
        Clients that are connected.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.placed_orders: list[PlacedOrder] = []
        self.sessions = 0
        self._securities = {security.con_id: security for security in scenario.securities}
        self._names = scenario.price_names
        self._holdings = {(h.account, h.security.con_id): h for h in scenario.holdings}
        self._orders = _number(scenario.orders)
        self._rules = _rules(scenario.securities)
        self._next_ids: dict[int, int] = {}

    def holdings(self, account: str | None = None) -> list[Holding]:
        """Positions that are not zero, of one account or of all."""
        return [
            holding
            for holding in self._holdings.values()
            if holding.quantity and account in (None, holding.account)
        ]

    def hold(self, account: str, symbol: str, quantity: Decimal, average_cost: Decimal) -> Holding:
        """Set a position, to zero as well.

        Raises
        ------
        KeyError
            The scenario has no such account, or no contract with the symbol.
        """
        if account not in self.scenario.accounts:
            raise KeyError(f"the scenario knows no account {account}")
        found = [s for s in self._securities.values() if s.symbol == symbol]
        if not found:
            raise KeyError(f"the scenario knows no {symbol}")
        holding = Holding(account, found[0], quantity, average_cost)
        self._holdings[account, found[0].con_id] = holding
        return holding

    def price_name(self, security: Security) -> str | None:
        """The name under which the market prices a contract; None when it does not."""
        return self._names.get(security.con_id)

    def orders(self, client_id: int | None = None) -> list[OpenOrder]:
        """Working orders of one client, client 0 having those placed by hand, or of all."""
        return [order for order in self._orders if client_id in (None, order.client_id)]

    def next_order_id(self, client_id: int) -> int:
        """The lowest order id that a client may use; it never goes back."""
        resting = (order.order_id + 1 for order in self.orders(client_id))
        return max(1, self._next_ids.get(client_id, 1), *resting)

    def record(self, order: PlacedOrder) -> None:
        """Remember an order that a client sent."""
        self.placed_orders.append(order)
        lowest = max(self._next_ids.get(order.client_id, 1), order.order_id + 1)
        self._next_ids[order.client_id] = lowest

    def rule_of(self, security: Security) -> int:
        """The number of the rule that says in which steps a contract's price moves."""
        return self._rules[security.min_tick]

    def rule_step(self, rule: int) -> Decimal:
        """The smallest step of a rule.

        Raises
        ------
        Refused
            321: there is no such rule.
        """
        for step, number in self._rules.items():
            if number == rule:
                return step
        raise Refused(NOT_VALID, f"Error validating request: there is no market rule {rule}")

    def find(self, query: ContractQuery) -> Security:
        """The one contract that a query describes.

        Raises
        ------
        Refused
            200: none does, or several do.
        """
        found = [s for s in self._securities.values() if _fits(query, s)]
        if not found:
            raise Refused(NO_SUCH_SECURITY, "No security definition has been found for the request")
        if len(found) > 1:
            raise Refused(
                NO_SUCH_SECURITY,
                f"The contract description specified for {query.symbol} is ambiguous.",
            )
        return found[0]

    def matching(self, pattern: str) -> list[Security]:
        """Contracts whose symbol begins with a pattern, or whose name contains it."""
        wanted = pattern.strip().lower()
        return [
            security
            for security in self._securities.values()
            if wanted
            and (
                security.symbol.lower().startswith(wanted)
                or wanted in (security.long_name or "").lower()
            )
        ]


def _fits(query: ContractQuery, security: Security) -> bool:
    exchange = _OTHER_NAMES.get(query.exchange, query.exchange)
    if exchange not in ("", "SMART", security.primary_exchange):
        return False
    if query.con_id is not None:
        return query.con_id == security.con_id
    if not (query.symbol or query.local_symbol):
        return False
    primary = _OTHER_NAMES.get(query.primary_exchange, query.primary_exchange)
    pairs = (
        (query.symbol.upper(), security.symbol),
        (query.local_symbol, security.local_symbol or security.symbol),
        (query.sec_type, security.sec_type),
        (query.currency, security.currency),
        (primary, security.primary_exchange),
        (query.last_trade_date, security.last_trade_date),
        (query.right[:1], security.right),
        (query.multiplier, security.multiplier),
        (query.trading_class, security.trading_class or query.trading_class),
    )
    strike = None if security.strike is None else float(security.strike)
    return query.strike in (None, strike) and all(
        not wanted or wanted == present for wanted, present in pairs
    )


def _number(orders: tuple[RestingOrder, ...]) -> tuple[OpenOrder, ...]:
    """Give each order its numbers: order ids count up from 1 for each client."""
    last: dict[int, int] = {}
    numbered: list[OpenOrder] = []
    for perm_id, resting in enumerate(orders, _FIRST_PERM_ID):
        if resting.client_id is None:
            numbered.append(OpenOrder(resting, 0, 0, perm_id))
            continue
        last[resting.client_id] = last.get(resting.client_id, 0) + 1
        numbered.append(OpenOrder(resting, last[resting.client_id], resting.client_id, perm_id))
    return tuple(numbered)


def _rules(securities: tuple[Security, ...]) -> dict[Decimal, int]:
    """A rule for each smallest step of a price; the one for cents has the real one's number."""
    others = sorted({security.min_tick for security in securities} - {CENT})
    return {CENT: _CENT_RULE} | {
        step: number for number, step in enumerate(others, _FIRST_OTHER_RULE)
    }
