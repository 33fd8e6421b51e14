"""The status table and the decisions, as values for machines and as HTML for notebooks."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Final

from sellkit.core.assignments import LENGTHS
from sellkit.core.counting import counted
from sellkit.core.snapshot import in_display_order
from sellkit.present import hypertext as h
from sellkit.present import words
from sellkit.present.columns import (
    CROSSINGS,
    IDENTITY,
    POSITION,
    PROSE,
    families,
    record,
)
from sellkit.present.heading import Heading
from sellkit.present.legend import legend

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from sellkit.core.snapshot import SnapshotRow
    from sellkit.present.columns import Column, Value

__all__ = ["Heading", "decisions_table", "notebook_table", "status_frame", "to_csv", "to_json"]

_TOKEN, _DECISION = IDENTITY
_SEPARATOR: Final = "; "


def status_frame(rows: Iterable[SnapshotRow], *, all_averages: bool = False) -> pd.DataFrame:
    """The status table as a frame of plain, unrounded values.

    Parameters
    ----------
    rows
        In any order.
    all_averages
        Percent to cross for all 28 averages instead of the seven of the assigned family.

    Returns
    -------
    pandas.DataFrame
        One row for each position, above break-even first; the columns are those of
        `columns.record`, the mode not among them. Unknown is None or NaN.
    """
    import pandas as pd  # noqa: PLC0415  (a table in a terminal needs no pandas)

    return pd.DataFrame(_flat(each) for each in _records(rows, all_averages=all_averages))


def to_csv(rows: Iterable[SnapshotRow], heading: Heading, *, all_averages: bool = False) -> str:
    """The status table as CSV with a header line; unknown is an empty field.

    The heading stands in the last five columns of every line: mode, profile, account, gateway and
    as_of. Without rows the text is empty.

    Parameters
    ----------
    rows
        In any order.
    heading
        Under which conditions they were made.
    all_averages
        Percent to cross for all 28 averages instead of the seven of the assigned family.
    """
    lines = [
        {**_flat(each), **heading.record()} for each in _records(rows, all_averages=all_averages)
    ]
    text = io.StringIO()
    if lines:
        writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return text.getvalue()


def to_json(rows: Iterable[SnapshotRow], heading: Heading, *, all_averages: bool = False) -> str:
    """The status table as one JSON object: `heading`, and `rows` with null for what is unknown.

    Parameters
    ----------
    rows
        In any order.
    heading
        Under which conditions they were made.
    all_averages
        Percent to cross for all 28 averages instead of the seven of the assigned family.
    """
    content = {
        "heading": heading.record(),
        "rows": list(_records(rows, all_averages=all_averages)),
    }
    return json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)


def notebook_table(
    rows: Iterable[SnapshotRow], heading: Heading, *, all_averages: bool = False
) -> h.Html:
    """The status table for a notebook, in the colours of its theme.

    Percent to cross stand in a table of their own below, so that neither needs scrolling sideways.

    Parameters
    ----------
    rows
        In any order.
    heading
        Stands above it.
    all_averages
        Percent to cross for all 28 averages instead of the seven of the assigned family.
    """
    ordered = in_display_order(rows)
    crossings = _all_crossings(ordered) if all_averages else _status(ordered, CROSSINGS)
    signs = "<br>".join(legend(ordered, all_averages=all_averages))
    explained = f'<p class="quiet">{signs}</p>'
    tables = [_status(ordered, (_DECISION, *POSITION, *PROSE)), crossings, explained]
    told = f"{counted(len(ordered), 'position')}; the table is shown in a notebook"
    return h.page(heading, told, *(tables if ordered else ("<p>No positions.</p>",)))


def bare_table(rows: Iterable[SnapshotRow]) -> h.Html:
    """The status table without a heading, for rows of which nobody says under which conditions."""
    ordered = in_display_order(rows)
    table = _status(ordered, (_DECISION, *POSITION, *PROSE))
    return h.sheet("\n".join(map(repr, ordered)), table)


def decisions_table(rows: Iterable[SnapshotRow], heading: Heading) -> h.Html:
    """Every decision with all its reasons, its certificate and the prepared order in words.

    Parameters
    ----------
    rows
        In any order.
    heading
        Stands above it.
    """
    ordered = in_display_order(rows)
    titles = [h.title(text) for text in ("token", "decision")]
    titles += [h.title(text, "prose") for text in ("reasons", "certificate", "prepared order")]
    table = h.table(titles, (_decision(row) for row in ordered))
    told = f"{counted(len(ordered), 'decision')}; the table is shown in a notebook"
    return h.page(heading, told, table if ordered else "<p>No positions.</p>")


def _records(rows: Iterable[SnapshotRow], *, all_averages: bool) -> Iterator[dict[str, Value]]:
    return (record(row, all_averages=all_averages) for row in in_display_order(rows))


def _flat(values: dict[str, Value]) -> dict[str, Value]:
    return {
        name: _SEPARATOR.join(str(each) for each in value) or None
        if isinstance(value, list)
        else value
        for name, value in values.items()
    }


def _status(rows: Iterable[SnapshotRow], columns: Sequence[Column[SnapshotRow]]) -> str:
    name = "% to cross" if columns is CROSSINGS else "token"
    lines = (
        h.row(
            [
                h.row_name(_TOKEN.cell(row)),
                *(h.column_cell(column, column.cell(row)) for column in columns),
            ]
        )
        for row in rows
    )
    return h.table((h.title(name), *(h.column_title(column) for column in columns)), lines)


def _all_crossings(rows: Iterable[SnapshotRow]) -> str:
    lines = (
        h.row(
            [
                h.row_name(_TOKEN.cell(row)),
                h.td(label),
                *(h.td(h.toned(cell), "number") for cell in cells),
            ]
        )
        for row in rows
        for label, cells in families(row)
    )
    lengths = (h.title(f"%{length}", "number") for length in LENGTHS)
    return h.table((h.title("% to cross"), h.title("family"), *lengths), lines)


def _decision(row: SnapshotRow) -> str:
    exchange, found = row.position.instrument.token.exchange, row.signal.certificate
    order = words.prepared_order(row)
    evidence = "none" if found is None else h.pairs(words.certificate(found, exchange))
    lines = [] if order is None else [order, *words.verdict(row.verdict, exchange)]
    prose = (h.bullets(row.signal.reasons), evidence, h.bullets(lines) if lines else "none")
    return h.row(
        [
            h.row_name(_TOKEN.cell(row), is_tall=True),
            h.td(h.toned(_DECISION.cell(row)), is_tall=True),
            *(h.td(markup, "prose", is_tall=True) for markup in prose),
        ]
    )


def __dir__() -> list[str]:
    return list(__all__)
