"""The states of a ticket on its way through the market, and the moves allowed between them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sellkit.errors import IllegalTransition, TicketMoved


class TicketState(StrEnum):
    """Where a ticket stands, as the journal has it.

    Attributes
    ----------
    INTENT
        It is to be closed; nothing has been done for it.
    CANCELLING
        Its own resting orders are being cancelled; the close itself is not claimed yet.
    SUBMITTING
        Claimed, once and for ever: the gateway may hear of it from here on.
    ACKNOWLEDGED
        The gateway has numbered it; it works in the market, or rests.
    STOPPING
        Its own cancel is asked for, and it may still fill.
    FILLED
        Executed in whole; that nothing is left is still to be seen.
    UNCERTAIN
        Nobody knows whether it lives. Its contract is locked until that is settled.
    DONE
        Executed, the position is what it should be, nothing is left working.
    DONE_BY_OTHER
        The position was gone before anything was sent.
    ABANDONED
        Given up before the gateway heard of it.
    REJECTED
        Refused; nothing was executed, and nothing works.
    CANCELLED
        Dead with a part of it, or nothing, executed.
    EXPIRED
        Its day ended before it was executed in whole.
    NOT_RECEIVED
        Proven that the gateway never had it.
    """

    INTENT = "INTENT"
    CANCELLING = "CANCELLING"
    SUBMITTING = "SUBMITTING"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    STOPPING = "STOPPING"
    FILLED = "FILLED"
    UNCERTAIN = "UNCERTAIN"
    DONE = "DONE"
    DONE_BY_OTHER = "DONE_BY_OTHER"
    ABANDONED = "ABANDONED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    NOT_RECEIVED = "NOT_RECEIVED"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more is to be done for it."""
        return self in _TERMINAL

    @property
    def is_claimed(self) -> bool:
        """Whether the gateway may have heard of it, and it has not been settled since."""
        return self in _CLAIMED


_S = TicketState
_ENDS: Final = (_S.REJECTED, _S.CANCELLED, _S.EXPIRED)

# A fact that contradicts an end, as a fill that comes after a cancel, makes it UNCERTAIN again.
ALLOWED: Final[dict[TicketState, frozenset[TicketState]]] = {
    _S.INTENT: frozenset({_S.CANCELLING, _S.SUBMITTING, _S.DONE_BY_OTHER, _S.ABANDONED}),
    _S.CANCELLING: frozenset({_S.SUBMITTING, _S.DONE_BY_OTHER, _S.ABANDONED}),
    _S.SUBMITTING: frozenset({_S.ACKNOWLEDGED, _S.FILLED, _S.UNCERTAIN, _S.ABANDONED, *_ENDS}),
    _S.ACKNOWLEDGED: frozenset({_S.STOPPING, _S.FILLED, _S.UNCERTAIN, *_ENDS}),
    _S.STOPPING: frozenset({_S.FILLED, _S.UNCERTAIN, *_ENDS}),
    _S.FILLED: frozenset({_S.DONE, _S.UNCERTAIN}),
    _S.UNCERTAIN: frozenset({_S.ACKNOWLEDGED, _S.FILLED, _S.NOT_RECEIVED, *_ENDS}),
    _S.DONE: frozenset({_S.UNCERTAIN}),
    _S.REJECTED: frozenset({_S.UNCERTAIN}),
    _S.CANCELLED: frozenset({_S.UNCERTAIN}),
    _S.EXPIRED: frozenset({_S.UNCERTAIN}),
    _S.NOT_RECEIVED: frozenset({_S.UNCERTAIN}),
    _S.DONE_BY_OTHER: frozenset(),
    _S.ABANDONED: frozenset({_S.INTENT}),
}

_CLAIMED: Final = frozenset({_S.SUBMITTING, _S.ACKNOWLEDGED, _S.STOPPING, _S.FILLED, _S.UNCERTAIN})
_TERMINAL: Final = frozenset(
    {_S.DONE, _S.DONE_BY_OTHER, _S.ABANDONED, _S.REJECTED, _S.CANCELLED, _S.EXPIRED}
    | {_S.NOT_RECEIVED}
)


def check(before: TicketState | None, after: TicketState, reference: str) -> None:
    """Refuse a move that the table does not hold; a ticket begins as INTENT.

    Raises
    ------
    IllegalTransition
        It is not allowed.
    """
    allowed = frozenset({_S.INTENT}) if before is None else ALLOWED[before]
    if after not in allowed:
        raise IllegalTransition(
            f"the ticket {reference} cannot become {after} from {before or 'nothing'}: the journal "
            "stays as it is; see `sellkit reconcile`"
        )


def check_unmoved(held: TicketState, seen: TicketState | None, reference: str) -> None:
    """Refuse a step that was decided on another state than the one that is held by now.

    Raises
    ------
    TicketMoved
        Another process has moved the ticket.
    """
    if seen is not None and held is not seen:
        raise TicketMoved(
            f"the ticket {reference} is {held} and was {seen}: another process has it, so that "
            "it is left to that one; see `sellkit tickets`"
        )
