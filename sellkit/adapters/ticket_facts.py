"""What the journal says of tickets in the market, as plain values, and back."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sellkit.adapters.journal_facts import as_text, instant
from sellkit.core.fills import Fill, total
from sellkit.core.lifecycle import TicketState
from sellkit.core.portfolio import Account, Side
from sellkit.core.proof import Round
from sellkit.core.reports import CompletedOrder
from sellkit.core.tickets import TicketRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sellkit.core.orders import OrderTicket
    from sellkit.core.portfolio import AccountSnapshot, OpenOrder
    from sellkit.core.reports import BrokerRecords, OrderReport
    from sellkit.ports.order_route import OrderDraft

    Facts = dict[str, object]
    Row = Mapping[str, Any]

CONFIRMED: Final = "confirmed"
_ASKED: Final = "asked"
_COMPLETED: Final = tuple(each.name for each in fields(CompletedOrder))


def of_intent(run_id: str, ticket: OrderTicket, at: dt.datetime) -> Facts:
    """That a ticket is to be carried out, and on which bar.

    Raises
    ------
    ValueError
        Its signal carries no certificate.
    """
    proof = ticket.signal.certificate
    if proof is None:
        raise ValueError(f"the ticket {ticket.reference} has no certificate")
    return {
        "reference": ticket.reference,
        "run_id": run_id,
        "ticket_id": ticket.ticket_id,
        "attempt": ticket.attempt,
        "account": ticket.position.account.alias,
        "con_id": ticket.position.instrument.con_id,
        "ticker": str(ticket.position.instrument.token),
        "side": str(ticket.side),
        **_sizes(ticket),
        "bar_end": instant(proof.slot.end),
        "at": instant(at),
    }


def of_step(
    reference: str,
    state: TicketState,
    at: dt.datetime,
    cause: str,
    details: Mapping[str, object] | None = None,
    perm_id: str | None = None,
) -> Facts:
    """A state of a ticket."""
    return {
        "reference": reference,
        "state": str(state),
        "at": instant(at),
        "cause": cause,
        "perm_id": perm_id,
        "details": dict(details or {}),
    }


def of_claim(
    ticket: OrderTicket, draft: OrderDraft, before: AccountSnapshot, at: dt.datetime
) -> Facts:
    """The one claim of an attempt: the complete order, and what was held and rested before it."""
    return {
        "reference": ticket.reference,
        "ticket_id": ticket.ticket_id,
        "attempt": ticket.attempt,
        "at": instant(at),
        "order_id": draft.order_id,
        "client_id": draft.client_id,
        "epoch": draft.epoch,
        **_sizes(ticket),
        "order": draft.order,
        "before": seen(before),
    }


def of_cancel(reference: str, order: OpenOrder, at: dt.datetime, outcome: str) -> Facts:
    """What became of a resting order that a ticket cancels."""
    told = _order(order)
    told["order_reference"] = told.pop("reference")
    return {"reference": reference, "at": instant(at), "outcome": outcome, **told}


def of_round(reference: str, look: Round) -> Facts:
    """A look in vain."""
    told = {"at": instant(look.at), "epoch": look.epoch, "doubt": look.doubt}
    since = None if look.since is None else instant(look.since)
    return {"reference": reference, **told, "since": since}


def of_fill(fill: Fill) -> Facts:
    """An execution."""
    return {
        "account": fill.account.alias,
        "exec_id": fill.exec_id,
        "con_id": fill.con_id,
        "perm_id": fill.perm_id,
        "order_id": fill.order_id,
        "client_id": fill.client_id,
        "reference": fill.reference,
        "side": str(fill.side),
        "quantity": str(fill.quantity),
        "price": str(fill.price),
        "at": instant(fill.at),
    }


def of_report(report: OrderReport) -> Facts:
    """A message about an order, with every field of it."""
    return {
        "number": report.number,
        "at": instant(report.at),
        "epoch": report.epoch,
        "kind": str(report.kind),
        "order_id": report.order_id,
        "client_id": report.client_id,
        "perm_id": report.perm_id,
        "reference": report.reference,
        "con_id": report.con_id,
        "status": report.status,
        "filled": as_text(report.filled),
        "remaining": as_text(report.remaining),
        "code": report.code,
        "text": report.text,
        "meaning": None if report.meaning is None else str(report.meaning),
        "exec_id": None if report.fill is None else report.fill.exec_id,
        "verbatim": dict(report.verbatim),
    }


def of_records(records: BrokerRecords, source: str) -> Facts:
    """Lists that were read for a ticket."""
    return {
        "began_at": instant(records.began_at),
        "taken_at": instant(records.snapshot.taken_at),
        "epoch": records.epoch,
        "account": records.snapshot.account.alias,
        "source": source,
        "lists": {
            **seen(records.snapshot),
            "completed": [_completed(each) for each in records.completed],
            "fills": [of_fill(each) for each in records.fills],
        },
    }


def seen(snapshot: AccountSnapshot) -> Facts:
    """Positions and open orders, whole."""
    return {
        "taken_at": instant(snapshot.taken_at),
        "epoch": snapshot.epoch,
        "positions": [
            {
                "con_id": each.instrument.con_id,
                "ticker": str(each.instrument.token),
                "security_type": each.instrument.security_type,
                "quantity": str(each.quantity),
                "average_cost": as_text(each.average_cost),
            }
            for each in snapshot.positions
        ],
        "open_orders": [_order(each) for each in snapshot.open_orders],
    }


def fill(row: Row) -> Fill:
    """An execution as journalled; the account's number is not there, its alias stands for it."""
    return Fill(
        exec_id=row["exec_id"],
        account=Account(row["account"], row["account"]),
        con_id=row["con_id"],
        perm_id=row["perm_id"],
        order_id=row["order_id"],
        client_id=row["client_id"],
        reference=row["reference"],
        side=Side(row["side"]),
        quantity=Decimal(row["quantity"]),
        price=Decimal(row["price"]),
        at=moment(row["at"]),
    )


