"""Whether sellkit does its work: from what is known of bars, runs, tickets, budget and disk.

Nothing is asked here: who gathers the facts is `sellkit.wiring.vitals`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sellkit.core.alerts import AlertKind
from sellkit.core.checks import FAILED, UNCERTAIN, UNDECIDED, Check, critical, noted, warning, well
from sellkit.core.counting import counted
from sellkit.core.diagnosis import disk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sellkit.core.pacing import Usage
    from sellkit.core.past_runs import JournalledRun

MANY_RECONNECTS: Final = 20
"""In a day. A nightly reset and a restart make a handful."""
LOW_SHARE: Final = 0.1
"""Of the budget of requests; a run waits for what is missing."""

JOURNAL: Final = "journal"
_OF_JOURNAL: Final = frozenset({"run", "decisions", "run seconds", "tickets", "alerts"})
_LOOK_FURTHER: Final = "`sellkit doctor --offline` looks at disk, rights and files"
_LONGEST_RUN: Final = dt.timedelta(minutes=30)
_GRACE: Final = dt.timedelta(minutes=15)
_OF_DECISIONS: Final = frozenset(
    {AlertKind.UNDECIDED, AlertKind.WITHHELD_EXIT, AlertKind.UNASSIGNED}
)
_LOOK: Final = "`sellkit runs show {}`"
_TICKETS_OPEN: Final = "UNCERTAIN"


@dataclass(frozen=True, slots=True)
class SeriesAge:
    """How old what is stored of one series is.

    Attributes
    ----------
    label
        The instrument and the length of a bar.
    ended_at
        When the newest stored bar ended, aware UTC; None where none is stored.
    behind
        Bars that have ended since and are not stored.
    most
        How many that may be at any time: what one hour, or one day, brings.
    """

    label: str
    ended_at: dt.datetime | None
    behind: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What is to be judged.

    Attributes
    ----------
    now
        By the clock that sellkit lives by; aware UTC.
    series
        Those of positions with an average.
    unheld
        The assigned instruments that no position is known of: no bars of them are fetched.
    run
        The latest one; None before the first.
    due
        When a run was due last, aware UTC; None where no schedule tells.
    tickets
        Unsettled ones and those of today, by state.
    usage
        The budget of requests; None where none was ever drawn from.
    budget
        The whole of it.
    reconnects, errors
        In the log of the last 24 hours: connections that came back, and lines of errors.
    alerts
        Open ones, by kind.
    disk_free
        Bytes, where the data lie.
    least_megabytes
        How much room there has to be: `alerts.low_disk_megabytes`.
    troubles
        Why something could not be read, by the check that rests on it; `JOURNAL` for all of its.
    """

    now: dt.datetime
    series: Sequence[SeriesAge] = ()
    unheld: Sequence[str] = ()
    run: JournalledRun | None = None
    due: dt.datetime | None = None
    tickets: Mapping[str, int] = field(default_factory=dict)
    usage: Usage | None = None
    budget: int = 0
    reconnects: int = 0
    errors: int = 0
    alerts: Mapping[str, int] = field(default_factory=dict)
    disk_free: int = 0
    least_megabytes: int = 0
    troubles: Mapping[str, str] = field(default_factory=dict)


def judged(vitals: Vitals) -> tuple[Check, ...]:
    """How each of them stands; what cannot be read is critical, and hides none of the others."""
    judges = {
        "bars": bars,
        "run": last_run,
        "decisions": decisions,
        "run seconds": run_seconds,
        "tickets": tickets,
        "budget": budget,
        "connection": connection,
        "alerts": alerts,
    }
    found: dict[str, Check] = {}
    for name, judge in judges.items():
        source = JOURNAL if name in _OF_JOURNAL else name
        trouble = vitals.troubles.get(source)
        if trouble is None:
            found[name] = judge(vitals)
        else:
            found[source] = critical(source, trouble, _LOOK_FURTHER)
    return (*found.values(), disk(vitals.disk_free, vitals.least_megabytes))


def bars(vitals: Vitals) -> Check:
    """How old the bars are that decisions on the positions would rest on."""
    name, series = "bars", vitals.series
    aside = f"; no position: {_listed(vitals.unheld)}" if vitals.unheld else ""
    if not series and not aside:
        remedy = "`sellkit assign`, then `sellkit run`, which downloads what is needed"
        return noted(name, "no position with an average is known yet", remedy)
    ages = {each.label: _seconds(vitals.now, each.ended_at) for each in series}
    behind = {each.label: each.behind for each in series}
    figures = {"age_seconds": ages, "behind": behind, "no_position": list(vitals.unheld)}
    if not series:
        return noted(name, f"none are needed{aside}", "", figures)
    wanting = _wanting(series)
    if wanting:
        remedy = "`sellkit status` fetches them; does `sellkit schedule` run?"
        return critical(name, f"{wanting}{aside}", remedy, figures)
    newest = _span(min(age for age in ages.values() if age is not None))
    said = f"{len(series)} series, every bar that is due; the newest ended {newest} ago"
    return well(name, f"{said}{aside}", figures)


def _wanting(series: Sequence[SeriesAge]) -> str:
    """What is not stored although it is due; "" when nothing is."""
    missing = [each.label for each in series if each.ended_at is None]
    if missing:
        return f"none are stored of {_listed(missing)}"
    behind = [each for each in series if each.behind > each.most]
    if not behind:
        return ""
    worst = max(behind, key=lambda each: each.behind)
    lacking = f"{worst.label} lacks {counted(worst.behind, 'bar')}"
    return f"{len(behind)} of {len(series)} series behind; {lacking}"


