"""Says in the log what was decided, and as loudly as a log can what is undecided or withheld."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sellkit.core.gates import DeniedTicket
from sellkit.core.signals import Decision

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sellkit.core.alerts import AlertKind
    from sellkit.core.snapshot import SnapshotRow

log = logging.getLogger(__name__)


def alarm(kind: AlertKind, text: str) -> None:
    """Tell a person by the log alone."""
    log.critical("alert", extra={"kind": str(kind), "text": text})


def say(run_id: str, rows: Iterable[SnapshotRow]) -> None:
    """Say every row of a run; what is undecided or withheld as loudly as a log can."""
    for row in rows:
        _say(run_id, row)


def _say(run_id: str, row: SnapshotRow) -> None:
    decision, reasons = row.signal.decision, row.signal.reasons
    is_withheld = isinstance(row.verdict, DeniedTicket)
    if isinstance(row.verdict, DeniedTicket):
        reasons = (*reasons, *row.verdict.reasons)
    level = logging.CRITICAL if is_withheld or decision is Decision.UNDECIDED else logging.INFO
    event = f"decision_{decision.lower()}" + ("_withheld" if is_withheld else "")
    token = str(row.position.instrument)
    log.log(level, event, extra={"run_id": run_id, "token": token, "reasons": list(reasons)})
