"""One attempt of a ticket, as far as it has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt
    from decimal import Decimal

    from sellkit.core.lifecycle import TicketState
    from sellkit.core.portfolio import Side


FILLED_AT_END: Final = "filled"
"""Under what name the details of an end hold the shares that were executed by then."""

LEFT: Final = "left"
"""Under what name they hold the shares that are left, where the rest is to go out at once."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TicketRecord:
    """One attempt of a ticket as the journal has it.

    Attributes
    ----------
    ticket_id, attempt, reference
        Which; `reference` is what the gateway knows it by.
    run_id
        The run that it began in.
    account
        By alias.
    quantity
        Shares to be sold; those of the claim once it is claimed.
    position_before
        Shares held when it was last decided.
    notional
        Quantity times the deciding close, in the instrument's currency.
    state, cause, at
        The latest step: where it stands, why, and since when (aware UTC).
    began_at, claimed_at
        When its first step, and its claim, were written; None while it is not claimed.
    order_id, client_id, epoch
        Of the claim; None while it is not claimed.
    perm_id
        As the gateway told it; None while it has not.
    filled
        Shares executed, each family of executions once.
    stopped
        The own resting orders that were cancelled for it, in words.
    """

    ticket_id: str
    attempt: int
    reference: str
    run_id: str
    account: str
    con_id: int
    ticker: str
    side: Side
    quantity: Decimal
    position_before: Decimal
    notional: Decimal | None
    bar_end: dt.datetime
    state: TicketState
    cause: str
    at: dt.datetime
    began_at: dt.datetime
    claimed_at: dt.datetime | None
    order_id: str | None
    client_id: str | None
    epoch: int | None
    perm_id: str | None
    filled: Decimal
    stopped: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"{self.state}: {self.side} {self.quantity} {self.ticker}, {self.filled} executed; "
            f"{self.cause} ({self.reference})"
        )
