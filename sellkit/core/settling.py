"""What became of a sent order, concluded from complete lists and from what was said of it.

A message alone never ends a ticket: codes that sound deadly have been followed by fills. An end
is concluded when the lists, each read to its end marker, bear it out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sellkit.core.code_book import told
from sellkit.core.fills import counted, total
from sellkit.core.lifecycle import TicketState
from sellkit.core.reports import ENDED_STATUSES, Meaning, ReportKind, is_same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.core.fills import Fill
    from sellkit.core.reports import BrokerRecords, CompletedOrder, OrderReport
    from sellkit.core.tickets import TicketRecord

_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a ticket has become.

    Attributes
    ----------
    state
        Its state now; UNCERTAIN where the evidence contradicts itself or is not enough.
    cause
        Why, in words.
    perm_id
        As the gateway told it, or None.
    """

    state: TicketState
    cause: str
    perm_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is known of one attempt beside its record.

    Attributes
    ----------
    records
        The lists, read after everything else here was heard.
    ledger
        Its executions as journalled.
    words
        What the gateway said of it; empty in a process that did not send it.
    is_session_over
        Whether the session that it was sent in has closed.
    """

    records: BrokerRecords
    ledger: tuple[Fill, ...] = ()
    words: tuple[OrderReport, ...] = field(default=())
    is_session_over: bool = False


def concerns(record: TicketRecord, report: OrderReport) -> bool:
    """Whether a report is about this attempt.

    A code carries the order id alone, which means something only over the connection on which the
    order was sent.
    """
    if report.kind is ReportKind.CODE:
        return (report.epoch, report.order_id) == (record.epoch, record.order_id)
    return is_same(record.reference, record.perm_id, report.reference or "", report.perm_id or "")


def acknowledged(reports: Sequence[OrderReport]) -> str | None:
    """The perm id by which the gateway has numbered an order; None while it has not."""
    told = (each.perm_id for each in reports)
    return next((each for each in told if each not in (None, "", "0")), None)


def sounds_ended(reports: Sequence[OrderReport]) -> bool:
    """Whether something was said after which the lists are worth reading.

    That is an end, and a code that leaves open whether there was one: that there is nothing to
    cancel any more, above all.
    """
    ends = (Meaning.ORDER_DEAD, Meaning.UNKNOWN)
    return any(each.meaning in ends or each.status in ENDED_STATUSES for each in reports)


def settle(record: TicketRecord, evidence: Evidence) -> Finding:
    """What a claimed attempt has become by all evidence together.

    Parameters
    ----------
    record
        SUBMITTING, ACKNOWLEDGED, STOPPING, FILLED or UNCERTAIN.
    evidence
        The lists and the words.
    """
    case = _Case.of(record, evidence)
    contradiction = _contradiction(case)
    if contradiction:
        return case.unsure(contradiction)
    if case.filled == record.quantity:
        return case.found(TicketState.FILLED, f"executed in whole at {case.average_price}")
    if case.is_open:
        return _alive(case)
    if case.ended_as is None:
        return case.unsure(_absence(case))
    return _ended(case)


@dataclass(frozen=True, slots=True)
class _Case:
    """The evidence, sorted."""

    record: TicketRecord
    evidence: Evidence
    fills: tuple[Fill, ...]
    perm_ids: frozenset[str]
    open_status: str | None
    ended_as: str | None
    refusal: str
    said: Decimal

    @classmethod
    def of(cls, record: TicketRecord, evidence: Evidence) -> _Case:
        lists, key = evidence.records, (record.reference, record.perm_id)
        resting, ended = lists.open_of(*key), lists.completed_of(*key)
        executed = (*evidence.ledger, *lists.fills_of(*key))
        told = [each.perm_id for each in resting] + [each.perm_id for each in ended]
        told += [each.perm_id for each in executed]
        words = [each for each in evidence.words if concerns(record, each)]
        return cls(
            record=record,
            evidence=evidence,
            fills=counted(executed),
            perm_ids=frozenset(each for each in told if each not in ("", "0")),
            open_status=resting[0].status if resting else None,
            ended_as=ended[-1].status if ended else _said_end(record, words),
            refusal=_refusal(words) or _refused_by(record, ended),
            said=ended[-1].filled if ended else _said_filled(words),
        )

    @property
    def is_open(self) -> bool:
        return self.open_status is not None

    @property
    def filled(self) -> Decimal:
        return total(self.fills)

    @property
    def average_price(self) -> Decimal:
        worth = sum((each.price * each.quantity for each in self.fills), _NOTHING)
        return (worth / self.filled).quantize(Decimal("0.0001"))

    @property
    def held(self) -> Decimal:
        """Shares held now."""
        positions = self.evidence.records.snapshot.positions
        of = {each.instrument.con_id: each.quantity for each in positions}
        return of.get(self.record.con_id, _NOTHING)

    @property
    def expected(self) -> Decimal:
        """Shares that should be held, with what is known to be executed."""
        return self.record.position_before - self.filled

    def found(self, state: TicketState, cause: str) -> Finding:
        return Finding(state, cause, next(iter(self.perm_ids), None))

    def unsure(self, cause: str) -> Finding:
        return self.found(TicketState.UNCERTAIN, cause)


def _contradiction(case: _Case) -> str:
    quantity = case.record.quantity
    if len(case.perm_ids) > 1:
        told = ", ".join(sorted(case.perm_ids))
        return f"the gateway has several orders of this reference: {told}"
    if case.filled > quantity:
        return f"{case.filled} shares were executed of an order for {quantity}"
    if case.is_open and case.filled == quantity:
        return "it is executed in whole, and listed as open all the same"
    if case.record.state is TicketState.FILLED and case.filled != quantity:
        return f"it was executed in whole, and now {case.filled} of {quantity} shares are"
    return ""


def _alive(case: _Case) -> Finding:
    status = case.open_status
    idle = ", which does not work in the market" if status == "Inactive" else ""
    stays = case.record.state is TicketState.STOPPING
    state = TicketState.STOPPING if stays else TicketState.ACKNOWLEDGED
    return case.found(state, f"it is open as {status}{idle}, {case.filled} executed")


def _absence(case: _Case) -> str:
    if case.filled:
        part = f"{case.filled} of {case.record.quantity} shares"
        return f"{part} are executed, and the order is neither open nor completed"
    return "the gateway lists it nowhere, and nothing was said of its end"


def _ended(case: _Case) -> Finding:
    if case.held != case.expected:
        return case.unsure(
            f"it ended as {case.ended_as} with {case.filled} executed, so that {case.expected} "
            f"shares should be held, and {case.held} are"
        )
    if case.ended_as == "Filled":
        return case.unsure(
            f"it is said to be filled, and only {case.filled} of {case.record.quantity} shares "
            "are told as executed"
        )
    if case.said > case.filled:
        return case.unsure(
            f"{case.said} shares are said to be executed, and {case.filled} are told one by one"
        )
    why = f": {case.refusal}" if case.refusal else ""
    if not case.filled and (case.refusal or case.ended_as == "Inactive"):
        return case.found(TicketState.REJECTED, f"refused{why}")
    asked = case.record.state is TicketState.STOPPING
    if not asked and case.evidence.is_session_over:
        return case.found(TicketState.EXPIRED, f"its session ended, {case.filled} executed{why}")
    return case.found(TicketState.CANCELLED, f"cancelled, {case.filled} executed{why}")


def _said_end(record: TicketRecord, words: Sequence[OrderReport]) -> str | None:
    """The last end that was said of it, unless it was said to be alive again afterwards.

    That it is Inactive is no end while the list of the completed orders does not say so: it may
    come back. A code that refuses it ends only what was never numbered: codes have come for orders
    that went on working.
    """
    is_numbered = record.perm_id is not None or acknowledged(words) is not None
    for word in reversed(words):
        if word.status == "Inactive":
            continue
        if word.kind is ReportKind.ORDER_STATUS:
            return word.status if word.status in ENDED_STATUSES else None
        if _is_dead(word) and not (is_numbered and _is_refusal(word)):
            return "Cancelled"
    return None


def _said_filled(words: Sequence[OrderReport]) -> Decimal:
    """Shares executed, as the latest status says."""
    said = (each.filled for each in reversed(words) if each.filled is not None)
    return next(said, _NOTHING)


def _refusal(words: Sequence[OrderReport]) -> str:
    """The last word that refused it; that of a cancel that was asked for is none."""
    word = next((each for each in reversed(words) if _is_refusal(each)), None)
    return "" if word is None or word.code is None else told(word.code, word.text)


def _refused_by(record: TicketRecord, ended: Sequence[CompletedOrder]) -> str:
    """What the list says of a refusal; its text on a cancel is none."""
    if not ended or record.state is TicketState.STOPPING:
        return ""
    is_refused = ended[-1].status == "Inactive" or "reject" in ended[-1].text.lower()
    return ended[-1].text if is_refused else ""


_CANCEL_DONE: Final = 202


def _is_refusal(report: OrderReport) -> bool:
    return _is_dead(report) and report.code != _CANCEL_DONE


def _is_dead(report: OrderReport) -> bool:
    return report.meaning is Meaning.ORDER_DEAD
