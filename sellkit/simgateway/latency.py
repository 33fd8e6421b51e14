"""How long messages of a kind take: always the same, or drawn from a distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sellkit.simgateway.kinds import Direction

# The shares come in steps of 1/65536; in the middle of a step none is 0, whose tail has no end.
_HALF_A_STEP: Final = 1 / 131_072
_LONGEST_IN_MEANS: Final = 10.0
_NORMAL: Final = NormalDist()


class Spread(StrEnum):
    """The shape of a distribution.

    `even` lies between `low` and `high`. The others begin at `low` and have a tail: `exponential`
    with the mean `scale`; `lognormal` with the median `scale`, its logarithm having the deviation
    `shape`; `pareto` with the least value `scale` and the exponent `shape`, the heaviest of all.
    """

    EVEN = "even"
    EXPONENTIAL = "exponential"
    LOGNORMAL = "lognormal"
    PARETO = "pareto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long messages of a kind take; a request is that much later taken in hand.

    Attributes
    ----------
    low, high
        Real seconds, the least and the most; equal where a message always takes the same. Of a
        distribution with a tail `high` may be None; an exponential one then ends at ten times
        its mean.
    spread, scale, shape
        See `Spread`.
    """

    direction: Direction
    message: str
    low: float
    high: float | None
    spread: Spread = Spread.EVEN
    scale: float = 0.0
    shape: float = 0.0

    def seconds(self, share: float) -> float:
        """The latency for a number in [0, 1)."""
        longest = math.inf if self.high is None else self.high
        if self.spread is Spread.EVEN:
            return self.low if self.high is None else self.low + (self.high - self.low) * share
        if self.spread is Spread.EXPONENTIAL:
            drawn = self.scale * min(-math.log1p(-share), _LONGEST_IN_MEANS)
        elif self.spread is Spread.LOGNORMAL:
            normal = _NORMAL.inv_cdf(share + _HALF_A_STEP)
            drawn = self.scale * math.exp(self.shape * normal)
        else:
            drawn = self.scale * (1 - share) ** (-1 / self.shape)
        return min(self.low + drawn, longest)
