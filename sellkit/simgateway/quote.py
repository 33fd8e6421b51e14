"""What a market shows of one contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt


@dataclass(frozen=True, slots=True)
class Quote:
    """What the market shows at one moment.

    Sizes and `volume` are in shares. `open`, `high`, `low` and `volume` are those of the session in
    progress, or of the last one, with its pre- and after-market hours; `previous_close` is the
    regular close of the session before it, and equals `open` where there is none.

    Attributes
    ----------
    average, trades
        Price by volume and number of trades of the same session; None where nobody counts.
    traded_at
        When the last trade was, aware UTC; None where nobody knows.
    is_open
        Whether the exchange trades; while it does not there is neither bid nor ask to be had, and
        those here are the last.
    """

    bid: float
    ask: float
    last: float
    bid_size: int
    ask_size: int
    last_size: int
    volume: int
    open: float
    high: float
    low: float
    previous_close: float
    average: float | None = None
    trades: int | None = None
    traded_at: dt.datetime | None = None
    is_open: bool = True
