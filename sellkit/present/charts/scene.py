"""What a chart tells, before anything draws it: the same for plotly and for the plain picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core import indicators
from sellkit.core.assignments import ALL_AVERAGES, Timeframe
from sellkit.core.counting import counted
from sellkit.core.past import Past
from sellkit.present import words
from sellkit.present.charts import marks
from sellkit.present.charts.timeline import Timeline
from sellkit.present.heading import two_clocks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    import pandas as pd
    from numpy.typing import NDArray

    from sellkit.core.assignments import MovingAverage
    from sellkit.core.signals import BarCertificate
    from sellkit.core.snapshot import SnapshotRow
    from sellkit.present.charts.marks import Mark
    from sellkit.present.heading import Heading

    Prices = NDArray[np.float64]

SHOWN_BARS: Final = 150
_ROOM: Final = 0.04
"""Above and below what is to be seen, in parts of the height."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """An average at each bar shown, NaN before there are enough; `is_assigned` decides."""

    name: str
    values: Prices
    is_assigned: bool


@dataclass(frozen=True, slots=True)
class Level:
    """A price that stays: the average cost, a stop; `value` is None where it is far away."""

    name: str
    value: float | None
    is_cost: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """One panel.

    Attributes
    ----------
    title, subtitle
        What stands over it; the title tells the mode.
    colour
        The ground on which the title stands in white; it tells mode and gateway.
    name
        Of the panel: `1H` or `1D`.
    timeline
        The places of the bars shown and of what happened since.
    opens, highs, lows, closes
        Of the bars shown, shape (n,).
    lines
        The assigned average first.
    """

    title: str
    subtitle: str
    colour: str
    name: str
    timeline: Timeline
    opens: Prices
    highs: Prices
    lows: Prices
    closes: Prices
    lines: tuple[Line, ...]
    levels: tuple[Level, ...]
    marks: tuple[Mark, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is no bar to draw."""
        return len(self.closes) == 0

    def span(self) -> tuple[float, float]:
        """The lowest and the highest price to be seen: of bars, assigned average and levels."""
        seen = [self.lows, self.highs]
        seen += [each.values for each in self.lines if each.is_assigned]
        seen.append(np.array([each.value for each in self.levels if each.value is not None]))
        every = np.concatenate(seen)
        low, high = float(np.nanmin(every)), float(np.nanmax(every))
        room = (high - low) * _ROOM or 1.0
        return low - room, high + room

    @property
    def summary(self) -> str:
        """The chart in a sentence, for whoever cannot see it."""
        told = f"{self.title}. {self.subtitle}."
        if self.is_empty:
            return f"{told} No completed bars to draw."
        first, last = self.timeline.labels[0], self.timeline.labels[len(self.closes) - 1]
        low, high = words.price(float(self.lows.min())), words.price(float(self.highs.max()))
        return f"{told} {counted(len(self.closes), 'bar')} from {first} to {last}, {low} to {high}."


def scene(
    bars: pd.DataFrame,
    row: SnapshotRow,
    heading: Heading,
    *,
    past: Past | None = None,
    timeframe: Timeframe | None = None,
    with_others: bool = False,
    shown: int = SHOWN_BARS,
) -> Scene:
    """What there is to draw of a position.

    Parameters
    ----------
    bars
        Bar frame of completed bars of `timeframe`; averages are computed over all of them.
    past
        What the journal holds of it.
    timeframe
        Of the bars; None is the assigned one, hours when unassigned.
    with_others
        Whether the thirteen averages that decide nothing are lines, too.
    shown
        How many of the last bars are drawn.
    """
    timeframe = timeframe or (row.assignment.timeframe if row.assignment else Timeframe.H1)
    drawn = bars.iloc[-shown:]
    is_own = row.assignment is None or row.assignment.timeframe is timeframe
    known = marks.told_in(past or Past(), str(timeframe), is_own=is_own)
    deciding = row.signal.certificate if is_own else None
    timeline = Timeline.of(
        drawn.index,
        row.position.instrument.token.exchange,
        is_daily=timeframe is Timeframe.D1,
        later=marks.moments(known, deciding),
    )
    chosen = row.assignment.average if row.assignment else None
    closes = bars["close"].to_numpy()
    values = {each: indicators.average(closes, each) for each in _wanted(chosen, with_others)}
    own = chosen if is_own else None
    lines = (
        Line(f"{each} {timeframe}", line[-len(drawn) :], each == own)
        for each, line in values.items()
    )
    return Scene(
        title=title(row, heading),
        subtitle=subtitle(row),
        colour=heading.colour,
        name=str(timeframe),
        timeline=timeline,
        **{f"{name}s": drawn[name].to_numpy() for name in ("open", "high", "low", "close")},
        lines=tuple(lines) if len(drawn) else (),
        levels=tuple(_levels(drawn, row)) if len(drawn) else (),
        marks=_marks(known, deciding, _crossed(closes, values, own, len(drawn)), timeline),
    )


def _crossed(
    closes: Prices,
    values: Mapping[MovingAverage, Prices],
    own: MovingAverage | None,
    shown: int,
) -> Mark | None:
    return None if own is None else marks.of_crossing(closes, values[own], own, shown)


def _marks(
    past: Past, deciding: BarCertificate | None, crossed: Mark | None, timeline: Timeline
) -> tuple[Mark, ...]:
    if not timeline.starts:
        return ()
    decided = None if deciding is None else marks.of_deciding(deciding, timeline)
    return (*marks.of_past(past, timeline), *(each for each in (crossed, decided) if each))


def title(row: SnapshotRow, heading: Heading) -> str:
    """Token, assignment, decision and mode."""
    assigned = row.assignment.label if row.assignment else "unassigned"
    token = row.position.instrument.token
    return f"{token} · {assigned} · {row.decided} · {heading.mode}"


def subtitle(row: SnapshotRow) -> str:
    """The two numbers that were compared and when their bar ended, or why there are none."""
    found = row.signal.certificate
    if found is None:
        return row.signal.reasons[0]
    end = two_clocks(found.slot.end, row.position.instrument.token.exchange)
    close = f"{words.price(found.close)} {row.position.instrument.currency}"
    ended = f"ends {end}, {found.provisional_label}" if found.is_provisional else f"ended {end}"
    return f"close {close}, average {found.average:,.4f}, bar {ended}"


def _wanted(chosen: MovingAverage | None, with_others: bool) -> list[MovingAverage]:
    own = [] if chosen is None else [chosen]
    return own + [each for each in ALL_AVERAGES if with_others and each != chosen]


def _levels(drawn: pd.DataFrame, row: SnapshotRow) -> list[Level]:
    found = []
    if row.position.average_cost is not None:
        cost = row.position.average_cost
        found.append(_level(f"average cost {words.price(cost)}", cost, drawn, is_cost=True))
    for order in row.open_orders:
        price = order.stop_price if order.stop_price is not None else order.limit_price
        if price is not None:
            found.append(_level(words.open_order(order), price, drawn, is_cost=False))
    return found


def _level(name: str, price: Decimal, drawn: pd.DataFrame, *, is_cost: bool) -> Level:
    """A level that would squeeze the bars flat is only named."""
    low, high, value = float(drawn["low"].min()), float(drawn["high"].max()), float(price)
    room = (high - low) / 2
    if value < low - room or value > high + room:
        where = "below" if value < low else "above"
        return Level(f"{name}, {where} the chart", None, is_cost)
    return Level(name, value, is_cost)
