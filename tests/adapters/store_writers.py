"""What runs in another process while the bar store is tested: it is killed, or it competes.

It imports nothing but the store, so that many processes start quickly.
"""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path

import pandas as pd

from sellkit.adapters.bar_store import ParquetBarStore
from sellkit.core.bars import PRICES, BarSize, SeriesKey

KEY = SeriesKey(265598, BarSize.M30)
OTHER = SeriesKey(4815747, BarSize.M30)


def rewrite_forever(folder: Path, base: pd.DataFrame, first: int, told: Connection) -> None:
    """Add version after version of a whole series, telling each number before its turn.

    Version n is `base` with every price 100 + n, fetched n seconds later.
    """
    store = ParquetBarStore(folder)
    number = first
    while True:
        bars = base.assign(fetched_at=base["fetched_at"] + pd.Timedelta(seconds=number))
        bars[PRICES] = 100.0 + number
        told.send(number)
        store.add(KEY, bars)
        number += 1


def add_one_by_one(folder: Path, key: SeriesKey, bars: pd.DataFrame) -> None:
    """Add the bars of a series one at a time."""
    store = ParquetBarStore(folder)
    for place in range(len(bars)):
        store.add(key, bars.iloc[place : place + 1])
