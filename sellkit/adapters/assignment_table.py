"""The text of the assignments: read leniently, changed line by line, so nothing else is touched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sellkit.adapters.assignment_lines import (
    DELIMITERS,
    Line,
    excels_delimiter,
    fields_of,
    joined,
    lines_of,
)
from sellkit.core.assignments import LENGTHS, Assignment, Timeframe
from sellkit.core.instrument import Token
from sellkit.errors import ConfigError, DataError, InvalidToken

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELDS: Final = ("ticker", "type", "length", "timeframe")
_OLDER: Final = FIELDS[:3]
_BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class Row:
    """A line that is meant to be an assignment.

    Attributes
    ----------
    index
        Its place in the table's lines, from 0.
    cells
        Its fields as written.
    token
        Whose it is, where the ticker can be read.
    assignment, problem
        What it says, or why it says nothing that can be used.
    is_doubted
        The file ends where its last number could go on.
    """

    index: int
    cells: tuple[str, ...]
    token: Token | None
    assignment: Assignment | None
    problem: str | None
    is_doubted: bool = False


@dataclass(frozen=True, slots=True)
class AssignmentTable:
    """The whole text, understood.

    Attributes
    ----------
    columns
        Names by position; without `timeframe` in the older form, which means hourly bars.
    header
        The index of the line with the names; None when there is none.
    """

    bom: str
    lines: tuple[Line, ...]
    delimiter: str
    columns: tuple[str, ...]
    header: int | None
    rows: tuple[Row, ...]

    @property
    def newline(self) -> str:
        """The line ending of the file."""
        return next((line.ending for line in self.lines if line.ending), "\n")

    def text(self) -> str:
        """The file's text."""
        return self.bom + "".join(line.text + line.ending for line in self.lines)


def parse(text: str) -> AssignmentTable:
    """Understand a text.

    Raises
    ------
    ConfigError
        The line with the names lacks a column or has one twice.
    """
    bom = _BOM if text.startswith(_BOM) else ""
    lines = lines_of(text[len(bom) :])
    named = excels_delimiter(lines)
    skipped = 0 if named is None else 1
    places = [index for index, line in enumerate(lines) if line.is_row and index >= skipped]
    first = lines[places[0]].text if places else ""
    delimiter = named if named in DELIMITERS else max(DELIMITERS, key=first.count)
    split = {index: fields_of(lines[index].text, delimiter) for index in places}
    header = places[0] if places and "ticker" in _names(split[places[0]]) else None
    if header is not None:
        columns = _columns(_names(split.pop(header)))
    else:
        older = bool(split) and max(map(len, split.values())) <= len(_OLDER)
        columns = _OLDER if older else FIELDS
    rows = [_row(index, cells, columns) for index, cells in split.items()]
    if rows and rows[-1].index == len(lines) - 1:
        rows[-1] = _doubted(rows[-1], lines[-1], columns)
    return AssignmentTable(bom, lines, delimiter, columns, header, tuple(rows))


def with_assignments(table: AssignmentTable, assignments: Sequence[Assignment]) -> str:
    """The text with each assignment in place of its token's rows, or at the end."""
    if "timeframe" not in table.columns and any(
        each.timeframe is not Timeframe.H1 for each in assignments
    ):
        table = parse(_widened(table))
    wanted = {each.token: each for each in assignments}
    lines: list[Line] = []
    written: set[Token] = set()
    named = {row.index: row for row in table.rows if row.token in wanted}
    for index, line in enumerate(table.lines):
        row = named.get(index)
        if row is None or row.token is None:
            lines.append(line)
        elif row.token not in written:  # any further row of the token goes
            written.add(row.token)
            lines.append(Line(_filled(table, wanted[row.token], row.cells), table.newline))
    fresh = [wanted[token] for token in wanted if token not in written]
    _add(lines, table, [Line(_filled(table, each, ()), table.newline) for each in fresh], written)
    return replace(table, lines=tuple(lines)).text()


def _add(
    lines: list[Line], table: AssignmentTable, fresh: Sequence[Line], written: set[Token]
) -> None:
    """Put rows of tokens that had none at the end."""
    if not fresh:
        return
    last = table.rows[-1] if table.rows else None
    if last is not None and last.is_doubted and last.token not in written:
        # Behind it, the first row would give it its line ending, and it would pass for a whole one.
        lines[-1:-1] = fresh
        return
    _end_last(lines, table.newline)
    if table.header is None and last is None:
        lines.append(Line(table.delimiter.join(table.columns), table.newline))
    lines.extend(fresh)


