"""Whether the connection may be decided on, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt


@dataclass(frozen=True, slots=True)
class Standing:
    """How the connection stands at one moment.

    Attributes
    ----------
    epoch
        Which connection: 0 before the first, one more with each that completed its handshake. A
        list that was read in one epoch is not used in another.
    is_ready
        Whether what the gateway tells may be decided on.
    reason
        Why not; "" exactly when ready.
    since
        When it began to be so, by this machine's clock; aware UTC.
    """

    epoch: int
    is_ready: bool
    reason: str
    since: dt.datetime

    def __post_init__(self) -> None:
        if self.is_ready == bool(self.reason):
            raise ValueError(f"ready {self.is_ready} and the reason {self.reason!r} contradict")

    def doubt(self, epoch: int) -> str | None:
        """Why what was read in an epoch must not be decided on; None when it may be."""
        if not self.is_ready:
            return f"the connection is not ready: {self.reason}"
        if self.epoch != epoch:
            return "the connection is not ready: it was made anew after the positions were read"
        return None

    def interrupted(self, before: Standing) -> Standing:
        """This standing, or one that is not ready when it is another than before."""
        if self == before or not self.is_ready:
            return self
        reason = "it was interrupted after the positions were read; decide again"
        return Standing(self.epoch, False, reason, self.since)
