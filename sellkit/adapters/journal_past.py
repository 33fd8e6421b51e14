"""A position's past out of the journal's tables, in a few questions."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sellkit.adapters import decision_facts, journal_facts, ticket_facts, ticket_reading
from sellkit.core.fills import counted
from sellkit.core.past import Past, PastOrder
from sellkit.core.portfolio import Side
from sellkit.core.precedent import by_key

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from sellkit.adapters.ticket_reading import Ask
    from sellkit.core.tickets import TicketRecord

_DECISIONS: Final = """
    SELECT * FROM decision
    WHERE account = ? AND con_id = ? AND bar_end >= ? AND decision IN ('EXIT', 'HOLD')
    ORDER BY id"""
_ORDERS: Final = """
    SELECT ticket.*, decision.as_of, decision.close FROM ticket
    JOIN decision ON decision.run_id = ticket.run_id AND decision.con_id = ticket.con_id
    WHERE ticket.account = ? AND ticket.con_id = ? AND decision.bar_end >= ?
    ORDER BY ticket.id"""
_BEGUN: Final = """
    SELECT DISTINCT reference FROM ticket_intent
    WHERE account = ? AND con_id = ? AND bar_end >= ?"""
_FILLS: Final = "SELECT * FROM fill WHERE account = ? AND con_id = ? AND at >= ? ORDER BY id"


def past(ask: Ask, account: str, con_id: int, since: dt.datetime) -> Past:
    """What the tables hold of one position since a moment."""
    of = (account, con_id, journal_facts.instant(since))
    decided = (decision_facts.precedent(each) for each in ask(_DECISIONS, *of))
    references = [str(each["reference"]) for each in ask(_BEGUN, *of)]
    begun = {each.reference: each for each in ticket_reading.told(ask, references)}
    fills = counted(ticket_facts.fill(each) for each in ask(_FILLS, *of))
    return Past(
        tuple(by_key(decided).values()),
        orders_of(ask(_ORDERS, *of), begun),
        tuple(sorted(fills, key=lambda each: each.at)),
    )


def orders_of(
    rows: Iterable[Mapping[str, Any]], begun: Mapping[str, TicketRecord]
) -> tuple[PastOrder, ...]:
    """Each order once, as it was told last.

    Parameters
    ----------
    rows
        Of tickets with the `as_of` and `close` of their decisions, oldest first.
    begun
        Those that were on their way to the market, by reference.
    """
    latest = {str(row["reference"]): row for row in rows}
    found = (_order(row, begun.get(reference)) for reference, row in latest.items())
    return tuple(sorted(found, key=lambda each: each.at))


def _order(row: Mapping[str, Any], record: TicketRecord | None) -> PastOrder:
    return PastOrder(
        reference=row["reference"],
        at=(record.claimed_at or record.at) if record else ticket_facts.moment(row["as_of"]),
        side=record.side if record else Side(row["side"]),
        quantity=record.quantity if record else Decimal(row["quantity"]),
        close=row["close"],
        state=str(record.state) if record else row["verdict"],
        reasons=(record.cause,) if record else tuple(row["reasons"]),
    )
