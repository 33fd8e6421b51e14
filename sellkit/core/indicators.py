"""SMA and EMA over whole series, and the exact answer to "strictly below".

The EMA is seeded with the SMA of its first `length` closes (TA-Lib's convention) and steps by
`previous + 2 / (length + 1) * (close - previous)`. Comparisons never rest on rounded sums: prices
are ticks of 1/10,000 where they lie on that grid, and exact decimals where they do not, so a close
that equals its average is never "below" it. `running` has the same averages one bar at a time, and
`batch` those of many series; all agree to the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sellkit.core import grid
from sellkit.core.assignments import ALL_AVERAGES, LENGTHS, MaKind
from sellkit.core.grid import TICKS_PER_UNIT, ticks
from sellkit.core.running import CLOSE_CALL, LONGEST, RunningAverages, exact

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    from sellkit.core.assignments import MovingAverage

    Closes = NDArray[np.float64]

__all__ = [
    "BARS_USED",
    "TICKS_PER_UNIT",
    "average",
    "ema",
    "followed",
    "is_strictly_below",
    "seed_weights",
    "sma",
    "table",
    "ticks",
]

BARS_USED = "bars_used"


def sma(closes: Closes, length: int) -> Closes:
    """Mean of the last `length` closes at each bar, shape (n,); NaN before there are enough."""
    values: Closes = grid.simple_averages(closes, [length])[0]
    return values


def ema(closes: Closes, length: int) -> Closes:
    """Exponential average at each bar, shape (n,); NaN before the seed at bar `length`."""
    return _ema(closes, length)[0]


def average(closes: Closes, moving_average: MovingAverage) -> Closes:
    """One average over the whole series, shape (n,)."""
    compute = sma if moving_average.kind is MaKind.SMA else ema
    return compute(closes, moving_average.length)


def followed(closes: Closes) -> tuple[Closes, RunningAverages]:
    """All averages over a whole series, and what the bar after it needs.

    Returns
    -------
    tuple
        Shape (14, n) in the order of `ALL_AVERAGES`, NaN before there are enough bars; and the
        state after the last bar.
    """
    count = len(LENGTHS)
    values = np.empty((2 * count, len(closes)))
    values[:count] = grid.simple_averages(closes, LENGTHS)
    state = RunningAverages()
    state.resume(closes[-LONGEST:].tolist(), len(closes))
    for place, length in enumerate(LENGTHS):
        values[count + place], state.carry[place] = _ema(closes, length)
        if len(closes):
            state.ema[place] = float(values[count + place, -1])
    return values, state


def table(bars: pd.DataFrame, averages: Sequence[MovingAverage] = ALL_AVERAGES) -> pd.DataFrame:
    """Averages of a bar frame's closes, one column each (`sma_5` ... `ema_200`), on its index."""
    closes = bars["close"].to_numpy()
    return pd.DataFrame({each.column: average(closes, each) for each in averages}, index=bars.index)


def seed_weights(bars_used: NDArray[np.int64]) -> Closes:
    """What share of each average is still its seed, shape (14, n), by the bars used, shape (n,).

    The rule is `MovingAverage.seed_weight`.
    """
    shares = [[each.seed_weight(count) for count in bars_used.tolist()] for each in ALL_AVERAGES]
    return np.array(shares, dtype=np.float64).reshape(len(ALL_AVERAGES), len(bars_used))


def is_strictly_below(
    closes: Closes,
    moving_average: MovingAverage,
    price: float | None = None,
    state: RunningAverages | None = None,
) -> bool:
    """Whether a price lies strictly below the average of `closes`, exactly.

    Parameters
    ----------
    closes
        Shape (n,), the last one included in the average.
    moving_average
        Which average.
    price
        What is compared; the last close when left out.
    state
        The state after the last close, where it is at hand: with it the answer takes as long
        whatever the length of the series, unless the price is all but equal to an EMA.

    Raises
    ------
    ValueError
        There are fewer closes than the average's length.
    """
    length = moving_average.length
    if len(closes) < length:
        raise ValueError(f"{moving_average} needs {length} closes, got {len(closes)}")
    judged = float(closes[-1]) if price is None else price
    if state is not None:
        known = state.is_strictly_below(judged, moving_average)
        if known is not None:
            return known
    elif moving_average.kind is MaKind.SMA:
        *window, last = _exact(np.append(closes[-length:], judged))
        return last * length < sum(window)
    else:
        value = float(ema(closes, length)[-1])
        if abs(judged - value) > CLOSE_CALL * abs(judged):
            return judged < value
    *series, last = _exact(np.append(closes, judged))
    return _is_below_exact_ema(last, series, length)


def _ema(closes: Closes, length: int) -> tuple[Closes, float]:
    """The EMA over the whole series, and what rounding took off the last one."""
    result = np.full(len(closes), np.nan)
    carry = 0.0
    if len(closes) < length:
        return result, carry
    value = float(grid.simple_averages(closes[:length], [length])[0, -1])
    weight = 2 / (length + 1)
    values = [value]
    for close in closes[length:].tolist():
        change = (close - value) * weight + carry
        stepped = value + change
        carry = change - (stepped - value)
        value = stepped
        values.append(value)
    result[length - 1 :] = values
    return result, carry


def _exact(closes: Closes) -> list[int] | list[Fraction]:
    units = ticks(closes)
    if units is not None:
        return [int(unit) for unit in units]
    return [exact(close) for close in closes]


def _is_below_exact_ema(
    price: int | Fraction, closes: Sequence[int | Fraction], length: int
) -> bool:
    # With e = numerator / scale, one step of the EMA is ((length - 1) * numerator + 2 * close *
    # scale) / ((length + 1) * scale): the whole average stays a ratio of two whole numbers.
    numerator, scale = sum(closes[:length]), length
    for close in closes[length:]:
        numerator = (length - 1) * numerator + 2 * close * scale
        scale *= length + 1
    return price * scale < numerator
