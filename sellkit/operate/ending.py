"""The end of a run: its plain lines, how long its parts took, and its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.core.tickets import TicketRecord
    from sellkit.operate.decision import HourlyDecision
    from sellkit.operate.parts import Parts
    from sellkit.operate.timing import Timing


def end_run(
    parts: Parts,
    run_id: str,
    decision: HourlyDecision,
    timing: Timing,
    sent: Sequence[TicketRecord] = (),
) -> None:
    """Write the signal log, and close the run in the journal: `uncertain` while a fate is open."""
    is_settled = all(each.state.is_terminal for each in sent)
    outcome = decision.outcome if is_settled else "uncertain"
    parts.signal_log.append(run_id, decision.rows, sent)
    now = parts.clock.now()
    if seconds := timing.parts():
        parts.journal.record_timing(run_id, now, seconds)
    parts.journal.finish(run_id, now, outcome)
