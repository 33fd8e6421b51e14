"""How a connection comes back, and how patiently."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from sellkit.core.upkeep import Upkeep
from sellkit.errors import ConfigError

_DOUBLINGS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning:
    """The patience of a connection. All seconds are real ones.

    Attributes
    ----------
    first_delay_seconds, longest_delay_seconds
        The wait before the second attempt; it doubles with each that fails, up to the longest.
    jitter
        Share of a wait that is left to chance, 0 to 1, so that several clients drift apart.
    probe_seconds, probe_timeout_seconds
        How often the gateway is asked whether it still answers, and how long it may take to. One
        that does not answer is left: a half-open socket looks like a quiet one.
    settle_seconds
        How long the gateway is left alone after it was cut off, or was away: what it lists in the
        first moments may be less than there is.
    cut_off_seconds
        How long a gateway that said that it lost Interactive Brokers may stay silent, too, before
        the connection is made anew.
    competing_seconds
        How long after a competing session was told of one bar is asked for, and after each that
        did not come: the one thing that tells that it is over when no notice does.
    alert_after
        Failures in a row after which a person is told.
    upkeep
        When the gateway is away by plan: nobody is told of a loss before that is over.
    """

    first_delay_seconds: float = 1.0
    longest_delay_seconds: float = 60.0
    jitter: float = 0.5
    probe_seconds: float = 15.0
    probe_timeout_seconds: float = 10.0
    settle_seconds: float = 5.0
    cut_off_seconds: float = 600.0
    competing_seconds: float = 300.0
    alert_after: int = 10
    upkeep: Upkeep = field(default_factory=Upkeep)

    def __post_init__(self) -> None:
        above = ("first_delay_seconds", "longest_delay_seconds", "probe_seconds")
        for name in (*above, "probe_timeout_seconds", "alert_after"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0, not {getattr(self, name)}")
        for name in ("settle_seconds", "cut_off_seconds", "competing_seconds"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} must be 0 or more, not {getattr(self, name)}")
        if not 0 <= self.jitter <= 1:
            raise ConfigError(f"jitter must be from 0 to 1, not {self.jitter}")

    def delay(self, failures: int, chance: float) -> float:
        """Seconds to wait after so many failures in a row, 1 being the first.

        Parameters
        ----------
        chance
            From 0 to 1; it fills the share that is left to chance.
        """
        doubled = self.first_delay_seconds * 2.0 ** min(failures - 1, _DOUBLINGS)
        whole = min(doubled, self.longest_delay_seconds)
        return whole * (1 - self.jitter + self.jitter * chance)

    @property
    def silent_probes(self) -> int:
        """Probes without an answer that a cut-off gateway is granted."""
        each = self.probe_seconds + self.probe_timeout_seconds
        return max(math.ceil(self.cut_off_seconds / each), 1)

    @property
    def competing_probes(self) -> int:
        """Answered probes after which a bar is asked for."""
        return max(math.ceil(self.competing_seconds / self.probe_seconds), 1)
