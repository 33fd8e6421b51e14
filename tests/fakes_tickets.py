"""The tickets of a journal in memory; it passes the contract of `TicketBook` as the file does."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from sellkit.core.fills import Fill, total
from sellkit.core.gates import ApprovedTicket
from sellkit.core.lifecycle import TicketState, check, check_unmoved
from sellkit.core.orders import OrderTicket
from sellkit.core.portfolio import Account, AccountSnapshot, OpenOrder
from sellkit.core.proof import Round
from sellkit.core.reports import BrokerRecords, OrderReport, is_same
from sellkit.errors import DuplicateTicket, IllegalTransition, JournalError
from sellkit.ports.order_route import OrderDraft
from sellkit.ports.ticket_book import TicketRecord

UNSENT = (TicketState.INTENT, TicketState.CANCELLING)
RETRIED = (TicketState.CANCELLED, TicketState.NOT_RECEIVED)
BY_OWN_METHOD = (TicketState.INTENT, TicketState.SUBMITTING)


@dataclass(slots=True)
class Entry:
    """One attempt: where it stands, and what was appended."""

    record: TicketRecord
    steps: list[dict[str, object]] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    cancels: dict[str, tuple[OpenOrder, str]] = field(default_factory=dict)


class FakeTicketBook:
    """A `TicketBook` of dictionaries.

    Attributes
    ----------
    written
        What was appended, in order: `INTENT SK1-...-1`, `cancel asked ...`, `fills 2`, ...
    unwritable
        Methods that raise JournalError and write nothing, by name, as on a full disk.
    reports, lists
        What `note_reports` and `note_records` were given.
    """

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._fills: list[Fill] = []
        self.written: list[str] = []
        self.unwritable: set[str] = set()
        self.reports: list[OrderReport] = []
        self.lists: list[tuple[str, BrokerRecords]] = []

    def intend(self, run_id: str, ticket: OrderTicket, at: dt.datetime) -> TicketRecord:
        self._check_writable("intend")
        held = self._entries.get(ticket.reference)
        if held is not None and held.record.state in UNSENT:
            return self._told(held)
        if held is not None:
            self._refuse_twice(held.record)
        self._check_former(ticket)
        fresh = _begun(run_id, ticket, at)
        if held is None:
            held = self._entries[ticket.reference] = Entry(fresh)
        else:
            fresh = replace(fresh, began_at=held.record.began_at, perm_id=held.record.perm_id)
        return self._append(held, fresh, {})

    def step(
        self,
        reference: str,
        state: TicketState,
        at: dt.datetime,
        cause: str,
        details: Mapping[str, object] | None = None,
        *,
        perm_id: str | None = None,
        seen: TicketState | None = None,
    ) -> TicketRecord:
        self._check_writable("step")
        entry = self._entry(reference)
        if state in BY_OWN_METHOD:
            raise IllegalTransition(f"{reference} does not become {state} by a step")
        check_unmoved(entry.record.state, seen, reference)
        check(entry.record.state, state, reference)
        told = replace(entry.record, state=state, at=at, cause=cause)
        told = told if perm_id is None else replace(told, perm_id=perm_id)
        return self._append(entry, told, dict(details or {}))

    def claim(
        self,
        approved: ApprovedTicket,
        draft: OrderDraft,
        before: AccountSnapshot,
        at: dt.datetime,
    ) -> TicketRecord:
        self._check_writable("claim")
        ticket = approved.ticket
        if draft.reference != ticket.reference:
            raise JournalError(f"the draft of {draft.reference} is none of {ticket.reference}")
        entry = self._entry(ticket.reference)
        if entry.record.claimed_at is not None:
            raise DuplicateTicket(f"{ticket.reference} was claimed before")
        check(entry.record.state, TicketState.SUBMITTING, ticket.reference)
        self._check_free(entry.record)
        told = replace(
            entry.record,
            quantity=ticket.quantity,
            position_before=ticket.position.quantity,
            notional=ticket.notional,
            state=TicketState.SUBMITTING,
            cause="claimed",
            at=at,
            claimed_at=at,
            order_id=draft.order_id,
            client_id=draft.client_id,
            epoch=draft.epoch,
        )
        return self._append(entry, told, {"order": draft.order, "before": _seen(before)})

    def highest_order_id(self, client_id: str) -> str | None:
        told = (each.record for each in self._entries.values())
        ids = [int(e.order_id) for e in told if e.order_id and e.client_id == client_id]
        return str(max(ids)) if ids else None

    def note_cancel(self, reference: str, order: OpenOrder, at: dt.datetime, outcome: str) -> None:
        self._check_writable("note_cancel")
        entry = self._entry(reference)
        entry.cancels[order.perm_id or f"{order.client_id}/{order.order_id}"] = (order, outcome)
        self.written.append(f"cancel {outcome} {reference}")

    def cancel_of(self, perm_id: str) -> tuple[str, str] | None:
        held = [(name, each.cancels.get(perm_id)) for name, each in self._entries.items()]
        return next(((name, found[1]) for name, found in reversed(held) if found), None)

    def note_reports(self, reports: tuple[OrderReport, ...]) -> None:
        self._check_writable("note_reports")
        self.reports.extend(reports)
        self.written.append(f"reports {len(reports)}")

    def note_fills(self, fills: tuple[Fill, ...]) -> tuple[Fill, ...]:
        self._check_writable("note_fills")
        known = {(each.account.alias, each.exec_id) for each in self._fills}
        fresh: dict[tuple[str, str], Fill] = {}
        for each in fills:
            key = (each.account.alias, each.exec_id)
            if key not in known:
                fresh.setdefault(key, each)
        self._fills.extend(_as_journalled(each) for each in fresh.values())
        self.written.append(f"fills {len(fresh)}")
        return tuple(fresh.values())

    def note_records(self, records: BrokerRecords, source: str) -> None:
        self._check_writable("note_records")
        self.lists.append((source, records))
        self.written.append(f"records {source}")

    def note_round(self, reference: str, look: Round) -> None:
        self._check_writable("note_round")
        self._entry(reference).rounds.append(look)
        self.written.append(f"round {reference}")

    def rounds(self, reference: str) -> tuple[Round, ...]:
        entry = self._entries.get(reference)
        return () if entry is None else tuple(entry.rounds)

    def ticket(self, reference: str) -> TicketRecord | None:
        entry = self._entries.get(reference)
        return None if entry is None else self._told(entry)

    def ticket_records(self, account: str, since: dt.datetime) -> tuple[TicketRecord, ...]:
        return tuple(each for each in self._of(account) if each.began_at >= since)

    def unsettled(self, account: str) -> tuple[TicketRecord, ...]:
        return tuple(each for each in self._of(account) if not each.state.is_terminal)

    def fills(self, reference: str) -> tuple[Fill, ...]:
        entry = self._entries.get(reference)
        if entry is None:
            return ()
        perm_id = entry.record.perm_id
        return tuple(
            each
            for each in self._fills
            if is_same(reference, perm_id, each.reference, each.perm_id)
        )

    def steps(self, reference: str) -> tuple[Mapping[str, object], ...]:
        entry = self._entries.get(reference)
        return () if entry is None else tuple(dict(each) for each in entry.steps)

    # --- behind it --------------------------------------------------------------------------------

    def _append(
        self, entry: Entry, record: TicketRecord, details: Mapping[str, object]
    ) -> TicketRecord:
        entry.record = record
        entry.rounds.clear()
        plain = json.loads(json.dumps(details, default=str))
        told = {"at": record.at, "state": record.state, "cause": record.cause, "details": plain}
        entry.steps.append(told)
        self.written.append(f"{record.state} {record.reference}")
        return self._told(entry)

    def _told(self, entry: Entry) -> TicketRecord:
        held = entry.cancels.values()
        stopped = tuple(_words(*each) for each in held if each[1] in {"asked", "confirmed"})
        filled = total(self.fills(entry.record.reference))
        return replace(entry.record, filled=filled, stopped=stopped)

    def _of(self, account: str) -> list[TicketRecord]:
        return [self._told(e) for e in self._entries.values() if e.record.account == account]

    def _entry(self, reference: str) -> Entry:
        if reference not in self._entries:
            raise IllegalTransition(f"the journal holds no ticket {reference}")
        return self._entries[reference]

    def _refuse_twice(self, record: TicketRecord) -> None:
        if record.claimed_at is not None or record.state is not TicketState.ABANDONED:
            raise DuplicateTicket(f"{record.reference} stands at {record.state} already")

    def _check_former(self, ticket: OrderTicket) -> None:
        if ticket.attempt == 1:
            return
        former = self._entries.get(replace(ticket, attempt=ticket.attempt - 1).reference)
        if former is None or former.record.state not in RETRIED:
            raise IllegalTransition(f"{ticket.reference} does not follow a settled attempt")

    def _check_free(self, record: TicketRecord) -> None:
        for each in self._of(record.account):
            if each.con_id == record.con_id and each.state.is_claimed:
                raise DuplicateTicket(f"{each.reference} closes the same position: {each.state}")

    def _check_writable(self, method: str) -> None:
        if method in self.unwritable:
            raise JournalError("the journal cannot be written: no space left on device")


def _begun(run_id: str, ticket: OrderTicket, at: dt.datetime) -> TicketRecord:
    instrument, proof = ticket.position.instrument, ticket.signal.certificate
    assert proof is not None
    return TicketRecord(
        ticket_id=ticket.ticket_id,
        attempt=ticket.attempt,
        reference=ticket.reference,
        run_id=run_id,
        account=ticket.position.account.alias,
        con_id=instrument.con_id,
        ticker=str(instrument.token),
        side=ticket.side,
        quantity=ticket.quantity,
        position_before=ticket.position.quantity,
        notional=ticket.notional,
        bar_end=proof.slot.end,
        state=TicketState.INTENT,
        cause="to be closed",
        at=at,
        began_at=at,
        claimed_at=None,
        order_id=None,
        client_id=None,
        epoch=None,
        perm_id=None,
        filled=Decimal(0),
        stopped=(),
    )


def _seen(before: AccountSnapshot) -> dict[str, object]:
    held = {str(each.instrument.token): str(each.quantity) for each in before.positions}
    return {"taken_at": before.taken_at.isoformat(), "epoch": before.epoch, "positions": held}


def _words(order: OpenOrder, outcome: str) -> str:
    prices = [f"stop {order.stop_price}"] if order.stop_price is not None else []
    prices += [f"limit {order.limit_price}"] if order.limit_price is not None else []
    told = [f"{order.side} {order.remaining} {order.order_type}", *prices, order.time_in_force]
    told += ["placed by hand"] if order.is_bound else []
    return " ".join(told) + ("" if outcome == "confirmed" else " (its cancel is not confirmed)")


def _as_journalled(fill: Fill) -> Fill:
    """The journal knows the alias alone; it stands in the number's place."""
    return replace(fill, account=Account(fill.account.alias, fill.account.alias))
