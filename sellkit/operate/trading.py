"""What every step of sending orders shares: ports, account, patience, and whom to tell."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from sellkit.core.alerts import AlertKind
from sellkit.core.settling import acknowledged, concerns, sounds_ended
from sellkit.core.tickets import FILLED_AT_END
from sellkit.errors import TicketMoved
from sellkit.operate.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sellkit.core.gates import Verdict
    from sellkit.core.lifecycle import TicketState
    from sellkit.core.orders import OrderTicket
    from sellkit.core.portfolio import Account, OpenOrder
    from sellkit.core.reports import BrokerRecords, OrderReport
    from sellkit.core.tickets import TicketRecord
    from sellkit.errors import SellkitError
    from sellkit.ports.order_route import OrderRoute
    from sellkit.ports.ticket_book import TicketBook

# The gateway's clock and this one; live mode refuses long before they are so far apart.
_CLOCKS_APART: Final = dt.timedelta(minutes=1)


class Look(Protocol):
    """Facts of one moment, to judge tickets on."""

    def judge(self, ticket: OrderTicket) -> Verdict:
        """What the gates say."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How many real seconds each kind of answer is waited for.

    Attributes
    ----------
    turn
        Until another strategy of this process gives a contract back.
    idle
        Until nothing queues in the client any more.
    cancel
        Until a cancelled order has ended.
    acknowledge
        Until the gateway has numbered an order.
    fill
        Until an order is executed in whole; then its rest is cancelled.
    settle
        How long lists are read again while they leave an order's fate open.
    pause
        Between two readings of the lists.
    attempts
        Most orders for one ticket, the remainders of partial fills included.
    """

    turn: float = 30.0
    idle: float = 5.0
    cancel: float = 20.0
    acknowledge: float = 15.0
    fill: float = 60.0
    settle: float = 30.0
    pause: float = 1.0
    attempts: int = 3


@dataclass(slots=True)
class Attempt:
    """One order of one ticket on its way.

    Attributes
    ----------
    ticket
        As judged last; None of one that another process began.
    record
        As the journal has it.
    words
        What the gateway said of it, oldest first.
    since
        When it came into its present state, by `Trading.timer`.
    news
        Whether something was said since the lists were read that sounds like an end.
    doubted_since
        Since when the lists leave its fate open, by `Trading.timer`.
    is_given_up
        Whether this process has nothing more to do for it.
    is_said_unprotected
        Whether a person was told that what protected its position is gone.
    is_flip_said
        Whether a person was told that its position changed its sign.
    """

    ticket: OrderTicket | None
    record: TicketRecord
    words: list[OrderReport] = field(default_factory=list)
    since: float = 0.0
    news: bool = False
    doubted_since: float | None = None
    is_given_up: bool = False
    is_said_unprotected: bool = False
    is_flip_said: bool = False

    @property
    def state(self) -> TicketState:
        return self.record.state

    @property
    def con_id(self) -> int:
        return self.record.con_id

    def hear(self, reports: Sequence[OrderReport]) -> str | None:
        """Take the reports that concern it; the perm id, if they tell it."""
        fresh = [each for each in reports if concerns(self.record, each)]
        self.words += fresh
        self.news = self.news or sounds_ended(fresh)
        return acknowledged(fresh)


@dataclass(slots=True)
class Heard:
    """Every report that was taken, oldest first, and the number of the last.

    Whoever waits for one order hears of others, too: what was said of them is here.
    """

    number: int = 0
    reports: list[OrderReport] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trading:
    """One run that may send.

    Attributes
    ----------
    look
        Gathers all facts anew, with positions and orders as in these lists.
    stopped
        Why everything is stopped now, "" while it is not; asked between claim and order.
    stop
        Stops everything, in every process, with a reason.
    alarm
        Tells a person.
    timer
        Real seconds from any beginning; never goes back.
    retries_proven_unsent
        Whether a ticket that the gateway never had is sent once more.
    binds
        Whether orders placed by hand are taken over and cancelled before a close.
    heard
        How far the reports have been taken; one for all that a process does with a route.
    timing
        Told the first order and the first execution.
    """

    route: OrderRoute
    book: TicketBook
    account: Account
    run_id: str
    now: Callable[[], dt.datetime]
    look: Callable[[BrokerRecords], Look]
    stopped: Callable[[], str]
    stop: Callable[[str], None]
    alarm: Callable[[AlertKind, str], None]
    patience: Patience
    timer: Callable[[], float] = time.monotonic
    retries_proven_unsent: bool = False
    binds: bool = False
    heard: Heard = field(default_factory=Heard)
    timing: Timing = field(default_factory=Timing)

    def read(self, source: str, seen: BrokerRecords | None = None) -> BrokerRecords:
        """All lists, read now unless they were seen a moment ago; kept with the new executions."""
        records = self.route.records(self.account) if seen is None else seen
        self.book.note_records(records, source)
        self.book.note_fills(records.fills)
        return records

    def hear(self, seconds: float) -> tuple[OrderReport, ...]:
        """What was said since the last time, kept; waits at most so long for the first word."""
        reports = self.route.reports(self.heard.number, max(seconds, 0.0))
        if reports:
            if any(each.fill is not None for each in reports):
                self.timing.fill()
            self.heard.number = reports[-1].number
            self.heard.reports += reports
            self.book.note_reports(reports)
            self.book.note_fills(tuple(each.fill for each in reports if each.fill is not None))
        return reports

    def executed_since(self, records: BrokerRecords, con_id: int) -> str:
        """What was heard to be executed on a contract and is not in these lists; "" when nothing.

        Whatever rests there may be executed between the lists and an order. An execution bears the
        gateway's time in whole seconds.
        """
        self.hear(0)
        since = records.began_at - _CLOCKS_APART
        known = {each.exec_id for each in records.fills}
        told = [each.fill for each in self.heard.reports if each.fill is not None]
        mine = [e for e in told if (e.con_id, e.account.number) == (con_id, self.account.number)]
        late = {e.exec_id: e for e in mine if e.at >= since and e.exec_id not in known}
        listed = ", ".join(f"{e.side} {e.quantity.normalize():f}" for e in late.values())
        return f"{listed} was executed on it since the last look" if late else ""

    def cancel(self, order: OpenOrder) -> None:
        """Ask that an order be cancelled, as soon as nothing queues before that.

        Raises
        ------
        BrokerError
            It was not asked, or nobody knows.
        """
        self.route.wait_until_idle(self.patience.idle)
        self.route.cancel(order)

    def step(
        self,
        attempt: Attempt,
        state: TicketState,
        cause: str,
        perm_id: str | None = None,
        **details: object,
    ) -> None:
        """Move an attempt on; where it stands in that state already nothing is written.

        One that another process has moved meanwhile is given up here, and is that one's. With an
        end goes what was executed by then, so that what comes later is recognised.
        """
        if attempt.state is state:
            self.refresh(attempt)
            return
        seen, key = attempt.state, attempt.record.reference
        if state.is_terminal:
            latest = self.book.ticket(key) or attempt.record
            details[FILLED_AT_END] = str(latest.filled)
        try:
            attempt.record = self.book.step(
                key, state, self.now(), cause, details, perm_id=perm_id, seen=seen
            )
        except TicketMoved as moved:
            self.leave(attempt, moved)
        attempt.since = self.timer()

    def leave(self, attempt: Attempt, why: SellkitError) -> None:
        """Give an attempt up that another process works on, and say so."""
        self.refresh(attempt)
        attempt.is_given_up = True
        self.alarm(AlertKind.WITHHELD_EXIT, f"{attempt.record.ticker}: nothing is sent here: {why}")

    def refresh(self, attempt: Attempt) -> None:
        """Take what the journal knows of an attempt by now."""
        attempt.record = self.book.ticket(attempt.record.reference) or attempt.record
