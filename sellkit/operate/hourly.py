"""One hourly run: the notebook executed and kept, its decisions read back from the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sellkit.errors import RunFailed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

    from sellkit.core.tickets import TicketRecord
    from sellkit.ports import Clock, Journal, NotebookRunner


@dataclass(frozen=True, slots=True, repr=False)
class RunResult:
    """What came of a run.

    Attributes
    ----------
    notebook
        The executed notebook, kept as evidence.
    outcome
        `decided`, `undecided` or `uncertain` (an order's fate is open), as journalled.
    decisions, tickets
        As journalled.
    assigned
        Assignments that the run made by default, each as a line.
    orders
        Every attempt to send what the run approved, as far as it came.
    timing
        How long its parts took, in real seconds by name.
    """

    run_id: str
    notebook: Path
    outcome: str
    decisions: tuple[Mapping[str, object], ...]
    tickets: tuple[Mapping[str, object], ...]
    assigned: tuple[str, ...] = ()
    orders: tuple[TicketRecord, ...] = ()
    timing: Mapping[str, object] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 decided, 4 some positions UNDECIDED, 5 the fate of an order is open."""
        return {"decided": 0, "uncertain": 5}.get(self.outcome, 4)

    def __repr__(self) -> str:
        told = [f"run {self.run_id} {self.outcome}; kept in {self.notebook}"]
        told += [f"{each['decision']:<9} {each['ticker']}" for each in self.decisions]
        return "\n".join([*told, *map(repr, self.orders)])


def kept_at(runs: Path, started_at: dt.datetime, run_id: str) -> Path:
    """Where the executed notebook of a run is kept; the time is UTC."""
    return runs / f"{started_at:%Y-%m-%d}" / f"{started_at:%H%M%SZ}_{run_id}.ipynb"


def hourly_run(
    runner: NotebookRunner,
    journal: Journal,
    clock: Clock,
    notebook: Path,
    output: Path,
    parameters: Mapping[str, object],
) -> RunResult:
    """Execute the notebook and read back what it journalled.

    Raises
    ------
    ConfigError
        The notebook has no such parameter; nothing was started.
    RunFailed
        A cell raised, or the notebook ended without closing its run in the journal.
    """
    run_id = str(parameters["run_id"])
    try:
        runner.run(notebook, output, parameters)
    except RunFailed as error:
        # The kernel that began the run is gone: nobody else can say in the journal that it ended.
        if run_id in _open_runs(journal):
            journal.finish(run_id, clock.now(), f"failed: {error}")
        raise
    outcome = {str(each["run_id"]): each["outcome"] for each in journal.runs()}.get(run_id)
    if outcome is None:
        raise RunFailed(f"the run {run_id} ended without an outcome in the journal; see {output}")
    timing = next(iter(journal.timings(run_id)), {})
    told = (journal.decisions(run_id), journal.tickets(run_id))
    return RunResult(run_id, output, str(outcome), *told, timing=timing)


def _open_runs(journal: Journal) -> set[str]:
    return {str(each["run_id"]) for each in journal.runs() if each["outcome"] is None}
