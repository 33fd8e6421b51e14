"""What a market shows of one contract."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quote:
    """What the market shows at one moment.

    Sizes and `volume` are in shares. `open`, `high`, `low` and `volume` are those of the session in
    progress, or of the last one, with its pre- and after-market hours; `previous_close` is the
    regular close of the session before it, and equals `open` where there is none.
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
