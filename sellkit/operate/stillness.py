"""The moments in which nothing but the decision and its orders should take time."""

from __future__ import annotations

import gc
import sys
from dataclasses import dataclass, field
from typing import Final

_TURN_SECONDS: Final = 0.0005
"""How long one thread may keep the others waiting; Python's own 5 ms are a tenth of the goal."""


@dataclass(slots=True)
class Stillness:
    """Keeps the interpreter's own work out of a stretch of time; it concerns the whole process."""

    _is_collecting: bool = field(default=False, init=False)
    _turn_seconds: float | None = field(default=None, init=False)

    def make_ready(self) -> None:
        """Collect what is garbage by now, and look at what is left of it no more."""
        gc.collect()
        gc.freeze()

    def begin(self) -> None:
        """Collect no garbage, and let threads take short turns; a second call does nothing."""
        if self._turn_seconds is None:
            self._is_collecting, self._turn_seconds = gc.isenabled(), sys.getswitchinterval()
            gc.disable()
            sys.setswitchinterval(_TURN_SECONDS)

    def end(self) -> None:
        """Leave everything as it was; a second call does nothing."""
        if self._turn_seconds is None:
            return
        sys.setswitchinterval(self._turn_seconds)
        self._turn_seconds = None
        gc.unfreeze()
        if self._is_collecting:
            gc.enable()
