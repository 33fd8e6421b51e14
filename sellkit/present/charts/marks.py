"""What happened, as marks on a chart: decisions, the crossing, orders and executions."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from enum import StrEnum
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core import indicators
from sellkit.core.portfolio import Side
from sellkit.core.running import CLOSE_CALL
from sellkit.core.signals import Decision
from sellkit.present import words
from sellkit.present.heading import two_clocks

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sellkit.core.assignments import MovingAverage
    from sellkit.core.past import Past, PastOrder
    from sellkit.core.signals import BarCertificate
    from sellkit.present.charts.timeline import Timeline

_WIDTH: Final = 72


class MarkKind(StrEnum):
    """What a mark stands for; its name in the legend."""

    HOLD = "HOLD decided"
    EXIT = "EXIT decided"
    DECIDING = "deciding bar"
    CROSSING = "crossing"
    ORDER = "order"
    SOLD = "sold"
    BOUGHT = "bought"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened.

    Attributes
    ----------
    place
        Of the timeline.
    price
        Where it stands, in the instrument's currency.
    text
        What it tells when it is pointed at.
    average
        What `price` was held against in a decision; None for every other mark.
    """

    kind: MarkKind
    place: int
    price: float
    text: str
    average: float | None = None


def told_in(past: Past, timeframe: str, *, is_own: bool) -> Past:
    """What of the past belongs on bars of a timeframe, `1H` or `1D`.

    Executions do on any, decisions where they were taken, orders where decisions are taken now.
    """
    decisions = tuple(each for each in past.decisions if each.label.endswith(timeframe))
    return replace(past, decisions=decisions, orders=past.orders if is_own else ())


def moments(past: Past, deciding: BarCertificate | None) -> list[dt.datetime]:
    """Every instant that a mark may stand at; a decision stands at its bar's start."""
    found = [each.start for each in past.decisions]
    found += [each.at for each in past.orders] + [each.at for each in past.fills]
    return [*found, deciding.slot.start] if deciding else found


def of_past(past: Past, line: Timeline) -> Iterator[Mark]:
    """The journal's decisions, orders and executions within the bars shown."""
    for decision in past.decisions:
        place = _bar(decision.start, decision.end, line)
        if place is not None:
            kind = MarkKind.EXIT if decision.decision is Decision.EXIT else MarkKind.HOLD
            text = _wrapped(f"{decision.decision}: {'; '.join(decision.reasons)}")
            yield Mark(kind, place, decision.close, text, decision.average)
    for order in past.orders:
        place = line.place(order.at)
        if place is not None:
            yield Mark(MarkKind.ORDER, place, order.close, _order(order, line.exchange))
    for fill in past.fills:
        place = line.place(fill.at)
        if place is not None:
            kind = MarkKind.SOLD if fill.side is Side.SELL else MarkKind.BOUGHT
            at = two_clocks(fill.at, line.exchange, "%H:%M:%S")
            text = f"{kind} {words.shares(fill.quantity)} at {words.price(fill.price)}<br>{at}"
            yield Mark(kind, place, float(fill.price), text)


def of_deciding(found: BarCertificate, line: Timeline) -> Mark | None:
    """The bar that the row's own decision rests on."""
    place = _bar(found.slot.start, found.slot.end, line)
    if place is None:
        return None
    text = f"close {words.price(found.close)}, average {found.average:,.4f}"
    return Mark(MarkKind.DECIDING, place, found.close, text)


def of_crossing(
    closes: NDArray[np.float64], values: NDArray[np.float64], average: MovingAverage, shown: int
) -> Mark | None:
    """The last bar that closed on the other side of the average than the bar before it.

    Parameters
    ----------
    closes, values
        All bars' closes and the average at each, shape (n,), NaN before there are enough bars. A
        tie is not below.
    shown
        How many of the last bars are drawn; places count within them.
    """
    first = max(len(closes) - shown - 1, 0)
    known = range(first, len(closes))
    below = [_is_below(closes, values, place, average) for place in known]
    for at in range(len(below) - 1, 0, -1):
        if below[at] is not below[at - 1] and None not in (below[at], below[at - 1]):
            place = first + at
            where = "below" if below[at] else "back to or above"
            text = (
                f"crossed {where} {average}: close {words.price(float(closes[place]))}, "
                f"average {values[place]:,.4f}"
            )
            shown_at = place - max(len(closes) - shown, 0)
            return Mark(MarkKind.CROSSING, shown_at, float(values[place]), text)
    return None


def _is_below(
    closes: NDArray[np.float64], values: NDArray[np.float64], place: int, average: MovingAverage
) -> bool | None:
    close, value = float(closes[place]), float(values[place])
    if np.isnan(value):
        return None
    if abs(close - value) > CLOSE_CALL * close:
        return close < value
    return indicators.is_strictly_below(closes[: place + 1], average)


def _bar(start: dt.datetime, end: dt.datetime, line: Timeline) -> int | None:
    """The place of a bar; one that is none of those shown, an hour among days, has its start's."""
    if not line.starts:
        return None
    return line.place(start) if line.is_later(start) else line.ended(end)


def _order(order: PastOrder, exchange: str) -> str:
    what = f"{order.side} {words.shares(order.quantity)}, {order.state}"
    why = "".join(f"; {reason}" for reason in order.reasons)
    at = two_clocks(order.at, exchange, "%H:%M:%S")
    return f"{_wrapped(what + why)}<br>deciding close {words.price(order.close)}<br>{at}"


def _wrapped(text: str) -> str:
    """In lines that fit into a box beside the pointer."""
    return "<br>".join(escape(each, quote=False) for each in textwrap.wrap(text, _WIDTH))
