"""What trading the sides of an average would have come to: many series at once, in numpy.

A position is held from the open of the first bar judged. When a completed bar closes strictly below
the average it is sold at the next bar's open, and it may be bought again at the open after the
first bar that closes strictly above. So nothing is known before it could be: a bar's close decides
on later bars alone. The compiled form does the same sums in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sellkit.research.series import Bars, Terms

    Values = NDArray[np.float64]
    Sides = NDArray[np.int8]
    _Places = tuple[NDArray[np.intp], ...]

FIGURES: Final = ("exits", "whipsaws", "bars_out", "costs", "growth", "drawdown", "pending")
"""What is found of each choice, in the order of the arrays."""

_PENDING: Final = FIGURES.index("pending")
_LONG, _OUT, _GONE = 1, 0, -1


@dataclass(slots=True)
class _Lanes:
    """Every choice of every series at one moment, shape (rows, series) each."""

    state: NDArray[np.int8]
    shares: Values
    cash: Values
    sold_at: Values
    value: Values
    peak: Values
    worst: Values
    worst_peak: Values
    exits: Values
    whipsaws: Values
    bars_out: Values
    costs: Values

    @classmethod
    def of(cls, rows: int, series: int) -> _Lanes:
        shape = (rows, series)
        ones, zeros = np.ones, np.zeros
        return cls(
            *(np.ones(shape, dtype=np.int8), ones(shape), zeros(shape), zeros(shape), ones(shape)),
            *(ones(shape), ones(shape), ones(shape)),
            *(zeros(shape), zeros(shape), zeros(shape), zeros(shape)),
        )

    def begin(self, column: int, price: float) -> None:
        """Start afresh: one share, at this price. Nothing is sold before."""
        self.value[:, column] = self.peak[:, column] = price
        self.worst[:, column] = self.worst_peak[:, column] = 1.0
        self.bars_out[:, column] = 0.0

    def trade(self, due: Sides, opens: Values, terms: Terms) -> None:
        """Do at the opens what the bars before called for."""
        if due.any():
            state = self.state[:, : due.shape[1]]
            selling = np.nonzero((due < 0) & (state == _LONG))
            buying = np.nonzero((due > 0) & (state == _OUT))
            price, paid = _prices(opens, selling[1], terms)
            self.cash[selling] = self.shares[selling] * np.maximum(price - paid, 0.0)
            self.costs[selling] += self.shares[selling] * paid
            self.sold_at[selling] = price
            self.exits[selling] += 1.0
            state[selling] = _OUT
            self._buy(buying, *_prices(opens, buying[1], terms), reenter=terms.reenter)

    def _buy(self, which: _Places, price: Values, paid: Values, *, reenter: bool) -> None:
        self.whipsaws[which] += price >= self.sold_at[which]
        self.state[which] = _LONG if reenter else _GONE
        if reenter:
            self.shares[which] = self.cash[which] / (price + paid)
            self.costs[which] += self.shares[which] * paid

    def close(self, closes: Values) -> None:
        """Value everything at the closes."""
        some = np.s_[:, : len(closes)]
        is_long = self.state[some] == _LONG
        value = np.where(is_long, self.shares[some] * closes, self.cash[some])
        self.value[some] = value
        peak = self.peak[some]
        np.maximum(peak, value, out=peak)
        worst, worst_peak = self.worst[some], self.worst_peak[some]
        deeper = value * worst_peak < worst * peak
        np.copyto(worst, value, where=deeper)
        np.copyto(worst_peak, peak, where=deeper)
        self.bars_out[some] += ~is_long

    def figures(self, column: int, price: float) -> Values:
        """What came of one series that began at this price, shape (rows, figures)."""
        worst = 1.0 - self.worst[:, column] / self.worst_peak[:, column]
        growth, costs = self.value[:, column] / price, self.costs[:, column] / price
        counts = (each[:, column] for each in (self.exits, self.whipsaws, self.bars_out))
        return np.stack([*counts, costs, growth, worst, np.zeros(len(worst))], axis=1)


def trade(bars: Sequence[Bars], sides: Sequence[Sides], terms: Terms) -> Values:
    """The figures of every row of sides of every series, and of holding it.

    Parameters
    ----------
    bars
        Of each series.
    sides
        Of each series, shape (rows, n), as `sides.sides` answers them.

    Returns
    -------
    numpy.ndarray
        Shape (series, rows + 1, figures) in the order of `FIGURES`; the last row is holding. NaN
        for a series without a bar to judge.
    """
    rows = len(sides[0]) if len(sides) else 0
    lanes = _Lanes.of(rows + 1, len(bars))
    order = sorted(range(len(bars)), key=lambda place: len(bars[place]), reverse=True)
    sorted_bars = [bars[place] for place in order]
    due = _follow(lanes, sorted_bars, [sides[place] for place in order], terms)
    found = np.full((len(bars), rows + 1, len(FIGURES)), np.nan)
    for column, place in enumerate(order):
        if bars[place].begin < len(bars[place]):
            found[place] = lanes.figures(column, bars[place].opens[bars[place].begin])
            found[place, :, _PENDING] = (due[:, column] < 0) & (lanes.state[:, column] == _LONG)
    return found


def paths(bars: Bars, sides: Sides, terms: Terms) -> Values:
    """What 1 has become at each close from the first bar judged on, shape (rows + 1, n - begin).

    The rows are those of `trade`, holding last.
    """
    lanes = _Lanes.of(len(sides) + 1, 1)
    kept: list[Values] = []
    _follow(lanes, [bars], [sides], terms, kept)
    if bars.begin == len(bars):
        return np.empty((len(sides) + 1, 0))
    values: Values = np.stack(kept[bars.begin :], axis=1) / bars.opens[bars.begin]
    return values


def _follow(
    lanes: _Lanes,
    bars: Sequence[Bars],
    sides: Sequence[Sides],
    terms: Terms,
    kept: list[Values] | None = None,
) -> Sides:
    """Step through all bars, longest series first; what is due after the last of each.

    `kept` takes the values of the first series at each close.
    """
    counts = [len(each) for each in bars]
    times, rows = max(counts, default=0), len(lanes.state)
    opens, closes = np.ones((2, times, len(bars)))
    due = np.zeros((times, rows, len(bars)), dtype=np.int8)
    begins: dict[int, list[int]] = {}
    for column, (own, judged) in enumerate(zip(bars, sides, strict=True)):
        opens[: counts[column], column] = own.opens
        closes[: counts[column], column] = own.closes
        due[own.begin : counts[column], :-1, column] = judged[:, own.begin :].T
        begins.setdefault(own.begin, []).append(column)
    alive = len(bars)
    last = np.zeros((rows, len(bars)), dtype=np.int8)
    for time in range(times):
        while counts[alive - 1] <= time:
            alive -= 1
            last[:, alive] = due[time - 1, :, alive]
        if time:
            lanes.trade(due[time - 1, :, :alive], opens[time, :alive], terms)
        for column in begins.get(time, ()):
            lanes.begin(column, opens[time, column])
        lanes.close(closes[time, :alive])
        if kept is not None:
            kept.append(lanes.value[:, 0].copy())
    last[:, :alive] = due[times - 1, :, :alive] if times else 0
    return last


def _prices(opens: Values, columns: NDArray[np.intp], terms: Terms) -> tuple[Values, Values]:
    """The opens that are traded at, and what a share costs there beside its price."""
    price = opens[columns]
    return price, price * terms.costs.half_spread + terms.costs.per_share
