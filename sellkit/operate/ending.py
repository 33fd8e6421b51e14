"""What is told and written when a run has done its work."""

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
    """Write the plain lines to the signal log, how long the run took, and how it ended."""
    is_settled = all(each.state.is_terminal for each in sent)
    outcome = decision.outcome if is_settled else "uncertain"
    parts.signal_log.append(run_id, decision.rows, sent)
    now, journal = parts.clock.now(), parts.journal
    if took := timing.parts():
        journal.record_timing(run_id, now, took)
    journal.finish(run_id, now, outcome)
