"""Hold the journal against the gateway, and let the gateway be right about what it knows."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.core.alerts import AlertKind
from sellkit.core.counting import counted
from sellkit.core.lifecycle import TicketState
from sellkit.core.proof import Round, lacking
from sellkit.core.settling import settle
from sellkit.errors import BrokerError
from sellkit.operate.clearing import say_unprotected
from sellkit.operate.comparing import Line, compare
from sellkit.operate.flipping import held_now, say_flip
from sellkit.operate.following import end, evidence, follow
from sellkit.operate.reopening import reopen
from sellkit.operate.trading import Attempt
from sellkit.operate.unfinished import say_unfinished
from sellkit.operate.verifying import problem_of, verify

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from sellkit.core.reports import BrokerRecords
    from sellkit.core.tickets import TicketRecord
    from sellkit.operate.trading import Trading


@dataclass(frozen=True, slots=True, repr=False)
class Reconciliation:
    """Journal against gateway at one moment.

    Attributes
    ----------
    records
        What the gateway told.
    tickets
        Every attempt that was open before, as it is now.
    lines
        Side by side; what cannot be explained first.
    """

    records: BrokerRecords
    tickets: tuple[TicketRecord, ...]
    lines: tuple[Line, ...]

    @property
    def unexplained(self) -> tuple[Line, ...]:
        """What neither side accounts for."""
        return tuple(each for each in self.lines if not each.is_explained)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left for a person to look at."""
        is_open = any(each.state is TicketState.UNCERTAIN for each in self.tickets)
        return not is_open and not self.unexplained

    def __repr__(self) -> str:
        were = counted(len(self.tickets), "ticket")
        told = [f"{len(self.unexplained)} unexplained, {were} open before"]
        told += [f"{each.subject}: {each.journal} | {each.broker}" for each in self.lines]
        return "\n".join([*told, *map(repr, self.tickets)])


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Settles what former processes left.

    Attributes
    ----------
    trading
        Ports and account.
    max_bar_age
        How old a deciding bar may be for its ticket to be begun.
    """

    trading: Trading
    max_bar_age: dt.timedelta

    def reconcile(self) -> Reconciliation:
        """Read everything, adopt what is found, and leave the rest UNCERTAIN aloud.

        Raises
        ------
        NotConnected, RequestTimedOut
            A list could not be read to its end: nothing was concluded.
        JournalError
            It cannot be written.
        """
        trading = self.trading
        records = trading.route.records(trading.account)
        trading.book.note_records(records, "reconcile")
        reopen(trading, records, trading.book.note_fills(records.fills))
        before = trading.book.unsettled(trading.account.alias)
        for record in before:
            if record.state.is_claimed:
                self._settle(Attempt(None, record), records)
            else:
                self._let_go(record, records)
        after = [trading.book.ticket(each.reference) or each for each in before]
        verify(trading, [Attempt(None, each) for each in after])
        after = [trading.book.ticket(each.reference) or each for each in before]
        say_unfinished(trading)
        lines = compare(records, trading.book, trading.account.alias, trading.route.client_id)
        for line in lines:
            if not line.is_explained:
                trading.alarm(AlertKind.UNEXPLAINED, f"{line.subject}: {line.broker}; {line.note}")
        return Reconciliation(records, tuple(after), lines)

    def compare_only(self) -> Reconciliation:
        """Both sides as they are; nothing is written, because another process works on it."""
        trading = self.trading
        records = trading.route.records(trading.account)
        alias = trading.account.alias
        return Reconciliation(
            records,
            trading.book.unsettled(alias),
            compare(records, trading.book, alias, trading.route.client_id),
        )

    def adopt(self, tickets: Sequence[TicketRecord]) -> tuple[TicketRecord, ...]:
        """Follow to their end the orders of former processes that still work."""
        alive = (TicketState.ACKNOWLEDGED, TicketState.STOPPING)
        attempts = [Attempt(None, each) for each in tickets if each.state in alive]
        for attempt in attempts:
            attempt.since = self.trading.timer()
        self._stop_again([each for each in attempts if each.state is TicketState.STOPPING])
        follow(self.trading, attempts)
        verify(self.trading, attempts)
        for attempt in attempts:
            say_unprotected(self.trading, attempt)
        return tuple(each.record for each in attempts)

    def _stop_again(self, attempts: Sequence[Attempt]) -> None:
        """Ask anew for a cancel that may not have gone: twice asked is cancelled once."""
        with suppress(BrokerError):  # its end is waited for all the same
            records = self.trading.read("orders to be stopped") if attempts else None
            for attempt in attempts:
                key = (attempt.record.reference, attempt.record.perm_id)
                for order in records.open_of(*key) if records else ():
                    self.trading.cancel(order)

    def _settle(self, attempt: Attempt, records: BrokerRecords) -> None:
        trading = self.trading
        found = settle(attempt.record, evidence(trading, attempt, records))
        was_known = attempt.state is TicketState.UNCERTAIN
        if found.state is not TicketState.FILLED:  # what is executed in whole is verified
            say_flip(trading, attempt, records)
        if found.state is not TicketState.UNCERTAIN:
            is_filled = found.state is TicketState.FILLED
            if was_known and is_filled and problem_of(trading, attempt, records):
                return  # as uncertain as it was
            end(trading, attempt, found.state, found.cause, found.perm_id)
            return
        end(trading, attempt, TicketState.UNCERTAIN, found.cause)
        self._look_once_more(attempt, records)

    def _look_once_more(self, attempt: Attempt, records: BrokerRecords) -> None:
        """Note that it was looked for in vain; enough of that proves that it was never there."""
        trading, record = self.trading, attempt.record
        now = trading.now()
        look = Round(
            at=now,
            epoch=records.epoch,
            since=records.steady_since,
            doubt=_doubt(record, records),
        )
        trading.book.note_round(record.reference, look)
        if not lacking(record, trading.book.rounds(record.reference), now):
            cause = "found nowhere in two looks a minute apart, nothing interrupted, nothing sold"
            attempt.is_said_unprotected = False
            end(trading, attempt, TicketState.NOT_RECEIVED, cause)

    def _let_go(self, record: TicketRecord, records: BrokerRecords) -> None:
        """What was never claimed ends when its bar is too old to begin anew.

        Until then a run may go on with it or not: what protects no more is told at once.
        """
        trading = self.trading
        if trading.now() - record.bar_end <= self.max_bar_age:
            if record.stopped and held_now(records, record.con_id):
                gone = f"cancelled for {record.reference}, whose run ended before its close went"
                todo = "a run on the same bar goes on with it: see to that, or place it anew"
                told = f"{record.ticker}: {gone}: {', '.join(record.stopped)}; {todo}"
                trading.alarm(AlertKind.UNPROTECTED, told)
            return
        attempt = Attempt(None, record)
        cause = "its run ended before anything was sent, and the bar is too old by now"
        stopped = f"; cancelled for it: {', '.join(record.stopped)}" if record.stopped else ""
        kind = AlertKind.UNPROTECTED if stopped else AlertKind.WITHHELD_EXIT
        trading.alarm(kind, f"{record.ticker}: {record.reference} {cause}{stopped}")
        trading.step(attempt, TicketState.ABANDONED, cause)


def _doubt(record: TicketRecord, records: BrokerRecords) -> str:
    """Why a look is no evidence; "" when it is."""
    key = (record.reference, record.perm_id)
    if records.open_of(*key) or records.completed_of(*key) or records.fills_of(*key):
        return "the gateway tells of it, and what it tells contradicts itself"
    held = held_now(records, record.con_id)
    if held != record.position_before:
        return f"the position is {held} and was {record.position_before} before it"
    nameless = [
        each
        for each in records.snapshot.orders_on(record.con_id)
        if not each.reference and each.side is record.side
    ]
    if nameless:
        return "an order without a reference rests on the same contract: it may be this one"
    return ""
