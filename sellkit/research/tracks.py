"""How the worth of each alternative moved against holding: a few points for a small picture."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core.assignments import Timeframe
from sellkit.research import sides, trading
from sellkit.research.series import Bars, Series

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sellkit.research.series import Terms

    Values = NDArray[np.float64]

SESSIONS: Final = 250
POINTS: Final = 10
_EPOCH: Final = dt.date(1970, 1, 1)


def recent(name: str, hours: pd.DataFrame, days: pd.DataFrame, zone: str) -> Series:
    """An instrument judged over the last year of sessions that both hours and days tell of.

    Parameters
    ----------
    hours, days
        Bar frames of completed bars, in order and without a hole.
    zone
        The exchange's.
    """
    known = [Bars.of(hours, 0, zone).sessions, Bars.of(days).sessions]
    dates = [each for each in known if each is not None and len(each)]
    first = max((int(each[0]) for each in dates), default=0)
    since = max(first, int(dates[-1][-SESSIONS:][0])) if dates else 0
    return Series.since(name, hours, days, _EPOCH + dt.timedelta(days=since), zone)


def tracks(series: Series, terms: Terms, points: int = POINTS) -> Values:
    """What each of the 28 was worth beside holding, shape (28, points): 0.1 is a tenth more.

    The points lie evenly over the bars that are judged, the last one at the last bar. NaN for a
    choice whose history is too short to decide once.
    """
    begins = sides.firsts(terms.max_seed_weight)
    found = np.full((len(Timeframe), 2 * sides.ROWS, points), np.nan)
    for rows, timeframe in zip(found, Timeframe, strict=True):
        bars = series.of(timeframe)
        if bars.begin < len(bars):
            own = sides.sides(bars.closes, terms.max_seed_weight)
            values = trading.paths(bars, own, terms)
            places = np.linspace(0, values.shape[1] - 1, points).round().astype(np.int64)
            rows[:] = (values[:-1] / values[-1] - 1.0)[:, places]
            rows[begins >= len(bars)] = np.nan
    return found.reshape(-1, points)
