"""What a position could be assigned: every average, and how far the price is from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sellkit.core.assignments import Timeframe
    from sellkit.core.snapshot import Reading


@dataclass(frozen=True, slots=True)
class Prospect:
    """The averages of one instrument at its last completed bars.

    Attributes
    ----------
    closes
        The last completed close of each timeframe that has one.
    readings
        All 28 averages; one with too short a history has no value. Empty when no bars could be had.
    max_seed_weight
        Above it an EMA counts as still warming up.
    problem
        Why there are no bars to go by; empty when there are.
    """

    closes: Mapping[Timeframe, float] = field(default_factory=dict)
    readings: tuple[Reading, ...] = ()
    max_seed_weight: float = 0.0
    problem: str = ""

    def percent_to_cross(self, reading: Reading) -> float | None:
        """How far the price has to move to an average, in percent of it; negative when above."""
        close = self.closes.get(reading.timeframe)
        return None if close is None else reading.percent_to_cross(close)

    def is_short(self, reading: Reading) -> bool:
        """Whether the history is too short for an average, or for what is left of its seed."""
        return reading.value is None or reading.seed_weight > self.max_seed_weight
