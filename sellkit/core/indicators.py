"""SMA and EMA over whole series, and the exact answer to "strictly below".

The EMA is seeded with the SMA of its first `length` closes (TA-Lib's convention) and steps by
`previous + 2 / (length + 1) * (close - previous)`. Comparisons never rest on rounded sums: prices
are ticks of 1/10,000 where they lie on that grid, and exact decimals where they do not, so a close
that equals its average is never "below" it.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from sellkit.core.assignments import ALL_AVERAGES, MaKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sellkit.core.assignments import MovingAverage

    Closes = NDArray[np.float64]

TICKS_PER_UNIT: Final = 10_000

# The float EMA of a long series is good to about 1e-13; closer than this only exact sums decide.
_CLOSE_CALL: Final = 1e-9


def ticks(closes: Closes) -> NDArray[np.int64] | None:
    """Prices as whole ticks of 1/10,000, shape (n,); None when one of them is not on that grid."""
    whole = np.rint(closes * TICKS_PER_UNIT)
    if not np.array_equal(whole / TICKS_PER_UNIT, closes):
        return None
    return whole.astype(np.int64)


def sma(closes: Closes, length: int) -> Closes:
    """Mean of the last `length` closes at each bar, shape (n,); NaN before there are enough."""
    result = np.full(len(closes), np.nan)
    if len(closes) < length:
        return result
    units = ticks(closes)
    if units is None:
        windows = np.lib.stride_tricks.sliding_window_view(closes, length)
        result[length - 1 :] = windows.mean(axis=-1)
        return result
    total = np.cumsum(units)
    sums = total[length - 1 :].copy()
    sums[1:] -= total[:-length]
    result[length - 1 :] = sums / (length * TICKS_PER_UNIT)
    return result


def ema(closes: Closes, length: int) -> Closes:
    """Exponential average at each bar, shape (n,); NaN before the seed at bar `length`."""
    result = np.full(len(closes), np.nan)
    if len(closes) < length:
        return result
    seed = float(sma(closes[:length], length)[-1])
    weight = 2 / (length + 1)
    steps = accumulate(
        closes[length:].tolist(),
        lambda previous, close: previous + weight * (close - previous),
        initial=seed,
    )
    result[length - 1 :] = np.fromiter(steps, dtype=np.float64, count=len(closes) - length + 1)
    return result


def average(closes: Closes, moving_average: MovingAverage) -> Closes:
    """One average over the whole series, shape (n,)."""
    compute = sma if moving_average.kind is MaKind.SMA else ema
    return compute(closes, moving_average.length)


def table(bars: pd.DataFrame, averages: Sequence[MovingAverage] = ALL_AVERAGES) -> pd.DataFrame:
    """Averages of a bar frame's closes, one column each (`sma_5` ... `ema_200`), on its index."""
    closes = bars["close"].to_numpy()
    return pd.DataFrame({each.column: average(closes, each) for each in averages}, index=bars.index)


def is_strictly_below(
    closes: Closes, moving_average: MovingAverage, price: float | None = None
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

    Raises
    ------
    ValueError
        There are fewer closes than the average's length.
    """
    length = moving_average.length
    if len(closes) < length:
        raise ValueError(f"{moving_average} needs {length} closes, got {len(closes)}")
    judged = float(closes[-1]) if price is None else price
    if moving_average.kind is MaKind.SMA:
        *window, exact = _exact(np.append(closes[-length:], judged))
        return exact * length < sum(window)
    value = float(ema(closes, length)[-1])
    if abs(judged - value) > _CLOSE_CALL * judged:
        return judged < value
    *series, exact = _exact(np.append(closes, judged))
    return _is_below_exact_ema(exact, series, length)


def _exact(closes: Closes) -> list[int] | list[Fraction]:
    units = ticks(closes)
    if units is not None:
        return [int(unit) for unit in units]
    return [Fraction(Decimal(repr(float(close)))) for close in closes]


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
