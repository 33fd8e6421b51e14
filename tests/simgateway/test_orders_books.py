"""The books add up after any sequence of orders, with splits, new names and corrections."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellkit.simgateway.accounts import Valuer
from sellkit.simgateway.currencies import Funds, Rates
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
PENCE = Security(
    con_id=4, symbol="DDD", primary_exchange="LSE", currency="GBP", price_magnifier=100
)
FUTURE = Security(
    con_id=5,
    symbol="EEE",
    sec_type="FUT",
    primary_exchange="EUREX",
    currency="EUR",
    multiplier="5",
    price=Decimal("100.5"),
)
PAIR = Security(con_id=6, symbol="EUR", sec_type="CASH", primary_exchange="IDEALPRO")
CONTRACTS = (STOCK, FOREIGN, TENFOLD, PENCE, FUTURE, PAIR)
CASH, MARGIN = "DU1", "DU2"
CENT, ZERO = Decimal("0.01"), Decimal(0)
# What a price may move against a purchase between its check and its fill.
SLIPPAGE = Decimal(10_000)


class Books:
    """A floor without sockets, and what it told."""

    def __init__(self, fill_size: Decimal | None = None) -> None:
        self.scenario = Scenario(
            accounts=(CASH, MARGIN),
            holdings=(
                Holding(CASH, STOCK, Decimal(70), Decimal("33.333333")),
                Holding(MARGIN, STOCK, Decimal(-20), Decimal("101.07")),
                Holding(MARGIN, FUTURE, Decimal(3), Decimal("499.7")),
            ),
            symbols=(FOREIGN, TENFOLD, PENCE, PAIR),
            rates=Rates({"EUR": Decimal("1.25"), "GBP": Decimal("1.5")}),
            funds=(
                Funds(CASH, "USD", {"USD": Decimal(60_000), "EUR": Decimal(9_000)}),
                Funds(MARGIN, "EUR", {"EUR": Decimal(80_000), "GBP": Decimal(-500)}),
            ),
            margin_accounts=frozenset({MARGIN}),
            always_open=True,
            habits=OrderHabits(fill_size=fill_size),
        )
        self.market, self.now = FakeMarket(), NOON
        self.exchange = Exchange(self.scenario)
        quotes = Quotes(self.market, self.exchange.price_name, self.exchange.stated_price)
        self.floor = Floor(self.exchange, quotes, Valuer(self.exchange, self.market))
        self.next_id = 1
        # Every contract that the stock has been, oldest first, and that it is now.
        self.stocks = [STOCK]
        # What corrections of prices may have cost in all.
        self.corrected = ZERO
        # Splits of the stock, each with the number of fills before it.
        self.splits: list[tuple[int, Fraction]] = []
        self.statuses: dict[int, str] = {}
        self.told: dict[tuple[str, int], Decimal] = {}
        self.executions: list[Execution] = []

    def place(self, terms: Terms) -> None:
        terms = replace(terms, security=self.as_known(terms.security))
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
            price = one.price + cents * CENT
            value = abs(cents) * CENT * one.quantity * one.order.terms.security.units
            self.corrected += value
            desk.correct(self.floor, one.exec_id, price)

    def split(self, new: int, old: int) -> None:
        """Split the stock."""
        self.reorganise(Fraction(new, old), self.stocks[-1])

    def rename(self, number: int) -> None:
        """Give the stock another symbol, and a number that perhaps it had before."""
        old = self.stocks[-1]
        new = replace(old, con_id=number, symbol=f"AAA{len(self.stocks)}")
        self.reorganise(Fraction(1), new)

    def reorganise(self, ratio: Fraction, new: Security) -> None:
        """What the gateway does with its books, with no market behind it."""
        old = self.stocks[-1]
        for order in self.floor.book.on_contract(old.con_id):
            current = self.floor.book.now(order)
            if current.is_working or current.is_on_hold:
                self.floor.end(current, self.now)
        self.hear()
        before = self.snapshot()
        fills = len({one.family for one in self.floor.ledger.executions})
        self.splits.append((fills, ratio))
        self.stocks.append(new)
        self.exchange.directory.replace(old, new)
        for account in self.floor.ledger.convert(old, new, ratio):
            self.floor.note(*(Changed(account, each) for each in (old, new)))
        self.floor.quotes.forget()
        self.check_split(before, ratio)

    def as_known(self, security: Security) -> Security:
        """One of the contracts as it is called now."""
        return self.stocks[-1] if security is STOCK else security

    def as_begun(self, security: Security) -> Security:
        """One of the contracts as it was called at first."""
        numbers = {each.con_id for each in self.stocks}
        return STOCK if security.con_id in numbers else security

    def snapshot(self) -> list[tuple[Decimal, Decimal, Decimal, dict[str, Decimal]]]:
        """Quantity, cost and profit of the stock, and the cash, by account."""
        ledger, stock = self.floor.ledger, self.stocks[-1]
        return [
            (
                ledger.holding(account, stock).quantity,
                ledger.cost(account, stock),
                ledger.realized(account, stock),
                ledger.cash(account),
            )
            for account in (CASH, MARGIN)
        ]

    def check_split(
        self, before: list[tuple[Decimal, Decimal, Decimal, dict[str, Decimal]]], ratio: Fraction
    ) -> None:
        """It changes quantities, and nothing else unless nothing is left."""
        for old, new in zip(before, self.snapshot(), strict=True):
            exact = Fraction(old[0]) * ratio
            assert 0 <= abs(exact) - abs(Fraction(new[0])) < Fraction(1, 10_000)
            assert new[1] - new[2] == old[1] - old[2]
            assert new[0] == 0 or new[1] == old[1]
            assert new[3] == old[3]

    def hear(self) -> None:
        for event in self.floor.take_events():
            if isinstance(event, Told):
                self.statuses[event.order.perm_id] = event.order.status
            elif isinstance(event, Executed):
                self.executions.append(event.execution)
            elif isinstance(event, Changed):
                held = self.floor.ledger.holding(event.account, event.security)
                self.told[event.account, event.security.con_id] = held.quantity


def executed(books: Books, account: str) -> list[tuple[Security, Decimal, Decimal]]:
    """Contract, signed quantity and what was paid with the commission, of every fill."""
    latest = {one.family: one for one in books.floor.ledger.executions}.values()
    own = [one for one in latest if one.order.terms.account == account]
    found = []
    for one in own:
        security = books.as_begun(one.order.terms.security)
        signed = one.order.terms.sign * one.quantity
        found.append((security, signed, signed * one.price * security.units + one.commission))
    return found


def check(books: Books) -> None:
    """Every account told afresh from the executions, and held against the books."""
    for account in books.scenario.accounts:
        check_cash(books, account)
        check_costs(books, account)
        check_positions(books, account)
        check_old_names(books, account)


def check_cash(books: Books, account: str) -> None:
    """A purchase is paid; a future moves cash by its profit alone, a pair swaps one for another."""
    ledger = books.floor.ledger
    cash = defaultdict(Decimal, books.scenario.funds_of(account).cash)
    cash["EUR"] += ledger.realized(account, FUTURE)
    for security, signed, paid in executed(books, account):
        cash[security.currency] -= ZERO if security is FUTURE else paid
        cash["EUR"] += signed if security is PAIR else ZERO
    told = ledger.cash(account)
    assert {c: a for c, a in told.items() if a} == {c: a for c, a in cash.items() if a}
    rates = {"USD": Decimal(1), "EUR": Decimal("1.25"), "GBP": Decimal("1.5")}
    worth = sum((rates[c] * amount for c, amount in cash.items()), ZERO)
    assert ledger.total_cash(account) == worth / rates[ledger.base(account)]
    assert account == MARGIN or min(cash.values()) >= -SLIPPAGE - books.corrected


def check_costs(books: Books, account: str) -> None:
    """What positions cost less what was realized is what was paid for them, split or not."""
    ledger = books.floor.ledger
    paid: dict[int, Decimal] = defaultdict(Decimal)
    for holding in books.scenario.holdings:
        if holding.account == account:
            paid[holding.security.con_id] += holding.quantity * holding.average_cost
    for security, _, amount in executed(books, account):
        paid[security.con_id] += amount
    for security in CONTRACTS:
        known = books.as_known(security)
        cost, profit = ledger.cost(account, known), ledger.realized(account, known)
        assert security is PAIR or cost - profit == paid[security.con_id]
        assert security is not PAIR or cost == profit == 0


def check_positions(books: Books, account: str) -> None:
    """Every position is what was held at first and what was traded, split where it was split."""
    ledger = books.floor.ledger
    for security in CONTRACTS:
        known = books.as_known(security)
        holding, cost = ledger.holding(account, known), ledger.cost(account, known)
        assert holding.security == known
        assert abs(holding.average_cost * holding.quantity - cost) <= Decimal("0.02")
        assert account == MARGIN or holding.quantity >= 0
        expected = ZERO if security is PAIR else expected_quantity(books, account, security)
        assert holding.quantity == expected


def check_old_names(books: Books, account: str) -> None:
    """Nothing is left of a contract, and nothing comes to it, once it has another number."""
    ledger, now = books.floor.ledger, books.stocks[-1].con_id
    for old in (each for each in books.stocks if each.con_id != now):
        assert ledger.holding(account, old).quantity == 0
        assert ledger.cost(account, old) == ledger.realized(account, old) == 0


def expected_quantity(books: Books, account: str, security: Security) -> Decimal:
    """A position told afresh: fills and splits in their order."""
    start = (h for h in books.scenario.holdings if (h.account, h.security) == (account, security))
    quantity = sum((h.quantity for h in start), ZERO)
    fills = list({one.family: one for one in books.floor.ledger.executions}.values())
    splits = books.splits if security is STOCK else []
    for number in range(len(fills) + 1):
        for ratio in (ratio for before, ratio in splits if before == number):
            exact = Fraction(quantity) * ratio * 10_000
            quantity = Decimal(int(exact)) / 10_000
        terms = fills[number].order.terms if number < len(fills) else None
        begun = None if terms is None else (terms.account, books.as_begun(terms.security))
        if terms is not None and begun == (account, security):
            quantity += terms.sign * fills[number].quantity
    return quantity


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
        security = next(s for s in (*CONTRACTS, *books.stocks) if s.con_id == con_id)
        assert books.floor.ledger.holding(account, security).quantity == quantity


CENTS = st.integers(-500, 500)
QUANTITIES = st.integers(1, 90).map(Decimal)
PRICES = CENTS.map(lambda cents: Decimal(100) + cents * CENT)
TERMS = st.builds(
    Terms,
    account=st.sampled_from((CASH, MARGIN)),
    security=st.sampled_from((STOCK, STOCK, *CONTRACTS)),
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
STEP = st.one_of(
    TERMS.map(lambda terms: ("place", terms)),
    TERMS.map(lambda terms: ("place", terms)),
    CENTS.map(lambda cents: ("move", cents)),
    NUMBERS.map(lambda number: ("cancel", number)),
    st.tuples(st.just("change"), NUMBERS, QUANTITIES, PRICES),
    st.tuples(st.just("split"), st.integers(1, 4), st.integers(1, 3)),
    st.tuples(st.just("rename"), st.sampled_from((1, 101, 102))),
)
STEPS = st.lists(STEP, min_size=4, max_size=25)
# Plain trades in the stock, so that there is something to correct after it was renamed.
TRADE = st.builds(
    Terms,
    account=st.sampled_from((CASH, MARGIN)),
    security=st.just(STOCK),
    action=st.sampled_from(("BUY", "SELL")),
    quantity=QUANTITIES,
    order_type=st.just("MKT"),
)
CORRECTED = st.tuples(
    st.lists(TRADE.map(lambda terms: ("place", terms)), min_size=1, max_size=4),
    st.lists(STEP, max_size=6),
    st.lists(st.tuples(st.just("correct"), NUMBERS, CENTS), min_size=1, max_size=4),
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


@settings(max_examples=80, deadline=None)
@given(rounds=st.lists(CORRECTED, min_size=1, max_size=3))
def test_corrected_prices_keep_the_books_in_balance(
    rounds: list[tuple[list[tuple[object, ...]], ...]],
) -> None:
    books = Books()
    for name, *arguments in (step for parts in rounds for part in parts for step in part):
        getattr(books, str(name))(*arguments)
        books.hear()
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


@pytest.mark.parametrize("number", [STOCK.con_id, 101])
def test_a_fill_is_corrected_after_its_contract_was_renamed(number: int) -> None:
    books = Books()
    books.place(terms("BUY", 30))
    before = books.floor.ledger.cost(CASH, STOCK)
    books.rename(number)
    books.correct(0, -100)
    books.hear()
    ledger, stock = books.floor.ledger, books.stocks[-1]
    assert ledger.cost(CASH, stock) == before - 30
    assert ledger.realized(CASH, stock) == ledger.realized(CASH, STOCK) == 0
    assert ledger.realized_by_currency(CASH).get("USD", ZERO) == 0
    assert ledger.holding(CASH, stock).security == stock
    assert books.told[CASH, number] == 100
    check(books)


def test_a_foreign_purchase_is_paid_in_its_own_currency() -> None:
    books = Books()
    books.place(terms("BUY", 10, MARGIN, FOREIGN))
    cash = books.floor.ledger.cash(MARGIN)
    assert cash == {"EUR": 80_000 - 10 * Decimal("100.01") - 3, "GBP": -500}


@pytest.mark.parametrize(
    ("quantity", "value", "expected"),
    [(10, 1000, "1.00"), (1000, 100_000, "5.00"), (1, 50, "0.50"), (0, 0, "0.00")],
)
def test_commissions_have_a_rate_a_least_and_a_most(
    quantity: int, value: int, expected: str
) -> None:
    assert commission(STOCK, Decimal(quantity), Decimal(value)) == Decimal(expected)
