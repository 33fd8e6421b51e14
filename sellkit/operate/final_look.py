"""The last judgement of a ticket, on facts of this moment, right before its order would go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.core.facts import Facts
from sellkit.core.gates import DeniedTicket, judge
from sellkit.core.market_time import calendar_for
from sellkit.errors import BrokerError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from sellkit.core.gates import Verdict
    from sellkit.core.instrument import Instrument
    from sellkit.core.limits import Limits
    from sellkit.core.orders import OrderTicket
    from sellkit.core.quotes import Quote
    from sellkit.core.reports import BrokerRecords
    from sellkit.operate.permission import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalLook:
    """The `Judge` of one run that sends.

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
    """

    permission: Permission
    limits: Limits
    exits: int
    positions: int
    quotes: Mapping[int, Quote]

    def __call__(self, ticket: OrderTicket, records: BrokerRecords) -> Verdict:
        """What the gates say, with positions and orders as in these lists.

        A gateway that does not answer is one more reason, because tickets that went before have to
        be followed whatever becomes of this one.

        Raises
        ------
        JournalError
            The tickets of the account cannot be read.
        """
        try:
            return judge(ticket, self._facts(ticket.position.instrument, records))
        except BrokerError as error:
            return DeniedTicket(ticket, (f"the last look failed: {error}",))

    def _facts(self, instrument: Instrument, records: BrokerRecords) -> Facts:
        broker, clock = self.permission.broker, self.permission.clock
        quote = self._quote(instrument, clock.now())
        live = self.permission.live_facts(records)
        calendar, now = calendar_for(instrument.token.exchange), clock.now()
        return Facts(
            now=now,
            is_present=True,
            snapshot=records.snapshot,
            standing=broker.standing,
            quote=quote,
            session=calendar.at(now),
            next_open=calendar.next_to_open(now).open_utc,
            exits=self.exits,
            positions=self.positions,
            limits=self.limits,
            live=live,
        )

    def _quote(self, instrument: Instrument, now: dt.datetime) -> Quote | None:
        known = self.quotes.get(instrument.con_id)
        if known is not None and now - known.asked_at <= self.limits.max_snapshot_age:
            return known
        return self.permission.broker.quotes([instrument]).get(instrument.con_id)
