"""The row that travels: one position with everything that is known of it at one moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from sellkit.core.assignments import MaKind, Timeframe
from sellkit.core.gates import (
    ApprovedTicket,
    DeferredTicket,
    DeniedTicket,
    PreparedTicket,
    is_above,
)
from sellkit.core.signals import PROVISIONAL, Decision

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from sellkit.core.assignments import Assignment, MovingAverage
    from sellkit.core.gates import Verdict
    from sellkit.core.portfolio import OpenOrder, Position
    from sellkit.core.quotes import Quote
    from sellkit.core.signals import Signal


@dataclass(frozen=True, slots=True)
class Reading:
    """One average at the last completed bar.

    Attributes
    ----------
    value
        Price, or None when the history is shorter than the average.
    bars_used
        Bars in the unbroken history.
    seed_weight
        Share of the value that stems from an EMA's seed; 1 while there is no value.
    """

    average: MovingAverage
    timeframe: Timeframe
    value: float | None
    bars_used: int
    seed_weight: float

    @property
    def label(self) -> str:
        """`SMA 50 1H`."""
        return f"{self.average} {self.timeframe}"

    def percent_to_cross(self, close: float) -> float | None:
        """(average - close) / close x 100: how far the price has to move, negative when above."""
        return None if self.value is None else (self.value - close) / close * 100


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SnapshotRow:
    """A position with its averages, its signal and what would become of it.

    Attributes
    ----------
    as_of
        The moment described, aware UTC.
    last_close
        Close of the last completed bar of the assigned timeframe (hourly when unassigned).
    readings
        All 28 averages that could be computed; empty when no bars could be had.
    verdict
        What the gates made of an EXIT; None for every other decision.
    quote
        What the market showed of an EXIT's instrument; None where it was not asked.
    max_seed_weight
        Above it an average counts as still warming up.
    """

    as_of: dt.datetime
    signal: Signal
    last_close: float | None
    readings: tuple[Reading, ...]
    open_orders: tuple[OpenOrder, ...]
    verdict: Verdict | None
    max_seed_weight: float
    quote: Quote | None = None

    def __repr__(self) -> str:
        assigned = self.assignment.label if self.assignment else "unassigned"
        close = "no close" if self.last_close is None else f"close {self.last_close:,.2f}"
        token = self.position.instrument.token
        return f"{token} · {assigned} · {self.decided} · {close} · would be sent: {self.would_send}"

    @property
    def position(self) -> Position:
        return self.signal.position

    @property
    def assignment(self) -> Assignment | None:
        return self.signal.assignment

    @property
    def is_provisional(self) -> bool:
        """Whether it was judged before the end of its bar."""
        proof = self.signal.certificate
        return proof is not None and proof.is_provisional

    @property
    def decided(self) -> str:
        """`EXIT`, or `EXIT PROVISIONAL` on a bar that had not ended."""
        label = f" {PROVISIONAL}" if self.is_provisional else ""
        return f"{self.signal.decision}{label}"

    @property
    def assigned(self) -> Reading | None:
        """The reading of the assigned average; of a bar told differently since, as decided on."""
        assignment, proof = self.assignment, self.signal.certificate
        if assignment is None:
            return None
        found = self._reading(assignment)
        if found is None or proof is None or self.signal.retelling is None:
            return found
        return replace(
            found,
            value=proof.average,
            bars_used=proof.bars_used,
            seed_weight=proof.seed_weight,
        )

    def _reading(self, assignment: Assignment) -> Reading | None:
        # Whoever draws a row asks for it many times.
        timeframe = assignment.timeframe
        length, kind = assignment.average.length, assignment.average.kind
        for each in self.readings:
            of = each.average
            if of.length == length and each.timeframe is timeframe and of.kind is kind:
                return each
        return None

    @property
    def family(self) -> tuple[Reading, ...]:
        """The seven lengths of the assigned kind and timeframe; SMA on hours when unassigned."""
        assignment = self.assignment
        wanted = (MaKind.SMA, Timeframe.H1)
        if assignment is not None:
            wanted = (assignment.average.kind, assignment.timeframe)
        return tuple(r for r in self.readings if (r.average.kind, r.timeframe) == wanted)

    @property
    def distance_percent(self) -> float | None:
        """Percent from the close to the assigned average; negative when the price is above."""
        assigned = self.assigned
        if assigned is None or self.last_close is None:
            return None
        return assigned.percent_to_cross(self.last_close)

    @property
    def above_break_even(self) -> bool | None:
        """Close and assigned average both strictly above the average cost; None when unknown."""
        cost, assigned = self.position.average_cost, self.assigned
        if cost is None or self.last_close is None or assigned is None or assigned.value is None:
            return None
        return is_above(cost, self.last_close, assigned.value)

    @property
    def stop_prices(self) -> tuple[Decimal, ...]:
        """Stop prices of the orders that rest on the position."""
        return tuple(each.stop_price for each in self.open_orders if each.stop_price is not None)

    @property
    def warm_up(self) -> str:
        """`warm`, `amber` with the seed's weight, `short` with the bars there are, or a dash."""
        assigned = self.assigned
        if assigned is None:
            return "-"
        if assigned.value is None:
            return f"short: {assigned.bars_used} of {assigned.average.length} bars"
        if assigned.seed_weight > self.max_seed_weight:
            return f"amber: seed weighs {assigned.seed_weight:.1%}"
        return "warm"

    @property
    def would_send(self) -> str:
        """Whether an order would go out now, and every reason why not."""
        match self.verdict:
            case ApprovedTicket():
                return "yes"
            case PreparedTicket():
                return "yes, if live mode were armed; this is a dry run"
            case DeferredTicket(until=until):
                unquoted = self.quote is not None and self.quote.bid is None
                why = "; no quote now, so that only the close is known" if unquoted else ""
                return f"no: deferred to the next open, {until:%Y-%m-%d %H:%M} UTC{why}"
            case DeniedTicket(reasons=reasons):
                return "no: " + "; ".join(reasons)
            case None:
                return f"no: {self.signal.decision}, " + "; ".join(self.signal.reasons)


def in_display_order(rows: Iterable[SnapshotRow]) -> list[SnapshotRow]:
    """Rows above break-even first, then by decision (EXIT first) and token."""
    rank = {decision: place for place, decision in enumerate(Decision)}
    return sorted(
        rows,
        key=lambda row: (
            row.above_break_even is not True,
            rank[row.signal.decision],
            row.position.instrument.token,
        ),
    )
