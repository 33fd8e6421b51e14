"""Carry out approved tickets: each closed once, or said aloud why not.

The order of things, for each contract, is the whole of it: the intent on the disk; a fresh look at
everything that the gateway knows; own resting orders cancelled and seen to have ended; the
position read again; every gate once more; the claim on the disk; the order, once; its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.core.alerts import AlertKind
from sellkit.core.gates import ApprovedTicket, DeniedTicket
from sellkit.core.lifecycle import TicketState
from sellkit.errors import (
    BrokerError,
    DuplicateTicket,
    IllegalTransition,
    JournalError,
    NotSent,
)
from sellkit.operate.binding import take_over, to_clear
from sellkit.operate.clearing import Cleared, clear, in_words, say_unprotected
from sellkit.operate.continuing import latest_of, next_attempt
from sellkit.operate.failing import say_failure
from sellkit.operate.flipping import held_now
from sellkit.operate.following import follow
from sellkit.operate.remaining import remainder, ticket_for
from sellkit.operate.trading import Attempt
from sellkit.operate.verifying import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
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
    ahead
        The lists that were read a moment ahead for the first look, once; None where they were not.
    """

    trading: Trading
    keys: Keys
    ahead: Callable[[], BrokerRecords | None] = lambda: None

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
        con_ids = [_con_id(each) for each in tickets]
        with self.keys.held(account, con_ids, self.trading.patience.turn) as mine:
            for ticket in tickets:
                if _con_id(ticket) not in mine:
                    self._leave(ticket)
            wanted = [each for each in tickets if _con_id(each) in mine]
            while wanted:
                attempts: list[Attempt] = []
                try:
                    self._carry_out(wanted, attempts)
                    wanted = [each for one in attempts for each in remainder(self.trading, one)]
                except JournalError as error:
                    say_failure(self.trading, attempts, error)
                    raise
                done += attempts
        return tuple(each.record for each in done)

    def _carry_out(self, wanted: Sequence[OrderTicket], attempts: list[Attempt]) -> None:
        """One attempt for each, to its end; `attempts` holds them as soon as they have begun."""
        self._send_all(wanted, attempts)
        follow(self.trading, attempts)
        verify(self.trading, attempts)
        for attempt in attempts:
            say_unprotected(self.trading, attempt)

    def _leave(self, ticket: OrderTicket) -> None:
        told = f"{ticket.position.instrument}: somebody else in this process works on it"
        self.trading.alarm(AlertKind.WITHHELD_EXIT, f"{told}; the exit was not sent")

    def _intend(self, ticket: OrderTicket) -> Iterable[Attempt]:
        trading = self.trading
        try:
            record = trading.book.intend(trading.run_id, ticket, trading.now())
        except DuplicateTicket:
            return self._once_more(ticket)  # the same bar, judged again
        return (Attempt(ticket, record),)

    def _once_more(self, ticket: OrderTicket) -> Iterable[Attempt]:
        """Another attempt, for what the gateway never had or for a rest, where that is allowed."""
        fresh = next_attempt(self.trading, ticket)
        if fresh is None:
            self._say_ended(latest_of(self.trading, ticket))
            return ()
        return self._intend(fresh)

    def _say_ended(self, former: TicketRecord | None) -> None:
        """The position is held, its exit signalled, and this bar's one attempt is over."""
        if former is None:
            return
        told = f"{former.ticker}: the exit was not sent: {former.reference} is {former.state}"
        todo = "the same bar is never sold twice; the next completed bar decides again"
        self.trading.alarm(AlertKind.WITHHELD_EXIT, f"{told} ({former.cause}); {todo}")

    def _send_all(self, tickets: Sequence[OrderTicket], attempts: list[Attempt]) -> None:
        """One attempt for each ticket that may have one; nothing is waited for but cancels."""
        try:
            before = self.trading.read("the look before orders", self.ahead())
        except BrokerError as error:
            for attempt in (each for ticket in tickets for each in self._intend(ticket)):
                attempts.append(attempt)
                self._abandon(attempt, str(error))
            return
        first = self.trading.look(before)
        delayed: list[Attempt] = []
        for attempt in (each for ticket in tickets for each in self._intend(ticket)):
            attempts.append(attempt)
            if not self._may_begin(attempt, before, first):
                continue
            if to_clear(self.trading, before, attempt.con_id):
                delayed.append(attempt)
            else:
                self._send(attempt, before, Cleared(before, (), ()))
        self._send_cleared(delayed, before)

    def _send_cleared(self, attempts: Sequence[Attempt], before: BrokerRecords) -> None:
        """Those on whose contracts own orders rest, which have to go first."""
        stopped = self.trading.stopped() if attempts else ""
        if stopped:
            for attempt in attempts:
                self._abandon(attempt, f"stopped before anything was cancelled for it: {stopped}")
            return
        bound, stuck = take_over(self.trading, attempts, before)
        stopped = self.trading.stopped() if bound else ""
        mine = [each for each in attempts if not each.is_given_up]
        for attempt in mine:
            if why := stopped or stuck.get(attempt.con_id, ""):
                self._abandon(attempt, f"nothing was cancelled for it: {why}")
        mine = [each for each in mine if not each.state.is_terminal]
        cleared = clear(self.trading, mine, before, bound)
        for attempt in mine:
            if not (attempt.state.is_terminal or attempt.is_given_up):
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
        was, now = attempt.ticket.position.quantity, held_now(records, attempt.con_id)
        if was * now < 0:
            self._flipped(attempt, was, now)
            return False
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
        attempt.ticket = verdict.ticket
        try:
            if not trading.route.wait_until_idle(trading.patience.idle):
                cause = "messages queued in the client, so that it could not go at once"
                self._abandon(attempt, cause)
                return
            claimed = trading.book.highest_order_id(trading.route.client_id)
            draft = trading.route.draft(verdict, claimed)
        except BrokerError as error:
            self._abandon(attempt, str(error))
            return
        if late := trading.executed_since(records, attempt.con_id):
            self._abandon(attempt, late)
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
        except (DuplicateTicket, IllegalTransition) as error:
            trading.leave(attempt, error)  # another process was faster
            return
        attempt.since = trading.timer()
        stopped = trading.stopped()
        late = "" if stopped else trading.executed_since(records, attempt.con_id)
        if stopped or late:
            self._abandon(attempt, late or f"stopped before it was sent: {stopped}")
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
        if resting := to_clear(self.trading, cleared.records, con_id):
            listed = ", ".join(in_words(each) for each in resting)
            self._abandon(attempt, f"orders rest on it that were not there before: {listed}")
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
            return ticket_for(attempt.ticket, now)
        return None

    def _flipped(self, attempt: Attempt, was: Decimal, now: Decimal) -> None:
        cause = f"the position became {now} from {was}: it changed its sign"
        try:
            self.trading.stop(f"{attempt.record.ticker}: {cause}")
        finally:
            self._abandon(attempt, cause, AlertKind.POSITION_FLIPPED)

    def _abandon(
        self, attempt: Attempt, cause: str, kind: AlertKind = AlertKind.WITHHELD_EXIT
    ) -> None:
        trading = self.trading  # told first: what ends with the step is not looked at again
        trading.alarm(kind, f"{attempt.record.ticker}: the exit was not sent: {cause}")
        say_unprotected(trading, attempt, TicketState.ABANDONED)
        trading.step(attempt, TicketState.ABANDONED, cause)


def _con_id(ticket: OrderTicket) -> int:
    return ticket.position.instrument.con_id


def _why(verdict: Verdict) -> str:
    if isinstance(verdict, DeniedTicket):
        return "; ".join(verdict.reasons)
    return "it is not to be sent now"
