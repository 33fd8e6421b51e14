"""The one place from which an order, or a cancel, is written to the gateway.

All of it runs on the loop's thread and without a pause, so that between the last look and the write
nothing can come in between.
"""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ib_insync import Contract, Order

from sellkit.core.counting import counted
from sellkit.errors import NotSent, SubmissionUncertain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sellkit.adapters.ib.link import Link

_NUMBERS: Final = frozenset({"totalQuantity", "lmtPrice"})
_WORDS: Final = frozenset({"action", "orderType", "tif", "orderRef"})
_FLAGS: Final = frozenset({"outsideRth", "transmit"})
_ACCOUNT: Final = "account"
# Of a contract the number says all; the symbol of a token is spelt otherwise than the gateway's.
_CONTRACT: Final = ("conId", "secType", "currency", "exchange")
_LEAST: Final = _WORDS | _FLAGS | {_ACCOUNT, "totalQuantity"}


TO_COME: Final = 8
"""Messages that there is room for when an order is waited for: it, and what is asked meanwhile."""


class Attempt:
    """Whether a submission has begun: told between the thread that wants it and the loop's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._has_begun = False
        self._is_over = False

    @property
    def has_begun(self) -> bool:
        """Whether the order may have been written."""
        return self._has_begun

    def begin(self) -> bool:
        """Begin, unless it was given up."""
        with self._lock:
            self._has_begun = not self._is_over
            return self._has_begun

    def give_up(self) -> bool:
        """See to it that it does not begin any more; False when it has begun."""
        with self._lock:
            self._is_over = True
            return not self._has_begun


def obstacle(link: Link, messages: int = 1) -> str:
    """Why so many messages would not go out at once, in words; "" when they would.

    Where the client may send few in a second, no more than half of those are asked for.
    """
    client = link.ib.client
    transport = client.conn.transport
    if transport is None or transport.is_closing() or not client.isReady():
        return "the connection is closing"
    if client._msgQ:
        return f"{counted(len(client._msgQ), 'message')} in the queue before it"
    horizon = asyncio.get_running_loop().time() - client.RequestsInterval
    sent = sum(1 for at in client._timeQ if at >= horizon)
    room = max(1, min(messages, client.MaxRequests // 2))
    if client.MaxRequests and sent + room > client.MaxRequests:
        return f"as many messages as allowed were sent in this second ({sent})"
    waiting = transport.get_write_buffer_size()
    return f"the gateway has not taken {counted(waiting, 'byte')} sent before" if waiting else ""


def order_of(order: Mapping[str, object], account_number: str) -> Order:
    """The library's order with exactly these fields, and the account by its number.

    Raises
    ------
    NotSent
        A field is missing, or is none that is ever sent.
    """
    known = _LEAST | _NUMBERS
    wrong = sorted(set(order) - known) or sorted(_LEAST - set(order))
    if wrong:
        raise NotSent(f"the order cannot be written: look at its field {wrong[0]!r}")
    made = Order()
    for name in set(order) - {_ACCOUNT}:
        value = order[name]
        # A decimal is written digit by digit, a float would be rounded.
        setattr(
            made, name, Decimal(format(Decimal(str(value)), "f")) if name in _NUMBERS else value
        )
    made.account = account_number
    return made


def contract_of(contract: Mapping[str, object]) -> Contract:
    """The library's contract, by its number."""
    made = Contract()
    for name in _CONTRACT:
        setattr(made, name, contract[name])
    return made


def place(link: Link, order_id: int, contract: Contract, order: Order, attempt: Attempt) -> None:
    """Write an order, once.

    Raises
    ------
    NotSent
        Not a byte of it was written.
    SubmissionUncertain
        It may have been written.
    """
    why = obstacle(link)
    if why:
        raise NotSent(f"the order {order.orderRef} was not sent: {why}")
    client = link.ib.client
    before = client.conn.numMsgSent
    if not attempt.begin():
        raise NotSent(f"the order {order.orderRef} was not sent: it was given up")
    client.placeOrder(order_id, contract, order)
    if client.conn.numMsgSent == before:
        client._msgQ.clear()  # it was empty before: there is nothing in it but this order
        raise NotSent(f"the order {order.orderRef} was not sent: the client did not write it")
    transport = client.conn.transport
    if transport is None or transport.is_closing():
        raise SubmissionUncertain(
            f"the connection broke while the order {order.orderRef} was written: nobody knows "
            "whether the gateway has it; it is not sent again, see `sellkit reconcile`"
        )


def cancel(link: Link, order_id: int) -> None:
    """Write a cancel, once.

    Raises
    ------
    NotSent
        Not a byte of it was written.
    """
    why = obstacle(link)
    if why:
        raise NotSent(f"the cancel of the order {order_id} was not sent: {why}")
    link.ib.client.cancelOrder(order_id)
