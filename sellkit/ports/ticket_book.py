"""The part of the journal that tickets live in: every state on the disk before the next step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from decimal import Decimal

    from sellkit.core.fills import Fill
    from sellkit.core.gates import ApprovedTicket
    from sellkit.core.lifecycle import TicketState
    from sellkit.core.orders import OrderTicket
    from sellkit.core.portfolio import AccountSnapshot, OpenOrder, Side
    from sellkit.core.reports import BrokerRecords, OrderReport
    from sellkit.ports.order_route import OrderDraft


@dataclass(frozen=True, slots=True, kw_only=True)
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


class TicketBook(Protocol):
    """Tickets, step by step. Every method is on the disk when it returns, or raises JournalError.

    Nothing in it is ever changed; what a ticket is now follows from what was appended.
    """

    def intend(self, run_id: str, ticket: OrderTicket, at: dt.datetime) -> TicketRecord:
        """Note that a ticket is to be carried out.

        One that stands at INTENT or CANCELLING already stays as it is and is returned: nothing was
        sent for it. One that was ABANDONED before its claim begins anew.

        Raises
        ------
        DuplicateTicket
            It was claimed once, or has ended.
        IllegalTransition
            An attempt above 1 whose former one is not CANCELLED or NOT_RECEIVED.
        """
        ...

    def step(
        self,
        reference: str,
        state: TicketState,
        at: dt.datetime,
        cause: str,
        details: Mapping[str, object] | None = None,
        *,
        perm_id: str | None = None,
    ) -> TicketRecord:
        """Append a state; SUBMITTING goes through `claim` alone.

        Raises
        ------
        IllegalTransition
            The state does not follow the present one.
        """
        ...

    def claim(
        self,
        approved: ApprovedTicket,
        draft: OrderDraft,
        before: AccountSnapshot,
        at: dt.datetime,
    ) -> TicketRecord:
        """Append SUBMITTING with the complete order and the snapshot before it.

        Raises
        ------
        DuplicateTicket
            It was claimed before, by whichever process.
        """
        ...

    def note_cancel(self, reference: str, order: OpenOrder, at: dt.datetime, outcome: str) -> None:
        """Of a resting order that a ticket cancels: `asked`, `confirmed`, `filled`, ..."""
        ...

    def note_reports(self, reports: tuple[OrderReport, ...]) -> None:
        """Keep what the gateway said, verbatim."""
        ...

    def note_fills(self, fills: tuple[Fill, ...]) -> tuple[Fill, ...]:
        """Add executions to the ledger; those that are new are returned."""
        ...

    def note_records(self, records: BrokerRecords, source: str) -> None:
        """Keep lists that were read for a ticket, verbatim; `source` says for what."""
        ...

    def note_round(self, reference: str, at: dt.datetime, epoch: int, doubt: str) -> None:
        """A look for a ticket that was not found anywhere; `doubt` is "" when it was clean."""
        ...

    def rounds(self, reference: str) -> tuple[tuple[dt.datetime, int, str], ...]:
        """Those looks since its last step, oldest first: time, epoch, doubt."""
        ...

    def ticket(self, reference: str) -> TicketRecord | None:
        """One attempt; None when the journal has none of this reference."""
        ...

    def ticket_records(self, account: str, since: dt.datetime) -> tuple[TicketRecord, ...]:
        """Every attempt that began at `since` or later, oldest first; `account` is its alias."""
        ...

    def unsettled(self, account: str) -> tuple[TicketRecord, ...]:
        """Every attempt that has not ended, however old, oldest first."""
        ...

    def fills(self, reference: str) -> tuple[Fill, ...]:
        """The ledger of an attempt, corrections among them, in the order in which they came."""
        ...

    def steps(self, reference: str) -> tuple[Mapping[str, object], ...]:
        """The steps of an attempt, oldest first: `at`, `state`, `cause`, `details`."""
        ...
