"""What a person may say became of a ticket of which nobody knows, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.lifecycle import TicketState

if TYPE_CHECKING:
    from collections.abc import Mapping

# Who says that it is filled has looked: that nothing is left is not to be seen again.
WORDS: Final[Mapping[str, tuple[TicketState, ...]]] = {
    "filled": (TicketState.FILLED, TicketState.DONE),
    "cancelled": (TicketState.CANCELLED,),
    "not-received": (TicketState.NOT_RECEIVED,),
    "rejected": (TicketState.REJECTED,),
}
"""By word, the states that are appended, one after the other."""

MEANINGS: Final[Mapping[str, str]] = {
    "filled": "executed in whole: the ticket is done",
    "cancelled": "dead, with a part of it or nothing executed: the next completed bar decides on "
    "what is left of the position",
    "not-received": "the gateway never had it: this bar sends once more where "
    "orders.retry_proven_unsent is set, else the next completed bar decides",
    "rejected": "refused, nothing executed: this bar sends no order any more",
}
"""By word, what it means for the ticket."""
