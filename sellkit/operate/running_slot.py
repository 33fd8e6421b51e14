"""A slot whose run is at work."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.firing import SlotOutcome

if TYPE_CHECKING:
    from sellkit.core.firing import Slot
    from sellkit.ports.launching import Launched

log = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 30.0
"""How long a run that was asked to end may take for that: its notebook is written meanwhile."""


@dataclass(slots=True)
class RunningSlot:
    """One run, followed to its end.

    Attributes
    ----------
    slot
        What it is for.
    launched
        Its process.
    since
        When it was begun, or taken over, on the machine's steady clock, in seconds.
    ended_as
        Why it was ended; None while it was not.
    """

    slot: Slot
    launched: Launched
    since: float
    ended_as: SlotOutcome | None = None
    _stopped_at: float = 0.0

    def follow(self, steady: float, timeout_seconds: float) -> bool:
        """Whether it is over; one that takes too long is asked to end, and then ended."""
        if self.launched.is_over():
            return True
        if self.ended_as is None and steady - self.since >= timeout_seconds:
            log.critical("run_overran", extra={"run": self.slot.run_id, "seconds": timeout_seconds})
            self.ended_as, self._stopped_at = SlotOutcome.OVERRAN, steady
            self.launched.stop()
        elif self.ended_as is not None and steady - self._stopped_at >= PATIENCE_SECONDS:
            self.launched.kill()
        return False

    def finish(self) -> None:
        """Wait for the end of one that was asked to end, or end it."""
        if not self.launched.wait(PATIENCE_SECONDS):
            self.launched.kill()
            self.launched.wait(PATIENCE_SECONDS)
