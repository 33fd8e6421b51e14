"""What the wire tells of orders, in sellkit's own types."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ib_insync.util import UNSET_DOUBLE, dataclassAsDict, dataclassNonDefaults

from sellkit.adapters.ib import translate
from sellkit.adapters.ib.notices import masked
from sellkit.core.fills import Fill
from sellkit.core.portfolio import Side
from sellkit.core.reports import CompletedOrder
from sellkit.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ib_insync import Contract, Execution, Order, Trade
    from ib_insync.order import OrderState

    from sellkit.core.portfolio import Account

_BOUGHT_AND_SOLD: Final = {"BOT": Side.BUY, "SLD": Side.SELL}
_ACCOUNTS: Final = frozenset({"account", "acctNumber", "clearingAccount"})
_HIDDEN: Final = "(account)"


def perm_id(told: int) -> str | None:
    """A perm id as text; one that is not given yet is told as 0."""
    return str(told) if told else None


def fill(contract: Contract, execution: Execution, account: Account) -> Fill:
    """An execution.

    Raises
    ------
    BrokerError
        The gateway named a side that is neither.
    """
    side = _BOUGHT_AND_SOLD.get(execution.side)
    if side is None:
        raise BrokerError(f"the gateway told an execution of the unknown side {execution.side!r}")
    return Fill(
        exec_id=execution.execId,
        account=account,
        con_id=contract.conId,
        perm_id=perm_id(execution.permId) or "",
        order_id=str(execution.orderId),
        client_id=str(execution.clientId),
        reference=execution.orderRef,
        side=side,
        quantity=translate.number(execution.shares),
        price=translate.number(execution.price),
        at=execution.time,
    )


def completed(trade: Trade) -> CompletedOrder:
    """An order of the list of those that have ended."""
    order, state = trade.order, trade.orderStatus
    is_told = order.filledQuantity != UNSET_DOUBLE
    return CompletedOrder(
        con_id=trade.contract.conId,
        perm_id=perm_id(order.permId) or "",
        reference=order.orderRef,
        side=order.action,
        quantity=translate.number(order.totalQuantity),
        filled=translate.number(order.filledQuantity) if is_told else Decimal(0),
        status=state.status,
        text=masked(trade.advancedError),
    )


def order_fields(contract: Contract, order: Order, state: OrderState) -> Mapping[str, object]:
    """Every field of a message about an order that is not as it is by default."""
    return {
        "contract": _plain(dataclassNonDefaults(contract)),
        "order": _plain(dataclassNonDefaults(order)),
        "orderState": _plain(dataclassNonDefaults(state)),
    }


def execution_fields(contract: Contract, execution: Execution) -> Mapping[str, object]:
    """Every field of a message about an execution."""
    return {
        "contract": _plain(dataclassNonDefaults(contract)),
        "execution": _plain(dataclassAsDict(execution)),
    }


def _plain(fields: Mapping[str, Any]) -> dict[str, object]:
    """What a journal can keep: texts, numbers and flags, and no account's number."""
    return {name: _plain_value(name, value) for name, value in fields.items()}


def _plain_value(name: str, value: object) -> object:
    if name in _ACCOUNTS:
        return _HIDDEN if value else ""
    return value if isinstance(value, int | float | bool) else masked(str(value))