def last_run(vitals: Vitals) -> Check:
    """Whether the latest run came to its end, and whether one is missing since."""
    name, run = "run", vitals.run
    if run is None:
        return noted(name, "there was none yet", "`sellkit run`, or `sellkit schedule --loop`")
    when = _when(run.moment)
    figures: dict[str, object] = {"run_id": run.run_id, "outcome": run.outcome}
    look = _LOOK.format(run.run_id)
    if run.finished_at is None:
        return _without_end(run, vitals.now, figures)
    if str(run.outcome).startswith("failed"):
        return critical(name, f"{run.run_id} of {when} {run.outcome}", look, figures)
    if vitals.due is not None and _is_missing(run, vitals.due, vitals.now):
        said = f"none since {run.run_id} of {when}, and one was due at {_when(vitals.due)}"
        remedy = "does `sellkit schedule` run? `sellkit runs calendar` shows what is missing"
        return critical(name, said, remedy, figures | {"due": vitals.due.isoformat()})
    return well(name, f"{run.run_id} of {when}: {run.outcome}", figures)


def _without_end(run: JournalledRun, now: dt.datetime, figures: Mapping[str, object]) -> Check:
    name, begun, look = "run", run.started_at, _LOOK.format(run.run_id)
    told = f"{run.run_id} of {_when(run.moment)}"
    if begun is None and run.path is not None:
        said = f"{told} failed before it reached the journal"
        return critical(name, said, f"{look} tells the error", figures)
    if begun is None or now - begun > _LONGEST_RUN:
        return critical(name, f"{told} has no end: it was killed, or hangs", look, figures)
    return noted(name, f"{told} has no end yet: it is under way", "", figures)


def decisions(vitals: Vitals) -> Check:
    """What the latest run decided."""
    name, run = "decisions", vitals.run
    if run is None:
        return noted(name, "there are none yet")
    if not run.decisions:
        return noted(name, "the latest run has none")
    said = ", ".join(f"{count} {word}" for word, count in sorted(run.decisions.items()))
    if run.decisions.get("UNDECIDED"):
        remedy = f"`sellkit runs show {run.run_id}` says why; nobody watches what is undecided"
        return critical(name, said, remedy, run.decisions, code=UNDECIDED)
    return well(name, said, run.decisions)


def run_seconds(vitals: Vitals) -> Check:
    """How long the latest run took."""
    took = None if vitals.run is None else vitals.run.took
    if took is None:
        told = "no run has ended yet" if vitals.run is None else "not known of the latest run"
        return noted("run seconds", told)
    seconds = round(took.total_seconds(), 1)
    return well("run seconds", f"the last one took {seconds:g} s", {"seconds": seconds})


def tickets(vitals: Vitals) -> Check:
    """The tickets by their states."""
    name, found = "tickets", vitals.tickets
    if not found:
        return well(name, "none today, and none unsettled")
    said = ", ".join(f"{count} {state}" for state, count in sorted(found.items()))
    if found.get(_TICKETS_OPEN):
        remedy = "`sellkit reconcile`, or look into TWS and `sellkit tickets resolve`"
        return critical(name, said, remedy, found, code=UNCERTAIN)
    return well(name, said, found)


def budget(vitals: Vitals) -> Check:
    """How much may be asked of the gateway at once."""
    name, usage = "budget", vitals.usage
    if usage is None:
        return well(name, f"{counted(vitals.budget, 'request')} left: nothing was asked yet")
    left = max(int(usage.left), 0)
    whole = counted(vitals.budget, "request")
    said = f"{left} of {whole} left, {usage.open} open, {usage.sent} sent in 10 min"
    figures = {"left": left, "open": usage.open, "sent": usage.sent, "whole": vitals.budget}
    if left < LOW_SHARE * vitals.budget:
        remedy = "wait: it grows again; end what asks so much (`sellkit watch` of many positions)"
        return warning(name, said, remedy, figures)
    return well(name, said, figures)


def connection(vitals: Vitals) -> Check:
    """How often connections came back, and how often an error was logged."""
    errors = counted(vitals.errors, "error")
    said = f"{counted(vitals.reconnects, 'reconnect')} and {errors} in the log of 24 hours"
    figures = {"reconnects": vitals.reconnects, "errors": vitals.errors}
    if vitals.reconnects > MANY_RECONNECTS:
        remedy = "see to the gateway and the network; `sellkit doctor` asks it"
        return warning("connection", said, remedy, figures)
    return well("connection", said, figures)


def alerts(vitals: Vitals) -> Check:
    """What a person has not seen to yet."""
    if not vitals.alerts:
        return well("alerts", "none is open")
    said = ", ".join(f"{count} {kind}" for kind, count in sorted(vitals.alerts.items()))
    remedy = "`sellkit status` says of each what to do"
    code = UNDECIDED if set(vitals.alerts) <= _OF_DECISIONS else FAILED
    return critical("alerts", f"open: {said}", remedy, vitals.alerts, code=code)


def _is_missing(run: JournalledRun, due: dt.datetime, now: dt.datetime) -> bool:
    moment = run.moment
    # A run that began ahead of its hour is dated by its beginning until it has judged.
    return moment is not None and moment < due - dt.timedelta(minutes=5) and now - due > _GRACE


def _seconds(now: dt.datetime, then: dt.datetime | None) -> float | None:
    return None if then is None else round((now - then).total_seconds(), 1)


def _when(moment: dt.datetime | None) -> str:
    return "an unknown time" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
