"""The tables in a terminal, by Rich: coloured on a screen, plain text in a pipe."""

from __future__ import annotations

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

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from sellkit.core.snapshot import SnapshotRow
    from sellkit.present.columns import Cell, Column
    from sellkit.present.heading import Heading

_WIDE: Final = 178
"""Characters from which on everything fits one table."""

_MEDIUM: Final = 125
"""Characters from which on the prose fits beside the position."""

_PIPED_WIDTH: Final = 200

_STYLES: Final = {
    Tone.PLAIN: "",
    Tone.STRONG: "bold",
    Tone.QUIET: "dim",
    Tone.EXIT: "bold white on red",
    Tone.HOLD: "green",
    Tone.UNDECIDED: "bold yellow",
    Tone.GOOD: "bold green",
    Tone.WARN: "yellow",
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
        return Group(_heading(heading), Text("No positions."))
    tables = [_table(ordered, group) for group in _groups(width, all_averages=all_averages)]
    if all_averages:
        tables.append(_all_crossings(ordered))
    return Group(_heading(heading), *tables)


def decisions_list(rows: Iterable[SnapshotRow], heading: Heading) -> RenderableType:
    """Every decision with all its reasons, its certificate and the prepared order in words."""
    ordered = in_display_order(rows)
    blocks = [_decision(row) for row in ordered] or [Text("No positions.")]
    return Group(_heading(heading), *blocks)


def print_status(
    rows: Iterable[SnapshotRow],
    heading: Heading,
    *,
    all_averages: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Print the status table; standard output unless told otherwise.

    A stream that is no terminal gets plain text of up to 200 characters a line.
    """
    console = _console(stream)
    console.print(terminal_table(rows, heading, width=console.width, all_averages=all_averages))


def print_decisions(
    rows: Iterable[SnapshotRow], heading: Heading, *, stream: TextIO | None = None
) -> None:
    """Print every decision with its evidence; standard output unless told otherwise."""
    _console(stream).print(decisions_list(rows, heading))


def _console(stream: TextIO | None) -> Console:
    console = Console(file=stream, highlight=False, force_jupyter=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(
            file=stream, highlight=False, force_jupyter=False, color_system=None, width=_PIPED_WIDTH
        )
    return console


def _heading(heading: Heading) -> Text:
    style = "bold white on blue" if heading.mode == "DRY RUN" else "bold white on red"
    return Text.assemble((f" {heading.mode} ", style), f" {heading.conditions}")


def _groups(width: int, *, all_averages: bool) -> list[tuple[Column, ...]]:
    crossings = () if all_averages else CROSSINGS
    if width >= _WIDE:
        return [(*POSITION, *crossings, *PROSE)]
    beside = [(*POSITION, *PROSE), crossings]
    below = [POSITION, crossings, PROSE]
    groups = beside if width >= _MEDIUM else below
    return [group for group in groups if group]


def _table(rows: Sequence[SnapshotRow], columns: Sequence[Column]) -> Table:
    table = _empty_table()
    for column in (*IDENTITY, *columns):
        _add_column(table, column)
    for row in rows:
        table.add_row(*(_text(column.cell(row)) for column in (*IDENTITY, *columns)))
    return table


def _all_crossings(rows: Iterable[SnapshotRow]) -> Table:
    table = _empty_table()
    table.add_column("percent to cross", no_wrap=True)
    table.add_column("timeframe", no_wrap=True)
    for length in LENGTHS:
        table.add_column(str(length), justify="right", no_wrap=True)
    for row in rows:
        token = _text(IDENTITY[0].cell(row))
        for label, cells in families(row):
            table.add_row(token, label, *map(_text, cells))
            token = Text("")
    return table


def _empty_table() -> Table:
    return Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")


def _add_column(table: Table, column: Column) -> None:
    table.add_column(
        column.title,
        justify="right" if column.is_number else "left",
        no_wrap=not column.is_prose,
        ratio=None,
        overflow="fold",
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
