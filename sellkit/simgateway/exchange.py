"""The gateway's books: contracts, positions, resting orders, and the orders that clients sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.history import NO_SUCH_SECURITY, NOT_VALID, Refused
from sellkit.simgateway.orders.book import Book
from sellkit.simgateway.orders.ledger import Ledger
from sellkit.simgateway.scenario import CENT, Holding

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from decimal import Decimal

    from sellkit.simgateway.orders.order import Order
    from sellkit.simgateway.requests import ContractQuery
    from sellkit.simgateway.scenario import Scenario, Security

_CENT_RULE: Final = 26
_FIRST_OTHER_RULE: Final = 500
# Interactive Brokers routes to Nasdaq under an older name, too.
_OTHER_NAMES: Final = {"ISLAND": "NASDAQ"}


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order as a client sent it, whatever became of it.

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
    book, ledger
        The orders, and what their fills left behind.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.placed_orders: list[PlacedOrder] = []
        self._securities = {security.con_id: security for security in scenario.securities}
        self._names = scenario.price_names
        self.book = Book(scenario.orders)
        self.ledger = Ledger(scenario)
        self._rules = _rules(scenario.securities)
        self._next_ids: dict[int, int] = {}

    def holdings(self, account: str | None = None) -> list[Holding]:
        """Positions that are not zero, of one account or of all."""
        return self.ledger.holdings(account)

    def hold(self, account: str, symbol: str, quantity: Decimal, average_cost: Decimal) -> Holding:
        """Set a position, to zero as well.

        Raises
        ------
        KeyError
            The scenario has no such account, or no contract with the symbol.
        """
        if account not in self.scenario.accounts:
            raise KeyError(f"the scenario knows no account {account}")
        holding = Holding(account, self.named(symbol), quantity, average_cost)
        self.ledger.hold(holding)
        return holding

    def named(self, symbol: str) -> Security:
        """The first contract with a symbol.

        Raises
        ------
        KeyError
            There is none.
        """
        found = [s for s in self._securities.values() if s.symbol == symbol]
        if not found:
            raise KeyError(f"the scenario knows no {symbol}")
        return found[0]

    def price_name(self, security: Security) -> str | None:
        """The name under which the market prices a contract; None when it does not."""
        return self._names.get(security.con_id)

    def orders(self, client_id: int | None = None) -> list[Order]:
        """Working orders of one client, client 0 having those placed by hand, or of all."""
        return self.book.working(client_id)

    def next_order_id(self, client_id: int) -> int:
        """The lowest order id that a client may use; it never goes back."""
        return max(1, self._next_ids.get(client_id, 1), self.book.highest(client_id) + 1)

    def record(self, order: PlacedOrder) -> None:
        """Remember an order that a client sent."""
        self.placed_orders.append(order)
        lowest = max(self._next_ids.get(order.client_id, 1), order.order_id + 1)
        self._next_ids[order.client_id] = lowest

    def roll_back_ids(self, client_id: int, count: int) -> int:
        """Let the next order id of a client go back by so many, to 1 at most, and give it."""
        lowest = max(1, self.next_order_id(client_id) - count)
        self._next_ids[client_id] = lowest
        self.book.roll_back(client_id, max(0, self.book.highest(client_id) + 1 - lowest))
        return lowest

    def roll_back_all_ids(self, count: int) -> None:
        """Let the next order id of every client that has used one go back."""
        for client_id in self.clients():
            self.roll_back_ids(client_id, count)

    def clients(self) -> set[int]:
        """The clients that have used an order id."""
        return self._next_ids.keys() | self.book.clients()

    def state(self) -> list[tuple[int, int]]:
        """The next order id of each client, as plain data for `restore`."""
        return list(self._next_ids.items())

    def restore(self, next_ids: Iterable[tuple[int, int]]) -> None:
        """Count on from these order ids."""
        self._next_ids = dict(next_ids)

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


def _rules(securities: tuple[Security, ...]) -> dict[Decimal, int]:
    """A rule for each smallest step of a price; the one for cents has the real one's number."""
    others = sorted({security.min_tick for security in securities} - {CENT})
    return {CENT: _CENT_RULE} | {
        step: number for number, step in enumerate(others, _FIRST_OTHER_RULE)
    }
