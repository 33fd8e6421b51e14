"""The next order of a ticket, for what a partial fill left of its position."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from sellkit.core.orders import prepare
from sellkit.errors import BrokerError
from sellkit.operate.flipping import held_now
from sellkit.operate.following import is_partial, say_end

if TYPE_CHECKING:
    from decimal import Decimal

    from sellkit.core.orders import OrderTicket
    from sellkit.operate.trading import Attempt, Trading


def remainder(trading: Trading, former: Attempt) -> Iterable[OrderTicket]:
    """The ticket for what a partial fill left, where there may be one."""
    if former.ticket is None or not is_partial(former):
        return ()
    left = former.record.quantity - former.record.filled
    next_one = replace(former.ticket, attempt=former.record.attempt + 1)
    if next_one.attempt > trading.patience.attempts:
        say_end(trading, former)
        return ()
    held = _held_after(trading, former)
    if held != left + former.ticket.fraction:
        say_end(trading, former)
        return ()
    return (ticket_for(next_one, held),)


def ticket_for(ticket: OrderTicket, quantity: Decimal) -> OrderTicket:
    """The same ticket for a position of another size."""
    position = replace(ticket.position, quantity=quantity)
    fresh = prepare(replace(ticket.signal, position=position))
    return replace(fresh, attempt=ticket.attempt)


def _held_after(trading: Trading, former: Attempt) -> Decimal | None:
    try:
        return held_now(trading.read("what a partial fill left"), former.con_id)
    except BrokerError:
        return None  # unknown is not what is left
