"""The panel to give each position its average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sellkit.core.assignments import ALL_CHOICES, parse_choice
from sellkit.present.panels.draft import Draft
from sellkit.present.panels.extra import missing_lab
from sellkit.present.panels.filing import AssignmentDesk, Filing, Said
from sellkit.present.panels.lines import left_over_line, position_lines
from sellkit.present.spark import sparks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sellkit.core.assignments import MovingAverage, Timeframe
    from sellkit.core.portfolio import Position
    from sellkit.core.prospect import Prospect
    from sellkit.present.heading import Heading
    from sellkit.present.hypertext import Html
    from sellkit.present.panels.assign_view import AssignView
    from sellkit.present.panels.lines import Line


class AssignDesk(AssignmentDesk, Protocol):
    """What the panel asks of the desk."""

    def heading(self) -> Heading:
        """Under which conditions it works."""
        ...

    def known_positions(self) -> Sequence[Position]:
        """What the account holds, as last read; a closed desk still knows it."""
        ...

    def prospects(self) -> Mapping[int, Prospect]:
        """By contract, all 28 averages of each position on the stored bars."""
        ...

    def tracks(self, position: Position) -> NDArray[np.float64]:
        """How each of the 28 did against holding over the last year, shape (28, points)."""
        ...


def assign(desk: AssignDesk) -> AssignView | Html:
    """A panel to give each position its moving average.

    A row for each position, and for each assignment whose position is gone, with the 28 choices:
    each with its value on the stored bars and how far the price is from it. What is chosen is a
    draft until it is saved; before that the change of the file is shown, and one that somebody
    else made meanwhile is never overwritten unseen.

    Parameters
    ----------
    desk
        Its positions, as last read, and the stored bars are read when the panel is made; the file
        again whenever it matters. The desk may be closed.
    """
    missing = missing_lab()
    return AssignPanel.of(desk).view if missing is None else missing


@dataclass(slots=True)
class AssignPanel:
    """Answers what a person does in the panel.

    Attributes
    ----------
    filing
        What is chosen, and its way to the file.
    held
        The rows of the positions.
    view
        The widget.
    tracks
        How the 28 choices of a position did, asked when somebody looks at its list.
    """

    filing: Filing
    held: tuple[Line, ...]
    view: AssignView
    tracks: Callable[[Position], NDArray[np.float64]]
    _rows: tuple[Line, ...] = ()

    @classmethod
    def of(cls, desk: AssignDesk) -> AssignPanel:
        """Read positions, bars and assignments, and lay out the table."""
        from sellkit.present.panels.assign_view import show  # noqa: PLC0415  (an extra)

        held = position_lines(desk.known_positions(), desk.prospects())
        sheet, heading = desk.sheet(), desk.heading()
        open_ones = dict.fromkeys(each.token for each in held if each.is_open)
        draft = Draft(tuple(open_ones), frozenset(each.token for each in held), sheet)
        view = show(
            heading={
                "mode": heading.mode,
                "conditions": heading.conditions,
                "colour": heading.colour,
            },
            choices=[_label(each) for each in ALL_CHOICES],
        )
        panel = cls(Filing(desk, draft), held, view, desk.tracks)
        first = (
            Said(sheet.problems, is_bad=True) if sheet.problems else Said(("Nothing is changed.",))
        )
        panel._show(first)
        view.on_msg(lambda _widget, message, _buffers: panel.hear(message))
        return panel

    def hear(self, message: Mapping[str, Any]) -> None:
        """Do what a message asks for; whatever goes wrong is said in the status."""
        try:
            said = self._act(message)
        except Exception as error:  # noqa: BLE001  (a callback is an entry point; nobody else would show it)
            reason = " ".join(str(error).split()) or type(error).__name__
            said = Said((f"That did not work: {reason}",), is_bad=True)
        self._show(said, int(message.get("number", 0)))

    def _act(self, message: Mapping[str, Any]) -> Said | None:
        filing, act = self.filing, str(message.get("do"))
        if act == "choose":
            rows = [self._rows[int(row)] for row in message["rows"]]
            tokens = [each.token for each in rows if each.is_open]
            return filing.choose(tokens, parse_choice(str(message["choice"])))
        if act == "spark":
            self._draw([self._rows[int(row)] for row in message["rows"]])
            return None
        acts: dict[str, Callable[[], Said | None]] = {
            "undo": filing.undo,
            "save": filing.save,
            "confirm": filing.confirm,
            "cancel": filing.cancel,
            "look": filing.look,
            "keep": lambda: filing.meet(keep=True),
            "reload": lambda: filing.meet(keep=False),
        }
        return acts[act]()

    def _draw(self, rows: Sequence[Line]) -> None:
        """Give the choices of some rows their lines; those of the others stay."""
        drawn = {
            str(each.token): sparks(self.tracks(each.position))
            for each in rows
            if each.position is not None and each.is_open
        }
        self.view.sparks = {**self.view.sparks, **drawn}

    def _show(self, said: Said | None, number: int = 0) -> None:
        """Bring the view up to date; without anything to say its status stays.

        `number` is that of the message which this answers.
        """
        draft, rows = self.filing.draft, self._laid_out()
        with self.view.hold_sync():
            if rows != self._rows or not self.view.state:
                self._rows = rows
                self.view.rows = [each.record() for each in rows]
            self.view.state = {
                "saved": [_label(draft.saved(each.token)) if each.is_open else "" for each in rows],
                "chosen": [
                    _label(draft.choice(each.token)) if each.is_open else "" for each in rows
                ],
                "changes": len(draft.changes),
                "answers": number,
                "canUndo": draft.can_undo,
            }
            self.view.ask = self._question()
            if said is not None:
                self.view.said = {"lines": list(said.lines), "bad": said.is_bad}

    def _laid_out(self) -> tuple[Line, ...]:
        return (*self.held, *map(left_over_line, self.filing.draft.left_over))

    def _question(self) -> dict[str, Any]:
        filing = self.filing
        if filing.theirs is not None:
            return {"kind": "conflict", "lines": filing.conflict()}
        if filing.edit is not None:
            return {"kind": "preview", "path": str(filing.edit.path), "lines": filing.preview()}
        return {}


def _label(choice: tuple[MovingAverage, Timeframe] | None) -> str:
    return "" if choice is None else f"{choice[0]} {choice[1]}"
