"""One run with everything that is known of it, for a notebook and a terminal."""

from __future__ import annotations

import datetime as dt
from html import escape
from typing import TYPE_CHECKING, Final

from sellkit.core.signals import Decision
from sellkit.present import hypertext as h
from sellkit.present.columns import DECISION_TONES, Cell
from sellkit.present.runs.columns import duration, verdict_cell
from sellkit.present.words import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.core.past_runs import PastRun
    from sellkit.core.run_difference import JournalledDecision
    from sellkit.operate.review import Beside

_HEAD: Final = 16
_PRICES: Final = ("bid", "ask", "last")


def run_sheet(run: PastRun, decisions: Sequence[JournalledDecision] = ()) -> h.Html:
    """A run for a notebook: its verdict and why, its times and counts, and each decision.

    Parameters
    ----------
    run
        With its verdict.
    decisions
        Its decisions, where they are to be shown, too.
    """
    word = h.toned(verdict_cell(run))
    why = f"<p>{word} {h.bullets(run.reasons) if run.reasons else ''}</p>"
    parts = [f"<p><b>run {escape(run.facts.run_id)}</b></p>", why, h.pairs(facts_of(run))]
    if run.notebook is not None:
        parts.append(
            f"<p><code>sellkit runs open {escape(run.facts.run_id)}</code> opens a copy</p>"
        )
    if decisions:
        titles = [h.title(text) for text in ("token", "decision", "assigned")]
        titles += [
            h.title("close", "number"),
            h.title("average", "number"),
            h.title("why", "prose"),
        ]
        parts.append(h.table(titles, map(_row, decisions)))
    return h.sheet("\n".join(lines(run, decisions)), *parts)


def facts_of(run: PastRun) -> dict[str, str]:
    """What is known of a run, each part by its name."""
    facts, kept = run.facts, run.notebook
    tickets = [f"{count} {word}" for word, count in sorted(facts.tickets.items())]
    found = {
        "mode": facts.mode or UNKNOWN,
        "profile": facts.profile or UNKNOWN,
        "account": facts.account or UNKNOWN,
        "gateway": facts.gateway or UNKNOWN,
        "as of": _second(facts.as_of),
        "began": _second(facts.started_at),
        "ended": _ended(facts.finished_at, facts.took),
        "decisions": ", ".join(f"{n} {word}" for word, n in sorted(facts.decisions.items()))
        or "none",
        "tickets": ", ".join(tickets) or "none",
        "orders sent": str(facts.sent),
        "sellkit": facts.version or UNKNOWN,
        "notebook": facts.path or "none was kept: a run by hand",
    }
    if kept is not None:
        is_same = {None: "not journalled", kept.sha256: "as journalled"}
        found["lies in"] = kept.archive or "a file of its own"
        found["cells"] = f"{kept.cells}, {'all ran' if kept.failure is None else kept.failure}"
        told = is_same.get(facts.sha256, f"the journal has {(facts.sha256 or '')[:_HEAD]}…")
        found["sha256"] = f"{kept.sha256[:_HEAD]}…, {told}"
    return found


def lines(run: PastRun, decisions: Sequence[JournalledDecision] = ()) -> list[str]:
    """The same as plain lines."""
    told = [f"run {run.facts.run_id}: {run.verdict}", *(f"  {each}" for each in run.reasons)]
    names = facts_of(run)
    width = max(map(len, names))
    told += [f"  {name:<{width}}  {value}" for name, value in names.items()]
    wide = max((len(each.token) for each in decisions), default=0)
    for each in decisions:
        told.append(f"{each.decision:<9} {each.token:<{wide}}  {'; '.join(each.reasons)}")
    return told


def beside_lines(found: Beside) -> list[str]:
    """The connection, the prices and the bars told anew of a run, each in a line."""
    told = []
    for each in found.standings:
        state = "ready" if each["is_ready"] else f"not ready: {each['reason']}"
        told.append(f"connection {state}, since {_told_at(each['since'])}")
    for each in found.quotes:
        prices = ", ".join(f"{name} {each[name]}" for name in _PRICES if each[name] is not None)
        said = "; ".join(str(part) for part in (prices, each["trouble"]) if part)
        told.append(
            f"market {each['ticker']}: {said or 'nothing'}, asked {_told_at(each['asked_at'])}"
        )
    for each in found.retellings:
        bar = f"bar to {_told_at(each['bar_end'])}"
        told.append(
            f"told anew {each['ticker']}, {bar}: close {each['close']:g} and "
            f"{each['decision']} in run {each['decided_in']}, now {each['close_now']:g}, by which "
            f"it would be {each['decision_now']}"
        )
    return told


def _row(each: JournalledDecision) -> str:
    return h.row(
        [
            h.row_name(Cell(each.token)),
            h.td(h.toned(decision_cell(each.decision))),
            h.td(escape(each.average or "unassigned")),
            h.td(UNKNOWN if each.close is None else f"{each.close:,.4f}", "number"),
            h.td(UNKNOWN if each.value is None else f"{each.value:,.4f}", "number"),
            h.td(h.bullets(each.reasons), "prose"),
        ]
    )


def decision_record(each: JournalledDecision) -> dict[str, object]:
    """A decision as plain values by name; None for what is unknown."""
    return {
        "token": each.token,
        "decision": each.decision,
        "reasons": list(each.reasons),
        "assigned": each.average,
        "quantity": each.quantity,
        "close": each.close,
        "average": each.value,
        "bar_end": None if each.bar_end is None else each.bar_end.isoformat(),
    }


def decision_cell(word: str) -> Cell:
    """A decision in the tone that it has in the status table."""
    return Cell(word, DECISION_TONES[Decision(word)])


def _ended(at: dt.datetime | None, took: dt.timedelta | None) -> str:
    return UNKNOWN if at is None else f"{_second(at)}, after {duration(took)}"


def _told_at(text: object) -> str:
    return _second(dt.datetime.fromisoformat(str(text)))


def _second(instant: dt.datetime | None) -> str:
    return UNKNOWN if instant is None else f"{instant:%Y-%m-%d %H:%M:%S} UTC"
