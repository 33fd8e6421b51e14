"""How a bar is written for one client: its date, and its volume in the client's unit."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sellkit.simgateway.clock import stamp

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


def date_text(start: dt.datetime | dt.date, *, in_seconds: bool) -> str:
    """The start of a bar; a date where it has one, whatever form was asked for."""
    if not isinstance(start, dt.datetime):
        return f"{start:%Y%m%d}"
    return str(int(start.timestamp())) if in_seconds else stamp(start)
