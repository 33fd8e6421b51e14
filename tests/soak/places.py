"""What is held in the soak's market, and the times between which it plays."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """An instrument of the scenario."""

    symbol: str
    con_id: int
    exchange: str


LISTED = (
    Place("AAPL", 265598, "NASDAQ"),
    Place("JPM", 1520593, "NYSE"),
    Place("SAP", 14204, "IBIS"),
    Place("BHP", 4036812, "ASX"),
)
START = dt.datetime(2026, 1, 27, 19, 50, tzinfo=dt.UTC)
"""Ten minutes before an hour ends in New York, on a Tuesday; in a day all four trade."""
