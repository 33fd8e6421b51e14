"""The last judgement of a ticket, on facts of this moment, right before its order would go."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sellkit.core.facts import Facts
from sellkit.core.fills import sold
from sellkit.core.gates import DeniedTicket, judge
from sellkit.core.limits import OrderType
from sellkit.core.market_time import calendar_for
from sellkit.core.orders import limited
from sellkit.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sellkit.core.gates import Verdict
    from sellkit.core.instrument import Instrument
    from sellkit.core.limits import Limits
    from sellkit.core.live_facts import LiveFacts
    from sellkit.core.orders import OrderTicket
    from sellkit.core.portfolio import AccountSnapshot
    from sellkit.core.quotes import Quote
    from sellkit.core.reports import BrokerRecords
    from sellkit.operate.permission import Permission
    from sellkit.operate.trading import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalLook:
    """What looks for the last time, in one run that sends.

    Attributes
    ----------
    permission
        Gathers what live mode asks for.
    limits
        What the operator allows.
    exits, positions
        How many positions signalled in the run, and how many there were that could.
    quotes
        By contract, what the market showed for the decision; asked anew once that is old.
    price_step
        The tick of an instrument at a price.
    basis
        Positions as they were decided on; None where nothing was decided.
    executed
        The families of executions that were known when it was decided.
    """

    permission: Permission
    limits: Limits
    exits: int
    positions: int
    quotes: Mapping[int, Quote]
    price_step: Callable[[Instrument, Decimal], Decimal]
    basis: AccountSnapshot | None = None
    executed: frozenset[str] = frozenset()

    def __call__(self, records: BrokerRecords) -> Look:
        """Gather what live mode asks for, with positions and orders as in these lists.

        A gateway that does not answer is a reason against every ticket, and no error: tickets that
        went before have to be followed whatever becomes of these.

        Raises
        ------
        JournalError
            The tickets of the account cannot be read.
        """
        try:
            live, deferred = self.permission.live_facts(records), self.permission.deferred()
        except BrokerError as error:
            return _Refusal(f"the last look failed: {error}")
        return _Moment(self, records, live, deferred)

    def quote_of(self, instrument: Instrument, now: dt.datetime) -> Quote | None:
        """The quote of the decision, or a fresh one where that has aged."""
        known = self.quotes.get(instrument.con_id)
        if known is not None and now - known.asked_at <= self.limits.max_snapshot_age:
            return known
        return self.permission.broker.quotes([instrument]).get(instrument.con_id)

    def unshown(self, records: BrokerRecords, con_id: int) -> Decimal:
        """Shares told as sold since the decision that the position still has."""
        basis = self.basis
        if basis is None:
            return Decimal(0)
        late = [
            each
            for each in records.fills
            if each.con_id == con_id
            and (each.family not in self.executed or each.at > basis.taken_at)
        ]
        if not late:
            return Decimal(0)
        return records.snapshot.held(con_id) - (basis.held(con_id) - sold(late))

    def priced(self, ticket: OrderTicket, quote: Quote | None) -> OrderTicket:
        """With a limit below the bid, where that is wanted; without a bid the gates withhold it.

        Raises
        ------
        BrokerError
            The gateway does not tell the price step.
        """
        is_limit = self.limits.order_type is OrderType.MARKETABLE_LIMIT
        if not is_limit or quote is None or quote.bid is None:
            return ticket
        step = self.price_step(ticket.position.instrument, quote.bid)
        return limited(ticket, quote.bid, self.limits.limit_offset, step)


@dataclass(frozen=True, slots=True)
class _Moment:
    """The facts of one moment."""

    run: FinalLook
    records: BrokerRecords
    live: LiveFacts
    deferred: Mapping[str, dt.datetime]

    def judge(self, ticket: OrderTicket) -> Verdict:
        try:
            return self._judge(ticket)
        except BrokerError as error:  # the clock may be the gateway's
            return DeniedTicket(ticket, (f"the last look failed: {error}",))

    def _judge(self, ticket: OrderTicket) -> Verdict:
        run, instrument = self.run, ticket.position.instrument
        broker, clock = run.permission.broker, run.permission.clock
        quote = run.quote_of(instrument, clock.now())
        try:
            ticket = run.priced(ticket, quote)
        except BrokerError as error:
            return DeniedTicket(ticket, (f"no price step is known: {error}",))
        calendar, now = calendar_for(instrument.token.exchange), clock.now()
        facts = Facts(
            now=now,
            is_present=True,
            snapshot=self.records.snapshot,
            standing=broker.standing,
            quote=quote,
            session=calendar.at(now),
            next_open=calendar.next_to_open(now).open_utc,
            exits=run.exits,
            positions=run.positions,
            limits=run.limits,
            live=self.live,
            deferred=self.deferred,
            unshown=run.unshown(self.records, instrument.con_id),
        )
        return judge(ticket, facts)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why nothing could be judged."""

    reason: str

    def judge(self, ticket: OrderTicket) -> Verdict:
        return DeniedTicket(ticket, (self.reason,))
