"""Say what a process left half sold: its order ended in part, and it was gone before the rest.

The process that sees such an end goes on with the rest at once, or says why not. One that is killed
in between says nothing; whoever reconciles next says it in its place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sellkit.core.tickets import LEFT
from sellkit.operate.clearing import say_unprotected
from sellkit.operate.following import is_partial, say_end
from sellkit.operate.trading import Attempt

if TYPE_CHECKING:
    from sellkit.core.tickets import TicketRecord
    from sellkit.operate.trading import Trading

_A_DAY: Final = dt.timedelta(days=1)
"""How long it is said for, at each look, while nothing else is begun for the position."""


def say_unfinished(trading: Trading) -> None:
    """Tell a person of every rest that was to be sent and of which nothing was begun."""
    recent = trading.book.ticket_records(trading.account.alias, trading.now() - _A_DAY)
    for record in recent:
        attempt = Attempt(None, record)
        if not is_partial(attempt) or not _was_to_go_on(trading, record):
            continue
        if any(each.con_id == record.con_id and each.began_at >= record.at for each in recent):
            continue
        say_end(trading, attempt)
        say_unprotected(trading, attempt)


def _was_to_go_on(trading: Trading, record: TicketRecord) -> bool:
    details = trading.book.steps(record.reference)[-1]["details"]
    return isinstance(details, Mapping) and LEFT in details
