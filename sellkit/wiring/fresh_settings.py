"""Notices that settings were changed while something that lasts works with the former ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from sellkit.errors import SellkitError
from sellkit.wiring.courier import say_failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.config import Overrides, Settings

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
        What would be loaded now, where it is other and a schedule can begin with it; else None.
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
        """Look; what cannot be used is an alert, and what was loaded holds."""
        now = self._steady()
        if self.found is None and now >= self._looked_at + _LOOK_SECONDS:
            self._looked_at = now
            self._look()
        return self.found is not None

    def _look(self) -> None:
        from sellkit.config import load
        from sellkit.wiring.further import cron_entries
        from sellkit.wiring.runs import scheduled_calendars

        try:
            fresh = load(self._chosen)
            if fresh == self._settings:
                self._trouble = ""
                return
            cron_entries(fresh)
            scheduled_calendars(fresh)
        except SellkitError as error:
            self._say(str(error))
            return
        self.found = fresh

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            said = f"the settings were changed and cannot be used, the former ones hold: {trouble}"
            say_failed(self._settings, said)
        self._trouble = trouble
