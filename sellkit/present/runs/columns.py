"""The columns of the table of runs, and a run as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.past_runs import RunVerdict
from sellkit.present.columns import Cell, Column, Tone
from sellkit.present.words import UNKNOWN

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.core.past_runs import PastRun
    from sellkit.present.columns import Value

LIVE: Final = "LIVE"
VERDICT_TONES: Final = {
    RunVerdict.ALTERED: Tone.EXIT,
    RunVerdict.UNCERTAIN: Tone.EXIT,
    RunVerdict.FAILED: Tone.EXIT,
    RunVerdict.UNFINISHED: Tone.EXIT,
    RunVerdict.UNDECIDED: Tone.UNDECIDED,
    RunVerdict.DECIDED: Tone.HOLD,
}
_KILOBYTE: Final = 1000
_MINUTE: Final = 60


def minute(instant: dt.datetime | None, form: str = "%Y-%m-%d %H:%M") -> str:
    """A moment in UTC, without its seconds."""
    return UNKNOWN if instant is None else f"{instant:{form}}"


def duration(length: dt.timedelta | None) -> str:
    """`12 s`, or `1 min 3 s`."""
    if length is None:
        return UNKNOWN
    minutes, seconds = divmod(round(length.total_seconds()), _MINUTE)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def size(run: PastRun) -> str:
    """Of the executed notebook, in kB, and whether it lies in an archive."""
    if run.notebook is None:
        return UNKNOWN
    kilobytes = f"{run.notebook.size / _KILOBYTE:,.0f}"
    return f"{kilobytes} zip" if run.notebook.archive else kilobytes


def verdict_cell(run: PastRun) -> Cell:
    """The verdict in its tone."""
    return Cell(str(run.verdict), VERDICT_TONES[run.verdict])


def mode_cell(run: PastRun) -> Cell:
    """The mode; one that sends orders is strong."""
    mode = run.facts.mode
    return Cell(mode or UNKNOWN, Tone.STRONG_WARN if mode == LIVE else Tone.PLAIN)


def _count(number: int, tone: Tone = Tone.STRONG) -> Cell:
    return Cell(str(number), tone) if number else Cell("0", Tone.QUIET)


def _tickets(run: PastRun) -> Cell:
    tickets = run.facts.tickets
    told = [f"{count} {word}" for word, count in sorted(tickets.items())]
    if run.facts.sent:
        told.append(f"{run.facts.sent} sent")
    return Cell(", ".join(told) or "none", Tone.PLAIN if told else Tone.QUIET)


COLUMNS: Final[tuple[Column[PastRun], ...]] = (
    Column("moment, UTC", lambda run: Cell(minute(run.facts.moment))),
    Column("run", lambda run: Cell(run.facts.run_id, Tone.STRONG)),
    Column("mode", mode_cell),
    Column("verdict", verdict_cell),
    Column("positions", lambda run: _count(_positions(run), Tone.PLAIN), is_number=True),
    Column("signals", lambda run: _count(run.signals), is_number=True),
    Column("tickets", _tickets, room=10),
    Column("took", lambda run: Cell(duration(run.facts.took)), is_number=True),
    Column("kB", lambda run: Cell(size(run)), is_number=True),
    Column("why", lambda run: Cell("; ".join(run.reasons)), room=24),
)


def _positions(run: PastRun) -> int:
    return sum(run.facts.decisions.values())


def record(run: PastRun) -> dict[str, Value | dict[str, int]]:
    """A run as plain values by name; None for what is unknown. Times are ISO text in UTC."""
    facts, kept = run.facts, run.notebook
    took = facts.took
    return {
        "run_id": facts.run_id,
        "moment": _iso(facts.moment),
        "as_of": _iso(facts.as_of),
        "started_at": _iso(facts.started_at),
        "finished_at": _iso(facts.finished_at),
        "seconds": None if took is None else took.total_seconds(),
        "profile": facts.profile,
        "account": facts.account,
        "gateway": facts.gateway,
        "mode": facts.mode,
        "version": facts.version,
        "verdict": str(run.verdict),
        "reasons": list(run.reasons),
        "outcome": facts.outcome,
        "decisions": dict(facts.decisions),
        "tickets": dict(facts.tickets),
        "sent": facts.sent,
        "tokens": sorted(facts.tokens),
        "notebook": facts.path,
        "archive": None if kept is None else kept.archive,
        "bytes": None if kept is None else kept.size,
        "sha256": None if kept is None else kept.sha256,
        "sha256_journalled": facts.sha256,
    }


def _iso(instant: dt.datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
