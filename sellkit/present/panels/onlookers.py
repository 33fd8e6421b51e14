"""Whether a page still shows a panel, as far as a kernel can know."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_BEATS: Final = 7
_DEAF_SECONDS: Final = 1.0


class Onlookers:
    """Pages that say now and then that they show a panel. Any thread may ask.

    While a cell runs a kernel may hear nobody, so that nobody counts as gone then.

    Parameters
    ----------
    seconds
        How long nothing may be heard before they are gone.
    steady
        The machine's steady clock, in seconds.
    """

    def __init__(self, seconds: float, steady: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._steady = steady
        self._turn = threading.Lock()
        self._heard_at = steady()
        self._busy_since: float | None = None
        self._leave = _follow_cells(self.cell_begins, self.cell_ends)

    def leave(self) -> None:
        """Follow the kernel's cells no more."""
        self._leave()

    @property
    def beat_seconds(self) -> float:
        """How often a page has to say so."""
        return self._seconds / _BEATS

    def seen(self) -> None:
        """A page shows it."""
        with self._turn:
            self._heard_at = self._steady()

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
        """Whether no page has shown it for too long."""
        with self._turn:
            return self._busy_since is None and self._steady() - self._heard_at > self._seconds


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
