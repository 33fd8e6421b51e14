"""The library's client, with an ear on the wire before the library makes something of it.

ib_insync marks an order as cancelled on almost any code that carries its number, drops what it
hears of an order that it does not know, and counts a corrected execution twice. So what is told of
orders is taken here as it comes; of the library's own account of orders only lists are used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, Protocol

from ib_insync import IB
from ib_insync.client import Client
from ib_insync.decoder import Decoder
from ib_insync.objects import Position
from ib_insync.util import UNSET_INTEGER
from ib_insync.wrapper import Wrapper

from sellkit.adapters.ib.notices import masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ib_insync import Contract, Execution, Order
    from ib_insync.order import OrderState

Maker = Callable[[Any], object]

OPEN_ORDERS = "openOrders"
COMPLETED_ORDERS = "completedOrders"
_STATUS_FIELDS: Final = (
    *("orderId", "status", "filled", "remaining", "avgFillPrice", "permId", "parentId"),
    *("lastFillPrice", "clientId", "whyHeld", "mktCapPrice"),
)


class Ears(Protocol):
    """Who hears what is told of orders; all of it on the loop's thread.

    `is_listed` is set while a list of open orders is being answered, so that the message may be
    part of it.
    """

    def time(self, seconds: int) -> None:
        """The gateway told its time, in seconds after 1970."""
        ...

    def next_id(self, order_id: int) -> None:
        """The gateway named the next number for orders."""
        ...

    def open_order(
        self, contract: Contract, order: Order, state: OrderState, *, is_listed: bool
    ) -> None:
        """An order, in full."""
        ...

    def order_status(self, told: dict[str, Any], *, is_listed: bool) -> None:
        """An order's status; `told` has the message's fields by Interactive Brokers' names."""
        ...

    def execution(self, contract: Contract, execution: Execution, *, is_listed: bool) -> None:
        """An execution; `is_listed` when it answers a question for executions."""
        ...

    def code(self, order_id: int, code: int, text: str, more: str) -> None:
        """A code with the number of an order; `more` is what else a rejection says.

        Neither text holds an account number.
        """
        ...


class Deaf:
    """Hears nothing: for a connection that sends no orders."""

    def time(self, seconds: int) -> None:
        """Take no note."""

    def next_id(self, order_id: int) -> None:
        """Take no note."""

    def open_order(
        self, contract: Contract, order: Order, state: OrderState, *, is_listed: bool
    ) -> None:
        """Take no note."""

    def order_status(self, told: dict[str, Any], *, is_listed: bool) -> None:
        """Take no note."""

    def execution(self, contract: Contract, execution: Execution, *, is_listed: bool) -> None:
        """Take no note."""

    def code(self, order_id: int, code: int, text: str, more: str) -> None:
        """Take no note."""


class WireDecoder(Decoder):
    """Decodes as the library's does, without asking each object anew of which fields it is made."""

    def __init__(self, wrapper: Wrapper) -> None:
        super().__init__(wrapper, 0)
        self._typed: dict[type[Any], tuple[tuple[str, Maker, object], ...]] = {}

    def parse(self, obj: Any) -> None:  # noqa: ANN401  any of the library's objects
        """Give the fields that came as text the types of their defaults."""
        kind = type(obj)
        if kind not in self._typed:
            self._typed[kind] = _typed(kind)
        for name, make, default in self._typed[kind]:
            told = getattr(obj, name)
            setattr(obj, name, make(told) if told else default)


def _typed(kind: type[Any]) -> tuple[tuple[str, Maker, object], ...]:
    made = [(each.name, _MAKERS.get(type(each.default)), each.default) for each in fields(kind)]
    return tuple((name, make, default) for name, make, default in made if make is not None)


def _flag(told: str) -> bool:
    return bool(int(told))


_MAKERS: Final[Mapping[type, Maker]] = {int: int, float: float, bool: _flag}


class WireClient(Client):
    """The socket client, which remembers the numbers of its requests.

    Orders and requests are numbered in one row, and a code names no more than a number.
    """

    def __init__(self, wrapper: Wrapper) -> None:
        self.requested: set[int] = set()
        super().__init__(wrapper)  # type: ignore[no-untyped-call]
        self.decoder = WireDecoder(wrapper)

    def getReqId(self) -> int:  # noqa: N802  the library's name
        """A number for a request."""
        number: int = super().getReqId()
        self.requested.add(number)
        return number

    def next_order_id(self, above: int) -> int:
        """A number for an order: above `above`, above every request, and used for nothing else."""
        self.updateReqId(above + 1)  # type: ignore[no-untyped-call]
        return int(super().getReqId())


