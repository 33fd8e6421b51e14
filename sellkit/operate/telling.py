"""Keeps before a person's eyes what runs left undecided, withheld or open, until that is over."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.alerts import (
    IN_DRY_RUNS,
    ORDERS,
    REMEDIES,
    Alert,
    AlertKind,
    Ending,
    kinds_that_end,
    words,
)
from sellkit.core.gates import DeniedTicket
from sellkit.core.signals import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sellkit.core.snapshot import SnapshotRow
    from sellkit.core.tickets import TicketRecord
    from sellkit.operate.decision import HourlyDecision
    from sellkit.operate.parts import Parts
    from sellkit.operate.reconcile import Reconciliation
    from sellkit.ports import Journal

    Rows = Sequence[Mapping[str, object]]

REPEATED_AFTER: Final = dt.timedelta(hours=3)
"""What lasts for the same reasons is told again so long after it was told last."""

_DECIDED: Final = kinds_that_end(Ending.DECIDED) | kinds_that_end(Ending.SENT)


def tell(parts: Parts, decision: HourlyDecision, known: Rows | None) -> None:
    """Journal an alert for each position that is undecided or whose exit is withheld.

    One that lasts is told again at times; what is decided, or held no more, is over. A dry run
    ends no alert about an exit that a live one withheld: it passes fewer gates.

    Parameters
    ----------
    parts
        Those of the run: it is a live one when they hold what sends.
    known
        The alerts that were open when the run began: what it told itself since stays. None in a
        run about the past, which tells nothing of the present.
    """
    if known is None:
        return
    now, is_live = parts.clock.now(), parts.live is not None
    of: dict[str, list[Mapping[str, object]]] = {}
    for each in known:
        of.setdefault(str(each["source"]), []).append(each)
    over: list[Mapping[str, object]] = []
    told: list[tuple[str, Alert]] = []
    for row in decision.rows:
        held = {source: of.pop(source, []) for source in _sources(row)}
        over += (each for source in _decided_by(row, is_live=is_live) for each in held[source])
        if concern := _concern(row, is_live=is_live):
            told += _told(concern, held[concern.source], now)
    over += (each for source in of for each in of[source] if _is_over(each, is_live=is_live))
    parts.journal.renew_alerts(now, [_number(each) for each in over], told)


def end_explained(parts: Parts, found: Reconciliation) -> None:
    """End the alerts that holding the journal against the gateway has settled."""
    if parts.live is None:
        return
    now, alias = parts.clock.now(), parts.live.account.alias
    end_settled(parts.journal, parts.live.tickets.unsettled(alias), now)
    if not found.unexplained:
        known = of_kinds(parts.journal.open_alerts(), Ending.EXPLAINED)
        parts.journal.renew_alerts(now, [_number(each) for each in known], ())


def end_settled(journal: Journal, unsettled: Sequence[TicketRecord], now: dt.datetime) -> None:
    """End the alerts about tickets that have ended by now; an alert names its own by reference."""
    over = [
        _number(each)
        for each in of_kinds(journal.open_alerts(), Ending.SETTLED)
        if not any(ticket.reference in str(each["text"]) for ticket in unsettled)
    ]
    journal.renew_alerts(now, over, ())


def end_seen(journal: Journal, now: dt.datetime) -> None:
    """End the alerts that a person has seen, with everything settled."""
    known = journal.open_alerts()
    over = [
        *of_kinds(known, Ending.SEEN),
        *(each for each in known if each["kind"] not in REMEDIES),
    ]
    journal.renew_alerts(now, [_number(each) for each in over], ())


def of_kinds(alerts: Rows, ending: Ending) -> list[Mapping[str, object]]:
    """Those of the alerts that end in one way."""
    kinds = kinds_that_end(ending)
    return [each for each in alerts if each["kind"] in kinds]


@dataclass(frozen=True, slots=True)
class _Concern:
    """Why a position wants a person.

    Attributes
    ----------
    source
        Whose alert it is: the position's token, with the kind of run where that counts.
    what, reasons
        What is so, in words that `still` may stand before, and why.
    """

    source: str
    kind: AlertKind
    token: str
    what: str
    reasons: tuple[str, ...]


def _concern(row: SnapshotRow, *, is_live: bool) -> _Concern | None:
    token = str(row.position.instrument)
    if row.signal.decision is Decision.UNDECIDED:
        what, is_assigned = "UNDECIDED", row.assignment is not None
        kind = AlertKind.UNDECIDED if is_assigned else AlertKind.UNASSIGNED
        return _Concern(token, kind, token, what, row.signal.reasons)
    if isinstance(row.verdict, DeniedTicket):
        source = _withheld(token, is_live=is_live)
        what = "EXIT withheld" if is_live else "EXIT that a dry run withholds"
        return _Concern(source, AlertKind.WITHHELD_EXIT, token, what, row.verdict.reasons)
    return None


def _sources(row: SnapshotRow) -> tuple[str, str, str]:
    """Whose the alerts about a position are: of any run, of live ones, and of dry ones."""
    token = str(row.position.instrument)
    return (token, _withheld(token, is_live=True), _withheld(token, is_live=False))


def _decided_by(row: SnapshotRow, *, is_live: bool) -> tuple[str, ...]:
    """The sources whose alerts a row ends."""
    token, live, dry = _sources(row)
    if row.signal.decision is Decision.UNDECIDED:
        return ()
    if isinstance(row.verdict, DeniedTicket):
        return (token,)
    if row.signal.decision is Decision.EXIT and not is_live:
        return (token, dry)
    return (token, live, dry)


def _told(concern: _Concern, known: Rows, now: dt.datetime) -> Iterator[tuple[str, Alert]]:
    """The alert of a concern, unless it was told a short while ago and for the same reasons."""
    times = [dt.datetime.fromisoformat(str(each["at"])) for each in known]
    reasons = "; ".join(concern.reasons)
    is_same = bool(known) and words(str(known[-1]["text"])).endswith(words(f": {reasons}"))
    if is_same and abs(now - times[-1]) < REPEATED_AFTER:
        return
    what = f"still {concern.what} since {times[0]:%Y-%m-%d %H:%M} UTC" if times else concern.what
    text = f"{concern.token}: {what}: {reasons}"
    yield concern.source, Alert(concern.kind, text, now)


def _is_over(alert: Mapping[str, object], *, is_live: bool) -> bool:
    """Whether an alert is over that is not about a position which is held now.

    What a live run withheld on its way out is judged anew by the next one.
    """
    is_of_order = alert["source"] == ORDERS
    return alert["kind"] in _DECIDED and (is_live or not is_of_order)


def _withheld(token: str, *, is_live: bool) -> str:
    return f"{token} in live runs" if is_live else f"{token}{IN_DRY_RUNS}"


def _number(alert: Mapping[str, object]) -> int:
    return int(str(alert["number"]))
