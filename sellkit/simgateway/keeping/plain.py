"""Orders and executions as JSON, and back.

What JSON has no word for stands in a table of one key: `{"$decimal": "1.5"}`, `{"$time": ...}`,
`{"$contract": 265598}`, `{"$ratio": [4, 1]}`, and the records themselves as `{"$order": {...}}`.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from sellkit.simgateway.corporate_actions import CorporateAction
from sellkit.simgateway.corrections import Correction
from sellkit.simgateway.halts import Halt
from sellkit.simgateway.orders.ledger import Execution
from sellkit.simgateway.orders.order import Order, Terms
from sellkit.simgateway.scenario import Security

if TYPE_CHECKING:
    from collections.abc import Mapping

_RECORDS: Final[dict[type, str]] = {
    Order: "$order",
    Terms: "$terms",
    Execution: "$execution",
    CorporateAction: "$action",
    Halt: "$halt",
    Correction: "$correction",
}
_MAKERS: Final[dict[str, type]] = {tag: kind for kind, tag in _RECORDS.items()}
_NAMES: Final = {kind: tuple(field.name for field in fields(kind)) for kind in _RECORDS}
_COMPACT: Final = (",", ":")


def encode(value: object) -> str:
    """The value as JSON in one line."""
    return json.dumps(value, default=_tagged, separators=_COMPACT)


def decode(text: str, securities: Mapping[int, Security]) -> Any:  # noqa: ANN401  JSON has no one type
    """The value that was encoded.

    Parameters
    ----------
    securities
        The contracts by their numbers.

    Raises
    ------
    KeyError
        It is about a contract that is not among them.
    ValueError, TypeError, ArithmeticError
        It is no JSON, or a record in it has other fields.
    """

    def untagged(table: dict[str, Any]) -> Any:  # noqa: ANN401  as above
        if len(table) != 1:
            return table
        tag, value = next(iter(table.items()))
        if tag in _MAKERS:
            return _MAKERS[tag](**value)
        if tag == "$decimal":
            return Decimal(value)
        if tag == "$time":
            return dt.datetime.fromisoformat(value)
        if tag == "$ratio":
            return Fraction(*value)
        return securities[value] if tag == "$contract" else table

    return json.loads(text, object_hook=untagged)


def _tagged(value: object) -> dict[str, object]:
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, dt.datetime):
        return {"$time": value.isoformat()}
    if isinstance(value, Fraction):
        return {"$ratio": [value.numerator, value.denominator]}
    if isinstance(value, Security):
        return {"$contract": value.con_id}
    kind = type(value)
    if kind not in _RECORDS:
        raise TypeError(f"{kind.__name__} cannot be kept")
    return {_RECORDS[kind]: {name: getattr(value, name) for name in _NAMES[kind]}}
