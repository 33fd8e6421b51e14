"""The loops behind `research.sweep`, compiled when they are first called.

As in `kernel`, nothing is fused or reordered, so what they answer is what numpy answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numba import njit

from sellkit.core.assignments import LENGTHS
from sellkit.core.grid import LARGEST, TICKS_PER_UNIT
from sellkit.core.running import CLOSE_CALL, LONGEST, WEIGHTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]
    Sides = NDArray[np.int8]

_ROWS: Final = len(LENGTHS)
_LENGTHS: Final = np.array(LENGTHS)
_WEIGHTS: Final = np.array(WEIGHTS)
_KEPT: Final = 1.0 - np.array(WEIGHTS)
_UNIT: Final = float(TICKS_PER_UNIT)
_EXACT: Final = float(2**53)


@njit(cache=True)
def judge(
    closes: Values, units: Values, totals: Values, values: Values, sides: Sides
) -> tuple[bool, bool]:
    """Fill in the side of every close, 0 where whole numbers of any size have to tell.

    Parameters
    ----------
    closes
        Shape (n,).
    units, totals, values
        Room for shape (n,), (n + 1,) and (7, n).
    sides
        Shape (14, n).

    Returns
    -------
    tuple
        Whether the SMAs' sums are in ticks, so that their 0 is an answer; and whether any 0 is
        still open.
    """
    count = len(closes)
    is_exact = _ticks(closes, units, totals)
    slack, still_open = 0.0, 0
    if not is_exact:
        _binary(closes, units, totals)
        slack = 2.0
    for place in range(_ROWS):
        length = _LENGTHS[place]
        sides[place, : min(length - 1, count)] = 0
        sides[_ROWS + place, : min(length - 1, count)] = 0
        if length <= count:
            ends, first = totals[length:], units[length - 1 :]
            own = sides[place, length - 1 :]
            equal = _simple(first, ends, totals, length, slack * length, own)
            still_open += 0 if is_exact else equal
    _exponential(closes, values)
    for place in range(_ROWS):
        begin = _LENGTHS[place] - 1
        if begin < count:
            own = sides[_ROWS + place, begin:]
            still_open += _compare(closes[begin:], values[place, begin:], own)
    return is_exact, still_open > 0


@njit(cache=True)
def _ticks(closes: Values, units: Values, totals: Values) -> bool:
    totals[0] = total = 0.0
    on_grid = True
    for bar in range(len(closes)):
        ticks = np.rint(closes[bar] * _UNIT)
        on_grid = on_grid & (ticks / _UNIT == closes[bar]) & (ticks < LARGEST)
        units[bar] = ticks
        total += ticks
        totals[bar + 1] = total
    return on_grid and total < _EXACT


@njit(cache=True)
def _binary(closes: Values, units: Values, totals: Values) -> None:
    """As `sides.whole`: a power of two as the unit, as fine as the sums allow."""
    total, largest = 0.0, 0.0
    for close in closes:
        total += close
        largest = max(largest, close)
    scale, most = 1.0, max(total, LONGEST * largest)
    while most * scale < _EXACT / 8:
        scale *= 2.0
    while most * scale >= _EXACT / 4:
        scale /= 2.0
    total = 0.0
    for bar in range(len(closes)):
        units[bar] = np.rint(closes[bar] * scale)
        total += units[bar]
        totals[bar + 1] = total


@njit(cache=True)
def _simple(
    units: Values, ends: Values, begins: Values, length: int, slack: float, sides: Sides
) -> int:
    """The sides of one SMA; how many are 0."""
    equal = 0
    for bar in range(len(units)):
        gap = units[bar] * length - (ends[bar] - begins[bar])
        sides[bar] = np.int8(gap > slack) - np.int8(gap < -slack)
        equal += abs(gap) <= slack
    return equal


@njit(cache=True)
def _compare(closes: Values, values: Values, sides: Sides) -> int:
    """The sides of one EMA; how many are 0."""
    equal = 0
    for bar in range(len(closes)):
        gap, call = closes[bar] - values[bar], CLOSE_CALL * closes[bar]
        sides[bar] = np.int8(gap > call) - np.int8(gap < -call)
        equal += abs(gap) <= call
    return equal


@njit(cache=True)
def _exponential(closes: Values, rows: Values) -> None:
    """Every EMA from its seed on, the seven of them side by side once all have begun."""
    values = np.zeros(_ROWS)
    together = min(LONGEST, len(closes))
    for place in range(_ROWS):
        length = _LENGTHS[place]
        if length <= len(closes):
            value = closes[:length].sum() / length
            rows[place, length - 1] = value
            for bar in range(length, together):
                value = _KEPT[place] * value + _WEIGHTS[place] * closes[bar]
                rows[place, bar] = value
            values[place] = value
    a, b, c, d, e, f, g = values
    for bar in range(together, len(closes)):
        close = closes[bar]
        a = _KEPT[0] * a + _WEIGHTS[0] * close
        b = _KEPT[1] * b + _WEIGHTS[1] * close
        c = _KEPT[2] * c + _WEIGHTS[2] * close
        d = _KEPT[3] * d + _WEIGHTS[3] * close
        e = _KEPT[4] * e + _WEIGHTS[4] * close
        f = _KEPT[5] * f + _WEIGHTS[5] * close
        g = _KEPT[6] * g + _WEIGHTS[6] * close
        rows[0, bar], rows[1, bar], rows[2, bar], rows[3, bar] = a, b, c, d
        rows[4, bar], rows[5, bar], rows[6, bar] = e, f, g


@njit(cache=True)
def trade(
    opens: Values,
    closes: Values,
    begin: int,
    sides: Sides,
    prices: tuple[float, float],
    reenter: bool,
    found: Values,
) -> None:
    """The figures of each row of sides and, in the last row of `found`, of holding.

    `prices` are the half spread and the commission; the figures are those of `trading.FIGURES`.
    """
    for row in range(len(sides)):
        _follow(opens, closes, begin, sides[row], prices, reenter, found[row])
    nothing = np.zeros(len(closes), dtype=np.int8)
    _follow(opens, closes, begin, nothing, prices, reenter, found[len(sides)])


@njit(cache=True)
def _follow(
    opens: Values,
    closes: Values,
    begin: int,
    sides: Sides,
    prices: tuple[float, float],
    reenter: bool,
    found: Values,
) -> None:
    # Held and sold have a loop each, for a state that is asked at every bar would be guessed wrong.
    half, fee = prices
    count, first = len(closes), opens[begin]
    shares, cash, sold_at, peak, worst, worst_peak = 1.0, 0.0, 0.0, first, 1.0, 1.0
    exits, whipsaws, bars_out, costs, bar, is_held = 0, 0, 0, 0.0, begin, False
    while True:
        bar, value, peak, worst, worst_peak = _hold(
            closes, sides, bar, shares, (peak, worst, worst_peak)
        )
        is_held = bar == count
        if is_held:
            break
        paid = opens[bar] * half + fee
        value = cash = shares * max(opens[bar] - paid, 0.0)
        costs += shares * paid
        exits += 1
        peak, worst, worst_peak = _fallen(value, peak, worst, worst_peak)
        sold_at, sold = opens[bar], bar
        bar = _wait(sides, bar + 1)
        if bar < count:
            whipsaws += opens[bar] >= sold_at
        if bar == count or not reenter:
            bars_out += count - sold
            break
        bars_out += bar - sold
        paid = opens[bar] * half + fee
        shares = cash / (opens[bar] + paid)
        costs += shares * paid
    found[0], found[1], found[2], found[3] = exits, whipsaws, bars_out, costs / first
    found[4], found[5] = value / first, 1.0 - worst / worst_peak
    found[6] = is_held and sides[count - 1] < 0


@njit(cache=True, inline="always")
def _fallen(
    value: float, peak: float, worst: float, worst_peak: float
) -> tuple[float, float, float]:
    """The height so far, and the deepest fall with the height that it was from."""
    peak = max(peak, value)
    if value * worst_peak < worst * peak:
        return peak, value, peak
    return peak, worst, worst_peak


@njit(cache=True, inline="always")
def _hold(
    closes: Values, sides: Sides, bar: int, shares: float, fallen: tuple[float, float, float]
) -> tuple[int, float, float, float, float]:
    """The bar after the next close below the average, or their number; worth and falls there."""
    peak, worst, worst_peak = fallen
    while True:
        value = shares * closes[bar]
        peak, worst, worst_peak = _fallen(value, peak, worst, worst_peak)
        bar += 1
        if bar == len(closes) or sides[bar - 1] < 0:
            return bar, value, peak, worst, worst_peak


@njit(cache=True, inline="always")
def _wait(sides: Sides, bar: int) -> int:
    """The first bar from this one on that follows a close above the average, or their number."""
    while bar < len(sides) and sides[bar - 1] <= 0:
        bar += 1
    return bar
