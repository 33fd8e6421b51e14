"""The table of runs, for a notebook, a terminal and machines."""

from __future__ import annotations

import json
import sys
from html import escape
from typing import TYPE_CHECKING, Final

from sellkit.core.counting import counted
from sellkit.present import hypertext as h
from sellkit.present.runs.columns import COLUMNS, record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    from sellkit.core.past_runs import PastRun

NONE_YET: Final = "no such run"
_RUN: Final = 1
_WHY: Final = "why"
# What a narrow screen goes without, in this order; `show` tells it of one run.
_SPARED: Final = ("kB", "took", "positions", "tickets")


def runs_table(runs: Iterable[PastRun], title: str = "runs") -> h.Html:
    """Runs as a table for a notebook, in the order given.

    Parameters
    ----------
    runs
        With their verdicts.
    title
        What they are, `demo, June 2026` for instance; stands above the table.
    """
    found = list(runs)
    head = f"<p><b>{escape(title)}</b> · {tally(found)}</p>"
    return h.sheet(f"{title}: {tally(found)}", head, *([rows_of(found)] if found else []))


def rows_of(runs: Sequence[PastRun]) -> str:
    """The table itself, as HTML."""
    titles = [h.column_title(each) for each in COLUMNS]
    return h.table(titles, (h.row(_cells(each)) for each in runs))


def tally(runs: Sequence[PastRun]) -> str:
    """`12 runs: 10 decided, 2 failed`."""
    if not runs:
        return NONE_YET
    verdicts: dict[str, int] = {}
    for each in runs:
        verdicts[str(each.verdict)] = verdicts.get(str(each.verdict), 0) + 1
    told = ", ".join(f"{count} {word}" for word, count in verdicts.items())
    return f"{counted(len(runs), 'run')}: {told}"


def to_json(runs: Iterable[PastRun]) -> str:
    """Runs as a JSON list of objects, null for what is unknown."""
    return json.dumps([record(each) for each in runs], indent=2, ensure_ascii=False)


def print_runs(runs: Sequence[PastRun], stream: TextIO | None = None) -> None:
    """Print runs, a line for each where there is no terminal."""
    # Rich is slow to load, and a notebook needs none of it.
    from sellkit.present.fitted import (  # noqa: PLC0415
        fitted_table,
        needed,
        open_console,
        print_plainly,
    )

    out = stream or sys.stdout
    console = open_console(out)
    columns = [each for each in COLUMNS if each.title != _WHY or any(run.reasons for run in runs)]
    for title in _SPARED:
        if needed(runs, columns) > console.width:
            columns = [each for each in columns if each.title != title]
    print_plainly(fitted_table(runs, columns, console.width), console, out)


def _cells(run: PastRun) -> list[str]:
    return [
        h.row_name(column.cell(run)) if place == _RUN else h.column_cell(column, column.cell(run))
        for place, column in enumerate(COLUMNS)
    ]
