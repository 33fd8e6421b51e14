"""What runs in another process while the bar store is tested: it is killed, or it competes.

It imports nothing but the store, so that many processes start quickly.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.core.bars import BarSize, SeriesKey

KEY = SeriesKey(265598, BarSize.M30)
OTHER = SeriesKey(4815747, BarSize.M30)


def add_one_by_one(folder: Path, key: SeriesKey, bars: pd.DataFrame) -> None:
    """Add the bars of a series one at a time."""
    store = ParquetBarStore(folder)
    for place in range(len(bars)):
        store.add(key, bars.iloc[place : place + 1])


def fold_forever(folder: Path) -> None:
    """Fold segments into bases again and again."""
    store = ParquetBarStore(folder)
    while True:
        store.compact()
