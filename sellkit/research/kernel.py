"""The loops behind `research.averages`, compiled when they are first called.

numba is not told `fastmath`: without it no operation is fused or reordered, and each rounds as
numpy's does. The seven EMAs of a series go side by side, for one alone would wait for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numba import njit

from sellkit.core.assignments import LENGTHS
from sellkit.core.grid import LARGEST, TICKS_PER_UNIT
from sellkit.core.running import LONGEST, WEIGHTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Closes = NDArray[np.float64]
    Counts = NDArray[np.int64]

_ROWS: Final = len(LENGTHS)
_LENGTHS: Final = np.array(LENGTHS)
_WEIGHTS: Final = np.array(WEIGHTS)
_UNIT: Final = float(TICKS_PER_UNIT)
_EXACT: Final = float(2**53)  # whole numbers below it are float64


@njit(cache=True)
def follow(closes: Closes, ends: Counts, values: Closes) -> NDArray[np.bool_]:
    """Fill in the averages of series that lie one behind the other.

    Parameters
    ----------
    closes
        Shape (bars of all series,).
    ends
        Where each series ends in it, shape (series,).
    values
        Where the averages go: 14 rows for each series, one series behind the other.

    Returns
    -------
    numpy.ndarray
        Shape (series,): False for a series that was left out, because a price lies off the grid or
        its ticks sum to more than a float64 holds exactly.
    """
    done = np.ones(len(ends), dtype=np.bool_)
    begin = 0
    for series in range(len(ends)):
        end = ends[series]
        own = closes[begin:end]
        rows = values[2 * _ROWS * begin : 2 * _ROWS * end].reshape((2 * _ROWS, end - begin))
        totals, done[series] = _totals(own)
        if done[series]:
            _simple(totals, rows)
            _exponential(own, rows)
        begin = end
    return done


@njit(cache=True)
def _totals(closes: Closes) -> tuple[Closes, bool]:
    """Ticks up to each bar, shape (n + 1,), and whether every one of them is exact."""
    totals = np.empty(len(closes) + 1)
    totals[0] = total = largest = 0.0
    on_grid = True
    for bar in range(len(closes)):
        ticks = np.rint(closes[bar] * _UNIT)
        on_grid = on_grid & (ticks / _UNIT == closes[bar]) & (abs(ticks) < LARGEST)
        total += ticks
        largest = max(largest, abs(total))
        totals[bar + 1] = total
    return totals, on_grid and largest < _EXACT


@njit(cache=True)
def _simple(totals: Closes, rows: Closes) -> None:
    for place in range(_ROWS):
        length = _LENGTHS[place]
        row = rows[place]
        row[: length - 1] = np.nan
        divisor = length * _UNIT
        # Counted from 0: an index that might be negative would keep the loop from being vectorised.
        ends, means = totals[length:], row[length - 1 :]
        for bar in range(len(ends)):
            means[bar] = (ends[bar] - totals[bar]) / divisor


@njit(cache=True, inline="always")
def _step(close: float, value: float, carry: float, weight: float) -> tuple[float, float]:
    """One step of an EMA, as `RunningAverages.advance` takes it."""
    change = (close - value) * weight + carry
    stepped = value + change
    return stepped, change - (stepped - value)


@njit(cache=True)
def _exponential(closes: Closes, rows: Closes) -> None:
    values, carries = np.zeros(_ROWS), np.zeros(_ROWS)
    together = min(LONGEST, len(closes))
    for place in range(_ROWS):
        length, weight, row = _LENGTHS[place], _WEIGHTS[place], rows[_ROWS + place]
        row[: length - 1] = np.nan
        if length > len(closes):
            continue
        row[length - 1] = value = rows[place, length - 1]
        carry = 0.0
        for bar in range(length, together):
            value, carry = _step(closes[bar], value, carry, weight)
            row[bar] = value
        values[place], carries[place] = value, carry
    _side_by_side(closes, rows[_ROWS:], values, carries, together)


@njit(cache=True)
def _side_by_side(
    closes: Closes, rows: Closes, values: Closes, carries: Closes, begin: int
) -> None:
    """All seven EMAs from the bar on where the last of them has begun."""
    a, b, c, d, e, f, g = values
    a_, b_, c_, d_, e_, f_, g_ = carries
    for bar in range(begin, len(closes)):
        close = closes[bar]
        a, a_ = _step(close, a, a_, _WEIGHTS[0])
        b, b_ = _step(close, b, b_, _WEIGHTS[1])
        c, c_ = _step(close, c, c_, _WEIGHTS[2])
        d, d_ = _step(close, d, d_, _WEIGHTS[3])
        e, e_ = _step(close, e, e_, _WEIGHTS[4])
        f, f_ = _step(close, f, f_, _WEIGHTS[5])
        g, g_ = _step(close, g, g_, _WEIGHTS[6])
        rows[0, bar], rows[1, bar], rows[2, bar], rows[3, bar] = a, b, c, d
        rows[4, bar], rows[5, bar], rows[6, bar] = e, f, g
