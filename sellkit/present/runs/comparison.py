"""Two runs side by side: the decisions that differ, with the reasons of both."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from sellkit.core.counting import counted
from sellkit.present import hypertext as h
from sellkit.present.columns import Cell
from sellkit.present.runs.columns import minute
from sellkit.present.runs.one import decision_cell, decision_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.core.past_runs import PastRun
    from sellkit.core.run_difference import Difference, JournalledDecision

_ABSENT = "not held"


def comparison_table(runs: Sequence[PastRun], found: Sequence[Difference]) -> h.Html:
    """What two runs decided differently, for a notebook.

    Parameters
    ----------
    runs
        The two; fewer when there are not so many yet.
    found
        Their differences.
    """
    if len(runs) < 2:
        told = "two runs are needed to compare"
        return h.sheet(told, f'<p class="quiet">{told}</p>')
    head = f"<p><b>{escape(headline(runs, found))}</b></p>"
    if not found:
        return h.sheet(headline(runs, found), head)
    names = [f"{each.facts.run_id}, {minute(each.facts.moment)} UTC" for each in runs]
    titles = [h.title("token"), *(h.title(each, "prose") for each in names)]
    rows = (
        h.row([h.row_name(Cell(each.token), is_tall=True), _side(each.first), _side(each.second)])
        for each in found
    )
    return h.sheet("\n".join(lines(runs, found)), head, h.table(titles, rows))


def headline(runs: Sequence[PastRun], found: Sequence[Difference]) -> str:
    """How many decisions differ between which runs."""
    first, second = (each.facts.run_id for each in runs)
    if not found:
        return f"{first} and {second} decided alike"
    verb = "differs" if len(found) == 1 else "differ"
    return f"{counted(len(found), 'decision')} {verb} between {first} and {second}"


def lines(runs: Sequence[PastRun], found: Sequence[Difference]) -> list[str]:
    """The same as plain lines."""
    told = [headline(runs, found)]
    for each in found:
        told.append(each.token)
        for run, side in zip(runs, (each.first, each.second), strict=True):
            at = f"{minute(run.facts.moment)} UTC  {run.facts.run_id}"
            why = _ABSENT if side is None else f"{side.decision:<9} {_why(side)}"
            told.append(f"  {at}  {why}")
    return told


def to_record(runs: Sequence[PastRun], found: Sequence[Difference]) -> dict[str, object]:
    """The same as plain values."""
    return {
        "first": runs[0].facts.run_id,
        "second": runs[1].facts.run_id,
        "differences": [
            {
                "token": each.token,
                "first": None if each.first is None else decision_record(each.first),
                "second": None if each.second is None else decision_record(each.second),
            }
            for each in found
        ],
    }


def _side(side: JournalledDecision | None) -> str:
    if side is None:
        return h.td(f'<span class="quiet">{_ABSENT}</span>', "prose", is_tall=True)
    word = h.toned(decision_cell(side.decision))
    held = escape(f"{side.quantity} shares, {side.average or 'unassigned'}")
    why = h.bullets(side.reasons)
    return h.td(f'{word} <span class="quiet">{held}</span><br>{why}', "prose", is_tall=True)


def _why(side: JournalledDecision) -> str:
    return f"{side.average or 'unassigned'}: {'; '.join(side.reasons)}"
