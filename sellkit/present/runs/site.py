"""Past runs as pages to keep: an index with a filter and calendars, and a page for each notebook.

They open from a disk, without a network: style and script stand in the page, nothing is asked for,
and the page's own policy forbids it, whatever a notebook may hold.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sellkit.core.past_runs import RunVerdict
from sellkit.present import hypertext as h
from sellkit.present.columns import Cell
from sellkit.present.runs.columns import COLUMNS, minute, verdict_cell
from sellkit.present.runs.hours import hours_table
from sellkit.present.runs.one import facts_of
from sellkit.present.runs.table import tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sellkit.core.past_runs import PastRun
    from sellkit.core.run_hours import HourCalendar

INDEX: Final = "index.html"
_RUN: Final = 1
_RUNS: Final = "runs/"


def page_of(run: PastRun) -> str | None:
    """The page of a run's notebook, from the index on; None for a run without a notebook."""
    path = run.facts.path
    if run.notebook is None or path is None:
        return None
    return path.removeprefix(_RUNS).removesuffix(".ipynb") + ".html"


def index_page(
    profile: str, runs: Sequence[PastRun], months: Sequence[HourCalendar], made_at: str
) -> str:
    """The index: every run with a link to its page, a filter, and the hours of each month.

    Parameters
    ----------
    profile
        Whose runs they are.
    runs
        The latest first.
    months
        Their calendars, the latest first.
    made_at
        When the page was made, in words.
    """
    modes = sorted({each.facts.mode for each in runs if each.facts.mode})
    head = (
        f"<h1>Runs of {escape(profile)}</h1>"
        f'<p class="quiet">{escape(tally(runs))} · made {escape(made_at)}</p>'
    )
    table = h.table(map(h.column_title, COLUMNS), map(_row, runs))
    body = [head, *_calendars(months), "<h2>Every run</h2>", _form(modes)]
    body += ['<p role="status" class="quiet"></p>', h.sheet("", table).markup]
    script = _asset("site.js")
    policy = f"script-src 'sha256-{_digest(script)}'"
    return _page(f"runs of {profile}", body, policy=policy, end=f"<script>{script}</script>")


def run_page(run: PastRun, body: str, stamp: str) -> str:
    """The page of one notebook: what is known of the run above its cells.

    Parameters
    ----------
    run
        With its verdict.
    body
        The cells as HTML.
    stamp
        From what it was made; its last line.
    """
    path = page_of(run) or ""
    back = "../" * path.count("/") + INDEX
    word = h.toned(verdict_cell(run))
    reasons = f"<br>{h.bullets(run.reasons)}" if run.reasons else ""
    mode = run.facts.mode or "no mode"
    about = (
        f'<nav><a href="{back}">all runs</a></nav>'
        f"<h1>{escape(mode)}, {escape(minute(run.facts.moment))} UTC</h1>"
        f'<section class="about" aria-label="the run"><p>{word}{reasons}</p>'
        f"{h.pairs(facts_of(run))}</section>"
    )
    title = f"{mode} {minute(run.facts.moment)} {run.facts.run_id} {run.verdict}"
    return _page(title, [about, body], policy="", end="") + f"{stamp}\n"


def stamp_of(run: PastRun) -> str:
    """What a page depends on: the notebook, what is said of it, and how pages look."""
    facts = "".join(f"{name}{value}" for name, value in facts_of(run).items())
    told = f"{run.verdict}{run.reasons}{facts}{_asset('site.css')}"
    sha256 = "" if run.notebook is None else run.notebook.sha256
    return f"<!-- {sha256} {hashlib.sha256(told.encode()).hexdigest()} -->"


def _row(run: PastRun) -> str:
    facts = run.facts
    said: Mapping[str, str] = {
        "day": minute(facts.moment, "%Y-%m-%d"),
        "mode": facts.mode or "",
        "verdict": str(run.verdict),
        "tokens": " ".join(sorted(facts.tokens)),
    }
    data = "".join(f' data-{name}="{escape(value)}"' for name, value in said.items())
    cells = [
        _name(run, column.cell(run)) if place == _RUN else h.column_cell(column, column.cell(run))
        for place, column in enumerate(COLUMNS)
    ]
    return f"<tr{data}>{''.join(cells)}</tr>"


def _name(run: PastRun, cell: Cell) -> str:
    target = page_of(run)
    if target is None:
        return h.row_name(cell)
    return f'<th scope="row"><a href="{escape(target)}">{escape(cell.text)}</a></th>'


def _calendars(months: Sequence[HourCalendar]) -> Iterable[str]:
    for place, month in enumerate(months):
        table = hours_table(month, page_of).markup
        if place == 0:
            yield f"<h2>Hours</h2>{table}"
        else:
            yield f"<details><summary>{month.month}</summary>{table}</details>"


def _form(modes: Sequence[str]) -> str:
    fields = [
        '<label>from <input type="date" name="since"></label>',
        '<label>to <input type="date" name="until"></label>',
        _select("mode", modes),
        _select("verdict", [str(each) for each in RunVerdict]),
        '<label>token <input type="search" name="token" placeholder="AAPL" size="12"></label>',
        '<button type="reset">all</button>',
    ]
    return f'<form aria-label="filter the runs">{"".join(fields)}</form>'


def _select(name: str, values: Sequence[str]) -> str:
    options = "".join(f"<option>{escape(each)}</option>" for each in values)
    return (
        f'<label>{name} <select name="{name}"><option value="">any</option>{options}</select>'
        "</label>"
    )


def _page(title: str, body: Iterable[str], *, policy: str, end: str) -> str:
    allowed = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; {policy}".rstrip("; ")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_asset('site.css')}</style></head>\n"
        f"<body><main>{''.join(body)}</main>{end}</body></html>\n"
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
