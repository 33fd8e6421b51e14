"""Messages about prices and bars as they change, as the gateway sends them.

Each function returns the fields of one message in their order on the wire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.simgateway.framing import Field, Message
    from sellkit.simgateway.history import HistoryBar


def tick_generic(request_id: int, tick_type: int, value: float) -> Message:
    """A tick that is a number, and neither a price nor a size."""
    return (45, 6, request_id, tick_type, value)


def historical_data_update(request_id: int, bar: HistoryBar, date: str) -> Message:
    """A bar that is kept up to date; its fields have another order than in the first answer."""
    prices = (bar.open, bar.close, bar.high, bar.low)
    return (90, request_id, bar.count, date, *prices, bar.average, bar.volume)


def historical_schedule(
    request_id: int, bounds: tuple[str, str], zone: str, sessions: Sequence[tuple[str, str, str]]
) -> Message:
    """When an exchange was open.

    Parameters
    ----------
    bounds
        The first opening and the last close.
    zone
        Name of the zone of all times.
    sessions
        Opening, close and date of each.
    """
    rows: list[Field] = [106, request_id, *bounds, zone, len(sessions)]
    for session in sessions:
        rows += session
    return tuple(rows)
