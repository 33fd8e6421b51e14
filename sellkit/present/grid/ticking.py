"""HTML in which ages and countdowns go on in the browser, by the desk's clock."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets

from sellkit.present.grid.clocks import milliseconds

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.present.grid.clocks import Now

_FOLDER: Final = Path(__file__).parent
_SCRIPTS: Final = (_FOLDER / "late.js", _FOLDER / "ticking.js")  # one module


def since(instant: dt.datetime, *, by_machine: bool = False) -> str:
    """How long ago an instant is, going on: `3 min 12 s`; by the machine's clock or the desk's."""
    clock = ' data-clock="machine"' if by_machine else ""
    return f'<span data-since="{milliseconds(instant)}"{clock}></span>'


def until(instant: dt.datetime, due: str = "now") -> str:
    """How long it is to an instant, going on: `in 3 min 12 s`, and after that the word `due`."""
    told = f'data-until="{milliseconds(instant)}" data-due="{escape(due)}"'
    return f'<span role="timer" {told}></span>'


def _now(_value: object, widget: Ticking) -> int | None:
    return milliseconds(widget.time())


class Ticking(anywidget.AnyWidget):
    """HTML that is shown as it is, with what `since` and `until` make going on within.

    Any thread may set its `markup`.

    Parameters
    ----------
    markup
        The HTML.
    now
        The time by which it goes on; it answers at once.
    """

    _esm = "\n".join(each.read_text(encoding="utf-8") for each in _SCRIPTS)
    markup = traitlets.Unicode().tag(sync=True)
    now = traitlets.Any().tag(sync=True, to_json=_now)

    def __init__(self, markup: str, now: Now) -> None:
        self._clock = now
        super().__init__(markup=markup)
        self.on_msg(lambda _widget, content, _buffers: self._hear(content))

    def time(self) -> dt.datetime | None:
        """The time by which it goes on."""
        return self._clock()

    def tell_time(self) -> None:
        """Tell pages the time; else they go on by their own."""
        self.send_state("now")

    def _hear(self, content: dict[str, Any]) -> None:
        if content.get("time"):
            self.tell_time()
