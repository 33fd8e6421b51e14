"""The kinds of messages by name, and where in each the id and the contract stand.

Names of requests are those of the official client's functions; names of what the gateway sends are
those of the protocol. No name stands for two kinds, so that a name alone tells the direction.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from sellkit.simgateway.dispatch import name_of, request_names

ANY: Final = "*"
"""Stands for every kind of message."""

HANDSHAKE: Final = "handshake"
"""The gateway's first answer, which alone has no number."""

START_API: Final = "startApi"

_OLDEST_HANDSHAKE: Final = 157
_MOST_DIGITS: Final = 10
_PLAIN_DETAILS_SINCE: Final = 164

Values = tuple[str, ...]
"""A message's fields as on the wire, its number first."""


class Direction(StrEnum):
    """Which way a message goes: `in` is from a client to the gateway."""

    IN = "in"
    OUT = "out"


class _Sent(NamedTuple):
    """A kind that the gateway sends; places are counted from 0, the number being 0."""

    name: str
    id_at: int | None = None
    contract_at: int | None = None


_SENT: Final = {
    1: _Sent("tickPrice", 2),
    2: _Sent("tickSize", 2),
    3: _Sent("orderStatus", 1),
    4: _Sent("error", 2),
    5: _Sent("openOrder", 1, 2),
    6: _Sent("accountValue"),
    7: _Sent("portfolio", None, 2),
    8: _Sent("accountUpdateTime"),
    9: _Sent("nextValidId"),
    10: _Sent("contractDetails", 1),
    11: _Sent("execDetails", 1, 3),
    14: _Sent("newsBulletin"),
    15: _Sent("managedAccounts"),
    17: _Sent("historicalData", 1),
    45: _Sent("tickGeneric", 2),
    46: _Sent("tickString", 2),
    49: _Sent("currentTime"),
    52: _Sent("contractDetailsEnd", 2),
    53: _Sent("openOrderEnd"),
    54: _Sent("accountDownloadEnd"),
    55: _Sent("execDetailsEnd", 2),
    57: _Sent("tickSnapshotEnd", 2),
    58: _Sent("marketDataType", 2),
    59: _Sent("commissionReport"),
    61: _Sent("position", None, 3),
    62: _Sent("positionEnd"),
    63: _Sent("accountSummary", 2),
    64: _Sent("accountSummaryEnd", 2),
    71: _Sent("positionMulti", 2, 4),
    72: _Sent("positionMultiEnd", 2),
    73: _Sent("accountUpdateMulti", 2),
    74: _Sent("accountUpdateMultiEnd", 2),
    79: _Sent("symbolSamples", 1),
    81: _Sent("tickReqParams", 1),
    88: _Sent("headTimestamp", 1),
    90: _Sent("historicalDataUpdate", 1),
    93: _Sent("marketRule"),
    94: _Sent("pnl", 1),
    95: _Sent("pnlSingle", 1),
    100: _Sent("orderBound", 3),
    101: _Sent("completedOrder", None, 1),
    102: _Sent("completedOrdersEnd"),
    106: _Sent("historicalSchedule", 1),
}
_NUMBER_OF_SENT: Final = {kind.name: number for number, kind in _SENT.items()}
_ABOUT_CONTRACT: Final = frozenset(
    {1, 2, 3, 4, 5, 7, 10, 11, 17, 45, 46, 52, 57, 58, 61, 71, 81, 88, 90, 101, 106}
)

# Where requests have their id, and their contract's number.
_ASKED_ID: Final = {
    **dict.fromkeys((1, 2, 7, 9, 10, 21, 25, 50, 52, 54, 55, 62, 63, 67, 68, 74, 75, 76, 77), 2),
    **dict.fromkeys((3, 20, 22, 78, 79, 81, 83, 84, 86, 87, 88, 90, 92, 93, 94, 95, 96, 97), 1),
    4: 2,
}
_ASKED_CONTRACT: Final = {1: 3, 3: 2, 9: 3, 20: 2, 87: 2}
_SYMBOL_AFTER_NUMBER: Final = 1
_ORDER_STATUS: Final = 3
_STATUS_PERM_ID: Final = 6


def names(direction: Direction) -> frozenset[str]:
    """Every name of a kind that goes one way."""
    if direction is Direction.IN:
        return frozenset(request_names())
    return frozenset({HANDSHAKE, *_NUMBER_OF_SENT})


def kind_of(direction: Direction, values: Values) -> str:
    """What a message is called; `unknown` for a number that has no name."""
    number = _number(values)
    if direction is Direction.IN:
        return name_of(number)
    if number >= _OLDEST_HANDSHAKE:
        return HANDSHAKE
    return _SENT[number].name if number in _SENT else name_of(-1)


def id_of(direction: Direction, values: Values, version: int) -> str | None:
    """The id of the request or order that a message is about, as on the wire."""
    number = _number(values)
    if direction is Direction.IN:
        place = _ASKED_ID.get(number)
    else:
        place = _SENT[number].id_at if number in _SENT else None
        if number == 10 and version < _PLAIN_DETAILS_SINCE:
            place = 2
    return None if place is None or place >= len(values) else values[place]


def contract_of(direction: Direction, values: Values) -> tuple[str, str] | None:
    """Number and symbol of the contract that a message carries, as on the wire."""
    number = _number(values)
    if direction is Direction.IN:
        place = _ASKED_CONTRACT.get(number)
    else:
        place = _SENT[number].contract_at if number in _SENT else None
    if place is None or place + _SYMBOL_AFTER_NUMBER >= len(values):
        return None
    return values[place], values[place + _SYMBOL_AFTER_NUMBER]


def order_number_of(direction: Direction, values: Values) -> int | None:
    """The permanent number in a status, which carries no contract; None in any other message."""
    is_status = direction is Direction.OUT and _number(values) == _ORDER_STATUS
    if not is_status or len(values) <= _STATUS_PERM_ID:
        return None
    return whole_number(values[_STATUS_PERM_ID])


def tells_symbol(direction: Direction, name: str) -> bool:
    """Whether messages of a kind are about one contract, or may be."""
    if name == ANY:
        return True
    if direction is Direction.OUT:
        number = _NUMBER_OF_SENT.get(name, -1)
        return number in _ABOUT_CONTRACT
    numbers = {*_ASKED_CONTRACT, 2, 4, 25, 90}
    return name in {name_of(number) for number in numbers}


def whole_number(text: str) -> int | None:
    """A number as ids are written, of ten digits at most; None for any other text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None


def _number(values: Values) -> int:
    number = whole_number(values[0]) if values else None
    return -1 if number is None else number
