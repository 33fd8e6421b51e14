"""What a desk has in live mode alone: the way of orders out, and everything that guards it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from sellkit.core.alerts import AlertKind
from sellkit.core.gates import ApprovedTicket
from sellkit.core.lifecycle import TicketState
from sellkit.core.limits import Foreign
from sellkit.operate.dating import Dating
from sellkit.operate.early import EarlyLook
from sellkit.operate.final_look import FinalLook
from sellkit.operate.reconcile import Reconciler, Reconciliation
from sellkit.operate.submit import Submission
from sellkit.operate.timing import Timing
from sellkit.operate.trading import Heard, Patience, Trading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sellkit.core.limits import Limits
    from sellkit.core.live_facts import LiveFacts
    from sellkit.core.portfolio import Account
    from sellkit.core.quotes import Quote
    from sellkit.core.reports import BrokerRecords
    from sellkit.core.standing import Standing
    from sellkit.core.tickets import TicketRecord
    from sellkit.operate.decision import HourlyDecision
    from sellkit.operate.keys import Keys
    from sellkit.operate.permission import Permission
    from sellkit.ports.order_route import OrderRoute
    from sellkit.ports.ticket_book import TicketBook


_FRESH_FOR_DECISION: Final = 5.0
_FRESH_FOR_ORDERS: Final = 1.0
"""In real seconds; lists asked for longer ago are read anew."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A look before orders, and the mark of the keys from before it."""

    look: EarlyLook
    mark: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The part of a desk that sends; a dry run has none.

    Attributes
    ----------
    route, tickets
        The way out, and the journal of it.
    account
        Whose orders.
    permission
        Gathers what the gates of live mode see.
    keys
        The contracts in work in this process.
    limits
        What the operator allows.
    patience
        How long each answer is waited for.
    alarm
        Tells a person.
    retries_proven_unsent
        Whether a ticket that the gateway never had is sent once more.
    heard
        How far the route's reports have been taken.
    executed
        The families of executions that the last facts were gathered with.
    ahead
        The look before orders that was begun ahead; one at most.
    """

    route: OrderRoute
    tickets: TicketBook
    account: Account
    permission: Permission
    keys: Keys
    limits: Limits
    patience: Patience
    alarm: Callable[[AlertKind, str], None]
    retries_proven_unsent: bool = False
    heard: Heard = field(default_factory=Heard)
    executed: set[str] = field(default_factory=set)
    ahead: list[Ahead] = field(default_factory=list)

    def reconcile(self, run_id: str, *, adopts: bool) -> Reconciliation:
        """Settle what former processes left, unless another one has the account's lease.

        Parameters
        ----------
        run_id
            The run that asks.
        adopts
            Whether what still works of it is followed to its end.

        Raises
        ------
        NotConnected, RequestTimedOut
            The gateway's lists could not be read to their ends.
        """
        reconciler = Reconciler(
            self._trading(run_id, self._look(0, 0, {})), self.limits.max_bar_age
        )
        if self.permission.lease.trouble is not None:
            return reconciler.compare_only()
        found = reconciler.reconcile()
        if adopts:
            reconciler.adopt(found.tickets)
        left = {each.state for each in self.tickets.unsettled(self.account.alias)}
        is_open = TicketState.UNCERTAIN in left
        self.permission.reconciled.epoch = found.records.epoch
        self.permission.reconciled.doubted_at = self.permission.clock.now() if is_open else None
        return found

    def records(self, run_id: str) -> BrokerRecords:
        """The gateway's four lists, read afresh for a decision.

        What was reconciled before is reconciled again where the connection was made anew since, or
        a ticket was left uncertain a minute ago: a run that waited for its hour makes the second
        look that may settle it.

        Raises
        ------
        NotConnected, RequestTimedOut
            One could not be read to its end.
        """
        if self.must_reconcile():
            self.reconcile(run_id, adopts=False)
        return self.route.records(self.account)

    def must_reconcile(self) -> bool:
        """Whether what was reconciled before is to be reconciled again before a decision."""
        epoch, now = self.permission.broker.standing.epoch, self.permission.clock.now()
        return self.permission.reconciled.is_due(epoch, now)

    def early_look(self) -> EarlyLook:
        """The lists for a decision, to be begun when that is near; nothing is reconciled by it."""

        def records() -> BrokerRecords:
            found = self.route.records(self.account)
            self.permission.live_facts(found)  # what is read of the journal for them is known then
            return found

        return EarlyLook(self._standing, records, _FRESH_FOR_DECISION)

    def look_ahead(self) -> None:
        """Begin the look before orders while a decision is still being written down."""
        records = partial(self.route.records, self.account)
        look = EarlyLook(self._standing, records, _FRESH_FOR_ORDERS)
        self.ahead[:] = [Ahead(look, self.keys.mark())]
        look.begin()

    def facts(self, records: BrokerRecords) -> LiveFacts:
        """What the gates of live mode see at this moment."""
        self.executed.clear()
        self.executed.update(each.family for each in records.fills)
        return self.permission.live_facts(records)

    def submit(
        self, run_id: str, decision: HourlyDecision, timing: Timing | None = None
    ) -> tuple[TicketRecord, ...]:
        """Carry out what a decision approved; the latest attempt of each ticket.

        Nothing is sent that was not reconciled before, over this connection: the gates see to that,
        for the decision and at the last look. The next decision has to be reconciled anew.
        """
        try:
            return self._send(run_id, decision, timing)
        finally:
            self.permission.reconciled.epoch = None

    def _send(
        self, run_id: str, decision: HourlyDecision, timing: Timing | None
    ) -> tuple[TicketRecord, ...]:
        approved = [
            row.verdict.ticket for row in decision.rows if isinstance(row.verdict, ApprovedTicket)
        ]
        trouble = self.permission.lease.trouble
        if trouble is not None:
            # Who holds it works on these tickets, or may: not even an intent is noted here.
            told = "; ".join(f"{each.position.instrument}" for each in approved)
            if told:
                self.alarm(AlertKind.WITHHELD_EXIT, f"{told}: the exits were not sent: {trouble}")
            return ()
        quotes = {row.position.instrument.con_id: row.quote for row in decision.rows if row.quote}
        look = replace(
            self._look(len(decision.exits), decision.decided, quotes),
            basis=decision.snapshot,
            executed=frozenset(self.executed),
        )
        trading = self._trading(run_id, look, timing)
        first = partial(self._seen_ahead, look)
        return Submission(trading, self.keys, first).carry_out(approved)

    def _seen_ahead(self, look: FinalLook) -> BrokerRecords | None:
        """What was seen ahead, if nobody in this process took a contract in between."""
        ahead = self.ahead.pop() if self.ahead else None
        seen = ahead.look.take() if ahead else None
        if ahead is None or seen is None or not self.keys.is_first_since(ahead.mark):
            return None
        standing, records = seen
        look.standings[records.epoch, records.began_at] = standing
        return records

    def _standing(self) -> Standing:
        return self.permission.broker.standing

    def close(self) -> None:
        """Give the lease back."""
        self.permission.lease.release()

    def _look(self, exits: int, positions: int, quotes: Mapping[int, Quote]) -> FinalLook:
        return FinalLook(
            permission=self.permission,
            limits=self.limits,
            exits=exits,
            positions=positions,
            quotes=quotes,
            price_step=self.route.lowest_price_step,
        )

    def _trading(self, run_id: str, look: FinalLook, timing: Timing | None = None) -> Trading:
        return Trading(
            route=self.route,
            book=self.tickets,
            account=self.account,
            run_id=run_id,
            now=Dating(self.permission.clock).now,
            look=look,
            stopped=self.permission.stopped,
            stop=self.permission.stop,
            alarm=self.alarm,
            patience=self.patience,
            retries_proven_unsent=self.retries_proven_unsent,
            binds=self.limits.foreign is Foreign.BIND,
            heard=self.heard,
            timing=timing or Timing(),
        )
