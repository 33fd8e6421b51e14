"""A gateway for orders in memory, that does with each order what a test tells it."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sellkit.core.fills import Fill
from sellkit.core.gates import ApprovedTicket
from sellkit.core.instrument import Instrument
from sellkit.core.orders import OrderTicket
from sellkit.core.portfolio import Account, AccountSnapshot, OpenOrder, Position, Side
from sellkit.core.reports import (
    BrokerRecords,
    CompletedOrder,
    Meaning,
    OrderReport,
    ReportKind,
)
from sellkit.errors import NotSent, SellkitError
from sellkit.ports.order_route import OrderDraft
from tests.build import NOW

CENT = Decimal("0.01")


@dataclass(slots=True)
class FakeOrder:
    """An order at the fake gateway."""

    draft: OrderDraft
    account: Account
    con_id: int
    side: Side
    quantity: Decimal
    perm_id: str
    filled: Decimal = Decimal(0)


Deed = Callable[["FakeRoute", FakeOrder], None]


class FakeRoute:
    """An `OrderRoute` in memory. Tests may change every attribute at any time.

    Attributes
    ----------
    positions
        Held now; executions change them.
    orders, completed, fills
        What the lists tell.
    on_submit, on_cancel
        What becomes of an order that comes in, or is to be cancelled.
    on_bind, bindings
        What becomes of orders placed by hand when they are to be bound, and how often that was.
    sent, cancelled
        What was written to it: references, and perm ids.
    failures
        By method, what to raise in place of an answer, in turn; None answers.
    after_read
        Called after each reading of the lists.
    seconds
        Real seconds gone by: waiting for reports moves them.
    is_full
        Whoever does not wait before he writes is refused.
    """

    client_id = "1"

    def __init__(self, positions: list[Position], orders: list[OpenOrder] | None = None) -> None:
        self.positions = {each.instrument.con_id: each for each in positions}
        self.orders: list[OpenOrder] = list(orders or [])
        self.completed: list[CompletedOrder] = []
        self.fills: list[Fill] = []
        self.on_submit: Deed = fill
        self.on_cancel: Callable[[FakeRoute, OpenOrder], None] = confirm_cancel
        self.on_bind: Callable[[FakeRoute], None] = give_ids
        self.bindings = 0
        self.sent: list[str] = []
        self.cancelled: list[str] = []
        self.submitted: set[str] = set()
        self.failures: dict[str, list[SellkitError | None]] = {}
        self.after_read: Callable[[FakeRoute], None] = lambda _route: None
        self.seconds = 0.0
        self.start = NOW
        self.steady_since = NOW
        self.epoch = 1
        self.is_idle = True
        self.is_full = False
        self.log: list[OrderReport] = []
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._ids = itertools.count(101)

    # --- the port ---------------------------------------------------------------------------------

    def records(self, account: Account) -> BrokerRecords:
        self._fail("records")
        held = tuple(each for each in self.positions.values() if each.quantity)
        lists = BrokerRecords(
            began_at=self.now(),
            steady_since=self.steady_since,
            snapshot=AccountSnapshot(account, self.now(), held, tuple(self.orders), self.epoch),
            completed=tuple(self.completed),
            fills=tuple(self.fills),
        )
        self.after_read(self)
        return lists

    def lowest_price_step(self, instrument: Instrument, price: Decimal) -> Decimal:
        self._fail("lowest_price_step")
        return CENT

    def wait_until_idle(self, seconds: float) -> bool:
        self.is_full = not self.is_idle
        return self.is_idle

    def draft(self, approved: ApprovedTicket, above: str | None = None) -> OrderDraft:
        self._fail("draft")
        ticket = approved.ticket
        number = next(self._ids)
        if above is not None and number <= int(above):
            number = int(above) + 1
            self.number_from(number + 1)
        return OrderDraft(
            order_id=str(number),
            client_id=self.client_id,
            epoch=self.epoch,
            reference=ticket.reference,
            order=ticket.order(),
        )

    def submit(self, approved: ApprovedTicket, draft: OrderDraft) -> None:
        if draft.epoch != self.epoch:
            raise NotSent("the connection is another one")
        if draft.order_id in self.submitted:
            raise NotSent("it was submitted before")
        self.submitted.add(draft.order_id)
        self._fail("submit")
        self.sent.append(draft.reference)
        self.on_submit(self, self.order_of(approved.ticket, draft))
        self._fail("after submit")

    def bind(self) -> None:
        self._fail("bind")
        self.bindings += 1
        self.on_bind(self)

    def cancel(self, order: OpenOrder) -> None:
        self._fail("cancel")
        if self.is_full:
            raise NotSent("messages queue before it")
        self.cancelled.append(order.perm_id)
        self.on_cancel(self, order)

    def reports(self, after: int, seconds: float) -> tuple[OrderReport, ...]:
        end = self.seconds + seconds
        while not self.log[after:] and self._later and self._later[0][0] <= end:
            self.seconds, act = self._later.pop(0)
            act()
        if not self.log[after:]:
            self.seconds = end
        return tuple(self.log[after:])

    # --- what tests do with it --------------------------------------------------------------------

    def timer(self) -> float:
        return self.seconds

    def now(self) -> dt.datetime:
        return self.start + dt.timedelta(seconds=self.seconds)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Let something happen after so many seconds of waiting."""
        self._later.append((self.seconds + seconds, act))
        self._later.sort(key=lambda each: each[0])

    def order_of(self, ticket: OrderTicket, draft: OrderDraft) -> FakeOrder:
        return FakeOrder(
            draft=draft,
            account=ticket.position.account,
            con_id=ticket.position.instrument.con_id,
            side=ticket.side,
            quantity=ticket.quantity,
            perm_id=str(9000 + len(self.sent)),
        )

    def say(self, order: FakeOrder, kind: ReportKind, **told: Any) -> None:
        """A report about an order; a code carries the order id alone."""
        whose: dict[str, Any] = {
            "client_id": order.draft.client_id,
            "perm_id": order.perm_id,
            "reference": order.draft.reference,
            "con_id": order.con_id,
        }
        self.log.append(
            OrderReport(
                number=len(self.log) + 1,
                at=self.now(),
                epoch=self.epoch,
                kind=kind,
                order_id=order.draft.order_id,
                **({} if kind is ReportKind.CODE else whose),
                **told,
            )
        )

    def rest(self, order: FakeOrder, status: str = "Submitted") -> None:
        """It is open now, and said to be."""
        self.drop_open(order)
        left = order.quantity - order.filled
        self.orders.append(
            OpenOrder(
                account=order.account,
                con_id=order.con_id,
                order_id=order.draft.order_id,
                client_id=order.draft.client_id,
                perm_id=order.perm_id,
                reference=order.draft.reference,
                side=order.side,
                order_type="MKT",
                quantity=order.quantity,
                remaining=left,
                limit_price=None,
                stop_price=None,
                time_in_force="DAY",
                status=status,
            )
        )
        self.say(order, ReportKind.ORDER_STATUS, status=status, filled=order.filled, remaining=left)

    def execute(self, order: FakeOrder, quantity: Decimal, *, is_told: bool = True) -> Fill:
        """Execute a part of it; the position follows."""
        order.filled += quantity
        told = Fill(
            exec_id=f"0001.{order.perm_id}.{len(self.fills) + 1:02}.01",
            account=order.account,
            con_id=order.con_id,
            perm_id=order.perm_id,
            order_id=order.draft.order_id,
            client_id=order.draft.client_id,
            reference=order.draft.reference,
            side=order.side,
            quantity=quantity,
            price=Decimal("98.5"),
            at=self.now(),
        )
        self.fills.append(told)
        self.trade(order.con_id, -quantity if order.side is Side.SELL else quantity)
        if order.filled >= order.quantity:
            self.drop_open(order)
        if is_told:
            self.say(order, ReportKind.EXECUTION, fill=told)
        return told

    def end(self, order: FakeOrder, status: str, text: str = "") -> None:
        """It is open no more, and in the list of those that have ended."""
        self.drop_open(order)
        self.completed.append(
            CompletedOrder(
                con_id=order.con_id,
                perm_id=order.perm_id,
                reference=order.draft.reference,
                side=str(order.side),
                quantity=order.quantity,
                filled=order.filled,
                status=status,
                text=text,
            )
        )

    def drop_open(self, order: FakeOrder) -> None:
        self.orders = [each for each in self.orders if each.perm_id != order.perm_id]

    def trade(self, con_id: int, change: Decimal) -> None:
        """Somebody's trade changes a position."""
        held = self.positions[con_id]
        self.positions[con_id] = replace(held, quantity=held.quantity + change)

    def come_back(self) -> None:
        self.epoch += 1
        self.disturb()

    def number_from(self, number: int) -> None:
        """The next order gets this number, or one above those that are known elsewhere."""
        self._ids = itertools.count(number)

    def disturb(self) -> None:
        """Interactive Brokers is lost, and back, over the same connection."""
        self.steady_since = self.now() + dt.timedelta(microseconds=len(self.log) + 1)

    def start_anew(self) -> None:
        """Another process connects, and counts from one."""
        self.disturb()
        self.epoch = 1

    def _fail(self, method: str) -> None:
        turns = self.failures.get(method)
        failure = turns.pop(0) if turns else None
        if failure is not None:
            raise failure


