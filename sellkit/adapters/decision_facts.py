"""What the journal says of decisions and of what the gates made of them, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sellkit.adapters.journal_facts import as_text, instant, moment
from sellkit.core.gates import ApprovedTicket, DeferredTicket, DeniedTicket
from sellkit.core.precedent import Precedent
from sellkit.core.signals import Decision

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from sellkit.core.signals import BarCertificate
    from sellkit.core.snapshot import SnapshotRow

    Facts = dict[str, object]


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
        "average_cost": as_text(position.average_cost),
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
        "bid": as_text(quote.bid),
        "ask": as_text(quote.ask),
        "last": as_text(quote.last),
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
        decided_at=moment(row["as_of"]),
        con_id=row["con_id"],
        label=f"{row['ma_type']} {row['ma_length']} {row['timeframe']}",
        decision=Decision(row["decision"]),
        reasons=tuple(row["reasons"]),
        start=moment(row["bar_start"]),
        end=moment(row["bar_end"]),
        parts=row["parts"],
        fetched_at=moment(row["fetched_at"]),
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
    return moment(str(row["deferred_until"]))


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
