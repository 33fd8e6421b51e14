"""Prices as whole ticks, and simple averages whose sums are never rounded.

On the grid of 1/10,000 sums are whole numbers. A window that holds a price off the grid is summed
exactly in binary and rounded once, which is what `math.fsum` answers. Either way an average follows
from its own window alone: where a series began, and how it was cut into calls, cannot be seen in
it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Closes = NDArray[np.float64]

TICKS_PER_UNIT: Final = 10_000

# Prices from here on count as off the grid: 200 of them would no longer sum to a whole number that
# a float64 holds exactly. It is 879 million of a currency.
LARGEST: Final = float(2**43)

# The two whole parts of a price off the grid are units of 2^-20 and of 2^-62. Of prices below
# 2^24 the coarse parts of 200 sum to less than 2^53 and the fine ones to less than 2^50, so both
# sums are float64 as they are and their one addition rounds as an exact sum would.
_COARSE: Final = float(2**20)
_FINE: Final = float(2**42)
_HIGHEST: Final = float(2**24)


def ticks(closes: Closes) -> NDArray[np.int64] | None:
    """Prices as whole ticks of 1/10,000, shape (n,); None when one of them is not on that grid."""
    whole = np.rint(closes * TICKS_PER_UNIT)
    if not np.array_equal(whole / TICKS_PER_UNIT, closes):
        return None
    return whole.astype(np.int64)


def units(closes: Closes) -> tuple[Closes, NDArray[np.bool_]]:
    """Ticks as whole float64, 0 for a price off the grid, and which prices lie on it.

    Both have the shape of `closes`.
    """
    whole = np.rint(closes * TICKS_PER_UNIT)
    on_grid = whole / TICKS_PER_UNIT == closes
    # The sum of squares is quicker than a look at each, and as good while it is small.
    if not (on_grid.all() and np.vdot(whole, whole) < LARGEST * LARGEST):
        on_grid &= np.abs(whole) < LARGEST
        whole[~on_grid] = 0.0
    return whole, on_grid


def unit(close: float) -> tuple[int, bool]:
    """The same of one price."""
    scaled = close * TICKS_PER_UNIT
    if not math.isfinite(scaled):
        return 0, False
    whole = round(scaled)
    on_grid = whole / TICKS_PER_UNIT == close and abs(whole) < LARGEST
    return (whole, True) if on_grid else (0, False)


def mean(window: Sequence[float]) -> float:
    """The average of one window that holds a price off the grid."""
    return math.fsum(window) / len(window)


def simple_averages(closes: Closes, lengths: Sequence[int]) -> Closes:
    """Mean of the last closes at each bar, shape (lengths, n); NaN before there are enough."""
    result = np.full((len(lengths), len(closes)), np.nan)
    whole, on_grid = units(closes)
    totals = _totals(whole)
    last_off = np.maximum.accumulate(np.where(on_grid, -1, np.arange(len(closes))))
    for row, length in zip(result, lengths, strict=True):
        if length > len(closes):
            continue
        row[length - 1 :] = _window_sums(totals, length) / (length * TICKS_PER_UNIT)
        ends = np.arange(length - 1, len(closes))
        rough = ends[ends - last_off[length - 1 :] < length] if last_off[-1] >= 0 else ends[:0]
        if rough.size:
            row[rough] = _means(closes, length)[rough - length + 1]
    return result


def _means(closes: Closes, length: int) -> Closes:
    """What `mean` answers for every window, shape (n - length + 1,)."""
    coarse = np.floor(closes * _COARSE)
    fine = (closes * _COARSE - coarse) * _FINE
    is_whole = (fine == np.rint(fine)) & (closes >= 0) & (closes < _HIGHEST)
    if not is_whole.all():
        windows = np.lib.stride_tricks.sliding_window_view(closes, length)
        return np.array([mean(window.tolist()) for window in windows])
    sums = _window_sums(_totals(coarse), length) / _COARSE
    sums += _window_sums(_totals(fine), length) / (_COARSE * _FINE)
    return np.asarray(sums / length)


def _totals(whole: Closes) -> NDArray[np.int64]:
    # Of a long series a total may pass 2^63 and wrap around; the difference of two is right.
    return np.cumsum(whole.astype(np.int64))


def _window_sums(totals: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    sums = totals[length - 1 :].copy()
    sums[1:] -= totals[:-length]
    return sums
