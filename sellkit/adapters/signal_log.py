"""The plain export of every decision: one JSON object a line, for run and position."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sellkit.adapters import durable_file
from sellkit.adapters.daily_file import DailyFile
from sellkit.core.gates import DeferredTicket, DeniedTicket
from sellkit.core.lifecycle import TicketState
from sellkit.core.signals import Decision

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sellkit.core.gates import Verdict
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.core.tickets import TicketRecord

_AS_WANTED: Final = (TicketState.DONE, TicketState.DONE_BY_OTHER)


def line(run_id: str, row: SnapshotRow, sent: Sequence[TicketRecord] = ()) -> dict[str, object]:
    """One line's object; numbers that are not finite are null.

    `reasons` holds those of the rule, then those for which an order was withheld; such an order is
    no prepared action, but keeps its reference in `order_id`, by which the journal finds it.

    Parameters
    ----------
    sent
        What went out for this position; an end that is not the one wanted is among `errors`.
    """
    signal, assignment, assigned = row.signal, row.assignment, row.assigned
    ticket = None if row.verdict is None else row.verdict.ticket
    withheld = _why_not_now(row.verdict)
    prepared = ticket is not None and not isinstance(row.verdict, DeniedTicket)
    return {
        "timestamp": row.as_of.astimezone(dt.UTC).isoformat(),
        "account": row.position.account.alias,
        "ticker": str(row.position.instrument.token),
        "close": _finite(row.last_close),
        "ma_type": None if assignment is None else str(assignment.average.kind),
        "ma_length": None if assignment is None else assignment.average.length,
        "timeframe": None if assignment is None else str(assignment.timeframe),
        "ma_value": None if assigned is None else _finite(assigned.value),
        "distance_pct": _finite(row.distance_percent),
        "decision": str(signal.decision),
        "reasons": [*signal.reasons, *withheld],
        "action_prepared": (
            f"{ticket.side} {ticket.quantity} {ticket.order_type}" if ticket and prepared else None
        ),
        "action_executed": _executed(sent),
        "order_id": None if ticket is None else ticket.reference,
        "errors": [
            *(signal.reasons if signal.decision is Decision.UNDECIDED else ()),
            *(f"{each.state}: {each.cause}" for each in sent if each.state not in _AS_WANTED),
        ],
        "run_id": run_id,
    }


class JsonLinesSignalLog:
    """The `SignalLog` as JSON lines, in a file for each day; see `sellkit.adapters.daily_file`.

    Parameters
    ----------
    path
        The file of the present day; it and its folder are made by the first `append`.
    keep_days
        After how many days archived lines are removed; None keeps all.
    """

    def __init__(self, path: Path, keep_days: int | None = None) -> None:
        self._file = DailyFile(path, is_durable=True, keep_days=keep_days)

    def append(
        self, run_id: str, rows: Sequence[SnapshotRow], sent: Sequence[TicketRecord] = ()
    ) -> None:
        """Add the rows' lines at the end, in one write, on the disk when this returns.

        Raises
        ------
        ConfigError
            The file cannot be written.
        """
        of: defaultdict[int, list[TicketRecord]] = defaultdict(list)
        for each in sent:
            of[each.con_id].append(each)
        told = (line(run_id, row, of[row.position.instrument.con_id]) for row in rows)
        lines = (json.dumps(each, allow_nan=False) for each in told)
        data = "".join(f"{each}\n" for each in lines).encode()
        folder = self._file.path.parent
        with durable_file.writing(folder, "allow writing there, or give another --log-dir"):
            self._file.append(data)


def _why_not_now(verdict: Verdict | None) -> tuple[str, ...]:
    match verdict:
        case DeniedTicket(reasons=reasons):
            return reasons
        case DeferredTicket(until=until):
            return (f"deferred to the next open, {until.isoformat()}",)
        case _:
            return ()


def _executed(sent: Sequence[TicketRecord]) -> str | None:
    filled = sum((each.filled for each in sent), start=Decimal(0))
    return f"{sent[0].side} {filled}" if filled else None


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
