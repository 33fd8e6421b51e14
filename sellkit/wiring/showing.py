"""Tells a notebook how sellkit's objects look; their own modules must not know of HTML."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# By module and class, the function that draws it; neither is imported before it is needed.
_SHOWN: Final = {
    ("sellkit.wiring.desk", "WiredDesk"): ("shown", "desk"),
    ("sellkit.operate.decision", "HourlyDecision"): ("shown", "decision"),
    ("sellkit.operate.download", "DownloadReport"): ("shown", "download"),
    ("sellkit.operate.reconcile", "Reconciliation"): ("shown", "reconciliation"),
    ("sellkit.operate.hourly", "RunResult"): ("shown", "result"),
    ("sellkit.ports.assignment_book", "AssignmentSheet"): ("shown", "assignments"),
    ("sellkit.core.watched", "Watched"): ("shown", "watched"),
    ("sellkit.core.watched", "WatchedRow"): ("shown", "watched_row"),
    ("sellkit.config", "Settings"): ("shown", "settings"),
    ("sellkit.wiring.evidence", "AuditReport"): ("shown", "escaped"),
    ("sellkit.wiring.past_runs", "PastRuns"): ("shown", "escaped"),
    ("sellkit.research.replayed", "Replay"): ("replayed", "replay_sheet"),
    ("sellkit.research.replayed", "PositionReplay"): ("replayed", "position_sheet"),
    ("sellkit.research.alternatives", "Alternatives"): ("replayed", "alternatives_sheet"),
    ("sellkit.core.retraced", "RetracedRun"): ("shown", "escaped"),
    ("sellkit.core.past_runs", "PastRun"): ("runs.one", "run_sheet"),
    ("sellkit.core.run_hours", "HourCalendar"): ("runs.hours", "hours_table"),
}
# Those whose own text is too long to read: here words stand beside the HTML, too.
_TOLD: Final = {
    ("sellkit.core.snapshot", "SnapshotRow"): "row",
    ("sellkit.core.signals", "Signal"): "signal",
    ("sellkit.core.portfolio", "Position"): "position",
    ("sellkit.core.portfolio", "AccountSnapshot"): "snapshot",
    ("sellkit.core.portfolio", "Account"): "words_alone",
    ("sellkit.core.past", "Past"): "past",
    ("sellkit.core.prospect", "Prospect"): "prospect",
    ("sellkit.core.standing", "Standing"): "fields",
    ("sellkit.core.instrument", "Token"): "words_alone",
    ("sellkit.core.instrument", "Instrument"): "words_alone",
    ("sellkit.core.assignments", "Assignment"): "words_alone",
    ("sellkit.core.assignments", "MovingAverage"): "words_alone",
    ("sellkit.ports.journal", "RunHeader"): "fields",
    ("sellkit.operate.holdings", "Holding"): "holding",
    ("sellkit.operate.study", "Study"): "study",
    ("sellkit.operate.timing", "Timing"): "words_alone",
    ("sellkit.operate.parts", "Parts"): "tool",
    ("sellkit.operate.options", "DeskOptions"): "fields",
    ("sellkit.adapters.bar_store.store", "ParquetBarStore"): "tool",
    ("sellkit.adapters.csv_assignments", "CsvAssignments"): "tool",
    ("sellkit.adapters.ib.broker", "IbBroker"): "tool",
    ("sellkit.adapters.sqlite_journal", "SqliteJournal"): "tool",
    ("sellkit.wiring.gateways", "Gateways"): "gateways",
    ("sellkit.wiring.watch", "WiredWatch"): "tool",
}
# The same of several at once, in a tuple or a list, or as the keys or the values of a dictionary.
_SEVERAL: Final = {
    "Holding": ("told", "coverage"),
    "SnapshotRow": ("told", "rows"),
    "TicketRecord": ("shown", "tickets"),
    "Position": ("shown", "positions"),
    "PastRun": ("runs.table", "runs_table"),
    "Prospect": ("told", "averages"),
    "Study": ("told", "averages"),
}
# What a dictionary of them says in words, where each of its values would be a page.
_LONG: Final = {"Holding", "Prospect", "Study"}


def show_richly(shell: Any = None) -> bool:  # noqa: ANN401  (IPython's own object)
    """Teach the notebook that runs this process; a second call changes nothing.

    Parameters
    ----------
    shell
        IPython's; the running one when left out.

    Returns
    -------
    bool
        Whether there is one.
    """
    if shell is None:
        loaded = sys.modules.get("IPython")
        shell = None if loaded is None else loaded.get_ipython()
    if shell is None:
        return False
    html = shell.display_formatter.formatters["text/html"]
    for (module, name), means in _SHOWN.items():
        html.for_type_by_name(module, name, _drawing(*means))
    plain = shell.display_formatter.formatters["text/plain"]
    for (module, name), drawn in _TOLD.items():
        html.for_type_by_name(module, name, _drawing("told", drawn))
        plain.for_type_by_name(module, name, _saying(drawn))
    for kind in (tuple, list, dict):
        html.for_type(kind, _several)
    usual = plain.for_type(dict)
    if getattr(usual, "__module__", "") != __name__:
        plain.for_type(dict, _saying_several(usual))
    return True


def public_names(found: object) -> list[str]:
    """What the tab key offers of an object: nothing that begins with an underscore."""
    return [each for each in object.__dir__(found) if not each.startswith("_")]


def _drawing(module: str, name: str) -> Callable[[Any], str]:
    def draw(found: Any) -> str:  # noqa: ANN401  (of whichever class)
        drawn = getattr(import_module(f"sellkit.present.{module}"), name)(found)
        return drawn if isinstance(drawn, str) else str(drawn.markup)

    return draw


def _saying(name: str) -> Callable[[Any, Any, bool], None]:
    def say(found: Any, printer: Any, _is_cycle: bool) -> None:  # noqa: ANN401  (IPython's)
        told = getattr(import_module("sellkit.present.told"), name)(found)
        for number, line in enumerate(repr(told).split("\n")):
            if number:
                printer.break_()
            printer.text(line)

    return say


def _saying_several(usual: Callable[[Any, Any, bool], None]) -> Callable[[Any, Any, bool], None]:
    """A dictionary in words, by whatever says it usually where its values are short."""

    def say(found: Any, printer: Any, is_cycle: bool) -> None:  # noqa: ANN401  (IPython's)
        name = "" if is_cycle else _kind(found)
        if name in _LONG:
            _saying(_SEVERAL[name][1])(found, printer, is_cycle)
        else:
            usual(found, printer, is_cycle)

    return say


def _several(found: Sequence[Any] | Mapping[Any, Any]) -> str | None:
    """A table of objects of one kind; what is not sellkit's is left to the notebook."""
    name = _kind(found)
    return _drawing(*_SEVERAL[name])(found) if name else None


def _kind(found: Sequence[Any] | Mapping[Any, Any]) -> str:
    """The class of sellkit's that all of them are of, or else all values; or ""."""
    groups = [found, found.values()] if isinstance(found, dict) else [found]
    for each in groups:
        classes = {type(one) for one in each}
        if len(classes) != 1:
            continue
        only = classes.pop()
        if only.__name__ in _SEVERAL and only.__module__.startswith("sellkit."):
            return only.__name__
    return ""
