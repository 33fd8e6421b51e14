"""The panel to give each position its average."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final, Protocol

import ipywidgets as widgets

from sellkit.core.assignments import ALL_CHOICES, Assignment, parse_choice
from sellkit.present import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.core.assignments import MovingAverage, Timeframe
    from sellkit.core.instrument import Token
    from sellkit.core.portfolio import Position
    from sellkit.ports import AssignmentSheet

    Choice = tuple[MovingAverage, Timeframe]

_NONE_YET: Final = "choose an average"
_NEVER: Final = "never decided"
_LABELS: Final = tuple(f"{average} {timeframe}" for average, timeframe in ALL_CHOICES)


class AssignDesk(Protocol):
    """What the panel asks of the desk."""

    def positions(self) -> Sequence[Position]:
        """What the account holds."""
        ...

    def sheet(self) -> AssignmentSheet:
        """The assignments as they stand on disk."""
        ...

    def assign(self, assignment: Assignment) -> None:
        """Write one assignment; every other row stays."""
        ...


@dataclass(slots=True)
class _Row:
    token: Token
    note: str
    saved: Choice | None
    chooser: Any
    state: Any

    @property
    def chosen(self) -> Choice | None:
        return None if self.chooser.value == _NONE_YET else parse_choice(self.chooser.value)

    def keep(self, choice: Choice) -> None:
        self.saved = choice
        self.state.value = _state(choice)


def assign(desk: AssignDesk) -> widgets.VBox:
    """A panel to give each position its moving average.

    One line with the 28 choices for each position, and for each row of the file whose position is
    gone; a button that writes the lines that were changed; and a status line that says what was
    written, which line still lacks an average, or what went wrong.

    Parameters
    ----------
    desk
        An open desk; the positions are read once, when the panel is made.
    """
    sheet = desk.sheet()
    rows = _rows(desk.positions(), sheet)
    status = widgets.HTML()
    button = widgets.Button(
        description="Save assignments",
        button_style="primary",
        layout=widgets.Layout(width="auto"),
    )
    # Only lines that can be decided have a chooser: an option shares its token with its stock.
    live = [row for row in rows if not row.chooser.disabled]
    button.on_click(lambda _: _show(status, _save(desk, live)))
    _show(status, list(sheet.problems) or ["Nothing is changed yet."])
    lines = [_line(row) for row in rows] or [widgets.HTML("No positions and no assignments.")]
    return widgets.VBox([*lines, button, status])


def _rows(positions: Sequence[Position], sheet: AssignmentSheet) -> list[_Row]:
    ordered = sorted(positions, key=lambda each: each.instrument.token)
    rows = [_position_row(each, sheet) for each in ordered]
    held = {each.instrument.token for each in positions}
    left_over = (sheet.assignments.keys() | sheet.incomplete) - held
    rows += [
        _row(token, "no position now", sheet.assignments.get(token)) for token in sorted(left_over)
    ]
    return rows


def _position_row(position: Position, sheet: AssignmentSheet) -> _Row:
    instrument = position.instrument
    decided = instrument.is_decided and position.quantity > 0
    size = f"{words.shares(position.quantity)} {instrument.security_type}"
    found = sheet.assignments.get(instrument.token) if decided else None
    return _row(instrument.token, size, found, disabled=not decided)


def _row(token: Token, note: str, assignment: Assignment | None, *, disabled: bool = False) -> _Row:
    saved = None if assignment is None else (assignment.average, assignment.timeframe)
    chooser = widgets.Dropdown(
        options=(_NEVER,) if disabled else (_NONE_YET, *_LABELS),
        value=assignment.label if assignment else (_NEVER if disabled else _NONE_YET),
        description=str(token),
        disabled=disabled,
        style={"description_width": "12em"},
        layout=widgets.Layout(width="26em"),
    )
    state = widgets.HTML("" if disabled else _state(saved))
    return _Row(token, note, saved, chooser, state)


def _line(row: _Row) -> widgets.HBox:
    note = widgets.HTML(escape(row.note), layout=widgets.Layout(width="12em"))
    return widgets.HBox([row.chooser, note, row.state])


def _state(choice: Choice | None) -> str:
    return "unassigned" if choice is None else f"assigned {choice[0]} {choice[1]}"


def _save(desk: AssignDesk, rows: Sequence[_Row]) -> list[str]:
    """Write the changed rows; a line of answer for each, and for each row without an average."""
    answers = []
    for row in rows:
        choice = row.chosen
        if choice is None:
            former = f"; {row.saved[0]} {row.saved[1]} stays" if row.saved else ""
            answers.append(f"{row.token} is incomplete: choose an average{former}.")
        elif choice != row.saved:
            answers.append(_write(desk, row, choice))
    return answers or ["Nothing was changed, nothing was written."]


def _write(desk: AssignDesk, row: _Row, choice: Choice) -> str:
    assignment = Assignment(row.token, *choice)
    try:
        desk.assign(assignment)
    except Exception as error:  # noqa: BLE001  (a callback is an entry point; nobody else would show it)
        reason = " ".join(str(error).split()) or type(error).__name__
        return f"{assignment} was not saved: {reason}"
    row.keep(choice)
    return f"Saved {assignment}."


def _show(status: widgets.HTML, lines: Sequence[str]) -> None:
    text = "<br>".join(escape(line) for line in lines)
    status.value = f'<div role="status">{text}</div>'
