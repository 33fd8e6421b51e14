"""What a desk has in live mode alone: the way of orders out, and everything that guards it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.core.facts import Facts
from sellkit.core.gates import ApprovedTicket, judge
from sellkit.core.market_time import calendar_for
from sellkit.operate.reconcile import Reconciler, Reconciliation
from sellkit.operate.submit import Submission
from sellkit.operate.trading import Patience, Trading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sellkit.core.alerts import AlertKind
    from sellkit.core.gates import Verdict
    from sellkit.core.limits import Limits
    from sellkit.core.live_facts import LiveFacts
    from sellkit.core.orders import OrderTicket
    from sellkit.core.portfolio import Account
    from sellkit.core.quotes import Quote
    from sellkit.core.reports import BrokerRecords
    from sellkit.core.tickets import TicketRecord
    from sellkit.operate.decision import HourlyDecision
    from sellkit.operate.keys import Keys
    from sellkit.operate.permission import Permission
    from sellkit.ports import Broker, Clock
    from sellkit.ports.order_route import OrderRoute
    from sellkit.ports.ticket_book import TicketBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The part of a desk that sends; a dry run has none.

    Attributes
    ----------
    route, tickets
        The way out, and the journal of it.
    broker, clock, account
        Of the desk.
    permission
        Gathers what the gates of live mode see.
    keys
        The contracts in work in this process.
    limits
        What the operator allows.
    patience
        How long each answer is waited for.
    stop
        Halts every process, with a reason.
    alarm
        Tells a person.
    retries_proven_unsent
        Whether a ticket that the gateway never had is sent once more.
    """

    route: OrderRoute
    tickets: TicketBook
    broker: Broker
    clock: Clock
    account: Account
    permission: Permission
    keys: Keys
    limits: Limits
    patience: Patience
    stop: Callable[[str], None]
    alarm: Callable[[AlertKind, str], None]
    retries_proven_unsent: bool = False

    def reconcile(self, run_id: str) -> Reconciliation:
        """Settle what former processes left, and follow what still works of it to its end.

        Raises
        ------
        NotConnected, RequestTimedOut
            The gateway's lists could not be read to their ends.
        """
        trading = self._trading(run_id, self._looking({}, (0, 0)))
        reconciler = Reconciler(trading, self.limits.max_bar_age)
        found = reconciler.reconcile()
        reconciler.adopt(found.tickets)
        return found

    def facts(self) -> LiveFacts:
        """What the gates of live mode see at this moment."""
        return self.permission.live_facts(self.route.records(self.account))

    def submit(self, run_id: str, decision: HourlyDecision) -> tuple[TicketRecord, ...]:
        """Carry out what a decision approved; the latest attempt of each ticket."""
        approved = [
            row.verdict.ticket for row in decision.rows if isinstance(row.verdict, ApprovedTicket)
        ]
        quotes = {each.position.instrument.con_id: each.quote for each in decision.rows}
        counted = (len(decision.exits), decision.decided)
        trading = self._trading(run_id, self._looking(quotes, counted))
        return Submission(trading, self.keys).carry_out(approved)

    def halted(self) -> str:
        """Why everything is stopped now; "" while it is not."""
        halt = self.permission.switches.halt()
        return "" if halt is None else str(halt)

    def _looking(
        self, quotes: Mapping[int, Quote | None], counted: tuple[int, int]
    ) -> Callable[[BrokerRecords], _Look]:
        def look(records: BrokerRecords) -> _Look:
            return _Look(self, records, self.permission.live_facts(records), quotes, counted)

        return look

    def _trading(self, run_id: str, look: Callable[[BrokerRecords], _Look]) -> Trading:
        return Trading(
            route=self.route,
            book=self.tickets,
            account=self.account,
            run_id=run_id,
            now=self.clock.now,
            look=look,
            stopped=self.halted,
            stop=self.stop,
            alarm=self.alarm,
            patience=self.patience,
            retries_proven_unsent=self.retries_proven_unsent,
        )


@dataclass(frozen=True, slots=True)
class _Look:
    """The facts of one moment, for every ticket of a run.

    Attributes
    ----------
    counted
        How many positions signal EXIT, and how many there are that could.
    """

    live: Live
    records: BrokerRecords
    facts: LiveFacts
    quotes: Mapping[int, Quote | None]
    counted: tuple[int, int]

    def judge(self, ticket: OrderTicket) -> Verdict:
        live, now = self.live, self.live.clock.now()
        instrument = ticket.position.instrument
        calendar = calendar_for(instrument.token.exchange)
        facts = Facts(
            now=now,
            is_present=True,
            snapshot=self.records.snapshot,
            standing=live.broker.standing,
            quote=self.quotes.get(instrument.con_id),
            session=calendar.at(now),
            next_open=calendar.next_to_open(now).open_utc,
            exits=self.counted[0],
            positions=self.counted[1],
            limits=live.limits,
            live=self.facts,
        )
        return judge(ticket, facts)
