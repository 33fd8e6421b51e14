"""The books add up after any sequence of orders."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.simgateway.accounts import Valuer
from sellkit.simgateway.exchange import Exchange
from sellkit.simgateway.orders import desk
from sellkit.simgateway.orders.commissions import commission
from sellkit.simgateway.orders.events import Changed, Executed, Told
from sellkit.simgateway.orders.floor import Floor
from sellkit.simgateway.orders.habits import OrderHabits
from sellkit.simgateway.orders.order import CANCELLED, FILLED, INACTIVE, Terms
from sellkit.simgateway.orders.quotes import Quotes
from sellkit.simgateway.scenario import Holding, Scenario, Security
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.trading import NOON

if TYPE_CHECKING:
    from sellkit.simgateway.orders.ledger import Execution

STOCK = Security(con_id=1, symbol="AAA", primary_exchange="NYSE")
FOREIGN = Security(con_id=2, symbol="BBB", primary_exchange="IBIS", currency="EUR")
TENFOLD = Security(con_id=3, symbol="CCC", primary_exchange="NYSE", multiplier="10")
CASH, MARGIN = "DU1", "DU2"
CENT = Decimal("0.01")


class Books:
    """A floor without sockets, and what it told."""

    def __init__(self, fill_size: Decimal | None = None) -> None:
        self.scenario = Scenario(
            accounts=(CASH, MARGIN),
            holdings=(
                Holding(CASH, STOCK, Decimal(70), Decimal("33.333333")),
                Holding(MARGIN, STOCK, Decimal(-20), Decimal("101.07")),
            ),
            symbols=(FOREIGN, TENFOLD),
            margin_accounts=frozenset({MARGIN}),
            always_open=True,
            habits=OrderHabits(fill_size=fill_size),
        )
        self.market, self.now = FakeMarket(), NOON
        self.exchange = Exchange(self.scenario)
        quotes = Quotes(self.market, self.exchange.price_name, self.exchange.stated_price)
        self.floor = Floor(self.exchange, quotes, Valuer(self.exchange, self.market))
        self.next_id = 1
        self.statuses: dict[int, str] = {}
        self.told: dict[tuple[str, int], Decimal] = {}
        self.executions: list[Execution] = []

    def place(self, terms: Terms) -> None:
        desk.place(self.floor, (1, self.next_id), terms, self.now)
        self.next_id += 1

    def change(self, number: int, quantity: Decimal, limit: Decimal) -> None:
        order = self.floor.book.find(1, number % self.next_id)
        if order is not None and order.terms.order_type == "LMT":
            terms = replace(order.terms, quantity=quantity, limit_price=limit, transmit=True)
            desk.place(self.floor, order.key, terms, self.now)

    def cancel(self, number: int) -> None:
        desk.cancel(self.floor, (1, number % self.next_id), self.now)

    def move(self, cents: int) -> None:
        self.market.last = round(100 + cents / 100, 2)
        self.now += dt.timedelta(seconds=1)
        self.floor.quotes.forget()
        self.floor.tick(self.now)

    def correct(self, number: int, cents: int) -> None:
        latest = {one.family: one for one in self.floor.ledger.executions}
        if latest:
            one = list(latest.values())[number % len(latest)]
            desk.correct(self.floor, one.exec_id, one.price + cents * CENT)

    def hear(self) -> None:
        for event in self.floor.take_events():
            if isinstance(event, Told):
                self.statuses[event.order.perm_id] = event.order.status
            elif isinstance(event, Executed):
                self.executions.append(event.execution)
            elif isinstance(event, Changed):
                held = self.floor.ledger.holding(event.account, event.security)
                self.told[event.account, event.security.con_id] = held.quantity


def check(books: Books) -> None:
    """Every account told afresh from the executions, and held against the books."""
    ledger = books.floor.ledger
    latest = {one.family: one for one in ledger.executions}.values()
    for account in books.scenario.accounts:
        cash: dict[str, Decimal] = defaultdict(Decimal, USD=books.scenario.cash)
        held: dict[int, Decimal] = defaultdict(Decimal)
        cost_less_profit: dict[str, Decimal] = defaultdict(Decimal)
        for holding in books.scenario.holdings:
            if holding.account == account:
                held[holding.security.con_id] += holding.quantity
                cost_less_profit["USD"] += holding.quantity * holding.average_cost
        for one in latest:
            terms = one.order.terms
            if terms.account == account:
                paid = terms.sign * one.quantity * one.price * terms.security.units
                cash[terms.security.currency] -= paid + one.commission
                cost_less_profit[terms.security.currency] += paid + one.commission
                held[terms.security.con_id] += terms.sign * one.quantity
        assert {c: a for c, a in ledger.cash(account).items() if a} == {
            c: a for c, a in cash.items() if a
        }
        for security in (STOCK, FOREIGN, TENFOLD):
            holding = ledger.holding(account, security)
            assert holding.quantity == held[security.con_id]
            cost = ledger.cost(account, security)
            assert abs(holding.average_cost * holding.quantity - cost) <= Decimal("0.01")
            cost_less_profit[security.currency] -= cost - ledger.realized(account, security)
        assert not any(cost_less_profit.values())
        assert account == MARGIN or min(held.values(), default=Decimal(0)) >= 0


def check_orders(books: Books) -> None:
    """Fills add up to their orders, and the last word about each order is how it stands."""
    fills: dict[int, list[Execution]] = defaultdict(list)
    for one in {e.family: e for e in books.executions}.values():
        fills[one.order.perm_id].append(one)
    for number in range(1, books.next_id):
        order = books.floor.book.find(1, number)
        assert order is not None
        own = fills[order.perm_id]
        assert sum(one.quantity for one in own) == order.filled <= order.terms.quantity
        assert (order.status == FILLED) == (order.remaining == 0)
        assert order.status not in (FILLED, CANCELLED) or order.ended_at is not None
        assert order.status in (INACTIVE, books.statuses.get(order.perm_id)) or order.is_on_hold
        if own:
            value = sum((one.quantity * one.price for one in own), Decimal(0))
            security = order.terms.security
            cost = commission(security, order.filled, value * security.units)
            assert sum(one.commission for one in own) == cost
    for (account, con_id), quantity in books.told.items():
        security = next(s for s in (STOCK, FOREIGN, TENFOLD) if s.con_id == con_id)
        assert books.floor.ledger.holding(account, security).quantity == quantity


CENTS = st.integers(-500, 500)
QUANTITIES = st.integers(1, 90).map(Decimal)
PRICES = CENTS.map(lambda cents: Decimal(100) + cents * CENT)
TERMS = st.builds(
    Terms,
    account=st.sampled_from((CASH, MARGIN)),
    security=st.sampled_from((STOCK, STOCK, FOREIGN, TENFOLD)),
    action=st.sampled_from(("BUY", "SELL")),
    quantity=QUANTITIES,
    order_type=st.sampled_from(("MKT", "MKT", "LMT", "STP", "STP LMT", "TRAIL")),
    limit_price=PRICES,
    aux_price=PRICES,
    time_in_force=st.sampled_from(("DAY", "GTC", "IOC")),
    oca_group=st.sampled_from(("", "", "one")),
    oca_type=st.integers(1, 3),
    parent_id=st.sampled_from((0, 0, 0, 1, 2, 3)),
    transmit=st.sampled_from((True, True, True, False)),
)
NUMBERS = st.integers(1, 30)
STEPS = st.lists(
    st.one_of(
        TERMS.map(lambda terms: ("place", terms)),
        TERMS.map(lambda terms: ("place", terms)),
        CENTS.map(lambda cents: ("move", cents)),
        NUMBERS.map(lambda number: ("cancel", number)),
        st.tuples(st.just("change"), NUMBERS, QUANTITIES, PRICES),
    ),
    min_size=4,
    max_size=25,
)


@settings(max_examples=250, deadline=None)
@given(steps=STEPS, fill_size=st.sampled_from((None, Decimal(7), Decimal(30))))
def test_cash_positions_costs_and_commissions_add_up_after_any_orders(
    steps: list[tuple[object, ...]], fill_size: Decimal | None
) -> None:
    books = Books(fill_size)
    for name, *arguments in steps:
        getattr(books, str(name))(*arguments)
        books.hear()
        check(books)
        check_orders(books)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, corrections=st.lists(st.tuples(NUMBERS, CENTS), min_size=1, max_size=5))
def test_corrected_prices_keep_the_books_in_balance(
    steps: list[tuple[object, ...]], corrections: list[tuple[int, int]]
) -> None:
    books = Books()
    for name, *arguments in steps:
        getattr(books, str(name))(*arguments)
    for number, cents in corrections:
        books.correct(number, cents)
        check(books)


# --- single cases ---------------------------------------------------------------------------------


def terms(action: str, quantity: int, account: str = CASH, security: Security = STOCK) -> Terms:
    return Terms(
        account=account,
        security=security,
        action=action,
        quantity=Decimal(quantity),
        order_type="MKT",
    )


def test_a_sale_realizes_and_leaves_the_average_cost_alone() -> None:
    books = Books()
    books.place(terms("SELL", 30))
    holding = books.floor.ledger.holding(CASH, STOCK)
    assert (holding.quantity, holding.average_cost) == (40, Decimal("33.333333"))
    gain = books.floor.ledger.realized(CASH, STOCK)
    assert gain == pytest.approx(Decimal(30) * (Decimal("99.99") - Decimal("33.333333")) - 1)


def test_a_purchase_averages_with_its_commission() -> None:
    books = Books()
    books.place(terms("BUY", 30))
    holding = books.floor.ledger.holding(CASH, STOCK)
    cost = 70 * Decimal("33.333333") + 30 * Decimal("100.01") + 1
    assert holding.average_cost == (cost / 100).quantize(Decimal("0.000001"))
    assert books.floor.ledger.realized(CASH, STOCK) == 0


def test_a_purchase_that_turns_a_short_position_round_closes_and_opens() -> None:
    books = Books()
    books.place(terms("BUY", 50, MARGIN))
    holding = books.floor.ledger.holding(MARGIN, STOCK)
    paid = 50 * Decimal("100.01") + 1
    assert holding.quantity == 30
    assert holding.average_cost == (paid / 50).quantize(Decimal("0.000001"))
    gain = books.floor.ledger.realized(MARGIN, STOCK)
    assert gain == pytest.approx(20 * Decimal("101.07") - paid * 20 / 50)


def test_a_foreign_purchase_is_paid_in_its_own_currency() -> None:
    books = Books()
    books.place(terms("BUY", 10, MARGIN, FOREIGN))
    cash = books.floor.ledger.cash(MARGIN)
    assert cash == {"USD": books.scenario.cash, "EUR": -10 * Decimal("100.01") - 3}


@pytest.mark.parametrize(
    ("quantity", "value", "expected"),
    [(10, 1000, "1.00"), (1000, 100_000, "5.00"), (1, 50, "0.50"), (0, 0, "0.00")],
)
def test_commissions_have_a_rate_a_least_and_a_most(
    quantity: int, value: int, expected: str
) -> None:
    assert commission(STOCK, Decimal(quantity), Decimal(value)) == Decimal(expected)
