"""Real and typed half-hours as bar frames, and the hours that they fold into."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sellkit.core.bars import PRICES, Anchor, BarSize, Slot, checked, session_slots
from tests.build import new_york

ZONE = "America/New_York"


def stamped(table: pd.DataFrame) -> pd.DataFrame:
    """Half-hours indexed by their start as a bar frame, each told a second after its end."""
    index = pd.DatetimeIndex(table.index, name="start").as_unit("us")
    frame = table.set_axis(index)[[*PRICES, "volume"]].astype(np.float64)
    frame["fetched_at"] = index + pd.Timedelta("30min 1s")
    return checked(frame, "the test")


def hours_over(frame: pd.DataFrame, anchor: Anchor = Anchor.CLOCK) -> list[Slot]:
    """The hourly slots of every New York session that a frame has bars in."""
    dates = sorted({start.date() for start in pd.DatetimeIndex(frame.index).tz_convert(ZONE)})
    calendar = new_york()
    return [
        slot
        for session in calendar.between(dates[0], dates[-1])
        if session.date in dates
        for slot in session_slots(session, BarSize.H1, calendar, anchor)
    ]
