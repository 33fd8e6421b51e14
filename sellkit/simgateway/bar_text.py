"""How a bar is written for one client: its date, and its volume in the client's unit."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sellkit.simgateway.clock import epoch, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.simgateway.history import HistoryBar


def in_units(bars: Sequence[HistoryBar], unit: int) -> Sequence[HistoryBar]:
    """The bars with their volume in units of so many shares."""
    if unit == 1:
        return bars
    return [
        bar._replace(volume=round(bar.volume / unit)) if bar.volume > 0 else bar for bar in bars
    ]


def dates_text(bars: Sequence[HistoryBar], *, in_seconds: bool) -> list[str]:
    """How the starts are written: either all of them are dates, whatever was asked, or none is."""
    moments = [bar.start for bar in bars if isinstance(bar.start, dt.datetime)]
    if not moments:
        return [bar.start.isoformat().replace("-", "") for bar in bars]
    if in_seconds:
        return list(map(epoch, moments))
    return list(map(stamp, moments))
