"""Notices that settings were changed while something that lasts works with the former ones."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from sellkit.errors import SellkitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.config import Overrides, Settings

log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 20.0


class FreshSettings:
    """Whether what was loaded is other than what would be loaded now.

    Parameters
    ----------
    settings
        What was loaded.
    chosen
        What flags said then.
    steady
        Seconds of a steady clock, by which the file is read every 20 s at most.

    Attributes
    ----------
    found
        What would be loaded now, where it is other; None before.
    """

    def __init__(
        self, settings: Settings, chosen: Overrides, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._chosen = chosen
        self._steady = steady
        self._looked_at = steady()
        self._trouble = ""
        self.found: Settings | None = None

    def __call__(self) -> bool:
        """Look; while a person is about to spoil the file, what was loaded holds."""
        now = self._steady()
        if self.found is None and now >= self._looked_at + _LOOK_SECONDS:
            self._looked_at = now
            self._look()
        return self.found is not None

    def _look(self) -> None:
        from sellkit.config import load

        try:
            fresh = load(self._chosen)
        except SellkitError as error:
            self._say(str(error))
            return
        self._trouble = ""
        if fresh != self._settings:
            self.found = fresh

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.error("settings_unreadable", extra={"reason": trouble})
        self._trouble = trouble
