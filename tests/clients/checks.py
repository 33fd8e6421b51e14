"""What the checks of the three clients share: contracts, orders, and a gateway at noon."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from tests.simgateway.trading import ACCOUNT, move, pass_time, trading

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ACCOUNT", "move", "pass_time", "trading"]

AAPL = {"conId": 265598, "exchange": "SMART"}
MSFT = {"conId": 272093, "exchange": "SMART"}
_PATIENCE = 20.0


def order(action: str, quantity: float, kind: str = "MKT", **more: Any) -> dict[str, Any]:
    """An order for the day, in the words of the three libraries."""
    return {"action": action, "totalQuantity": quantity, "orderType": kind, "tif": "DAY"} | more


def limit(action: str, quantity: float, price: float, **more: Any) -> dict[str, Any]:
    """A limit order."""
    return order(action, quantity, "LMT", lmtPrice=price, **more)


def eventually(is_so: Callable[[], object]) -> None:
    """Wait for what happens in the gateway without any message to this side."""
    deadline = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.03)
