"""The gateway's books: contracts, positions, resting orders, and the orders that clients sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.directory import Directory
from sellkit.simgateway.market_rules import RuleBook
from sellkit.simgateway.orders.book import Book
from sellkit.simgateway.orders.ledger import Ledger
from sellkit.simgateway.scenario import Holding

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from sellkit.simgateway.orders.order import Order
    from sellkit.simgateway.requests import ContractQuery
    from sellkit.simgateway.scenario import Scenario, Security

# Interactive Brokers quotes pairs of currencies in half hundredths of a cent.
_RATE_STEP: Final = Decimal("0.00001")


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
    directory, rules
        The contracts, and the steps in which their prices move.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.placed_orders: list[PlacedOrder] = []
        self.directory = Directory(scenario)
        self.book = Book(scenario.orders)
        self.ledger = Ledger(scenario)
        self.rules = RuleBook(scenario.market_rules, scenario.securities)
        self._next_ids: dict[int, int] = {}

    def holdings(self, account: str | None = None) -> list[Holding]:
        """Positions that are not zero, of one account or of all."""
        return self.ledger.holdings(account)

    def hold(
        self, account: str, security: Security, quantity: Decimal, average_cost: Decimal
    ) -> Holding:
        """Set a position, to zero as well.

        Raises
        ------
        KeyError
            The scenario has no such account.
        """
        if account not in self.scenario.accounts:
            raise KeyError(f"the scenario knows no account {account}")
        holding = Holding(account, security, quantity, average_cost)
        self.ledger.hold(holding)
        return holding

    def named(self, symbol: str) -> Security:
        """The first contract with a symbol.

        Raises
        ------
        KeyError
            There is none.
        """
        return self.directory.named(symbol)

    def price_name(self, security: Security) -> str | None:
        """The name under which the market prices a contract; None when it does not."""
        return self.directory.price_name(security)

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

    def stated_price(self, security: Security) -> Decimal | None:
        """The price of a contract for which the market makes none; None where nobody knows it.


        That of a pair of currencies follows from their rates.
        """
        # A position remembers its contract as it was when it was opened.
        security = self.directory.get(security.con_id) or security
        if security.price is not None or not security.is_currency_pair:
            return security.price
        rate = self.ledger.rates.of(security.symbol, security.currency)
        return rate.quantize(_RATE_STEP)

    def with_stated_price(self, local_symbol: str) -> Security | None:
        """The contract with a local symbol whose price the scenario states."""
        known = self.directory.all()
        return next((s for s in known if s.local == local_symbol and s.price is not None), None)

    def restate(self, security: Security, factor: Decimal) -> Decimal:
        """Multiply the price that was stated of a contract; gives the new one, on its step."""
        rule = self.rules.of(security)
        wanted = (security.price or Decimal(0)) * factor
        step = rule.step(wanted)
        price = max(step, (wanted / step).to_integral_value() * step)
        self.directory.replace(security, replace(security, price=price))
        return price

    def stated_prices(self) -> list[tuple[Security, Decimal]]:
        """The contracts whose price was stated, with what it is now, for `restate_all`."""
        known = self.directory.all()
        return [(each, each.price) for each in known if each.price is not None]

    def restate_all(self, prices: Mapping[int, Decimal]) -> None:
        """State these prices, by the contracts' numbers."""
        for each in self.directory.all():
            if each.con_id in prices and each.price is not None:
                self.directory.replace(each, replace(each, price=prices[each.con_id]))

    def find(self, query: ContractQuery) -> Security:
        """The one contract that a query describes.

        Raises
        ------
        Refused
            200: none does, or several do.
        """
        return self.directory.find(query)
