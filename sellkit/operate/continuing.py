"""Which attempt a ticket goes on with that was begun before, on the same bar.

The same bar is never sold twice: a further attempt is for what the gateway never had, where the
settings allow that, or for the rest of a partial fill. The rest is sent by the process that saw its
order end, and by a later one if that was killed. That is as safe as in the one process, for nothing
of the former judgement is kept: the bar is judged anew and is young enough, every gate passes, the
lists are read afresh, and the attempt has a claim of its own. It is done only where sellkit itself
had cancelled the rest, and the position is exactly what the part that was executed left of it:
whatever else ended the order, or moved the position, was somebody's will.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sellkit.core.lifecycle import TicketState
from sellkit.operate.following import is_partial
from sellkit.operate.trading import Attempt

if TYPE_CHECKING:
    from sellkit.core.orders import OrderTicket
    from sellkit.core.tickets import TicketRecord
    from sellkit.operate.trading import Trading

_UNBEGUN: Final = (TicketState.INTENT, TicketState.CANCELLING, TicketState.ABANDONED)


def latest_of(trading: Trading, ticket: OrderTicket) -> TicketRecord | None:
    """The last attempt of a ticket that the journal has."""
    return next(iter(reversed(_attempts(trading, ticket))), None)


def next_attempt(trading: Trading, ticket: OrderTicket) -> OrderTicket | None:
    """The attempt for a ticket as it is decided now; None where there may be none.

    Parameters
    ----------
    ticket
        As its first attempt would be, of which the journal has one already.
    """
    attempts = list(_attempts(trading, ticket))
    if ticket.attempt != 1 or not attempts:
        return None
    if len(attempts) > 1 and _is_unbegun(attempts[-1]):
        attempts.pop()  # it was to follow the one before it, and comes to nothing without claim
    former = attempts[-1]
    fresh = replace(ticket, attempt=former.attempt + 1)
    may_follow = _is_retried(trading, former) or _is_rest(trading, former, fresh)
    return fresh if may_follow else None


def _attempts(trading: Trading, ticket: OrderTicket) -> tuple[TicketRecord, ...]:
    found: list[TicketRecord] = []
    while record := trading.book.ticket(replace(ticket, attempt=len(found) + 1).reference):
        found.append(record)
    return tuple(found)


def _is_unbegun(record: TicketRecord) -> bool:
    return record.claimed_at is None and record.state in _UNBEGUN


def _is_retried(trading: Trading, former: TicketRecord) -> bool:
    is_unsent = former.state is TicketState.NOT_RECEIVED and former.attempt == 1
    return is_unsent and trading.retries_proven_unsent


def _is_rest(trading: Trading, former: TicketRecord, fresh: OrderTicket) -> bool:
    if not is_partial(Attempt(None, former)) or fresh.attempt > trading.patience.attempts:
        return False
    steps = trading.book.steps(former.reference)
    was_stopped = any(each["state"] is TicketState.STOPPING for each in steps)
    return was_stopped and fresh.position.quantity == former.position_before - former.filled
