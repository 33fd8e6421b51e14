"""What the journal says of runs, positions, orders, decisions and tickets, as plain values."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from sellkit.core.gates import ApprovedTicket, DeferredTicket, DeniedTicket
from sellkit.core.portfolio import OpenOrder, Side
from sellkit.core.precedent import Precedent
from sellkit.core.protection import Resting
from sellkit.core.signals import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sellkit.core.alerts import Alert
    from sellkit.core.portfolio import Account, AccountSnapshot, Position
    from sellkit.core.signals import BarCertificate
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.core.standing import Standing
    from sellkit.ports import RunHeader

    Facts = dict[str, object]

_INSTANTS: Final = 256
"""The rows of a run name the same few again and again."""


@lru_cache(_INSTANTS)
def instant(moment: dt.datetime) -> str:
    """ISO text in UTC."""
    return moment.astimezone(dt.UTC).isoformat()


def of_run(header: RunHeader) -> Facts:
    """A run as it begins."""
    return {
        "run_id": header.run_id,
        "started_at": instant(header.started_at),
        "as_of": instant(header.as_of),
        "mode": header.mode,
        "profile": header.profile,
        "account": header.account,
        "gateway": str(header.gateway),
        "version": header.version,
    }


def of_alert(source: str, alert: Alert) -> Facts:
    """An alert, and whose connection it is about."""
    return {
        "at": instant(alert.at),
        "source": source,
        "kind": str(alert.kind),
        "text": alert.text,
    }


def of_snapshot(run_id: str, snapshot: AccountSnapshot) -> Facts:
    """That the lists were read, and how long they were: an empty list is a fact, too."""
    return {
        **_seen(run_id, snapshot),
        "positions": len(snapshot.positions),
        "open_orders": len(snapshot.open_orders),
    }


def of_position(run_id: str, snapshot: AccountSnapshot, position: Position) -> Facts:
    """A position as the run saw it."""
    return {
        **_seen(run_id, snapshot),
        "con_id": position.instrument.con_id,
        "ticker": str(position.instrument.token),
        "security_type": position.instrument.security_type,
        "currency": position.instrument.currency,
        "quantity": str(position.quantity),
        "average_cost": _text(position.average_cost),
    }


def of_order(run_id: str, snapshot: AccountSnapshot, order: OpenOrder) -> Facts:
    """An open order as the run saw it."""
    return {
        **_seen(run_id, snapshot),
        "con_id": order.con_id,
        "order_id": order.order_id,
        "client_id": order.client_id,
        "perm_id": order.perm_id,
        "reference": order.reference,
        "side": str(order.side),
        "order_type": order.order_type,
        "quantity": str(order.quantity),
        "remaining": str(order.remaining),
        "limit_price": _text(order.limit_price),
        "stop_price": _text(order.stop_price),
        "time_in_force": order.time_in_force,
        "status": order.status,
    }


def resting(row: Mapping[str, Any], account: Account) -> Resting:
    """An open order as it was seen last, from its row and what was held then."""
    numbers = ("quantity", "remaining", "limit_price", "stop_price")
    figures: dict[str, Any] = {
        name: None if row[name] is None else Decimal(row[name]) for name in numbers
    }
    names = ("con_id", "order_id", "client_id", "perm_id", "reference", "order_type")
    told = {name: row[name] for name in (*names, "time_in_force", "status")}
    return Resting(
        order=OpenOrder(account=account, side=Side(row["side"]), **told, **figures),
        seen_at=_moment(row["taken_at"]),
        held=Decimal(row["held"] or 0),
        is_accounted=bool(row["is_accounted"]),
    )


def of_decision(run_id: str, row: SnapshotRow) -> Facts:
    """A decision with its whole certificate; all of the latter is None when there is none."""
    signal, position, assignment = row.signal, row.position, row.assignment
    return {
        "run_id": run_id,
        "as_of": instant(row.as_of),
        "account": position.account.alias,
        "con_id": position.instrument.con_id,
        "ticker": str(position.instrument.token),
        "quantity": str(position.quantity),
        "average_cost": _text(position.average_cost),
        "last_close": None if row.last_close is None else float(row.last_close),
        "ma_type": None if assignment is None else str(assignment.average.kind),
        "ma_length": None if assignment is None else assignment.average.length,
        "timeframe": None if assignment is None else str(assignment.timeframe),
        "decision": str(signal.decision),
        "reasons": list(signal.reasons),
        **_certificate(signal.certificate),
    }


def of_retelling(run_id: str, row: SnapshotRow) -> Facts | None:
    """How the deciding bar is told now, where it had been decided on before."""
    now, proof = row.signal.retelling, row.signal.certificate
    if now is None or proof is None:
        return None
    return {
        "run_id": run_id,
        "con_id": row.position.instrument.con_id,
        "ticker": str(row.position.instrument.token),
        "bar_start": instant(proof.slot.start),
        "bar_end": instant(proof.slot.end),
        "decided_in": now.run_id,
        "decided_at": instant(now.decided_at),
        "decision": str(row.signal.decision),
        "decision_now": str(now.decision),
        "close": float(proof.close),
        "close_now": float(now.close),
        "average": float(proof.average),
        "average_now": float(now.average),
        "told_at": instant(now.told_at),
    }


def of_quote(run_id: str, row: SnapshotRow) -> Facts | None:
    """What the market showed of an exit's instrument."""
    quote, instrument = row.quote, row.position.instrument
    if quote is None:
        return None
    return {
        "run_id": run_id,
        "con_id": instrument.con_id,
        "ticker": str(instrument.token),
        "asked_at": instant(quote.asked_at),
        "bid": _text(quote.bid),
        "ask": _text(quote.ask),
        "last": _text(quote.last),
        "trouble": quote.trouble,
    }


