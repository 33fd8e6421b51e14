"""Whether stored bars and fresh ones still speak of the same prices."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

# Corrections of single prints are smaller, the smallest stock dividends larger.
_UNCHANGED: Final = 0.002

_A_SESSION: Final = pd.Timedelta(hours=17)


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
        differs by more than 0.2 %; None when one does not, or there is no common bar.
    """
    common = stored.index.intersection(fetched.index)
    if common.empty:
        return None
    # Only the earliest session counts: a later one may have been stored after the split already.
    common = common[common < common[0] + _A_SESSION]
    ratios = fetched.loc[common, "close"].to_numpy() / stored.loc[common, "close"].to_numpy()
    if (np.abs(ratios - 1) <= _UNCHANGED).any():
        return None
    return float(np.median(ratios))
