"""What becomes of orders when the gateway starts anew: they themselves rest at the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sellkit.simgateway.orders.order import STOPS

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.simgateway.orders.floor import Floor
    from sellkit.simgateway.orders.ledger import Execution


def restart(floor: Floor) -> None:
    """Lose what was never transmitted, and the tags of orders where that is the habit."""
    floor.book.drop_held()
    kinds = floor.habits.untags_on_restart
    for order in floor.book.working():
        is_meant = kinds == "all" or (kinds == "stops" and order.terms.order_type in STOPS)
        if is_meant and order.order_id:
            floor.book.untag(order)


def charges_state(floor: Floor) -> list[tuple[dt.datetime, str]]:
    """The commissions that are still to be told, as plain data for `restore_charges`."""
    return [(moment, execution.exec_id) for moment, execution in floor.charges]


def restore_charges(floor: Floor, kept: list[tuple[dt.datetime, str]]) -> None:
    """Tell these commissions when they fall due."""
    known: dict[str, Execution] = {each.exec_id: each for each in floor.ledger.executions}
    floor.charges = [(at, known[name]) for at, name in kept if name in known]