def beside(run_id: str, row: SnapshotRow) -> dict[str, Facts]:
    """By table, what is kept beside the decision of a row."""
    told = {
        "retelling": of_retelling(run_id, row),
        "quote_seen": of_quote(run_id, row),
        "ticket": of_ticket(run_id, row),
    }
    return {table: facts for table, facts in told.items() if facts is not None}


def precedent(row: Mapping[str, Any]) -> Precedent:
    """A decision with a certificate, as it was journalled."""
    return Precedent(
        run_id=row["run_id"],
        decided_at=_moment(row["as_of"]),
        con_id=row["con_id"],
        label=f"{row['ma_type']} {row['ma_length']} {row['timeframe']}",
        decision=Decision(row["decision"]),
        reasons=tuple(row["reasons"]),
        start=_moment(row["bar_start"]),
        end=_moment(row["bar_end"]),
        parts=row["parts"],
        fetched_at=_moment(row["fetched_at"]),
        close=row["close"],
        average=row["average"],
        bars_used=row["bars_used"],
        seed_weight=row["seed_weight"],
        price_basis=row["price_basis"],
    )


def of_ticket(run_id: str, row: SnapshotRow) -> Facts | None:
    """The ticket of an EXIT with its complete order and what the gates made of it."""
    verdict = row.verdict
    if verdict is None:
        return None
    ticket = verdict.ticket
    word, reasons, until = "prepared", [], None
    if isinstance(verdict, ApprovedTicket):
        word = "approved"
    elif isinstance(verdict, DeniedTicket):
        word, reasons = "withheld", list(verdict.reasons)
    elif isinstance(verdict, DeferredTicket):
        word, until = "deferred", instant(verdict.until)
        reasons = [f"the session is closed; to be decided afresh at the next open, {until}"]
    return {
        "run_id": run_id,
        "ticket_id": ticket.ticket_id,
        "attempt": ticket.attempt,
        "reference": ticket.reference,
        "account": ticket.position.account.alias,
        "con_id": ticket.position.instrument.con_id,
        "ticker": str(ticket.position.instrument.token),
        "side": str(ticket.side),
        "quantity": str(ticket.quantity),
        "fraction": str(ticket.fraction),
        "order": ticket.order(),
        "verdict": word,
        "reasons": reasons,
        "deferred_until": until,
    }


def ticket(row: Mapping[str, object]) -> Facts:
    """A ticket as it is told, of a row that has the mode of its run beside it.

    Up to version 5 of the journal what a live run had approved was written as prepared.
    """
    told = {name: value for name, value in row.items() if name != "mode"}
    if (row["mode"], row["verdict"]) == ("LIVE", "prepared"):
        told["verdict"] = "approved"
    return told


def deferred_until(row: Mapping[str, object]) -> dt.datetime:
    """The opening that a ticket waits for."""
    return _moment(str(row["deferred_until"]))


def of_standing(run_id: str, standing: Standing) -> Facts:
    """How the connection stood for the decisions of a run."""
    return {
        "run_id": run_id,
        "epoch": standing.epoch,
        "is_ready": int(standing.is_ready),
        "reason": standing.reason,
        "since": instant(standing.since),
    }


def _seen(run_id: str, snapshot: AccountSnapshot) -> Facts:
    return {
        "run_id": run_id,
        "taken_at": instant(snapshot.taken_at),
        "account": snapshot.account.alias,
    }


def _certificate(proof: BarCertificate | None) -> Facts:
    return {
        "bar_start": proof and instant(proof.slot.start),
        "bar_end": proof and instant(proof.slot.end),
        "session_date": proof and proof.slot.session.date.isoformat(),
        "session_open": proof and instant(proof.slot.session.open_utc),
        "session_close": proof and instant(proof.slot.session.close_utc),
        "parts_due": proof and proof.slot.parts,
        "parts": proof and proof.parts,
        "fetched_at": proof and instant(proof.fetched_at),
        "close": proof and float(proof.close),
        "average": proof and float(proof.average),
        "bars_used": proof and proof.bars_used,
        "seed_weight": proof and float(proof.seed_weight),
        "price_basis": proof and proof.price_basis,
    }


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)
