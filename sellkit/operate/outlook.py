"""What a live run would have against each order, told to whoever only looks.

Nothing is taken, claimed or approved: the facts are those of the disk and of a connection that
sends nothing, and a live run gathers its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sellkit.core.facts import Facts
from sellkit.core.gates import PreparedTicket
from sellkit.core.live_gates import OF_EACH
from sellkit.core.market_time import calendar_for
from sellkit.errors import SellkitError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from sellkit.core.limits import Limits
    from sellkit.core.live_facts import LiveFacts
    from sellkit.core.orders import OrderTicket
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.core.watched import WatchedRow
    from sellkit.operate.decision import HourlyDecision


@dataclass(frozen=True, slots=True)
class Outlook:
    """Looks at the orders of a minute as a live run would.

    Attributes
    ----------
    facts
        Gathers what the gates of live mode see; asked once a minute at most, where a position
        signals. It changes nothing.
    """

    facts: Callable[[], LiveFacts]

    def beside(
        self,
        rows: tuple[WatchedRow, ...],
        decision: HourlyDecision,
        limits: Limits,
        now: dt.datetime,
    ) -> tuple[WatchedRow, ...]:
        """The rows, each with what live mode has against its order.

        Orders go out in the order of the rows: one that would go counts for those below it.
        """
        if not any(each.row.verdict is not None for each in rows):
            return rows
        try:
            live = self.facts()
        except SellkitError as error:  # a row that tells it does no harm to the others
            unknown = (f"what live mode would say is not known: {error}",)
            return tuple(
                each if each.row.verdict is None else replace(each, withheld=unknown)
                for each in rows
            )
        found = []
        for each in rows:
            told, live = _told(each.row, decision, live, limits, now)
            found.append(replace(each, withheld=told))
        return tuple(found)


def _told(
    row: SnapshotRow,
    decision: HourlyDecision,
    live: LiveFacts,
    limits: Limits,
    now: dt.datetime,
) -> tuple[tuple[str, ...], LiveFacts]:
    """The reasons against one order, and the facts for the next one."""
    if row.verdict is None:
        return (), live
    ticket = row.verdict.ticket
    calendar = calendar_for(row.position.instrument.token.exchange)
    facts = Facts(
        now=now,
        is_present=True,
        snapshot=decision.snapshot,
        standing=decision.standing,
        quote=row.quote,
        session=calendar.at(now),
        next_open=calendar.next_to_open(now).open_utc,
        exits=len(decision.exits),
        positions=decision.decided,
        limits=limits,
    )
    reasons = tuple(reason for gate in OF_EACH if (reason := gate(ticket, facts, live)))
    if reasons or not isinstance(row.verdict, PreparedTicket):
        return reasons, live
    return (), _after(ticket, live)


def _after(ticket: OrderTicket, live: LiveFacts) -> LiveFacts:
    """The facts when that order has gone out."""
    own = ticket.notional
    today, armed = live.notional_today, live.notional_armed
    return replace(
        live,
        orders_today=live.orders_today + 1,
        notional_today=None if own is None or today is None else today + own,
        notional_armed=None if own is None or armed is None else armed + own,
    )
