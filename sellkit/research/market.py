"""What a ticket would have met after a moment, and what became of the price then."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sellkit.core.bars import micros

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sellkit.core.aggregate import Completion
    from sellkit.core.market_time import Calendar
    from sellkit.research.series import Costs

_MICROSECOND = dt.timedelta(microseconds=1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def micros_of(instant: dt.datetime) -> int:
    """Whole microseconds since 1970 UTC."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(mark: int) -> dt.datetime:
    """The aware instant of so many microseconds since 1970 UTC."""
    return _EPOCH + mark * _MICROSECOND


@dataclass(frozen=True, slots=True)
class Fill:
    """What a market order would have met.

    Attributes
    ----------
    at
        When the bar began; aware UTC.
    price
        Its open.
    """

    at: dt.datetime
    price: float


class Market:
    """Every bar of one instrument, also those after a moment: only outcomes are read off it.

    Parameters
    ----------
    halves, days
        Bar frames.
    calendar
        Of its exchange; says when a day's first trade was.
    """

    def __init__(self, halves: pd.DataFrame, days: pd.DataFrame, calendar: Calendar) -> None:
        labels = [each.date() for each in days.index]
        sessions = (
            {each.date: each for each in calendar.between(labels[0], labels[-1])} if labels else {}
        )
        known = [(place, sessions[date]) for place, date in enumerate(labels) if date in sessions]
        at_open = [micros_of(session.open_utc) for _, session in known]
        starts = np.concatenate([micros(halves.index), np.array(at_open, dtype=np.int64)])
        opens = np.concatenate(
            [halves["open"].to_numpy(), days["open"].to_numpy()[[place for place, _ in known]]]
        )
        # Stable: of a half-hour and a day that begin together the half-hour comes first.
        order = np.argsort(starts, kind="stable")
        self._starts, self._opens = starts[order], opens[order]

    def next_open(self, moment: dt.datetime) -> Fill | None:
        """The open of the first bar that begins at a moment or after it; None without one."""
        place = int(np.searchsorted(self._starts, micros_of(moment)))
        if place == len(self._starts):
            return None
        return Fill(instant_of(int(self._starts[place])), float(self._opens[place]))


@dataclass(frozen=True, slots=True, eq=False)
class Closes:
    """The completed bars of one size, each with its end.

    Attributes
    ----------
    ends
        Microseconds since 1970 UTC, shape (n,).
    closes, lows
        Shape (n,).
    """

    ends: NDArray[np.int64]
    closes: NDArray[np.float64]
    lows: NDArray[np.float64]

    @classmethod
    def of(cls, series: Completion) -> Closes:
        """Those of a series that count."""
        place = series.place[series.good]
        lows = series.bars["low"].to_numpy()
        return cls(series.grid.ends[series.good], series.closes[place], lows[place])

    def after(self, fill: Fill, bars: int) -> float | None:
        """The close of bar number `bars` after a fill, whose own bar is the first; or None."""
        place = self._first(fill.at) + bars - 1
        return float(self.closes[place]) if place < len(self.closes) else None

    def lowest(self, fill: Fill, end: dt.datetime) -> float | None:
        """The lowest price of the bars from a fill to a moment; None without one."""
        place = slice(self._first(fill.at), np.searchsorted(self.ends, micros_of(end), "right"))
        return float(self.lows[place].min()) if len(self.lows[place]) else None

    def _first(self, moment: dt.datetime) -> int:
        return int(np.searchsorted(self.ends, micros_of(moment), side="right"))


def sold_at(price: float, costs: Costs) -> float:
    """What a share brings that is sold while the market stands at a price."""
    return max(price - price * costs.half_spread - costs.per_share, 0.0)


def bought_at(price: float, costs: Costs) -> float:
    """What a share takes then."""
    return price + price * costs.half_spread + costs.per_share
