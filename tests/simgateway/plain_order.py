"""A whole order as clients write it at version 157."""

from __future__ import annotations

from tests.simgateway.wire import contract

VERSIONS = "v100..157"

_FLAGS = (26, 29, 30, 31, 32, 33, 34, 35, 45, 48, 51, 54, 55, 57, 63, 68, 79, 82, 83, 86)
_ZEROS = (88, 89, 90, 91, 98, 107, 108, 109)


def sell(order_id: int, quantity: int = 100) -> tuple[object, ...]:
    """A placeOrder that sells at the market; 110 fields, counted from 1."""
    fields: dict[int, object] = dict.fromkeys(range(1, 111), "")
    fields |= dict.fromkeys((*_FLAGS, *_ZEROS), 0)
    fields |= {1: 3, 2: order_id, 17: "SELL", 18: quantity, 19: "MKT", 22: "DAY", 25: "O", 28: 1}
    fields |= {47: -1, **dict(enumerate(contract(), 3))}
    return tuple(fields.values())
