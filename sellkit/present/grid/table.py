"""A table as an anywidget: only what changed travels, and only rows in sight are in the page."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets

from sellkit.present.grid.changes import Told
from sellkit.present.grid.clocks import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sellkit.present.grid.changes import Line
    from sellkit.present.grid.clocks import Now

_FOLDER: Final = Path(__file__).parent
_SCRIPTS: Final = (
    "late.js",
    "attend.js",
    "cells.js",
    "told.js",
    "view.js",
    "table.js",
)  # one module, in this order


@dataclass(frozen=True, slots=True)
class GridColumn:
    """A column of a grid.

    Attributes
    ----------
    title
        Its heading.
    kind
        `name` names its row; `text`; `number`, set to the right; `bar`, a number with a bar beside
        it, whose half is five; `prose`, cut where there is no room; `age`, told by the row's
        moment; `detail`, shown of the chosen row alone.
    meaning
        What it says, in a sentence; "" where the title does.
    """

    title: str
    kind: str = "text"
    meaning: str = ""


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _whole(_value: object, grid: Grid) -> dict[str, Any]:
    return grid.whole_now()


class Grid(anywidget.AnyWidget):
    """Rows that change in place, in any number.

    Any thread may change it. A page that is opened later, or missed something, gets all of it.

    Parameters
    ----------
    columns
        What each cell of a row stands under.
    label
        The table's name for whoever does not see it.
    now
        The time by which ages are told; it answers at once.
    on_seen, on_left
        Called, on any thread, when a page says that it shows the table, and that it does no more.
    """

    _esm = "\n".join(map(_text, _SCRIPTS))
    _css = _text("table.css")
    columns: traitlets.List[Any] = traitlets.List().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    is_away = traitlets.Bool(False).tag(sync=True)  # the source is away: all rows are grey at once
    whole = traitlets.Dict().tag(sync=True, to_json=_whole)

    def __init__(
        self,
        columns: Sequence[GridColumn],
        *,
        label: str,
        now: Now,
        on_seen: Callable[[], None] = lambda: None,
        on_left: Callable[[], None] = lambda: None,
    ) -> None:
        self._now = now
        self._on_seen = on_seen
        self._on_left = on_left
        self._told = Told()
        self._turn = threading.Lock()
        self._is_heard = False
        told = [{"title": c.title, "kind": c.kind, "meaning": c.meaning} for c in columns]
        super().__init__(columns=told, label=label)
        self.on_msg(self._hear)

    def show(self, lines: Sequence[Line]) -> None:
        """Show these rows, in this order."""
        with self._turn:
            change = self._told.take(lines)
            if change is None:
                return
            if self._is_heard:
                self.send({"change": change, "now": milliseconds(self._now())})
            else:
                self.send_state("whole")

    def tell_time(self) -> None:
        """Tell pages the time by which ages are told; else they go on by their own."""
        self.send({"now": milliseconds(self._now())})

    def ask(self) -> None:
        """Ask whether a page shows the table."""
        self.send({"ask": True})

    def whole_now(self) -> dict[str, Any]:
        """The table as it is, with the time."""
        return {**self._told.whole(), "now": milliseconds(self._now())}

    def _hear(self, _widget: object, content: dict[str, Any], _buffers: object) -> None:
        """What a page says: which change it has, and whether it shows the table."""
        if "have" in content:
            with self._turn:
                self._is_heard = True
                if content["have"] != self._told.number:
                    self.send_state("whole")
        if "seen" in content:
            self._on_seen() if content["seen"] else self._on_left()
