"""Makes numbered reports of what the wire tells of orders."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Any

from sellkit.adapters.clock import SystemClock
from sellkit.adapters.ib import translate
from sellkit.adapters.ib.notices import masked
from sellkit.adapters.ib.orders import told as of_wire
from sellkit.adapters.ib.orders.numbers import OrderNumbers
from sellkit.adapters.ib.orders.report_log import ReportLog
from sellkit.core.code_book import meaning_for_order
from sellkit.core.portfolio import Account
from sellkit.core.reports import OrderReport, ReportKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from ib_insync import Contract, Execution, Order
    from ib_insync.order import OrderState

    from sellkit.ports import Clock

_NAMELESS = "(account)"


class Reporter:
    """The ears of a connection that sends orders.

    A message that came in a list of open orders and says nothing new is no report: a list may be
    asked for again and again.

    Parameters
    ----------
    client_id
        As whom orders are sent.
    clock
        By which reports are dated; None takes the gateway's time as the wire last told it.

    Attributes
    ----------
    log
        The reports.
    numbers
        What is known of order ids.
    epoch
        Tells the present epoch; the connection puts its own in.
    """

    def __init__(self, client_id: int, clock: Clock | None) -> None:
        self.log = ReportLog()
        self.numbers = OrderNumbers(client_id)
        self.epoch: Callable[[], int] = lambda: 0
        self._clock = clock
        self._told_time: dt.datetime | None = None
        self._accounts: dict[str, Account] = {}
        self._latest: dict[tuple[object, ...], object] = {}

    def name(self, account: Account) -> None:
        """An account's alias, for executions in it."""
        self._accounts[account.number] = account

    def time(self, seconds: int) -> None:
        """The gateway told its time."""
        self._told_time = dt.datetime.fromtimestamp(seconds, dt.UTC)

    def next_id(self, order_id: int) -> None:
        """The gateway named the next number for orders."""
        self.numbers.note_next(order_id)

    def open_order(
        self, contract: Contract, order: Order, state: OrderState, *, is_listed: bool
    ) -> None:
        """An order, in full."""
        self.numbers.note(order.orderId, order.clientId, order.permId)
        fields = of_wire.order_fields(contract, order, state)
        key = (ReportKind.OPEN_ORDER, order.clientId, order.orderId, order.permId)
        if not self._is_news(key, fields, is_listed=is_listed):
            return
        self._add(
            kind=ReportKind.OPEN_ORDER,
            order_id=str(order.orderId),
            client_id=str(order.clientId),
            perm_id=of_wire.perm_id(order.permId),
            reference=order.orderRef,
            con_id=contract.conId,
            status=state.status,
            text=masked(state.warningText),
            verbatim=fields,
        )

    def order_status(self, told: dict[str, Any], *, is_listed: bool) -> None:
        """An order's status."""
        order_id, client_id, perm_id = told["orderId"], told["clientId"], told["permId"]
        self.numbers.note(order_id, client_id, perm_id)
        key = (ReportKind.ORDER_STATUS, client_id, order_id, perm_id)
        if not self._is_news(key, told, is_listed=is_listed):
            return
        self._add(
            kind=ReportKind.ORDER_STATUS,
            order_id=str(order_id),
            client_id=str(client_id),
            perm_id=of_wire.perm_id(perm_id),
            status=told["status"],
            filled=translate.number(told["filled"]),
            remaining=translate.number(told["remaining"]),
            text=masked(told["whyHeld"]),
            verbatim=told,
        )

    def execution(self, contract: Contract, execution: Execution, *, is_listed: bool) -> None:
        """An execution; one that was asked for is in the answer and no report."""
        self.numbers.note(execution.orderId, execution.clientId, execution.permId)
        if is_listed:
            return
        number = execution.acctNumber
        account = self._accounts.get(number) or Account(_NAMELESS, number)
        fill = of_wire.fill(contract, execution, account)
        self._add(
            kind=ReportKind.EXECUTION,
            order_id=fill.order_id,
            client_id=fill.client_id,
            perm_id=of_wire.perm_id(execution.permId),
            reference=fill.reference,
            con_id=fill.con_id,
            fill=fill,
            verbatim=of_wire.execution_fields(contract, execution),
        )

    def code(self, order_id: int, code: int, text: str, more: str) -> None:
        """A code with the number of an order."""
        fields = {"id": order_id, "errorCode": code, "errorMsg": text}
        self._add(
            kind=ReportKind.CODE,
            order_id=str(order_id),
            code=code,
            text=text,
            meaning=meaning_for_order(code),
            verbatim=fields | ({"advancedOrderRejectJson": more} if more else {}),
        )

    def _is_news(self, key: tuple[object, ...], fields: object, *, is_listed: bool) -> bool:
        held = self._latest.get(key)
        self._latest[key] = fields
        return not is_listed or held != fields

    def _add(self, **fields: Any) -> None:  # noqa: ANN401  the fields of a report
        make = partial(OrderReport, at=self._now(), epoch=self.epoch(), **fields)
        self.log.add(lambda number: make(number=number))

    def _now(self) -> dt.datetime:
        """The time of what has just been heard; nobody can be asked from here."""
        if self._clock is not None:
            return self._clock.now()
        return self._told_time or SystemClock().now()