class WireWrapper(Wrapper):
    """Takes what comes in; what is told of orders is heard before the library has its way.

    Parameters
    ----------
    ib
        The library's client.
    ears
        Who hears of orders.
    """

    def __init__(self, ib: IB, ears: Ears) -> None:
        self._ears = ears
        super().__init__(ib)  # type: ignore[no-untyped-call]

    def currentTime(self, time: int) -> None:  # noqa: N802
        """The gateway's time."""
        self._ears.time(time)
        super().currentTime(time)

    def nextValidId(self, reqId: int) -> None:  # noqa: N802, N803
        """The next number for orders."""
        self._ears.next_id(reqId)
        super().nextValidId(reqId)

    def position(
        self,
        account: str,
        contract: Contract,
        posSize: float,  # noqa: N803
        avgCost: float,  # noqa: N803
    ) -> None:
        """A position of the list; the library spells out each one for its log, wanted or not."""
        if "positions" in self._results:
            self._results["positions"].append(Position(account, contract, posSize, avgCost))

    def openOrder(  # noqa: N802
        self,
        orderId: int,  # noqa: N803
        contract: Contract,
        order: Order,
        orderState: OrderState,  # noqa: N803
    ) -> None:
        """An order in full, told or listed."""
        if not order.whatIf:
            listed = OPEN_ORDERS in self._futures
            self._ears.open_order(contract, order, orderState, is_listed=listed)
        super().openOrder(orderId, contract, order, orderState)

    def orderStatus(self, *told: Any, **named: Any) -> None:  # noqa: ANN401, N802  many fields
        """A status; the library drops one of an order that it does not know, which is no error."""
        fields = dict(zip(_STATUS_FIELDS, told, strict=False)) | named
        self._ears.order_status(fields, is_listed=OPEN_ORDERS in self._futures)
        super().orderStatus(*told, **named)

    def execDetails(  # noqa: N802
        self,
        reqId: int,  # noqa: N803
        contract: Contract,
        execution: Execution,
    ) -> None:
        """An execution, told or listed."""
        if execution.orderId == UNSET_INTEGER:
            execution.orderId = 0  # as the library has it, of an order placed by hand
        self._ears.execution(contract, execution, is_listed=reqId in self._futures)
        super().execDetails(reqId, contract, execution)

    def completedOrder(  # noqa: N802
        self,
        contract: Contract,
        order: Order,
        orderState: OrderState,  # noqa: N803
    ) -> None:
        """An order of the list of those that have ended; the library forgets how it ended.

        It fails on one that comes behind the end of the list, and rightly so: the list was not
        complete, and a message that cannot be read makes the connection not ready.
        """
        super().completedOrder(contract, order, orderState)
        trade = self._results[COMPLETED_ORDERS][-1]
        trade.advancedError = orderState.completedStatus or orderState.warningText

    def error(
        self,
        reqId: int,  # noqa: N803
        errorCode: int,  # noqa: N803
        errorString: str,  # noqa: N803
        advancedOrderRejectJson: str,  # noqa: N803
    ) -> None:
        """A code; with the number of an order it is heard, and changes no status."""
        if self._is_orders(reqId):
            said = (masked(each, self.accounts) for each in (errorString, advancedOrderRejectJson))
            self._ears.code(reqId, errorCode, *said)
        with self._no_order_known():
            super().error(reqId, errorCode, errorString, advancedOrderRejectJson)

    def _is_orders(self, number: int) -> bool:
        return number >= 0 and number not in self.ib.client.requested

    @contextmanager
    def _no_order_known(self) -> Iterator[None]:
        known, self.trades = self.trades, {}
        try:
            yield
        finally:
            self.trades = known


class WireIB(IB):
    """The library's client with both of these.

    Parameters
    ----------
    ears
        Who hears of orders.
    """

    def __init__(self, ears: Ears) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.wrapper = WireWrapper(self, ears)
        self._wire = WireClient(self.wrapper)
        self.client = self._wire
        self.client.apiEnd += self.disconnectedEvent

    def next_order_id(self, above: int) -> int:
        """A number for an order: above `above`, above every request, and used for nothing else."""
        return self._wire.next_order_id(above)
