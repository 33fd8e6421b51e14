"""Whether stored bars and fresh ones still speak of the same prices."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from sellkit.core.bars import micros

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

# Corrections of single prints are smaller, the smallest stock dividends larger.
_UNCHANGED: Final = 0.002

_APART: Final = 0.1
_A_SESSION: Final = 17 * 3_600_000_000
"""Microseconds."""


def disagreement(hours: pd.DataFrame, days: pd.DataFrame, zone: dt.tzinfo) -> str | None:
    """Why hourly and daily bars cannot both be right, or None.

    The last hour of a session and its day close within moments of each other. Where they lie more
    than a tenth apart, one of the series, or a part of it, stems from before a split.

    Parameters
    ----------
    hours, days
        Bar frames of one instrument.
    zone
        The exchange's clock, on which an hour's date is its session's.
    """
    if hours.empty or days.empty:
        return None
    dates = _dates(micros(hours.index).tobytes(), zone)
    last = np.flatnonzero(np.diff(dates))  # the last session may not have ended
    labels = micros(days.index)
    place = np.searchsorted(labels, dates[last])
    there = place < len(labels)
    there[there] = labels[place[there]] == dates[last][there]
    common, place = dates[last][there], place[there]
    ratios = hours["close"].to_numpy()[last][there] / days["close"].to_numpy()[place]
    apart = np.abs(ratios - 1) > _APART
    if not apart.any():
        return None
    worst = int(np.argmax(apart))
    date = pd.Timestamp(common[worst], unit="us")
    return (
        f"hourly and daily closes of {date:%Y-%m-%d} differ by the factor "
        f"{ratios[worst]:.4g}; `sellkit data rebuild` fetches both anew"
    )


@lru_cache(maxsize=64)
def _dates(starts: bytes, zone: dt.tzinfo) -> NDArray[np.int64]:
    """For each start the date on a clock, as the label of a daily bar; many series share them."""
    local = pd.DatetimeIndex(np.frombuffer(starts, dtype="M8[us]")).tz_localize("UTC")
    return local.tz_convert(zone).tz_localize(None).normalize().as_unit("us").asi8


def price_ratio(stored: pd.DataFrame, fetched: pd.DataFrame) -> float | None:
    """By how much fresh closes differ from the stored ones of the same bars.

    After a split the source tells every earlier bar anew, divided by the same number. Bars stored
    before must then not be joined to bars fetched after. The same holds where every close differs,
    by whatever: then the source is another one.

    Parameters
    ----------
    stored, fetched
        Bar frames of one series.

    Returns
    -------
    float or None
        The median ratio of fresh to stored closes of the first common session, when each of them
        differs by more than 0.2 %; None when one does not, or there is no common bar. Closes that
        are missing or not positive are passed over.
    """
    common, kept, fresh = np.intersect1d(
        micros(stored.index), micros(fetched.index), assume_unique=True, return_indices=True
    )
    # Only the earliest session counts: a later one may have been stored after the split already.
    first = slice(np.searchsorted(common, common[:1].sum() + _A_SESSION))
    told = fetched["close"].to_numpy()[fresh[first]]
    usable = np.isfinite(told) & (told > 0)  # what cannot be a price says nothing of prices
    if not usable.any():
        return None
    ratios = told[usable] / stored["close"].to_numpy()[kept[first]][usable]
    if (np.abs(ratios - 1) <= _UNCHANGED).any():
        return None
    return float(np.median(ratios))
