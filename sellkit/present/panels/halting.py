"""A button that halts every process, by two clicks: the second one soon after the first."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import ipywidgets as widgets

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.core.arming import Halt

CONFIRM_SECONDS: Final = 5.0
REASON: Final = "by the Halt button of the live desk"

_READY: Final = "Halt ..."
_AGAIN: Final = f"Click again within {CONFIRM_SECONDS:.0f} s to halt"
_HALTED: Final = "Halted"
_MEANS: Final = "Stop every process from sending orders, until a person resumes in a terminal"


class HaltButton:
    """Halts at the second click within some seconds; shows a halt that is in force.

    Any thread may call it.

    Parameters
    ----------
    halt
        Halts for a reason; the halt in force, and why it is not journalled, or "".
    say
        Tells the person what came of it.
    steady
        The machine's steady clock, in seconds.
    """

    def __init__(
        self,
        halt: Callable[[str], tuple[Halt, str]],
        say: Callable[[str], None],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._halt = halt
        self._say = say
        self._steady = steady
        self._turn = threading.Lock()
        self._asked_at: float | None = None
        self._is_halted = False
        self.widget = widgets.Button(
            description=_READY,
            tooltip=_MEANS,
            layout=widgets.Layout(width="auto", min_width="7em"),
            style={"button_color": "#b3261e", "text_color": "#fff", "font_weight": "600"},
        )
        self.widget.on_click(lambda _button: self.click())

    def click(self) -> None:
        """Ask, or carry out what was asked."""
        with self._turn:
            if self._is_halted:
                return
            now, asked_at = self._steady(), self._asked_at
            if asked_at is None or now - asked_at > CONFIRM_SECONDS:
                self._asked_at = now
                self.widget.description = _AGAIN
                self._say(f"{_AGAIN}: no process sends an order then.")
                return
            self._asked_at = None
            self._carry_out()

    def look(self, halt: Halt | None) -> None:
        """Show whether a halt is in force, and forget a first click that is too old."""
        with self._turn:
            was_halted, self._is_halted = self._is_halted, halt is not None
            self.widget.disabled = self._is_halted
            if self._is_halted:
                self._asked_at = None
                self.widget.description = _HALTED
                return
            if was_halted:
                self._say("The halt has ended.")
            asked_at = self._asked_at
            if asked_at is not None and self._steady() - asked_at <= CONFIRM_SECONDS:
                return
            if asked_at is not None:
                self._say("Not halted: the second click did not come.")
            self._asked_at = None
            self.widget.description = _READY

    def _carry_out(self) -> None:
        try:
            found, unwritten = self._halt(REASON)
        except Exception as error:  # noqa: BLE001  (a callback is an entry point; nobody else shows it)
            self.widget.description = _READY
            self._say(f"NOT HALTED: {error}. Halt in a terminal: sellkit halt")
            return
        self._is_halted = self.widget.disabled = True
        self.widget.description = _HALTED
        self._say(f"{found}, but not journalled: {unwritten}" if unwritten else "Halted.")
