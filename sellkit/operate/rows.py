"""The rows of a minute: fresh ones, and older ones where a refresh failed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sellkit.core.assignments import Timeframe
from sellkit.core.evaluate import DailyBasis
from sellkit.core.signals import Decision
from sellkit.core.snapshot import in_display_order
from sellkit.core.watched import WatchedRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sellkit.core.bars import Slot
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.operate.decision import HourlyDecision
    from sellkit.operate.options import DeskOptions

_A_MINUTE: Final = dt.timedelta(minutes=1)
_COMMAND: Final = "`sellkit "


def watched_rows(
    decision: HourlyDecision,
    former: Mapping[int, WatchedRow],
    troubles: Mapping[int, str],
    options: DeskOptions,
) -> tuple[WatchedRow, ...]:
    """Every position as it is known now, in display order.

    Parameters
    ----------
    decision
        What the stored bars say.
    former
        The rows of the minute before, by contract.
    troubles
        By contract why its bars could not be refreshed. Such a row keeps its older values where the
        stored bars allow no judgement any more, with its position and orders as they are now.
    options
        How the desk works.
    """
    rows: dict[int, WatchedRow] = {}
    for each in decision.rows:
        con_id = each.position.instrument.con_id
        trouble, before = troubles.get(con_id, ""), former.get(con_id)
        row = WatchedRow(
            row=each,
            bar=_bar(each, decision),
            refreshed_at=decision.snapshot.taken_at,
            advice="" if trouble else _advice(each, decision, options),
        )
        rows[con_id] = row if not trouble else _held(row, before, trouble)
    ordered = in_display_order(each.row for each in rows.values())
    return tuple(rows[each.position.instrument.con_id] for each in ordered)


def _held(row: WatchedRow, before: WatchedRow | None, trouble: str) -> WatchedRow:
    """A row of which no fresh bars came."""
    since = None if before is None else before.refreshed_at
    if before is None or not _says_more(before.row, row.row):
        return replace(row, refreshed_at=since, trouble=trouble)
    signal = replace(before.row.signal, position=row.row.position)
    kept = replace(before.row, signal=signal, open_orders=row.row.open_orders)
    return replace(before, row=kept, trouble=trouble, advice="")


def _says_more(before: SnapshotRow, now: SnapshotRow) -> bool:
    if now.assignment != before.assignment or now.signal.decision is not Decision.UNDECIDED:
        return False
    return before.signal.decision is not Decision.UNDECIDED


def _bar(row: SnapshotRow, decision: HourlyDecision) -> Slot | None:
    """The bar whose close is shown; None when none is."""
    if row.signal.certificate is not None:
        return row.signal.certificate.slot
    study = decision.studies.get(row.position.instrument.con_id)
    if study is None or row.last_close is None:
        return None
    timeframe = Timeframe.H1 if row.assignment is None else row.assignment.timeframe
    return study.history.of(timeframe).due


def _advice(row: SnapshotRow, decision: HourlyDecision, options: DeskOptions) -> str:
    """What to do about bars that are missing: the watch itself never goes back for them."""
    study = decision.studies.get(row.position.instrument.con_id)
    signal = row.signal
    if signal.decision is not Decision.UNDECIDED or row.assignment is None or study is None:
        return ""
    if any(_COMMAND in reason for reason in signal.reasons):
        return ""
    if decision.standing.doubt(decision.snapshot.epoch) is not None:
        return ""
    judged = study.history.of(row.assignment.timeframe)
    if options.daily_basis is DailyBasis.HOURLY and judged.problem is None:
        judged = study.history.hours
    ended = None if judged.due is None or judged.problem is None else judged.due.end
    if ended is not None and ended + options.late_bars + _A_MINUTE > decision.as_of:
        return "it may still come"
    return "`sellkit status` fetches what is missing, where the gateway has it"
