"""The tables in a terminal, by Rich: coloured on a screen, plain text in a pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from rich.console import Group
from rich.table import Table
from rich.text import Text

from sellkit.core.assignments import LENGTHS
from sellkit.core.snapshot import in_display_order
from sellkit.present.columns import CROSSINGS, IDENTITY, POSITION, PROSE, families
from sellkit.present.fitted import (
    empty_table,
    fitted_table,
    heading_text,
    needed,
    open_console,
    print_plainly,
    text_of,
)
from sellkit.present.legend import legend

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from sellkit.core.snapshot import SnapshotRow
    from sellkit.present.columns import Column
    from sellkit.present.heading import Heading


def terminal_table(
    rows: Iterable[SnapshotRow], heading: Heading, *, width: int, all_averages: bool = False
) -> RenderableType:
    """The status table for a screen of `width` characters, 80 or more.

    What fits side by side becomes one table; on a narrow screen the same columns stand in two or
    three tables below each other, each with token and decision.
    """
    ordered = in_display_order(rows)
    if not ordered:
        return Group(heading_text(heading, width), Text("No positions."))
    layout = _layout(ordered, width, with_crossings=not all_averages)
    tables = [fitted_table(ordered, columns, width) for columns in layout]
    if all_averages:
        tables.append(_all_crossings(ordered))
    parts: list[RenderableType] = [heading_text(heading, width)]
    for table in tables:
        parts += [Text(""), table]
    parts.append(Text(""))
    parts += [Text(line, "dim") for line in legend(ordered, all_averages=all_averages)]
    return Group(*parts)


def print_status(
    rows: Iterable[SnapshotRow],
    heading: Heading,
    *,
    all_averages: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Print the status table; standard output unless told otherwise.

    A stream that is no terminal gets plain text with one line for each position.
    """
    out = stream or sys.stdout
    console = open_console(out)
    table = terminal_table(rows, heading, width=console.width, all_averages=all_averages)
    print_plainly(table, console, out)


def print_table(table: Table, stream: TextIO) -> None:
    """Print any table; without colours and escapes into a pipe."""
    print_plainly(table, open_console(stream), stream)


def _layout(
    rows: Sequence[SnapshotRow], width: int, *, with_crossings: bool
) -> list[tuple[Column[SnapshotRow], ...]]:
    """The first of the layouts, from one wide table to three narrow ones, that fits."""
    token, crossings = IDENTITY[:1], CROSSINGS if with_crossings else ()
    layouts = [
        [(*IDENTITY, *POSITION, *crossings, *PROSE)],
        [(*IDENTITY, *POSITION, *PROSE), (*token, *crossings)],
        [(*IDENTITY, *POSITION), (*token, *crossings), (*token, *PROSE)],
    ]
    full = [[each for each in layout if each != token] for layout in layouts]
    fitting = (each for each in full if all(needed(rows, one) <= width for one in each))
    return next(fitting, full[-1])


def _all_crossings(rows: Iterable[SnapshotRow]) -> Table:
    table = empty_table(gap=1)
    table.add_column("% to cross", no_wrap=True)
    table.add_column("family", no_wrap=True)
    for length in LENGTHS:
        table.add_column(f"%{length}", justify="right", no_wrap=True)
    for row in rows:
        token = text_of(IDENTITY[0].cell(row))
        for label, cells in families(row):
            table.add_row(token, label, *map(text_of, cells))
            token = Text("")
    return table