def record(
    intents: Sequence[Row],
    steps: Sequence[Row],
    claim: Row | None,
    cancels: Sequence[Row],
    fills: Sequence[Fill],
) -> TicketRecord:
    """One attempt from what was appended of it, each oldest first; intents and steps not empty."""
    begun, last, sized = intents[-1], steps[-1], claim or intents[-1]
    notional = sized["notional"]
    return TicketRecord(
        ticket_id=begun["ticket_id"],
        attempt=begun["attempt"],
        reference=begun["reference"],
        run_id=begun["run_id"],
        account=begun["account"],
        con_id=begun["con_id"],
        ticker=begun["ticker"],
        side=Side(begun["side"]),
        quantity=Decimal(sized["quantity"]),
        position_before=Decimal(sized["position_before"]),
        notional=None if notional is None else Decimal(notional),
        bar_end=moment(begun["bar_end"]),
        state=TicketState(last["state"]),
        cause=last["cause"],
        at=moment(last["at"]),
        began_at=moment(intents[0]["at"]),
        claimed_at=None if claim is None else moment(claim["at"]),
        order_id=None if claim is None else claim["order_id"],
        client_id=None if claim is None else claim["client_id"],
        epoch=None if claim is None else claim["epoch"],
        perm_id=perm_id(steps),
        filled=total(fills),
        stopped=_stopped(cancels),
    )


def look(row: Row) -> Round:
    """A look in vain, as the journal has it."""
    since = None if row["since"] is None else moment(row["since"])
    return Round(at=moment(row["at"]), epoch=row["epoch"], since=since, doubt=row["doubt"])


def perm_id(steps: Sequence[Row]) -> str | None:
    """The one told last."""
    return next((each["perm_id"] for each in reversed(steps) if each["perm_id"]), None)


def moment(text: str) -> dt.datetime:
    """Aware UTC, from the journal's text."""
    return dt.datetime.fromisoformat(text)


def _sizes(ticket: OrderTicket) -> Facts:
    return {
        "quantity": str(ticket.quantity),
        "position_before": str(ticket.position.quantity),
        "notional": as_text(ticket.notional),
    }


def _order(order: OpenOrder) -> Facts:
    told = asdict(order)
    told["account"] = order.account.alias
    return {name: str(v) if isinstance(v, Decimal | Side) else v for name, v in told.items()}


def _completed(order: CompletedOrder) -> Facts:
    return {name: _plain(getattr(order, name)) for name in _COMPLETED}


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value


def _stopped(cancels: Sequence[Row]) -> tuple[str, ...]:
    """Of each order its latest outcome counts; an asked cancel may have been carried out."""
    latest = {each["perm_id"] or (each["client_id"], each["order_id"]): each for each in cancels}
    held = [each for each in latest.values() if each["outcome"] in {_ASKED, CONFIRMED}]
    return tuple(_words(each) for each in held)


def _words(row: Row) -> str:
    prices = [f"{n} {row[f'{n}_price']}" for n in ("stop", "limit") if row[f"{n}_price"]]
    told = [row["side"], row["remaining"], row["order_type"], *prices, row["time_in_force"]]
    told += ["placed by hand"] if row["order_id"].startswith("-") else []
    return " ".join(told) + (
        "" if row["outcome"] == CONFIRMED else " (its cancel is not confirmed)"
    )
