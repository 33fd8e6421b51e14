"""The tables in a terminal, by Rich: coloured on a screen, plain text in a pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, TextIO

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from sellkit.core.assignments import LENGTHS
from sellkit.core.snapshot import in_display_order
from sellkit.present import words
from sellkit.present.columns import (
    CROSSINGS,
    IDENTITY,
    POSITION,
    PROSE,
    Tone,
    families,
)
from sellkit.present.legend import legend

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import JustifyMethod, RenderableType

    from sellkit.core.snapshot import SnapshotRow
    from sellkit.present.columns import Cell, Column
    from sellkit.present.heading import Heading

# In a pipe each position keeps to one line, for the tools that read lines.
_PIPED_WIDTH: Final = 1000

_STYLES: Final = {
    Tone.PLAIN: "",
    Tone.STRONG: "bold",
    Tone.QUIET: "dim",
    Tone.EXIT: "bold white on red",
    Tone.HOLD: "green",
    Tone.UNDECIDED: "bold yellow",
    Tone.GOOD: "bold green",
    Tone.WARN: "yellow",
    Tone.STRONG_WARN: "bold yellow",
}


def terminal_table(
    rows: Iterable[SnapshotRow], heading: Heading, *, width: int, all_averages: bool = False
) -> RenderableType:
    """The status table for a screen of `width` characters, 80 or more.

    What fits side by side becomes one table; on a narrow screen the same columns stand in two or
    three tables below each other, each with token and decision.
    """
    ordered = in_display_order(rows)
    if not ordered:
        return Group(_heading(heading, width), Text("No positions."))
    layout = _layout(ordered, width, with_crossings=not all_averages)
    tables = [_table(ordered, columns, width) for columns in layout]
    if all_averages:
        tables.append(_all_crossings(ordered))
    parts: list[RenderableType] = [_heading(heading, width)]
    for table in tables:
        parts += [Text(""), table]
    parts.append(Text(""))
    parts += [Text(line, "dim") for line in legend(ordered, all_averages=all_averages)]
    return Group(*parts)


def decisions_list(rows: Iterable[SnapshotRow], heading: Heading, *, width: int) -> RenderableType:
    """Every decision with all its reasons, its certificate and the prepared order in words."""
    ordered = in_display_order(rows)
    blocks = [_decision(row) for row in ordered] or [Text("No positions.")]
    return Group(_heading(heading, width), *blocks)


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
    console = _console(out)
    table = terminal_table(rows, heading, width=console.width, all_averages=all_averages)
    _print(table, console, out)


def print_decisions(
    rows: Iterable[SnapshotRow], heading: Heading, *, stream: TextIO | None = None
) -> None:
    """Print every decision with its evidence; standard output unless told otherwise."""
    out = stream or sys.stdout
    console = _console(out)
    _print(decisions_list(rows, heading, width=console.width), console, out)


def print_table(table: Table, stream: TextIO) -> None:
    """Print any table; without colours and escapes into a pipe."""
    _print(table, _console(stream), stream)


def _console(stream: TextIO) -> Console:
    console = Console(file=stream, highlight=False, force_jupyter=False)
    if console.is_terminal:
        return console
    return Console(
        file=stream, highlight=False, force_jupyter=False, color_system=None, width=_PIPED_WIDTH
    )


def _print(content: RenderableType, console: Console, stream: TextIO) -> None:
    if console.is_terminal:
        console.print(content)
        return
    with console.capture() as captured:
        console.print(content)
    stream.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _heading(heading: Heading, width: int) -> Text:
    style = "bold white on blue" if heading.mode == "DRY RUN" else "bold white on red"
    text = Text.assemble((f" {heading.mode} ", style), f" {heading.conditions}")
    if text.cell_len <= width:
        return text
    as_of = f" as of {heading.moment}"
    return Text.assemble((f" {heading.mode} ", style), f" {heading.source}\n{as_of}")


def _layout(
    rows: Sequence[SnapshotRow], width: int, *, with_crossings: bool
) -> list[tuple[Column, ...]]:
    """The first of the layouts, from one wide table to three narrow ones, that fits."""
    token, crossings = IDENTITY[:1], CROSSINGS if with_crossings else ()
    layouts = [
        [(*IDENTITY, *POSITION, *crossings, *PROSE)],
        [(*IDENTITY, *POSITION, *PROSE), (*token, *crossings)],
        [(*IDENTITY, *POSITION), (*token, *crossings), (*token, *PROSE)],
    ]
    full = [[each for each in layout if each != token] for layout in layouts]
    fitting = (each for each in full if all(_needed(rows, one) <= width for one in each))
    return next(fitting, full[-1])


def _needed(rows: Sequence[SnapshotRow], columns: Sequence[Column], gap: int = 1) -> int:
    """Characters that a table takes at least, with no number and no name broken."""
    return sum(_width(rows, column) + gap for column in columns) - gap


def _width(rows: Sequence[SnapshotRow], column: Column) -> int:
    return _natural_width(rows, column) if column.room is None else column.room


def _natural_width(rows: Sequence[SnapshotRow], column: Column) -> int:
    return max(len(column.title), *(len(column.cell(row).text) for row in rows))


def _table(rows: Sequence[SnapshotRow], columns: Sequence[Column], width: int) -> Table:
    labels = sum(
        _natural_width(rows, column) - _width(rows, column)
        for column in columns
        if not column.is_prose
    )
    gap = 2 if _needed(rows, columns, gap=2) + labels <= width else 1
    table = _empty_table(gap)
    widths = _widths(rows, columns, width - _needed(rows, columns, gap))
    for column, characters in zip(columns, widths, strict=True):
        justify: JustifyMethod = "right" if column.is_number else "left"
        table.add_column(column.title, justify=justify, width=characters, overflow="fold")
    for row in rows:
        table.add_row(*(_text(column.cell(row)) for column in columns))
    return table


def _widths(rows: Sequence[SnapshotRow], columns: Sequence[Column], spare: int) -> Iterator[int]:
    """Each column's characters: what may be wrapped shares the spare ones, the last has the rest.

    Rich's own sharing out would shrink a column below the room that it needs.
    """
    left = sum(column.room is not None for column in columns)
    for column in columns:
        width = _width(rows, column)
        if column.room is not None:
            extra = max(0, min(_natural_width(rows, column) - width, spare // left))
            width, spare, left = width + extra, spare - extra, left - 1
        yield width


def _all_crossings(rows: Iterable[SnapshotRow]) -> Table:
    table = _empty_table(gap=1)
    table.add_column("% to cross", no_wrap=True)
    table.add_column("family", no_wrap=True)
    for length in LENGTHS:
        table.add_column(f"%{length}", justify="right", no_wrap=True)
    for row in rows:
        token = _text(IDENTITY[0].cell(row))
        for label, cells in families(row):
            table.add_row(token, label, *map(_text, cells))
            token = Text("")
    return table


def _empty_table(gap: int) -> Table:
    return Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, gap - 1, 0, 0),
        pad_edge=False,
        header_style="bold",
    )


def _decision(row: SnapshotRow) -> RenderableType:
    exchange, found = row.position.instrument.token.exchange, row.signal.certificate
    token, decision = (_text(column.cell(row)) for column in IDENTITY)
    assigned = row.assignment.label if row.assignment else "unassigned"
    lines = [("reason", reason) for reason in row.signal.reasons]
    if found is not None:
        lines += words.certificate(found, exchange).items()
    order = words.prepared_order(row)
    if order is not None:
        lines.append(("order", order))
        lines += [("gates", line) for line in words.verdict(row.verdict, exchange)]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=13)
    table.add_column(overflow="fold")
    for name, value in lines:
        table.add_row(f"  {name}", Text(value))
    return Group(Text(""), Text.assemble(token, "  ", decision, f"  {assigned}"), table)


def _text(cell: Cell) -> Text:
    return Text(cell.text, style=_STYLES[cell.tone])
