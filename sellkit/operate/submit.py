"""Carry out approved tickets: each closed once, or said aloud why not.

The order of things, for each contract, is the whole of it: the intent on the disk; a fresh look at
everything that the gateway knows; own resting orders cancelled and seen to have ended; the
position read again; every gate once more; the claim on the disk; the order, once; its end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sellkit.core.alerts import AlertKind
from sellkit.core.gates import ApprovedTicket, DeniedTicket
from sellkit.core.lifecycle import TicketState
from sellkit.core.orders import prepare
from sellkit.errors import BrokerError, DuplicateTicket, NotSent
from sellkit.operate.clearing import Cleared, clear, in_words, resting_on, say_unprotected
from sellkit.operate.following import follow, is_partial, say_end
from sellkit.operate.trading import Attempt
from sellkit.operate.verifying import held_now, verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from sellkit.core.gates import Verdict
    from sellkit.core.orders import OrderTicket
    from sellkit.core.reports import BrokerRecords
    from sellkit.core.tickets import TicketRecord
    from sellkit.operate.keys import Keys
    from sellkit.operate.trading import Look, Trading
    from sellkit.ports.order_route import OrderDraft


@dataclass(frozen=True, slots=True)
class Submission:
    """Sends what a run decided.

    Attributes
    ----------
    trading
        Ports, account and patience.
    keys
        The contracts that somebody in this process works on.
    """

    trading: Trading
    keys: Keys

    def carry_out(self, tickets: Sequence[OrderTicket]) -> tuple[TicketRecord, ...]:
        """Close the positions of these tickets; the latest attempt of each, as journalled.

        A ticket that the journal knows as claimed, or that has ended, is left alone.

        Raises
        ------
        JournalError
            It cannot be written; what had not been claimed by then was not sent.
        """
        account = self.trading.account
        done: list[Attempt] = []
        with self.keys.held(account, [_con_id(each) for each in tickets]) as mine:
            for ticket in tickets:
                if _con_id(ticket) not in mine:
                    self._leave(ticket)
            wanted = [each for each in tickets if _con_id(each) in mine]
            while wanted:
                attempts = self._send_all(wanted)
                follow(self.trading, attempts)
                verify(self.trading, attempts)
                for attempt in attempts:
                    say_unprotected(self.trading, attempt)
                done += attempts
                wanted = [each for former in attempts for each in self._remainder(former)]
        return tuple(each.record for each in done)

    def _leave(self, ticket: OrderTicket) -> None:
        told = f"{ticket.position.instrument}: somebody else in this process works on it"
        self.trading.alarm(AlertKind.WITHHELD_EXIT, f"{told}; the exit was not sent")

    def _leave_to_other(self, attempt: Attempt, cause: str) -> None:
        """Another process was faster: the ticket, or the position, is its affair now."""
        attempt.is_given_up = True
        told = f"{attempt.record.ticker}: the exit was not sent: {cause}"
        self.trading.alarm(AlertKind.WITHHELD_EXIT, told)

    def _intend(self, ticket: OrderTicket) -> Iterable[Attempt]:
        trading = self.trading
        try:
            record = trading.book.intend(trading.run_id, ticket, trading.now())
        except DuplicateTicket:
            return self._once_more(ticket)  # the same bar, judged again
        return (Attempt(ticket, record),)

    def _once_more(self, ticket: OrderTicket) -> Iterable[Attempt]:
        """Another attempt for one that the gateway never had, where that is allowed."""
        former = self.trading.book.ticket(ticket.reference)
        is_unsent = former is not None and former.state is TicketState.NOT_RECEIVED
        if not (is_unsent and ticket.attempt == 1 and self.trading.retries_proven_unsent):
            return ()
        return self._intend(replace(ticket, attempt=2))

    def _send_all(self, tickets: Sequence[OrderTicket]) -> list[Attempt]:
        """One attempt for each ticket that may have one; nothing is waited for but cancels."""
        try:
            before = self.trading.read("the look before orders")
        except BrokerError as error:
            unsent = [each for ticket in tickets for each in self._intend(ticket)]
            for attempt in unsent:
                self._abandon(attempt, str(error))
            return unsent
        first = self.trading.look(before)
        attempts: list[Attempt] = []
        delayed: list[Attempt] = []
        for attempt in (each for ticket in tickets for each in self._intend(ticket)):
            attempts.append(attempt)
            if not self._may_begin(attempt, before, first):
                continue
            if resting_on(before, attempt.con_id):
                delayed.append(attempt)
            else:
                self._send(attempt, before, Cleared(before, (), ()))
        self._send_cleared(delayed, before)
        return attempts

    def _send_cleared(self, attempts: Sequence[Attempt], before: BrokerRecords) -> None:
        """Those on whose contracts own orders rest, which have to go first."""
        cleared = clear(self.trading, attempts, before)
        for attempt in attempts:
            if not attempt.state.is_terminal:
                self._send(attempt, before, cleared)

    def _may_begin(self, attempt: Attempt, records: BrokerRecords, first: Look) -> bool:
        """The first look: nothing is cancelled for a ticket that would not be sent."""
        record = attempt.record
        known = (
            *records.open_of(record.reference, None),
            *records.completed_of(record.reference, None),
            *records.fills_of(record.reference, None),
        )
        if known:
            cause = "the gateway knows an order of this reference, and the journal has not sent it"
            self._abandon(attempt, cause, AlertKind.UNEXPLAINED)
            return False
        if held_now(records, attempt.con_id) == 0:
            self.trading.step(attempt, TicketState.DONE_BY_OTHER, "the position is gone")
            return False
        if attempt.ticket is None:
            return False  # another process began it; it is followed, not sent
        verdict = first.judge(attempt.ticket)
        if isinstance(verdict, ApprovedTicket):
            return True
        self._abandon(attempt, _why(verdict))
        return False

    def _send(self, attempt: Attempt, before: BrokerRecords, cleared: Cleared) -> None:
        """The last look, the claim, and the order."""
        trading, records = self.trading, cleared.records
        ticket = self._fresh(attempt, before, cleared)
        if ticket is None:
            return
        verdict = trading.look(records).judge(ticket)
        if not isinstance(verdict, ApprovedTicket):
            self._abandon(attempt, _why(verdict))
            return
        if not trading.route.wait_until_idle(trading.patience.idle):
            self._abandon(attempt, "messages queued in the client, so that it could not go at once")
            return
        attempt.ticket = verdict.ticket
        try:
            draft = trading.route.draft(verdict)
        except BrokerError as error:
            self._abandon(attempt, str(error))
            return
        self._claim_and_send(attempt, verdict, draft, records)

    def _claim_and_send(
        self,
        attempt: Attempt,
        verdict: ApprovedTicket,
        draft: OrderDraft,
        records: BrokerRecords,
    ) -> None:
        trading = self.trading
        try:
            attempt.record = trading.book.claim(verdict, draft, records.snapshot, trading.now())
        except DuplicateTicket as error:
            self._leave_to_other(attempt, str(error))
            return
        attempt.since = trading.timer()
        stopped = trading.stopped()
        if stopped:
            self._abandon(attempt, f"stopped before it was sent: {stopped}")
            return
        try:
            trading.route.submit(verdict, draft)
            trading.timing.place()
        except NotSent as error:
            self._abandon(attempt, str(error))
        except BrokerError as error:
            trading.step(attempt, TicketState.UNCERTAIN, str(error))

    def _fresh(
        self, attempt: Attempt, before: BrokerRecords, cleared: Cleared
    ) -> OrderTicket | None:
        """The ticket for what is held now; None when it has ended."""
        con_id = attempt.con_id
        was, now = held_now(before, con_id), held_now(cleared.records, con_id)
        sold = cleared.sold_by(before, con_id)
        if resting := resting_on(cleared.records, con_id):
            listed = ", ".join(in_words(each) for each in resting)
            self._abandon(attempt, f"own orders rest on it that were not there before: {listed}")
            return None
        if attempt.ticket is None or (now == was and not sold):
            return attempt.ticket
        if was * now < 0:
            self._flipped(attempt, was, now)
        elif now != was - sold:
            cause = f"the position is {now} and was {was}, and its own orders sold {sold} meanwhile"
            self._abandon(attempt, cause)
        elif now == 0:
            cause = "its own resting order sold the position"
            self.trading.step(attempt, TicketState.DONE_BY_OTHER, cause)
        else:
            return _ticket_for(attempt.ticket, now)
        return None

    def _flipped(self, attempt: Attempt, was: Decimal, now: Decimal) -> None:
        cause = f"the position became {now} from {was}: it changed its sign"
        self.trading.stop(f"{attempt.record.ticker}: {cause}")
        self._abandon(attempt, cause, AlertKind.POSITION_FLIPPED)

    def _abandon(
        self, attempt: Attempt, cause: str, kind: AlertKind = AlertKind.WITHHELD_EXIT
    ) -> None:
        trading = self.trading
        trading.step(attempt, TicketState.ABANDONED, cause)
        trading.alarm(kind, f"{attempt.record.ticker}: the exit was not sent: {cause}")

    def _remainder(self, former: Attempt) -> Iterable[OrderTicket]:
        """The ticket for what a partial fill left, where there may be one."""
        trading = self.trading
        if former.ticket is None or not is_partial(former):
            return ()
        left = former.record.quantity - former.record.filled
        next_one = replace(former.ticket, attempt=former.record.attempt + 1)
        if next_one.attempt > trading.patience.attempts:
            say_end(trading, former)
            return ()
        held = self._held_after(former)
        if held != left + former.ticket.fraction:
            say_end(trading, former)
            return ()
        return (_ticket_for(next_one, held),)

    def _held_after(self, former: Attempt) -> Decimal | None:
        try:
            return held_now(self.trading.read("what a partial fill left"), former.con_id)
        except BrokerError:
            return None  # unknown is not what is left


def _ticket_for(ticket: OrderTicket, quantity: Decimal) -> OrderTicket:
    """The same ticket for a position of another size."""
    position = replace(ticket.position, quantity=quantity)
    fresh = prepare(replace(ticket.signal, position=position))
    return replace(fresh, attempt=ticket.attempt)


def _con_id(ticket: OrderTicket) -> int:
    return ticket.position.instrument.con_id


def _why(verdict: Verdict) -> str:
    if isinstance(verdict, DeniedTicket):
        return "; ".join(verdict.reasons)
    return "it is not to be sent now"