# --- what may become of an order ------------------------------------------------------------------


def fill(route: FakeRoute, order: FakeOrder) -> None:
    """Numbered, executed in whole, ended."""
    route.rest(order)
    route.execute(order, order.quantity)
    route.end(order, "Filled")


def swallow(_route: FakeRoute, _order: FakeOrder) -> None:
    """Nothing is ever heard of it."""


def rest(route: FakeRoute, order: FakeOrder) -> None:
    """Numbered, and never executed."""
    route.rest(order)


def reject(route: FakeRoute, order: FakeOrder) -> None:
    """201."""
    route.say(order, ReportKind.CODE, code=201, text="Order rejected", meaning=Meaning.ORDER_DEAD)
    route.say(order, ReportKind.ORDER_STATUS, status="Inactive", filled=Decimal(0))
    route.end(order, "Inactive", "Order rejected")


def filling(quantity: int) -> Deed:
    """So many shares are executed, and the rest works on."""

    def act(route: FakeRoute, order: FakeOrder) -> None:
        route.rest(order)
        route.execute(order, Decimal(quantity))
        route.rest(order)

    return act


def confirm_cancel(route: FakeRoute, order: OpenOrder) -> None:
    """It ends as cancelled."""
    told = as_order(order)
    route.say(told, ReportKind.ORDER_STATUS, status="Cancelled", filled=told.filled)
    route.end(told, "Cancelled")


def ignore_cancel(_route: FakeRoute, _order: OpenOrder) -> None:
    """It is never confirmed."""


def give_ids(route: FakeRoute) -> None:
    """Whatever was placed by hand has an id now."""
    route.orders = [
        replace(each, order_id=str(-number)) if each.order_id == "0" else each
        for number, each in enumerate(route.orders, 1)
    ]


def as_order(order: OpenOrder) -> FakeOrder:
    """An open order as the fake gateway keeps it."""
    draft = OrderDraft(
        order_id=order.order_id,
        client_id=order.client_id,
        epoch=1,
        reference=order.reference,
        order={},
    )
    filled = order.quantity - order.remaining
    whose = (order.account, order.con_id, order.side, order.quantity, order.perm_id)
    return FakeOrder(draft, *whose, filled=filled)
