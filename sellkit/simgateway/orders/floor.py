"""Where orders work: what changes them, one step at a time.

Every step writes the order down anew and notes what clients are to hear; `take_events` hands the
notes over.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.halts import Halts
from sellkit.simgateway.orders import checks, matching
from sellkit.simgateway.orders.commissions import commission
from sellkit.simgateway.orders.events import Changed, Charged, Event, Executed, Noted, Told
from sellkit.simgateway.orders.groups import settle_group
from sellkit.simgateway.orders.hours import TradingHours
from sellkit.simgateway.orders.notices import notices
from sellkit.simgateway.orders.order import (
    CANCELLED,
    FILLED,
    INACTIVE,
    PRE_SUBMITTED,
    STOPS,
    SUBMITTED,
    Order,
)
from sellkit.simgateway.orders.standing import standing_alone

if TYPE_CHECKING:
    from decimal import Decimal

    from sellkit.simgateway.accounts import Valuer
    from sellkit.simgateway.exchange import Exchange
    from sellkit.simgateway.history import Refused
    from sellkit.simgateway.orders.ledger import Execution
    from sellkit.simgateway.orders.quotes import Quotes
    from sellkit.simgateway.quote import Quote

ORDER_CANCELLED: Final = 202
BY_TRADER: Final = "Cancelled by Trader"
CANCELED: Final = "Order Canceled - reason:"


class Floor:
    """The orders at work.

    Attributes
    ----------
    habits
        May be replaced while the gateway runs.
    unheard
        The client and order id of orders to be placed without a word; whether out of lists, too.
    charges
        The commissions that are still to be told, and when.
    """

    def __init__(
        self, books: Exchange, quotes: Quotes, valuer: Valuer, halts: Halts | None = None
    ) -> None:
        scenario = books.scenario
        self.book = books.book
        self.ledger = books.ledger
        self.hours = TradingHours(always_open=scenario.always_open)
        self.quotes = quotes
        self.valuer = valuer
        self._halts = halts or Halts()
        self._name_of = books.price_name
        self.habits = scenario.habits
        self.margin_accounts = scenario.margin_accounts
        self.unheard: dict[tuple[int, int], bool] = {}
        self.rules = books.rules
        self._events: list[Event] = []
        self.charges: list[tuple[dt.datetime, Execution]] = []

    def note(self, *events: Event) -> None:
        """Add to what clients are to hear."""
        self._events += events

    def take_events(self) -> list[Event]:
        """What clients are to hear since the last call."""
        taken, self._events = self._events, []
        return taken

    # --- the steps ----------------------------------------------------------------------------

    def accept(self, order: Order, now: dt.datetime) -> None:
        """Take an order to the market, without looking yet whether it trades."""
        why, end = self._why_held(order), self._end_of(order, now)
        order = replace(order, is_on_hold=False, status=PRE_SUBMITTED, why_held=why, expires=end)
        self.note(Told(self.book.put(order)))
        self.note(*notices(order, self.hours, now))
        self._submit(order, now)

    def look(self, order: Order, now: dt.datetime) -> None:
        """Let an order meet the market as it is."""
        order = self._submit(self.book.now(order), now)
        may_trade = self._may_trade(order, now)
        quote = self.quotes.of(order.terms.security, now) if may_trade else None
        if quote is not None:
            self._meet(order, quote, now)
        rest = self.book.now(order)
        is_due = rest.is_working and self.is_due_at_once(rest)
        if is_due and (may_trade or not self._is_trading(rest, now)):
            self.end(rest, now)

    def is_due_at_once(self, order: Order) -> bool:
        """Whether an order must trade as soon as it is looked at, or end.

        A stop that was not reached and a child of an open parent have their moment later.
        """
        waits = order.terms.order_type in STOPS and not order.is_elected
        is_immediate = order.terms.time_in_force == "IOC"
        return is_immediate and not waits and not self.book.is_parent_open(order)

    def end(
        self,
        order: Order,
        now: dt.datetime,
        reason: str = BY_TRADER,
        *,
        note: str = "",
        code: int = ORDER_CANCELLED,
    ) -> None:
        """End an order that is not filled, and its children with it.

        `note` stands behind the text of error 202, and alone where `code` is another one.
        """
        ended = replace(
            order,
            status=CANCELLED,
            is_on_hold=False,
            why_held="",
            ended_at=now,
            completed_status=reason,
            cancel_due=None,
        )
        self.note(Told(self.book.put(ended), in_full=False))
        self.note(Noted(ended, code, note if code != ORDER_CANCELLED else f"{CANCELED}{note}"))
        for child in self.book.children(ended):
            self.end(child, now)

    def fill(self, order: Order, quantity: Decimal, price: Decimal, now: dt.datetime) -> None:
        """Fill so much of an order."""
        filled, value = order.filled + quantity, order.value + quantity * price
        security = self.ledger.successors.of(order.terms.security)
        cost = commission(security, filled, value * security.units)
        is_done = filled == order.terms.quantity
        after = replace(
            order,
            filled=filled,
            value=value,
            commission=cost,
            last_price=price,
            status=FILLED if is_done else order.status,
            ended_at=now if is_done else order.ended_at,
            completed_status=(
                f"Filled Size: {filled.normalize():f}" if is_done else order.completed_status
            ),
            cancel_due=None if is_done else order.cancel_due,
        )
        # Whatever cannot be booked leaves the order as it was.
        execution = self.ledger.fill(after, quantity, price, cost - order.commission, now)
        self.book.put(after)
        status = [Told(after)] if self.habits.tells_filled else []
        is_first = self.habits.execution_first
        told: list[Event] = [Executed(execution), *status]
        self.note(*(told if is_first else reversed(told)))
        self.note(Changed(after.terms.account, security))
        self._charge(execution, now)
        settle_group(self, after, quantity, now)
        if is_done:
            for child in self.book.children(after):
                self._release(child, now)

    def tick(self, now: dt.datetime) -> None:
        """Let time pass: what is due falls due, and every order meets the market."""
        due = [execution for moment, execution in self.charges if moment <= now]
        self.charges = [(moment, e) for moment, e in self.charges if moment > now]
        self.note(*map(Charged, due))
        for order in self.book.working():
            with standing_alone(self, order, now):
                self._tick(order, now)

    def reject(self, order: Order, refusal: Refused, now: dt.datetime) -> None:
        """End an order that is refused, and its children with it.

        Only one that got as far as a rejection is listed among the completed orders.
        """
        children = self.book.children(order)
        is_rejected = refusal.code == checks.REJECTED
        status = self.habits.status_after_rejection
        ended = replace(
            order,
            status=status or INACTIVE,
            is_on_hold=False,
            ended_at=now if is_rejected else None,
            completed_status=f"Rejected: {refusal.text}",
        )
        self.book.put(ended)
        self.note(Noted(ended, refusal.code, refusal.text))
        if is_rejected and status:
            self.note(Told(ended, in_full=False))
        for child in children:
            self.reject(child, checks.rejected("The parent order was rejected."), now)

    # --- parts of the steps -------------------------------------------------------------------

    def _tick(self, order: Order, now: dt.datetime) -> None:
        order = self.book.now(order)
        if not order.is_working:
            return
        expires = self._end_of(order, now)
        if expires != order.expires:
            order = self.book.put(replace(order, expires=expires))
        if order.cancel_due is not None and order.cancel_due <= now:
            self.end(order, now)
        elif order.expires is None or now < order.expires:
            self.look(order, now)
        elif order.terms.order_type == "MOC" and not self.book.is_parent_open(order):
            self._fill_at_close(order, order.expires, now)
        else:
            self.end(order, now, "Cancelled by System: the day is over")

    def _release(self, child: Order, now: dt.datetime) -> None:
        """Let an order work whose parent has filled, if there is enough to sell by now."""
        refusal = None if child.is_on_hold else checks.of_shares(child, self)
        if refusal is None:
            self.look(child, now)
        else:
            self.reject(child, refusal, now)

    def _end_of(self, order: Order, now: dt.datetime) -> dt.datetime | None:
        """When an order ends, where it does."""
        ends = order.terms.time_in_force in ("DAY", "IOC") or order.terms.order_type == "MOC"
        if not ends or order.expires is not None:
            return order.expires
        return self.hours.session(order, now).close_utc

    def _why_held(self, order: Order) -> str:
        reasons = ["child"] * self.book.is_parent_open(order)
        if order.terms.order_type in STOPS and not order.is_elected:
            reasons.append("trigger")
        return ",".join(reasons)

    def _submit(self, order: Order, now: dt.datetime) -> Order:
        """The order, Submitted once nothing keeps it from working."""
        if order.status != PRE_SUBMITTED or order.is_on_hold:
            return order
        why_held = self._why_held(order)
        waits = why_held or order.terms.order_type == "MOC" or not self.hours.is_open(order, now)
        status = PRE_SUBMITTED if waits else SUBMITTED
        if (status, why_held) == (order.status, order.why_held):
            return order
        order = self.book.put(replace(order, status=status, why_held=why_held))
        self.note(Told(order))
        return order

    def _may_trade(self, order: Order, now: dt.datetime) -> bool:
        if not order.is_working or order.terms.order_type == "MOC":
            return False
        wait = dt.timedelta(seconds=self.habits.fill_after_seconds)
        if order.placed_at is not None and now < order.placed_at + wait:
            return False
        return not self.book.is_parent_open(order) and self._is_trading(order, now)

    def _is_trading(self, order: Order, now: dt.datetime) -> bool:
        return not self._is_halted(order, now) and self.hours.is_open(order, now)

    def _is_halted(self, order: Order, now: dt.datetime) -> bool:
        name = self._name_of(order.terms.security)
        return name is not None and self._halts.at(name, now) is not None

    def _meet(self, order: Order, quote: Quote, now: dt.datetime) -> None:
        """Let an order that may trade meet a quote."""
        after = matching.moved(order, quote)
        if after != order:
            self.book.put(after)
        if after.is_elected and not order.is_elected:
            self.note(Told(after))
        price = matching.tradable_at(after, quote)
        if price is not None:
            size = self.habits.fill_size or after.remaining
            self.fill(after, min(size, after.remaining), price, now)

    def _fill_at_close(self, order: Order, close: dt.datetime, now: dt.datetime) -> None:
        quote = self.quotes.of(order.terms.security, close)
        if quote is None or self._is_halted(order, close):
            self.end(order, now, "Cancelled by System: there is no closing price")
        else:
            # However late the clock looks, the fill belongs to the close.
            self.fill(order, order.remaining, matching.price_of(quote.last), close)

    def _charge(self, execution: Execution, now: dt.datetime) -> None:
        after = self.habits.commission_after_seconds
        if after:
            self.charges.append((now + dt.timedelta(seconds=after), execution))
        else:
            self.note(Charged(execution))
