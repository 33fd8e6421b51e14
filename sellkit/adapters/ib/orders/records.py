"""Everything that a gateway knows of an account, list after list over one connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.adapters.ib import translate
from sellkit.adapters.ib.orders import told
from sellkit.adapters.ib.reading import held_by, working

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from ib_insync import Fill as IbFill

    from sellkit.adapters.ib.connection import Connection
    from sellkit.adapters.ib.way import Way
    from sellkit.core.fills import Fill
    from sellkit.core.portfolio import Account, OpenOrder, Position
    from sellkit.core.reports import CompletedOrder

LISTS: Final = "open orders, completed orders, executions and positions"


@dataclass(frozen=True, slots=True)
class Told:
    """The lists of one account, read in one epoch, over a connection ready since then."""

    epoch: int
    steady_since: dt.datetime
    orders: tuple[OpenOrder, ...]
    completed: tuple[CompletedOrder, ...]
    fills: tuple[Fill, ...]
    positions: tuple[Position, ...]


async def read_records(connection: Connection, way: Way, account: Account, client_id: int) -> Told:
    """Ask for all four lists, each to its end marker.

    Raises
    ------
    TimeoutError
        An end marker did not come.
    """
    ask = way.questions
    try:
        # Taken as told: the library goes on to change its orders, and one that ends while the other
        # lists come would be missed here, and its executions there.
        orders = working(await ask.open_orders(), account)
        completed = await ask.completed_orders()
        ended = tuple(told.completed(e) for e in completed if e.order.account == account.number)
        fills = await all_executions(way, client_id)
        held = held_by(await ask.positions(), account.number)
    except TimeoutError:
        connection.doubt(f"the end marker of {LISTS} did not come")
        raise
    of = await way.contracts.of_positions([each.contract for each in held])
    return Told(
        connection.epoch,
        connection.standing.since,
        orders,
        ended,
        _executed(fills, account),
        tuple(
            translate.position(each, instrument, account)
            for each, instrument in zip(held, of, strict=True)
        ),
    )


async def all_executions(way: Way, client_id: int) -> list[IbFill]:
    """The executions of this day, of all clients and accounts.

    To a question that names client 0 some gateways tell those of all clients, some no more than
    those of client 0. So this client's own are asked for by name first.
    """
    own = await way.questions.executions(client_id) if client_id else []
    return [*own, *await way.questions.executions(0)]


def _executed(fills: Iterable[IbFill], account: Account) -> tuple[Fill, ...]:
    """Each execution once; its corrections have a number of their own."""
    latest = {
        each.execution.execId: each for each in fills if each.execution.acctNumber == account.number
    }
    return tuple(told.fill(each.contract, each.execution, account) for each in latest.values())
