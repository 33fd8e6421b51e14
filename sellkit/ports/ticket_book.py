"""The part of the journal that tickets live in: every state on the disk before the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sellkit.core.tickets import TicketRecord

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from sellkit.core.fills import Fill
    from sellkit.core.gates import ApprovedTicket
    from sellkit.core.lifecycle import TicketState
    from sellkit.core.orders import OrderTicket
    from sellkit.core.portfolio import AccountSnapshot, OpenOrder
    from sellkit.core.proof import Round
    from sellkit.core.reports import BrokerRecords, OrderReport
    from sellkit.ports.order_route import OrderDraft


__all__ = ["TicketBook", "TicketRecord"]


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
        seen: TicketState | None = None,
    ) -> TicketRecord:
        """Append a state; SUBMITTING goes through `claim` alone.

        Parameters
        ----------
        seen
            The state on which the step was decided; None for whichever.

        Raises
        ------
        IllegalTransition
            The state does not follow the present one.
        TicketMoved
            It is not as it was `seen`: another process has it.
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
            It was claimed before, by whichever process; or another close of the same position is
            claimed and not settled.
        IllegalTransition
            It was not intended, or has ended.
        """
        ...

    def highest_order_id(self, client_id: str) -> str | None:
        """The highest number that was ever claimed for a client id; None when none was."""
        ...

    def note_cancel(self, reference: str, order: OpenOrder, at: dt.datetime, outcome: str) -> None:
        """Of a resting order that a ticket cancels: `asked`, `confirmed`, `filled`, ..."""
        ...

    def cancel_of(self, perm_id: str) -> tuple[str, str] | None:
        """For which attempt a resting order was last to be cancelled, and what came of it.

        None where no ticket wanted that.
        """
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

    def note_round(self, reference: str, look: Round) -> None:
        """A look for a ticket that was not found anywhere."""
        ...

    def rounds(self, reference: str) -> tuple[Round, ...]:
        """Those looks since its last step, oldest first."""
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
        """The ledger of an attempt, corrections among them, in the order in which they came.

        The account's number is not in the journal: its alias stands in the number's place.
        """
        ...

    def steps(self, reference: str) -> tuple[Mapping[str, object], ...]:
        """The steps of an attempt, oldest first: `at`, `state`, `cause`, `details`.

        Those of a claim are its `order`, and what was seen `before` it.
        """
        ...