def _widened(table: AssignmentTable) -> str:
    """The older form with a fourth column: its usable rows say 1H, as they meant all along."""
    columns = (*table.columns, "timeframe")
    lines = list(table.lines)
    for row in table.rows:
        if row.assignment is not None:
            text = _filled(replace(table, columns=columns), row.assignment, row.cells, keep=True)
            lines[row.index] = replace(lines[row.index], text=text)
    if table.header is None:
        place = table.rows[0].index if table.rows else len(lines)
        lines.insert(place, Line(table.delimiter.join(columns), table.newline))
    else:
        cells = fields_of(lines[table.header].text, table.delimiter)[: len(table.columns)]
        text = joined([*cells, "timeframe"], table.delimiter)
        lines[table.header] = replace(lines[table.header], text=text)
    return replace(table, lines=tuple(lines)).text()


def _filled(
    table: AssignmentTable, assignment: Assignment, cells: Sequence[str], *, keep: bool = False
) -> str:
    """A row that says this; further columns, and with `keep` the fields there are, stay."""
    values = {
        "ticker": str(assignment.token),
        "type": str(assignment.average.kind),
        "length": str(assignment.average.length),
        "timeframe": str(assignment.timeframe),
    }
    width = len(table.columns)
    padded = [*cells, *[""] * width][:width]
    for place, name in enumerate(table.columns):
        if name in values and not (keep and padded[place].strip()):
            padded[place] = values[name]
    return joined(padded, table.delimiter)


def _end_last(lines: list[Line], newline: str) -> None:
    if lines and not lines[-1].ending:
        lines[-1] = replace(lines[-1], ending=newline)


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell.strip().casefold() for cell in cells)


def _columns(names: tuple[str, ...]) -> tuple[str, ...]:
    wanted = ",".join(FIELDS)
    for name in _OLDER:
        if name not in names:
            raise ConfigError(f"the first line names no column {name!r}; it should be {wanted}")
    for name in FIELDS:
        if names.count(name) > 1:
            raise ConfigError(f"the first line names {name!r} twice; it should be {wanted}")
    return names


def _row(index: int, cells: tuple[str, ...], columns: tuple[str, ...]) -> Row:
    named = dict.fromkeys(FIELDS, "") | {
        name: cell.strip() for name, cell in zip(columns, cells, strict=False)
    }
    if "timeframe" not in columns:
        named["timeframe"] = Timeframe.H1
    token = None
    try:
        token = Token.parse(named["ticker"]) if named["ticker"] else None
        problem = _shape_problem(cells, columns, named)
        if problem is None:
            assignment = Assignment.parse(*(named[name] for name in FIELDS))
            return Row(index, cells, token, assignment, None)
    except InvalidToken as error:
        problem = str(error)
    except DataError as error:
        problem = f"{token}: {error}"
    return Row(index, cells, token, None, problem)


def _doubted(row: Row, line: Line, columns: tuple[str, ...]) -> Row:
    """The row, or a doubted one where the file's last character is a length that could go on."""
    assignment = row.assignment
    if assignment is None or line.ending or columns[len(row.cells) - 1] != "length":
        return row
    length = str(assignment.average.length)
    longer = [str(each) for each in LENGTHS if str(each) != length and str(each).startswith(length)]
    if not longer or not line.text.endswith(length):
        return row
    problem = (
        f"{row.token} may be half-written: the file ends at its length {length}, which could be "
        f"the beginning of {' or '.join(longer)}; end the line if it is whole"
    )
    return replace(row, assignment=None, problem=problem, is_doubted=True)


def _shape_problem(
    cells: tuple[str, ...], columns: tuple[str, ...], named: dict[str, str]
) -> str | None:
    if not named["ticker"]:
        return "the ticker is missing"
    if len(cells) > len(columns):
        names = ",".join(columns)
        return f"{named['ticker']} has {len(cells)} fields, and the columns are {names}"
    missing = [name for name in FIELDS if not named[name]]
    if missing:
        return f"{named['ticker']} is incomplete: no {' and no '.join(missing)}"
    return None
