"""Which of the bars that a source told can be, and which cannot: those never enter a series.

What is refused, each with its reason:

- a price that is missing or not positive, prices outside the bar's own range, a volume below 0;
- a bar that begins after it was told, or does not begin on a whole minute, a day's at midnight;
- prices further than the factor 50 from the closes next to them, on both sides where there are two:
  misplaced decimal points and prices in another unit. A series that keeps its new level on one side
  has split; that is a matter of `adjustment`, which looks before anything is added;
- bars that only repeat the last trade: two or more in a row without volume, all of their prices the
  close before. A single one may be a quiet half-hour; over two there was no trade for a whole hour,
  and nothing to judge. A missing bar means "unknown", a repeated price would pass for "flat".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core.bars import PRICES, BarSize, micros

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

BAND: Final = 50.0
_MINUTE: Final = 60_000_000
_DAY: Final = 86_400_000_000
_FIRST: Final = 5

IMPOSSIBLE: Final = "a price or the volume is missing, not positive or outside the bar's range"
UNTIMELY: Final = "it begins after it was told, or not on the grid of its size"
FAR: Final = f"its prices are more than {BAND:.0f} times those of the bars beside it, or a part"
STALE: Final = "without a trade, it repeats the close before, as the bar next to it does"


@dataclass(frozen=True, slots=True)
class Sifted:
    """Bars that were told, parted.

    Attributes
    ----------
    good
        A bar frame.
    bad
        The other rows, with the column `reason`.
    """

    good: pd.DataFrame
    bad: pd.DataFrame


def sifted(frame: pd.DataFrame, size: BarSize, before: pd.DataFrame, after: pd.DataFrame) -> Sifted:
    """Part the bars that can be from those that cannot.

    Parameters
    ----------
    frame
        Bars of one series, of the schema's columns and types, in order.
    size
        Of its bars.
    before, after
        The stored bars next to it, before its first and after its last; one row each, or none.
    """
    numbers = [frame[name].to_numpy() for name in [*PRICES, "volume"]]
    reasons = np.full(len(frame), "", dtype=object)
    reasons[~possible(numbers)] = IMPOSSIBLE
    times = timely(micros(frame.index), micros(frame["fetched_at"]), size is BarSize.D1)
    reasons[(reasons == "") & ~times] = UNTIMELY
    left = np.flatnonzero(reasons == "")
    far = _far([each[left] for each in numbers], _close(before, -1), _close(after, 0))
    reasons[left[far]] = FAR
    left = np.flatnonzero(reasons == "")
    reasons[left[_stale([each[left] for each in numbers], before)]] = STALE
    is_bad = reasons != ""
    return Sifted(frame[~is_bad], frame[is_bad].assign(reason=reasons[is_bad].astype(str)))


def possible(numbers: Sequence[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Whether open, high, low, close and volume of each bar can be; shape (n,)."""
    first, high, low, last, volume = numbers
    in_range = (low <= np.minimum(first, last)) & (high >= np.maximum(first, last))
    found: NDArray[np.bool_] = (low > 0) & (high < np.inf) & in_range & (low <= high)
    return found & (volume >= 0) & (volume < np.inf)


def timely(
    start: NDArray[np.int64], fetched: NDArray[np.int64], is_daily: bool | NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether each bar lies on its grid, and had begun when it was told.

    A daily bar's start is a label at 00:00 UTC; in the east the session begins before it.
    """
    step = np.where(is_daily, _DAY, _MINUTE)
    found: NDArray[np.bool_] = (start % step == 0) & (start - step * is_daily <= fetched)
    return found


def unremarkable(
    numbers: Sequence[NDArray[np.float64]], close_before: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Bars that need no second look for prices far off or without a trade; shape (n,).

    Parameters
    ----------
    numbers
        Open, high, low, close and volume.
    close_before
        Of each bar the close before it; NaN where there is none.
    """
    _, high, low, close, volume = numbers
    known = np.where(np.isnan(close_before), close, close_before)
    near = (high < known * BAND) & (low * BAND > known)
    found: NDArray[np.bool_] = near & ((volume > 0) | (high > low))
    return found


def _far(
    numbers: Sequence[NDArray[np.float64]], before: float | None, after: float | None
) -> NDArray[np.bool_]:
    """Bars out of the band, from both sides where bars are known on both."""
    _, high, low, close, _ = numbers
    count = len(close)
    if not count:
        return np.zeros(0, dtype=np.bool_)
    if before is None and after is None:
        before = float(np.median(close[:_FIRST]))
    found = np.ones(count, dtype=np.bool_)
    if before is not None:
        found &= _off_course(high, low, close, before)
    if after is not None:
        found &= _off_course(high[::-1], low[::-1], close[::-1], after)[::-1]
    return found


def _off_course(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    known: float,
) -> NDArray[np.bool_]:
    """Bars out of the band around the last good close, going on from a known one."""
    found = np.zeros(len(close), dtype=np.bool_)
    previous = np.concatenate([[known], close[:-1]])
    if ((high < previous * BAND) & (low * BAND > previous)).all():
        return found
    for at in range(len(close)):
        if high[at] < known * BAND and low[at] * BAND > known:
            known = float(close[at])
        else:
            found[at] = True
    return found


def _stale(numbers: Sequence[NDArray[np.float64]], before: pd.DataFrame) -> NDArray[np.bool_]:
    _, high, low, close, volume = numbers
    count = len(close)
    earlier = before.iloc[-1:]
    last = float(earlier["close"].iloc[0]) if len(earlier) else np.nan
    previous = np.concatenate([[last], close])[:count]
    idle = (volume == 0) & (high == low) & (close == previous)
    # The first of all has nothing before it; whether it is idle, what follows it shows.
    idle_before = bool(
        len(earlier)
        and float(earlier["volume"].iloc[0]) == 0
        and float(earlier["high"].iloc[0]) == float(earlier["low"].iloc[0])
    )
    left = np.concatenate([[idle_before], idle])[:count]
    right = np.concatenate([idle, [False]])[1:]
    found: NDArray[np.bool_] = idle & (left | right)
    return found


def _close(bars: pd.DataFrame, place: int) -> float | None:
    return float(bars["close"].iloc[place]) if len(bars) else None
