"""What the rule says of a position, and the evidence it said it on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.core.assignments import Assignment
    from sellkit.core.bars import Slot
    from sellkit.core.portfolio import Position


PROVISIONAL: Final = "PROVISIONAL"
"""How a judgement is marked that was made before the end of its bar."""


class Decision(StrEnum):
    """The rule's answers. Missing or doubtful data is UNDECIDED: neither hold nor sell."""

    EXIT = "EXIT"
    HOLD = "HOLD"
    UNDECIDED = "UNDECIDED"
    EXCLUDED = "EXCLUDED"


@dataclass(frozen=True, slots=True)
class BarCertificate:
    """The bar that decided, completed or provisional, and the average it was held against.

    Attributes
    ----------
    slot
        The bar's start, end and session.
    parts
        Half-hours that were folded into it; 1 for a bar taken as it came.
    fetched_at
        When the source told the last part of it; after its end, unless it is provisional.
    close, average
        Prices in the instrument's currency.
    bars_used
        Bars in the average's unbroken history.
    seed_weight
        Share of an EMA that still stems from its seed, 0 to 1; 0 for an SMA.
    price_basis
        What the bars show: TRADES is split-adjusted, not dividend-adjusted.
    """

    slot: Slot
    parts: int
    fetched_at: dt.datetime
    close: float
    average: float
    bars_used: int
    seed_weight: float
    price_basis: str

    @property
    def is_provisional(self) -> bool:
        """Whether it was judged before its end, on what was known of it then."""
        return self.fetched_at < self.slot.end

    @property
    def provisional_label(self) -> str:
        """`PROVISIONAL, told 299 s before the bar's end`; "" for a completed bar."""
        if not self.is_provisional:
            return ""
        ahead = (self.slot.end - self.fetched_at).total_seconds()
        return f"{PROVISIONAL}, told {ahead:.0f} s before the bar's end"

    @property
    def distance_percent(self) -> float:
        """From the close to the average, in percent of the close; positive when it is above."""
        return (self.average - self.close) / self.close * 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Retelling:
    """How a bar that was decided on is told now.

    Attributes
    ----------
    run_id, decided_at
        Which run had decided, and the moment that it described; aware UTC.
    decision
        What the bar would be judged now.
    close, average
        As told now, in the instrument's currency.
    told_at
        When the source told it so; aware UTC.
    """

    run_id: str
    decided_at: dt.datetime
    decision: Decision
    close: float
    average: float
    told_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Signal:
    """The rule's answer for one position.

    Attributes
    ----------
    reasons
        Why, in words a person can act on; at least one.
    certificate
        The evidence; None when there is none to show.
    retelling
        How the bar is told now, where it was decided on before and is told differently since: the
        rest is the earlier decision. None otherwise.
    """

    position: Position
    assignment: Assignment | None
    decision: Decision
    reasons: tuple[str, ...]
    certificate: BarCertificate | None = None
    retelling: Retelling | None = None
