"""Journal and gateway side by side, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.lifecycle import TicketState
from sellkit.core.portfolio import OWN_REFERENCE
from sellkit.operate.clearing import in_words
from sellkit.operate.reopening import REACH, nameless

if TYPE_CHECKING:
    from sellkit.core.fills import Fill
    from sellkit.core.reports import BrokerRecords
    from sellkit.ports.ticket_book import TicketBook, TicketRecord

_NOTHING: Final = "-"
_UNSENT: Final = (TicketState.ABANDONED, TicketState.DONE_BY_OTHER)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing, as each side has it.

    Attributes
    ----------
    subject
        A reference, or what it is about.
    journal, broker
        What each side says; `-` where it knows nothing.
    is_explained
        Whether both together make sense.
    note
        What to do, "" when nothing.
    """

    subject: str
    journal: str
    broker: str
    is_explained: bool
    note: str = ""


def compare(
    records: BrokerRecords, book: TicketBook, account: str, client_id: str
) -> tuple[Line, ...]:
    """Every open ticket, every trace of sellkit at the gateway, and what it took over there.

    The unexplained comes first.

    Parameters
    ----------
    client_id
        As whom orders are sent: what is executed for it and has no ticket is a trace, too.
    """
    tickets = book.unsettled(account)
    lines = [_of_ticket(each, records) for each in tickets]
    told = {each.reference for each in tickets}
    traces: dict[str, list[str]] = {}
    for order in records.snapshot.open_orders:
        traces.setdefault(order.reference, []).append(f"open: {in_words(order)}, {order.status}")
    for ended in records.completed:
        if ended.filled:
            found = f"{ended.status} ({ended.filled} filled)"
            traces.setdefault(ended.reference, []).append(found)
    for fill in records.fills:
        traces.setdefault(fill.reference, []).append(f"{fill.quantity} at {fill.price}")
    for reference, seen in traces.items():
        if reference.startswith(OWN_REFERENCE) and reference not in told:
            lines.append(_of_trace(reference, seen, book))
    recent = book.ticket_records(account, records.began_at - REACH)
    lines += [_of_nameless(each) for each in nameless(records, recent, client_id)]
    lines += _by_hand(records, book)
    return tuple(sorted(lines, key=lambda line: (line.is_explained, line.subject)))


def _of_ticket(record: TicketRecord, records: BrokerRecords) -> Line:
    key = (record.reference, record.perm_id)
    found = [f"open: {in_words(each)}, {each.status}" for each in records.open_of(*key)]
    found += [f"{each.status} ({each.filled} filled)" for each in records.completed_of(*key)]
    found += [f"{each.quantity} at {each.price}" for each in records.fills_of(*key)]
    is_clear = record.state is not TicketState.UNCERTAIN
    todo = f"`sellkit tickets resolve {record.reference} --as ... --reason ...`"
    gone = f"; cancelled for it: {', '.join(record.stopped)}" if record.stopped else ""
    note = "" if is_clear else f"look into TWS, then {todo}{gone}"
    told = f"{record.state} since {record.at:%H:%M:%S} UTC, {record.cause}"
    return Line(record.reference, told, "; ".join(found) or _NOTHING, is_clear, note)


def _of_nameless(fill: Fill) -> Line:
    told = f"{fill.side} {fill.quantity} at {fill.price} of contract {fill.con_id}, no reference"
    note = "no ticket accounts for it: look into TWS at who sends orders under this client id"
    return Line(f"order {fill.perm_id}", _NOTHING, told, is_explained=False, note=note)


def _of_trace(reference: str, found: list[str], book: TicketBook) -> Line:
    record = book.ticket(reference)
    if record is not None:
        told = f"{record.state}, {record.filled} of {record.quantity} executed"
        if record.state not in _UNSENT:
            return Line(reference, told, "; ".join(found), is_explained=True)
        note = "the journal has not sent it: look into TWS, and at who else trades this account"
        return Line(reference, told, "; ".join(found), is_explained=False, note=note)
    note = "this journal has never sent it: another sellkit did, or the journal is not the last one"
    return Line(reference, _NOTHING, "; ".join(found), is_explained=False, note=note)


def _by_hand(records: BrokerRecords, book: TicketBook) -> list[Line]:
    """Orders placed by hand that client 0 has taken over, or that a ticket had cancelled."""
    lines = []
    for order in records.snapshot.open_orders:
        wanted = book.cancel_of(order.perm_id)
        if order.is_bound or (wanted and not order.is_own):
            told = f"open: {in_words(order)}, {order.status}, bound to client {order.client_id}"
            note = "its cancel is not confirmed: look into TWS" if wanted else ""
            lines.append(_of_bound(order.perm_id, wanted, told, note))
    for ended in records.completed:
        wanted = book.cancel_of(ended.perm_id)
        if wanted and not ended.reference.startswith(OWN_REFERENCE):
            told = f"{ended.status} ({ended.filled} filled)"
            lines.append(_of_bound(ended.perm_id, wanted, told, ""))
    return lines


def _of_bound(perm_id: str, wanted: tuple[str, str] | None, told: str, note: str) -> Line:
    journal = f"cancelled for {wanted[0]}: {wanted[1]}" if wanted else "left as it is"
    return Line(f"order {perm_id}, placed by hand", journal, told, is_explained=True, note=note)
