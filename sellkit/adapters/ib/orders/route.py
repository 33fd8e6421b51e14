"""The way of an order to IB Gateway or Trader Workstation."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sellkit.adapters.ib.error_codes import ib_errors, submission_errors
from sellkit.adapters.ib.orders.price_steps import PriceSteps
from sellkit.adapters.ib.orders.records import LISTS, all_executions, read_records
from sellkit.adapters.ib.orders.sending import (
    Attempt,
    cancel,
    contract_of,
    obstacle,
    order_of,
    place,
)
from sellkit.core.portfolio import AccountSnapshot
from sellkit.core.reports import BrokerRecords
from sellkit.errors import NotSent
from sellkit.ports.order_route import OrderDraft

if TYPE_CHECKING:
    from decimal import Decimal

    from sellkit.adapters.ib.bridge import Bridge
    from sellkit.adapters.ib.orders.reporter import Reporter
    from sellkit.adapters.ib.way import Way
    from sellkit.core.gates import ApprovedTicket
    from sellkit.core.instrument import Instrument
    from sellkit.core.portfolio import Account, OpenOrder
    from sellkit.core.reports import OrderReport
    from sellkit.ports import Clock

_LOOK_AGAIN_SECONDS = 0.01


class IbOrderRoute:
    """Sends orders over the connection of one broker; made by `IbBroker.route` alone.

    Any number of threads may call it.

    Parameters
    ----------
    bridge
        The broker's connection.
    reporter
        What the wire tells of orders.
    clock
        By which lists are dated.
    """

    def __init__(self, bridge: Bridge, reporter: Reporter, clock: Clock) -> None:
        self._bridge = bridge
        self._log = reporter.log
        self._numbers = reporter.numbers
        self._reporter = reporter
        self._clock = clock
        self._steps = PriceSteps()
        self._listed_epoch = 0
        self._drafts: dict[str, OrderDraft] = {}
        self._used: set[str] = set()

    @property
    def client_id(self) -> str:
        """As whom orders are sent."""
        return str(self._numbers.client_id)

    def records(self, account: Account) -> BrokerRecords:
        """Open orders, completed orders, executions and positions, each to its end marker.

        Raises
        ------
        ConfigError
            The login does not manage the account.
        RequestTimedOut
            An end marker did not come.
        NotConnected
            The connection was not ready throughout.
        """
        self._check_managed(account)
        connection, own = self._bridge.connection, self._numbers.client_id
        began_at = self._clock.now()
        told = self._bridge.ask(LISTS, lambda way: read_records(connection, way, account, own))
        self._listed_epoch = told.epoch
        # What is told may be as old as the first question.
        snapshot = AccountSnapshot(account, began_at, told.positions, told.orders, epoch=told.epoch)
        return BrokerRecords(
            began_at=began_at,
            steady_since=told.steady_since,
            snapshot=snapshot,
            completed=told.completed,
            fills=told.fills,
        )

    def lowest_price_step(self, instrument: Instrument, price: Decimal) -> Decimal:
        """The tick at a price by the contract's market rule, in its currency.

        Raises
        ------
        UnknownInstrument
            The gateway knows no such contract.
        BrokerError
            It names no rule for it.
        """
        what = f"the price steps of {instrument}"
        return self._bridge.ask(what, lambda way: self._steps.at(way, instrument, price))

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until nothing queues in the client before the wire; False when it still does."""
        return self._bridge.ask("an empty queue", lambda way: _idle(way, seconds))

    def draft(self, approved: ApprovedTicket, above: str | None = None) -> OrderDraft:
        """Give an order its number, above all that are known; nothing is sent."""
        if above is not None:
            self._numbers.note(int(above), self._numbers.client_id)
        self._check_managed(approved.ticket.position.account)
        draft = self._bridge.ask("a number for an order", lambda way: self._draft(way, approved))
        self._drafts[draft.order_id] = draft
        return draft

    def submit(self, approved: ApprovedTicket, draft: OrderDraft) -> None:
        """Write the order to the gateway, once; what becomes of it is told by `reports`.

        Raises
        ------
        NotSent
            Not a byte of it was written: something queued before it, the connection is another one
            or not ready, or this draft was submitted before.
        SubmissionUncertain
            It may have been written.
        """
        attempt = Attempt()
        with submission_errors(f"the order {draft.reference}", attempt.give_up):
            self._bridge.do(lambda way: self._submit(way, approved, draft, attempt))

    def bind(self) -> None:
        """Take over every order that was placed by hand, so that it can be cancelled.

        Raises
        ------
        NotSent
            Orders are sent as another client than 0.
        """
        if self._numbers.client_id != 0:
            raise NotSent(
                f"orders placed by hand can be bound by client 0 alone, and this is client "
                f"{self.client_id}; cancel them where they were placed"
            )
        self._bridge.ask("the orders placed by hand", lambda way: way.questions.bind())

    def cancel(self, order: OpenOrder) -> None:
        """Ask once that an order be cancelled; its end is told by `reports` and by `records`.

        Raises
        ------
        NotSent
            It belongs to another client id, or its number to another order by now, or something
            queued before it.
        """
        if order.client_id != self.client_id or not order.order_id.lstrip("-").isdigit():
            raise NotSent(
                f"the order {order.order_id} of client {order.client_id} cannot be cancelled as "
                f"client {self.client_id}; cancel it at its source"
            )
        if order.order_id == "0":
            raise NotSent("an order without a number was placed by hand; cancel it where it was")
        with ib_errors(f"the cancel of the order {order.order_id}"):
            self._bridge.do(lambda way: self._cancel(way, order))

    def reports(self, after: int, seconds: float) -> tuple[OrderReport, ...]:
        """The reports with a number above `after`, oldest first; the first is waited for."""
        return self._log.after(after, seconds)

    # --- on the loop's thread -------------------------------------------------------------------

    async def _draft(self, way: Way, approved: ApprovedTicket) -> OrderDraft:
        epoch = self._bridge.connection.epoch
        if self._listed_epoch != epoch:
            await way.questions.open_orders()
            await all_executions(way, self._numbers.client_id)
            self._listed_epoch = epoch
        number = way.link.ib.next_order_id(self._numbers.highest)
        self._numbers.note(number, self._numbers.client_id)
        return OrderDraft(
            order_id=str(number),
            client_id=self.client_id,
            epoch=epoch,
            reference=approved.ticket.reference,
            order=approved.ticket.order(),
        )

    def _submit(
        self, way: Way, approved: ApprovedTicket, draft: OrderDraft, attempt: Attempt
    ) -> None:
        ticket = approved.ticket
        why = self._refusal(draft, approved)
        if why:
            raise NotSent(f"the order {draft.reference} was not sent: {why}")
        account = ticket.position.account
        order = order_of(draft.order["order"], account.number)
        contract = contract_of(draft.order["contract"])
        self._reporter.name(account)
        self._used.add(draft.order_id)
        try:
            place(way.link, int(draft.order_id), contract, order, attempt)
        finally:
            if attempt.has_begun:
                self._used.add(draft.reference)

    def _refusal(self, draft: OrderDraft, approved: ApprovedTicket) -> str:
        ticket = approved.ticket
        if self._drafts.get(draft.order_id) != draft:
            return f"no draft of this connection has the number {draft.order_id}"
        if (draft.reference, draft.order) != (ticket.reference, ticket.order()):
            return f"it was drafted for another order than {ticket.reference}"
        epoch = self._bridge.connection.epoch
        if draft.epoch != epoch:
            return f"it was drafted over connection {draft.epoch}, and this is {epoch}"
        if {draft.order_id, draft.reference} & self._used:
            return "it was submitted before"
        return ""

    def _cancel(self, way: Way, order: OpenOrder) -> None:
        of = self._numbers.perm_id_of(int(order.order_id))
        if of is not None and order.perm_id not in (str(of), "0", ""):
            raise NotSent(
                f"the order {order.perm_id} has the number {order.order_id} no more, which is now "
                f"that of the order {of}; read the open orders again"
            )
        cancel(way.link, int(order.order_id))

    def _check_managed(self, account: Account) -> None:
        self._bridge.check_managed(account)
        self._reporter.name(account)


async def _idle(way: Way, seconds: float) -> bool:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while obstacle(way.link):
        if loop.time() >= until:
            return False
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    return True
