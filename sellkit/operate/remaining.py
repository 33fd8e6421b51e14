"""The next order of a ticket, for what a partial fill left of its position."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sellkit.core.counting import counted
from sellkit.core.lifecycle import TicketState
from sellkit.core.orders import prepare
from sellkit.errors import BrokerError, DuplicateTicket
from sellkit.operate.flipping import held_now
from sellkit.operate.following import is_partial, say_end
from sellkit.operate.trading import Attempt

if TYPE_CHECKING:
    from decimal import Decimal

    from sellkit.core.orders import OrderTicket
    from sellkit.operate.trading import Trading


def remainder(trading: Trading, former: Attempt) -> Iterable[OrderTicket]:
    """The ticket for what a partial fill left, where there may be one."""
    if former.ticket is None or not is_partial(former):
        return ()
    if former.record.attempt >= trading.patience.attempts:
        return ()  # that nothing follows was told at its end
    left = former.record.quantity - former.record.filled + former.ticket.fraction
    next_one = ticket_for(replace(former.ticket, attempt=former.record.attempt + 1), left)
    held = _held_after(trading, former)
    if held == left:
        return (next_one,)
    told = (
        "the position cannot be read"
        if held is None
        else f"{counted(held, 'share')} held, not {left}"
    )
    _leave(trading, former, next_one, told)
    return ()


def ticket_for(ticket: OrderTicket, quantity: Decimal) -> OrderTicket:
    """The same ticket for a position of another size."""
    position = replace(ticket.position, quantity=quantity)
    fresh = prepare(replace(ticket.signal, position=position))
    return replace(fresh, attempt=ticket.attempt)


def _leave(trading: Trading, former: Attempt, rest: OrderTicket, why: str) -> None:
    """Give the rest up, aloud before that is on the disk."""
    say_end(trading, former)
    with suppress(DuplicateTicket):  # another process has it
        attempt = Attempt(rest, trading.book.intend(trading.run_id, rest, trading.now()))
        trading.step(attempt, TicketState.ABANDONED, f"the rest is not sent: {why}")


def _held_after(trading: Trading, former: Attempt) -> Decimal | None:
    try:
        return held_now(trading.read("what a partial fill left"), former.con_id)
    except BrokerError:
        return None  # unknown is not what is left
