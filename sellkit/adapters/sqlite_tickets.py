"""The tickets in the journal's file: every state on the disk before the next step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from sellkit.adapters import ticket_facts, ticket_reading
from sellkit.adapters.journal_facts import instant
from sellkit.adapters.ticket_reading import Recent
from sellkit.core.lifecycle import TicketState, check, check_unmoved
from sellkit.core.portfolio import OWN_REFERENCE
from sellkit.core.tickets import FILLED_AT_END
from sellkit.errors import DuplicateTicket, IllegalTransition, JournalError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from sellkit.adapters.journal_file import JournalFile
    from sellkit.adapters.journal_pen import Pen
    from sellkit.adapters.ticket_reading import Ask
    from sellkit.core.fills import Fill
    from sellkit.core.gates import ApprovedTicket
    from sellkit.core.orders import OrderTicket
    from sellkit.core.portfolio import AccountSnapshot, OpenOrder
    from sellkit.core.proof import Round
    from sellkit.core.reports import BrokerRecords, OrderReport
    from sellkit.core.tickets import TicketRecord
    from sellkit.ports.order_route import OrderDraft

_UNSENT: Final = (TicketState.INTENT, TicketState.CANCELLING)
_MAY_FOLLOW: Final = (TicketState.CANCELLED, TicketState.NOT_RECEIVED)
_BY_OWN_METHOD: Final = {TicketState.INTENT: "intend", TicketState.SUBMITTING: "claim"}
_OF_ACCOUNT: Final = """
    SELECT reference FROM ticket_intent WHERE account = ? GROUP BY reference
    HAVING min(at) >= ? ORDER BY min(id)"""
# A round belongs to the step that stood when it was noted: the chain knows what came first.
_ROUNDS_SINCE: Final = """
    SELECT ticket_round.* FROM ticket_round
    JOIN chain ON chain.of_table = 'ticket_round' AND chain.of_row = ticket_round.id
    WHERE reference = ? AND chain.id > (
        SELECT max(chain.id) FROM ticket_step
        JOIN chain ON chain.of_table = 'ticket_step' AND chain.of_row = ticket_step.id
        WHERE reference = ?)
    ORDER BY ticket_round.id"""
_UNSETTLED: Final = """
    SELECT reference FROM ticket_intent
    WHERE account = ? AND (
        SELECT state FROM ticket_step WHERE ticket_step.reference = ticket_intent.reference
        ORDER BY ticket_step.id DESC LIMIT 1) NOT IN (SELECT value FROM json_each(?))
    GROUP BY reference ORDER BY min(id)"""
# Rows are only ever added to what a ticket follows from, so the last of each tells what there is.
_STATE: Final = """
    SELECT (SELECT max(id) FROM ticket_intent) AS intents,
        (SELECT max(id) FROM ticket_step) AS steps, (SELECT max(id) FROM ticket_claim) AS claims,
        (SELECT max(id) FROM ticket_cancel) AS cancels, (SELECT max(id) FROM fill) AS fills"""
_ATTEMPTS: Final = """
    SELECT DISTINCT reference, attempt FROM ticket_intent WHERE ticket_id = ? ORDER BY attempt"""
_CANCEL_OF: Final = """
    SELECT reference, outcome FROM ticket_cancel WHERE perm_id = ? ORDER BY id DESC LIMIT 1"""
_SAME_POSITION: Final = """
    SELECT DISTINCT reference FROM ticket_intent WHERE account = ? AND con_id = ?"""


class SqliteTickets:
    """The `TicketBook` in the journal's file; made by `SqliteJournal`, as its `book`.

    Raises
    ------
    JournalError
        From every method, as those of the journal.
    """

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        # By question, in what state the journal was when it was asked, and the answer.
        # By opening of the file, which may be another one each time.
        self._recent: dict[int, Recent] = {}
        self._answers: dict[str, tuple[tuple[object, ...], tuple[TicketRecord, ...]]] = {}

    def intend(self, run_id: str, ticket: OrderTicket, at: dt.datetime) -> TicketRecord:
        """Note that a ticket is to be carried out; one that stands before its claim stays."""
        reference = ticket.reference
        with self._file.appending() as pen:
            held = ticket_reading.one(pen.ask, reference)
            if held is None or held.state not in _UNSENT:
                self._check_new(pen, run_id, ticket, held)
                pen.append("ticket_intent", ticket_facts.of_intent(run_id, ticket, at))
                begun = ticket_facts.of_step(reference, TicketState.INTENT, at, "to be closed")
                pen.append("ticket_step", begun)
            return _known(pen.ask, reference)

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
        """Append a state that follows the present one, if that is still the one that was seen."""
        with self._file.appending() as pen:
            if state in _BY_OWN_METHOD:
                raise IllegalTransition(
                    f"the ticket {reference} becomes {state} by `{_BY_OWN_METHOD[state]}` alone"
                )
            held = _known(pen.ask, reference).state
            check_unmoved(held, seen, reference)
            check(held, state, reference)
            facts = ticket_facts.of_step(reference, state, at, cause, details, perm_id)
            pen.append("ticket_step", facts)
            return _known(pen.ask, reference)

    def resolve(
        self, reference: str, states: Sequence[TicketState], at: dt.datetime, reason: str
    ) -> TicketRecord:
        """Append what a person says became of an UNCERTAIN ticket, whole or not at all.

        Raises
        ------
        IllegalTransition
            It is not UNCERTAIN any more.
        """
        with self._file.appending(is_head_synced=True) as pen:
            known = _known(pen.ask, reference)
            held = known.state
            if held is not TicketState.UNCERTAIN:
                raise IllegalTransition(
                    f"the ticket {reference} is {held}, and a person settles an UNCERTAIN one alone"
                )
            for state in states:
                check(held, state, reference)
                details = {"by": "a person", "reason": reason, FILLED_AT_END: str(known.filled)}
                facts = ticket_facts.of_step(reference, state, at, f"by hand: {reason}", details)
                pen.append("ticket_step", facts)
                held = state
            return _known(pen.ask, reference)

    def claim(
        self,
        approved: ApprovedTicket,
        draft: OrderDraft,
        before: AccountSnapshot,
        at: dt.datetime,
    ) -> TicketRecord:
        """Append SUBMITTING with the complete order and the snapshot before it, once for ever."""
        ticket, reference = approved.ticket, approved.ticket.reference
        if draft.reference != reference:
            raise JournalError(
                f"the draft of {draft.reference} is none of {reference}: nothing was claimed"
            )
        with self._file.appending(is_head_synced=True) as pen:
            held = _known(pen.ask, reference)
            if held.claimed_at is not None:
                raise DuplicateTicket(
                    f"the ticket {reference} was claimed at {held.claimed_at.isoformat()} and is "
                    f"{held.state}: it is never sent again; see `sellkit tickets`"
                )
            check(held.state, TicketState.SUBMITTING, reference)
            self._check_free(pen, held)
            pen.append("ticket_claim", ticket_facts.of_claim(ticket, draft, before, at))
            step = ticket_facts.of_step(reference, TicketState.SUBMITTING, at, "claimed")
            pen.append("ticket_step", step)
            return _known(pen.ask, reference)

    def highest_order_id(self, client_id: str) -> str | None:
        """The highest number that was ever claimed for a client id, in whichever account."""
        query = "SELECT max(CAST(order_id AS INTEGER)) AS top FROM ticket_claim WHERE client_id = ?"
        highest = self._file.read(query, client_id)[0]["top"]
        return None if highest is None else str(highest)

    def note_cancel(self, reference: str, order: OpenOrder, at: dt.datetime, outcome: str) -> None:
        """Of a resting order that a ticket cancels."""
        with self._file.appending() as pen:
            _known(pen.ask, reference)
            pen.append("ticket_cancel", ticket_facts.of_cancel(reference, order, at, outcome))

    def cancel_of(self, perm_id: str) -> tuple[str, str] | None:
        """For which attempt a resting order was last to be cancelled, and what came of it."""
        found = self._file.read(_CANCEL_OF, perm_id)
        return (str(found[0]["reference"]), str(found[0]["outcome"])) if found else None

    def note_reports(self, reports: tuple[OrderReport, ...]) -> None:
        """Keep what the gateway said, verbatim."""
        with self._file.appending() as pen:
            for each in reports:
                pen.append("report_heard", ticket_facts.of_report(each))

    def note_fills(self, fills: tuple[Fill, ...]) -> tuple[Fill, ...]:
        """Add executions to the ledger; those that are new are returned."""
        fresh = []
        with self._file.appending() as pen:
            for each in fills:
                query = "SELECT 1 FROM fill WHERE account = ? AND exec_id = ?"
                if not pen.ask(query, each.account.alias, each.exec_id):
                    pen.append("fill", ticket_facts.of_fill(each))
                    fresh.append(each)
        return tuple(fresh)

    def note_records(self, records: BrokerRecords, source: str) -> None:
        """Keep lists that were read for a ticket, verbatim."""
        with self._file.appending() as pen:
            pen.append("records_seen", ticket_facts.of_records(records, source))

    def note_round(self, reference: str, look: Round) -> None:
        """A look for a ticket that was not found anywhere."""
        facts = ticket_facts.of_round(reference, look)
        with self._file.appending() as pen:
            _known(pen.ask, reference)
            pen.append("ticket_round", facts)

    def rounds(self, reference: str) -> tuple[Round, ...]:
        """Those looks since its last step, oldest first."""
        found = self._file.read(_ROUNDS_SINCE, reference, reference)
        return tuple(ticket_facts.look(each) for each in found)

    def ticket(self, reference: str) -> TicketRecord | None:
        """One attempt; None when the journal has none of this reference."""
        return ticket_reading.one(self._file.read, reference)

    def ticket_records(self, account: str, since: dt.datetime) -> tuple[TicketRecord, ...]:
        """Every attempt that began at `since` or later, oldest first."""
        return self._known(_OF_ACCOUNT, account, instant(since))

    def unsettled(self, account: str) -> tuple[TicketRecord, ...]:
        """Every attempt that has not ended, however old, oldest first."""
        ended = [str(state) for state in TicketState if state.is_terminal]
        return self._known(_UNSETTLED, account, json.dumps(ended))

    def attempts(self, ticket_id: str) -> tuple[TicketRecord, ...]:
        """Every attempt of a ticket, the first one first."""
        found = self._file.read(_ATTEMPTS, ticket_id)
        return self._all(found)

    def accounts(self) -> tuple[str, ...]:
        """The aliases of which there is a ticket."""
        found = self._file.read("SELECT DISTINCT account FROM ticket_intent ORDER BY account")
        return tuple(str(each["account"]) for each in found)

    def fills(self, reference: str) -> tuple[Fill, ...]:
        """The ledger of an attempt, in the order in which they came."""
        return ticket_reading.fills(self._file.read, reference)

    def steps(self, reference: str) -> tuple[Mapping[str, object], ...]:
        """The steps of an attempt, oldest first: `at`, `state`, `cause`, `details`."""
        return ticket_reading.steps(self._file.read, reference)

    def _known(self, query: str, *values: str) -> tuple[TicketRecord, ...]:
        """The answer to a question that is asked again and again; the last one while it holds."""
        state = (*self._file.read(_STATE)[0].values(), self._file.openings, *values)
        former = self._answers.get(query)
        if former is None or former[0] != state:
            former = self._answers[query] = (state, self._all(self._file.read(query, *values)))
        return former[1]

    def _all(self, found: Sequence[Mapping[str, object]]) -> tuple[TicketRecord, ...]:
        recent = self._recent.setdefault(self._file.openings, Recent())
        return recent.told(self._file.read, [str(each["reference"]) for each in found])

    def _check_new(
        self, pen: Pen, run_id: str, ticket: OrderTicket, held: TicketRecord | None
    ) -> None:
        reference = ticket.reference
        if held is not None and (held.claimed_at or held.state is not TicketState.ABANDONED):
            raise DuplicateTicket(
                f"the ticket {reference} is {held.state} already: the same bar is never sold twice"
            )
        if not pen.ask("SELECT 1 FROM run WHERE run_id = ?", run_id):
            raise JournalError(
                f"run {run_id!r} was never begun, so {self._file.path} takes nothing for it"
            )
        former = f"{OWN_REFERENCE}{ticket.ticket_id}-{ticket.attempt - 1}"
        before = None if ticket.attempt == 1 else ticket_reading.one(pen.ask, former)
        if ticket.attempt > 1 and (before is None or before.state not in _MAY_FOLLOW):
            stands = "is unknown" if before is None else f"is {before.state}"
            raise IllegalTransition(
                f"the ticket {reference} cannot follow {former}, which {stands}: the journal "
                "stays as it is; see `sellkit tickets`"
            )

    def _check_free(self, pen: Pen, record: TicketRecord) -> None:
        """Two closes of one position would sell it twice, whichever bars they are for."""
        for row in pen.ask(_SAME_POSITION, record.account, record.con_id):
            other = _known(pen.ask, str(row["reference"]))
            if other.reference != record.reference and other.state.is_claimed:
                raise DuplicateTicket(
                    f"the ticket {other.reference} closes the same position and is {other.state}: "
                    f"{record.reference} waits until that is settled; see `sellkit tickets`"
                )


def _known(ask: Ask, reference: str) -> TicketRecord:
    found = ticket_reading.one(ask, reference)
    if found is None:
        raise IllegalTransition(f"the journal has no ticket {reference}: see `sellkit tickets`")
    return found
