"""Whether a page still shows a panel or a chart, as far as a kernel can know."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

GONE_SECONDS: Final = 20.0
"""After so long without an answer nobody looks.

A window that closes says so at once; a tab within JupyterLab has lost its kernel by then, and a
browser that was killed says nothing.
"""

_ASKS: Final = 4
_DOUBT_SECONDS: Final = 3.0
"""After a page said that it leaves, so long is left to another one to say that it is there."""

_DEAF_SECONDS: Final = 1.0


class Onlookers:
    """Pages that show a panel or a chart. They are asked, and say when they leave.

    They are asked rather than that they speak up by themselves: a browser lets a page that is in
    the background do something by itself once a minute only, but hear and answer at any time. While
    a cell runs a kernel may hear nobody, so that nobody counts as gone then. Any thread may ask.

    Parameters
    ----------
    ask
        Asks every page; `seen` is to be called for each answer.
    seconds
        How long nothing may be heard before they are gone.
    steady
        The machine's steady clock, in seconds.
    """

    def __init__(
        self,
        ask: Callable[[], None],
        seconds: float = GONE_SECONDS,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._steady = steady
        self._turn = threading.Lock()
        self._heard_at = self._asked_at = steady()
        self._left_at: float | None = None
        self._busy_since: float | None = None
        self._leave = _follow_cells(self.cell_begins, self.cell_ends)

    def leave(self) -> None:
        """Follow the kernel's cells no more."""
        self._leave()

    def look(self, *, at_once: bool = False) -> None:
        """Ask them, where it is time to."""
        with self._turn:
            now = self._steady()
            if not at_once and now - self._asked_at < self._seconds / _ASKS:
                return
            self._asked_at = now
        self._ask()

    def seen(self) -> None:
        """A page shows it."""
        with self._turn:
            self._heard_at, self._left_at = self._steady(), None

    def left(self) -> None:
        """A page shows it no more; another one may."""
        with self._turn:
            self._left_at = self._asked_at = self._steady()
        self._ask()

    @property
    def is_deaf(self) -> bool:
        """Whether a cell has been running for so long that clicks wait to be heard."""
        with self._turn:
            since = self._busy_since
            return since is not None and self._steady() - since > _DEAF_SECONDS

    def cell_begins(self, _info: object = None) -> None:
        """A cell runs."""
        with self._turn:
            self._busy_since = self._steady()

    def cell_ends(self, _result: object = None) -> None:
        """It has ended, and what pages said meanwhile is about to be heard."""
        with self._turn:
            self._busy_since = None
            self._heard_at = self._steady()

    def are_gone(self) -> bool:
        """Whether no page shows it any more."""
        with self._turn:
            if self._busy_since is not None:
                return False
            now, left_at = self._steady(), self._left_at
            has_left = left_at is not None and now - left_at > min(_DOUBT_SECONDS, self._seconds)
            return has_left or now - self._heard_at > self._seconds


def _follow_cells(
    begins: Callable[[object], None], ends: Callable[[object], None]
) -> Callable[[], None]:
    """Have the beginning and the end of each cell told, where there are cells; ends it."""
    from IPython import get_ipython  # noqa: PLC0415  (a test's process need not load it)

    shell = get_ipython()
    if shell is None:
        return lambda: None
    followed = (("pre_run_cell", begins), ("post_run_cell", ends))
    for event, told in followed:
        shell.events.register(event, told)

    def leave() -> None:
        for event, told in followed:
            shell.events.unregister(event, told)

    return leave
