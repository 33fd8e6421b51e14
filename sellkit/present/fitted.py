"""Tables that fit a terminal's width, with no number and no name broken; plain lines in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TextIO, TypeVar

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sellkit.present.columns import Tone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import JustifyMethod, RenderableType

    from sellkit.present.columns import Cell, Column
    from sellkit.present.heading import Heading

Row = TypeVar("Row")

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


def open_console(stream: TextIO) -> Console:
    """The console of a stream; one that is no terminal is wide and without colours."""
    console = Console(file=stream, highlight=False, force_jupyter=False)
    if console.is_terminal:
        return console
    return Console(
        file=stream, highlight=False, force_jupyter=False, color_system=None, width=_PIPED_WIDTH
    )


def print_plainly(content: RenderableType, console: Console, stream: TextIO) -> None:
    """Print; what is no terminal gets lines without blanks at their ends."""
    if console.is_terminal:
        console.print(content)
        return
    with console.capture() as captured:
        console.print(content)
    stream.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def heading_text(heading: Heading, width: int) -> Text:
    """The heading in one line, or in two where that does not fit."""
    style = "bold white on blue" if heading.mode == "DRY RUN" else "bold white on red"
    text = Text.assemble((f" {heading.mode} ", style), f" {heading.conditions}")
    if text.cell_len <= width:
        return text
    as_of = f" as of {heading.moment}"
    return Text.assemble((f" {heading.mode} ", style), f" {heading.source}\n{as_of}")


def needed(rows: Sequence[Row], columns: Sequence[Column[Row]], gap: int = 1) -> int:
    """Characters that a table takes at least, with no number and no name broken."""
    return sum(_width(rows, column) + gap for column in columns) - gap


def _width(rows: Sequence[Row], column: Column[Row]) -> int:
    return _natural_width(rows, column) if column.room is None else column.room


def _natural_width(rows: Sequence[Row], column: Column[Row]) -> int:
    return max(len(column.title), *(len(column.cell(row).text) for row in rows))


def fitted_table(rows: Sequence[Row], columns: Sequence[Column[Row]], width: int) -> Table:
    """A table of at least one row; what may be wrapped shares the room that is left."""
    labels = sum(
        _natural_width(rows, column) - _width(rows, column)
        for column in columns
        if not column.is_prose
    )
    gap = 2 if needed(rows, columns, gap=2) + labels <= width else 1
    table = empty_table(gap)
    widths = _widths(rows, columns, width - needed(rows, columns, gap))
    for column, characters in zip(columns, widths, strict=True):
        justify: JustifyMethod = "right" if column.is_number else "left"
        table.add_column(column.title, justify=justify, width=characters, overflow="fold")
    for row in rows:
        table.add_row(*(text_of(column.cell(row)) for column in columns))
    return table


def _widths(rows: Sequence[Row], columns: Sequence[Column[Row]], spare: int) -> Iterator[int]:
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


def empty_table(gap: int) -> Table:
    """A table without rows, with so many blanks between its columns."""
    return Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, gap - 1, 0, 0),
        pad_edge=False,
        header_style="bold",
    )


def text_of(cell: Cell) -> Text:
    """A cell's text in its tone."""
    return Text(cell.text, style=_STYLES[cell.tone])
