"""On which side of each average every close of a series lies, exactly.

Sums of whole numbers decide where they can: ticks of 1/10,000, which leave no doubt, or a binary
unit so fine that only closes all but equal to their average are left open. An EMA is followed in
floating point, far more closely than `CLOSE_CALL`. What is left open is settled in whole numbers
of any size, so the answer is that of `core.indicators.is_strictly_below` at every bar.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core import grid
from sellkit.core.assignments import ALL_AVERAGES, LENGTHS
from sellkit.core.running import CLOSE_CALL, LONGEST, WEIGHTS
from sellkit.research import doubt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Closes = NDArray[np.float64]
    Sides = NDArray[np.int8]
    Firsts = NDArray[np.int64]

ROWS: Final = len(LENGTHS)
EXACT: Final = float(2**53)  # whole numbers below it are float64
_WEIGHTS: Final = np.array(WEIGHTS)[:, None]
_KEPT: Final = 1.0 - _WEIGHTS


def firsts(max_seed_weight: float | None) -> Firsts:
    """The first bar, from 0, that each of the fourteen averages decides; shape (14,)."""
    return np.array(
        [
            each.length - 1 if max_seed_weight is None else each.bars_needed(max_seed_weight) - 1
            for each in ALL_AVERAGES
        ]
    )


def sides(closes: Closes, max_seed_weight: float | None = None) -> Sides:
    """Where each close lies: -1 strictly below its average, 1 strictly above, 0 equal to it.

    Parameters
    ----------
    closes
        Shape (n,), positive.
    max_seed_weight
        As in `Terms`.

    Returns
    -------
    numpy.ndarray
        Shape (14, n) in the order of `ALL_AVERAGES`; 0 before an average decides.
    """
    return sides_of([closes], firsts(max_seed_weight))[0]


def sides_of(histories: Sequence[Closes], begins: Firsts) -> list[Sides]:
    """The same of several series, whose EMAs step together."""
    found = [np.zeros((2 * ROWS, len(each)), dtype=np.int8) for each in histories]
    _follow(histories, found)
    for closes, own in zip(histories, found, strict=True):
        units, slack = whole(closes)
        totals = np.concatenate([[0.0], np.cumsum(units)])
        for place, length in enumerate(LENGTHS):
            if length <= len(closes):
                gap = units[length - 1 :] * length - (totals[length:] - totals[:-length])
                own[place, length - 1 :] = _outside(gap, slack * length)
        settle(closes, own, is_exact=slack == 0)
        hide(own, begins)
    return found


def settle(closes: Closes, own: Sides, *, is_exact: bool) -> None:
    """Answer exactly what is still open in the sides of one series, shape (14, n).

    `is_exact` says that a 0 of an SMA is an answer already: its sums are in ticks.
    """
    for place, length in enumerate(LENGTHS):
        if length <= len(closes):
            if not is_exact:
                doubt.settle_simple(closes, length, own[place], length - 1)
            doubt.settle_exponential(closes, length, own[ROWS + place], length - 1)


def hide(own: Sides, begins: Firsts) -> None:
    """Take back what an average says before it decides."""
    for row, begin in zip(own, begins.tolist(), strict=True):
        row[:begin] = 0


def whole(closes: Closes) -> tuple[Closes, float]:
    """Closes in one unit as whole float64 whose sums are exact, and by how much each may be off.

    The unit is the tick, and nothing is off; or a power of two, and each may be off by one: half a
    unit in the rounding, and what tells the decimal from the float64.
    """
    units, on_grid = grid.units(closes)
    if on_grid.all() and float(units.sum()) < EXACT:
        return units, 0.0
    most = max(float(closes.sum()), LONGEST * float(closes.max()))
    return np.rint(np.ldexp(closes, 51 - math.frexp(most)[1])), 1.0


def _outside(gap: Closes, slack: float) -> Sides:
    """The sign of a difference, 0 where it might be the other one.

    `slack` bounds the error of the sum, and again that of the close times the length.
    """
    above: Sides = (gap > 2 * slack).view(np.int8) - (gap < -2 * slack).view(np.int8)
    return above


def _follow(histories: Sequence[Closes], found: Sequence[Sides]) -> None:
    """Fill in the EMAs' rows, every 0 still open."""
    counts = [len(each) for each in histories]
    order = sorted(range(len(counts)), key=counts.__getitem__, reverse=True)
    times = max(counts, default=0)
    closes = np.ones((times, len(counts)))
    for column, place in enumerate(order):
        closes[: counts[place], column] = histories[place]
    seeds = _seeds(closes)
    result = np.zeros((times, ROWS, len(counts)), dtype=np.int8)
    value = np.ones((ROWS, len(counts)))
    for time, close in enumerate(closes):
        value = _KEPT * value + _WEIGHTS * close
        if time + 1 in LENGTHS:
            value[LENGTHS.index(time + 1)] = seeds[time + 1]
        gap, call = close - value, CLOSE_CALL * close
        np.subtract(gap > call, gap < -call, out=result[time], dtype=np.int8, casting="unsafe")
    for column, place in enumerate(order):
        for row, length in enumerate(LENGTHS):
            own = result[length - 1 : counts[place], row, column]
            found[place][ROWS + row, length - 1 :] = own


def _seeds(closes: Closes) -> dict[int, Closes]:
    """By length, the mean of the first closes of each series; of no use where they are too few."""
    return {each: closes[:each].sum(axis=0) / each for each in LENGTHS if each <= len(closes)}
