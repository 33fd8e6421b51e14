"""What is read over a link and told as sellkit's own types. All on the loop's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.adapters.ib import translate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ib_insync import Trade
    from ib_insync.objects import Position as IbPosition

    from sellkit.adapters.ib.connection import Connection
    from sellkit.adapters.ib.way import Way
    from sellkit.core.portfolio import Account, OpenOrder, Position
    from sellkit.core.windows import BarRequest

LISTS: Final = "positions and open orders"

# An Inactive order does not work and may come back.
_GONE: Final = frozenset({"Filled", "Cancelled", "ApiCancelled"})


@dataclass(frozen=True, slots=True)
class Lists:
    """Positions and open orders of one account, read in one epoch."""

    epoch: int
    positions: tuple[Position, ...]
    orders: tuple[OpenOrder, ...]


async def read_lists(connection: Connection, way: Way, account: Account) -> Lists:
    """Ask for both lists anew, each to its end marker.

    Raises
    ------
    TimeoutError
        An end marker did not come.
    """
    try:
        # In this order, and taken as told: what ends meanwhile shows in the positions at last.
        orders = working(await way.questions.open_orders(), account)
        held = held_by(await way.questions.positions(), account.number)
    except TimeoutError:
        # What was asked may still be answered, and must not be taken for a later answer.
        connection.doubt(f"the end marker of {LISTS} did not come")
        raise
    of = await way.contracts.of_positions([each.contract for each in held])
    positions = [
        translate.position(each, instrument, account)
        for each, instrument in zip(held, of, strict=True)
    ]
    return Lists(connection.epoch, tuple(positions), orders)


def held_by(told: Iterable[IbPosition], number: str) -> list[IbPosition]:
    """The positions of one account; of two messages about one contract the later one counts."""
    latest = {each.contract.conId: each for each in told if each.account == number}
    return [each for each in latest.values() if each.position]


def working(told: Iterable[Trade], account: Account) -> tuple[OpenOrder, ...]:
    """The open orders of one account, each once.

    What the gateway told of an order while the list came stands in it as well, even its end.
    """
    latest = {
        (each.order.clientId, each.order.orderId, each.order.permId): each
        for each in told
        if each.order.account == account.number and each.orderStatus.status not in _GONE
    }
    return tuple(translate.open_order(each, account) for each in latest.values())


def described(request: BarRequest) -> str:
    """A request in words, for messages."""
    return (
        f"{request.bar_size} bars of {request.instrument}, "
        f"{request.duration} to {request.end:%Y-%m-%d %H:%M} UTC"
    )
