"""Reads what a fault rule does, from the keys beside `do`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sellkit.core.portfolio import SIMULATED_FARM
from sellkit.simgateway import fault_actions as actions
from sellkit.simgateway import fault_order_actions as order_actions
from sellkit.simgateway.downtime_plan import read_nightly_reset
from sellkit.simgateway.kinds import START_API, Direction
from sellkit.simgateway.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.simgateway.fault_actions import Action
    from sellkit.simgateway.faults import When

_PACING_TEXT: Final = (
    "Historical Market Data Service error message:Historical data request pacing violation"
)
_REORDER_SECONDS: Final = 1.0
_MOST_COPIES: Final = 1000
_FILL_SECONDS: Final = 1.0


def _delay(table: Table, _when: When) -> Action:
    return actions.Delay(_required_seconds(table, "seconds"))


def _drop(_table: Table, _when: When) -> Action:
    return actions.Drop()


def _duplicate(table: Table, _when: When) -> Action:
    times = table.count("times") or 2
    if not 2 <= times <= _MOST_COPIES:
        table.fail("times", f"must be from 2 to {_MOST_COPIES}, not {times}")
    return actions.Duplicate(times)


def _reorder(table: Table, _when: When) -> Action:
    seconds = table.seconds("seconds")
    return actions.Reorder(_REORDER_SECONDS if seconds is None else seconds)


def _truncate(table: Table, when: When) -> Action:
    fields, size = table.count("fields"), table.count("bytes")
    if (fields is None) == (size is None):
        table.fail("fields", "or 'bytes' must be given, one of them")
    if fields is not None:
        return actions.Truncate(fields)
    if when.direction is Direction.IN:
        table.fail("bytes", "only cuts what the gateway sends; use 'fields'")
    return actions.Cut(size or 0)


def _close(table: Table, _when: When) -> Action:
    return actions.Close(table.flag("deliver") or False)


def _silent(table: Table, _when: When) -> Action:
    return actions.Silence(table.seconds("seconds"), table.flag("deliver") or False)


def _error(table: Table, when: When) -> Action:
    code = table.required_integer("code")
    return actions.SendError(
        code, _text(table, code), table.integer("requestId"), _delivers(table, when)
    )


def _delivers(table: Table, when: When) -> bool:
    deliver = table.flag("deliver")
    if deliver is not None and when.at is not None:
        table.fail("deliver", "needs a message")
    return deliver or False


def _no_data(_table: Table, _when: When) -> Action:
    return actions.SendError(162, actions.TEXTS[162], None, deliver=False)


def _pacing(_table: Table, _when: When) -> Action:
    return actions.SendError(162, _PACING_TEXT, None, deliver=False)


def _corrupt(table: Table, _when: When) -> Action:
    field = table.count("field")
    if field is None:
        raise table.missing("field")
    return actions.Corrupt(field, table.raw_text("value"))


def _refuse_client_id(table: Table, when: When) -> Action:
    if when.message != START_API:
        table.fail("message", f"must be {START_API}, where the client id is")
    return actions.RefuseClient()


def _lose_order(table: Table, when: When) -> Action:
    _only(table, when, "placeOrder")
    reached = table.choice("reached", ("nothing", "market")) or "nothing"
    listed = table.flag("listed")
    if listed is not None and reached == "nothing":
        table.fail("listed", "goes with reached = 'market'")
    return order_actions.LoseOrder(reached == "market", listed is not False)


def _fill_after_cancelled(table: Table, when: When) -> Action:
    _only(table, when, "cancelOrder")
    seconds = table.seconds("seconds")
    return order_actions.FillAfterCancelled(
        _FILL_SECONDS if seconds is None else seconds,
        table.positive("quantity"),
        table.positive("price"),
    )


def _roll_back_ids(table: Table, when: When) -> Action:
    count = table.count("by")
    if count is None:
        raise table.missing("by")
    return order_actions.RollBackIds(count, when.client_id)


def _nightly_reset(table: Table, _when: When) -> Action:
    plan = table.table("plan")
    own = Table({}, "plan", Path()) if plan is None else plan
    return order_actions.Reset(read_nightly_reset(own, at_needed=False))


def _only(table: Table, when: When, message: str) -> None:
    if when.message != message:
        table.fail("message", f"must be {message}")


def _sequence(table: Table, when: When) -> Action:
    steps = tuple(_read_step(step) for step in table.tables("steps"))
    if not steps:
        raise table.missing("steps")
    return actions.Sequence(steps, when.client_id)


def _read_step(table: Table) -> actions.Step:
    code = table.required_integer("code")
    step = actions.Step(
        seconds=table.seconds("after") or 0.0,
        code=code,
        text=_text(table, code),
        mute=table.flag("mute"),
        close=table.flag("close") or False,
    )
    table.end()
    return step


def _text(table: Table, code: int) -> str:
    text = table.text("text") or actions.text_for(code, SIMULATED_FARM)
    if text is None:
        raise table.missing("text")
    return text


def _required_seconds(table: Table, key: str) -> float:
    seconds = table.seconds(key)
    if seconds is None:
        raise table.missing(key)
    return seconds


ACTION_READERS: Final[dict[str, Callable[[Table, When], Action]]] = {
    "delay": _delay,
    "drop": _drop,
    "duplicate": _duplicate,
    "reorder": _reorder,
    "truncate": _truncate,
    "close": _close,
    "silent": _silent,
    "error": _error,
    "no_data": _no_data,
    "pacing": _pacing,
    "corrupt": _corrupt,
    "refuse_client_id": _refuse_client_id,
    "sequence": _sequence,
    "lose_order": _lose_order,
    "fill_after_cancelled": _fill_after_cancelled,
    "roll_back_ids": _roll_back_ids,
    "nightly_reset": _nightly_reset,
}
