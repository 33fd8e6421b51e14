"""Reads the table `[habits]` of a scenario file: how orders are treated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.simgateway.orders.habits import ExecutionsOfClientZero, OrderHabits

if TYPE_CHECKING:
    from sellkit.simgateway.table import Table

_SECONDS: Final = (
    "fill_after_seconds",
    "commission_after_seconds",
    "cancel_after_seconds",
    "forgets_ended_after_seconds",
)
_FLAGS: Final = (
    "cancels_wait_for_open",
    "execution_first",
    "acknowledges_first",
    "tells_filled",
    "warns_of_preset",
    "lists_rejected",
    "refuses_e_trade_only",
)
_POSITIVE: Final = ("fill_size", "price_band")
# The smallest value of each whole number.
_INTEGERS: Final = {"status_repeats": 1, "max_active": 1, "master_client_id": 0}
_NO_STATUS: Final = "none"


def read_habits(table: Table | None) -> OrderHabits:
    """The habits that a table describes; a key that is absent keeps its default.

    The keys are the attributes of `OrderHabits`; `status_after_rejection = "none"` sends none.

    Raises
    ------
    ConfigError
        A key is unknown, or its value is wrong.
    """
    if table is None:
        return OrderHabits()
    found: dict[str, object] = {key: table.flag(key) for key in _FLAGS}
    found |= {key: table.positive(key) for key in _POSITIVE}
    found |= {key: _seconds(table, key) for key in _SECONDS}
    found |= {key: _integer(table, key, least) for key, least in _INTEGERS.items()}
    status = table.choice("status_after_rejection", ("Inactive", "Cancelled", _NO_STATUS))
    found["status_after_rejection"] = "" if status == _NO_STATUS else status
    found["untags_on_restart"] = table.choice("untags_on_restart", ("none", "stops", "all"))
    zero = table.choice("client_zero", tuple(ExecutionsOfClientZero))
    found["client_zero"] = None if zero is None else ExecutionsOfClientZero(zero)
    symbols = table.texts("no_permission")
    found["no_permission"] = frozenset(symbol.upper() for symbol in symbols) or None
    table.end()
    given = {key: value for key, value in found.items() if value is not None}
    return OrderHabits(**given)  # type: ignore[arg-type]


def _seconds(table: Table, key: str) -> float | None:
    seconds = table.number(key)
    if seconds is None:
        return None
    if seconds < 0:
        table.fail(key, f"must be 0 or more, not {seconds}")
    return float(seconds)


def _integer(table: Table, key: str, least: int) -> int | None:
    number = table.integer(key)
    if number is not None and number < least:
        table.fail(key, f"must be {least} or more, not {number}")
    return number
