"""Reads placeOrder field by field, at every version of the protocol that clients speak."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.requests import BadRequest

if TYPE_CHECKING:
    from decimal import Decimal

    from sellkit.simgateway.requests import ContractQuery, Fields

# As gateways tell an order without one, which clients send back with the order.
_NO_TYPE: Final = "NONE"
_PEGGED_TO_BENCHMARK: Final = ("PEG BENCH", "PEGBENCH")
# Fields of a condition behind the number of its kind: price, time, margin, execution, volume,
# change in per cent.
_CONDITION_FIELDS: Final = {1: 6, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What a client's placeOrder says; texts are as on the wire.

    Attributes
    ----------
    beyond
        What it asks for that this gateway does not play, in words; empty for nothing.
    """

    query: ContractQuery
    action: str
    quantity: Decimal | None
    order_type: str
    limit_price: Decimal | None
    aux_price: Decimal | None
    time_in_force: str
    oca_group: str
    account: str
    reference: str
    transmit: bool
    parent_id: int
    outside_rth: bool
    oca_type: int
    e_trade_only: bool
    firm_quote_only: bool
    trail_stop_price: Decimal | None
    trailing_percent: Decimal | None
    what_if: bool
    beyond: tuple[str, ...]


@dataclass(slots=True)
class _Seen:
    """Parts read so far that later parts depend on."""

    values: dict[str, object]
    beyond: list[str]


def read_order(fields: Fields, version: int) -> OrderRequest:
    """Read what stands behind the order id, to the last field.

    Raises
    ------
    BadRequest
        A field is missing, left over, or no number.
    """
    query = fields.contract()
    fields.skip(2)  # kind and value of another id of the security
    seen = _Seen({"query": query}, [])
    order_type = _main(fields, seen)
    if query.sec_type == "BAG":
        _legs(fields)
    _allocation(fields, version, seen)
    _pricing(fields, seen)
    _trail_and_scale(fields, seen)
    _clearing_and_algorithm(fields, seen)
    if order_type in _PEGGED_TO_BENCHMARK:
        fields.skip(5)
    _conditions(fields, seen)
    _adjustment(fields)
    _later_fields(fields, version, query.exchange, order_type)
    fields.end()
    return OrderRequest(**seen.values, beyond=tuple(seen.beyond))  # type: ignore[arg-type]


def _main(fields: Fields, seen: _Seen) -> str:
    """From the action to hidden; the order's type."""
    values = seen.values
    values["action"] = fields.text().upper()
    values["quantity"] = fields.decimal()
    order_type = fields.text().upper()
    values["order_type"] = {"STPLMT": "STP LMT"}.get(order_type, order_type)
    values["limit_price"] = fields.decimal()
    values["aux_price"] = fields.decimal()
    values["time_in_force"] = fields.text().upper()
    values["oca_group"] = fields.text()
    values["account"] = fields.text()
    fields.skip()  # opens or closes
    fields.integer()  # origin
    values["reference"] = fields.text()
    values["transmit"] = fields.flag()
    values["parent_id"] = fields.integer()
    fields.flag()  # block order
    fields.flag()  # sweep to fill
    fields.integer()  # displayed size
    fields.integer()  # trigger method
    values["outside_rth"] = fields.flag()
    fields.flag()  # hidden
    return order_type


def _legs(fields: Fields) -> None:
    """The legs of a combination, their prices and the parameters of its routing."""
    fields.skip(8 * _count(fields))
    fields.skip(_count(fields))
    fields.skip(2 * _count(fields))


def _allocation(fields: Fields, version: int, seen: _Seen) -> None:
    """From the dead field to the least quantity."""
    fields.skip()
    fields.number()  # discretionary amount
    if fields.text():
        seen.beyond.append("goodAfterTime")
    if fields.text():
        seen.beyond.append("goodTillDate")
    fields.skip(3 if version >= 177 else 4)  # an adviser's group, method, percentage, profile
    fields.skip()  # model code
    fields.integer()  # short sale slot
    fields.skip()  # where the shares are
    fields.integer()  # exempt code
    seen.values["oca_type"] = fields.integer()
    fields.skip(2)  # rule 80A, settling firm
    if fields.flag():
        seen.beyond.append("allOrNone")
    if fields.integer() > 0:
        seen.beyond.append("minQty")


def _pricing(fields: Fields, seen: _Seen) -> None:
    """From the percent offset to the delta neutral order, with eight fields where it has a type.

    Clients send the eight with the word None, too, which stands for no type.
    """
    fields.number()  # percent offset
    seen.values["e_trade_only"] = fields.flag()
    seen.values["firm_quote_only"] = fields.flag()
    fields.number()  # cap on the best price
    fields.integer()  # auction strategy
    for _ in range(5):  # starting price, stock price, delta, range of the stock's price
        fields.number()
    fields.flag()  # overrides constraints
    fields.number()  # volatility
    fields.integer()  # its type
    delta_neutral = fields.text()
    fields.number()
    if delta_neutral:
        fields.skip(8)
    if delta_neutral.upper() not in ("", _NO_TYPE):
        seen.beyond.append("deltaNeutralOrderType")


def _trail_and_scale(fields: Fields, seen: _Seen) -> None:
    """From continuous update to the hedge."""
    fields.integer()
    fields.integer()  # type of the reference price
    seen.values["trail_stop_price"] = fields.decimal()
    seen.values["trailing_percent"] = fields.decimal()
    fields.integer()  # size of the first and of further components
    fields.integer()
    increment = fields.number()
    if increment is not None and increment > 0:
        fields.skip(7)
        seen.beyond.append("scalePriceIncrement")
    fields.skip(3)  # scale table, start and stop of activity
    if fields.text():
        fields.skip()
        seen.beyond.append("hedgeType")


def _clearing_and_algorithm(fields: Fields, seen: _Seen) -> None:
    """From smart routing to random prices."""
    fields.flag()
    fields.skip(2)  # clearing account and intent
    fields.flag()  # not held
    if fields.flag():
        fields.skip(3)  # the delta neutral contract
    if fields.text():
        fields.skip(2 * _count(fields))
        seen.beyond.append("algoStrategy")
    fields.skip()  # id of the algorithm
    seen.values["what_if"] = fields.flag()
    fields.skip()  # further options
    for _ in range(3):  # solicited, random size, random price
        fields.flag()


def _conditions(fields: Fields, seen: _Seen) -> None:
    count = _count(fields)
    for _ in range(count):
        kind = fields.integer()
        if kind not in _CONDITION_FIELDS:
            raise BadRequest(f"there is no condition of kind {kind}")
        fields.skip(_CONDITION_FIELDS[kind])
    if count:
        fields.flag()
        fields.flag()
        seen.beyond.append("conditions")


def _adjustment(fields: Fields) -> None:
    """From the adjusted order type to the price management algorithm."""
    fields.skip()
    for _ in range(5):  # trigger, limit offset, adjusted stop, its limit, adjusted trail
        fields.number()
    fields.integer()  # unit of the adjusted trail
    fields.skip(3)  # operator, tier of soft dollars
    fields.number()  # cash quantity
    fields.skip(4)  # who decided and traded
    fields.flag()  # no automatic price for the hedge
    fields.flag()  # container
    fields.flag()  # discretion up to the limit
    fields.text()  # price management algorithm: yes, no or unset


def _later_fields(fields: Fields, version: int, exchange: str, order_type: str) -> None:
    """What newer versions of the protocol added."""
    for since in (158, 160):  # duration, posted to alternative systems
        if version >= since:
            fields.integer()
    if version >= 162:
        fields.flag()  # cancelled with the parent
    for since in (166, 169):  # overrides errors, time of an order taken by hand
        if version >= since:
            fields.skip()
    if version >= 170:
        _pegged(fields, exchange, order_type)


def _pegged(fields: Fields, exchange: str, order_type: str) -> None:
    if exchange == "IBKRATS":
        fields.integer()
    has_middle = order_type == "PEG MID"
    if order_type == "PEG BEST":
        fields.integer()
        has_middle = fields.number() == math.inf
    if has_middle:
        fields.number()
        fields.number()


def _count(fields: Fields) -> int:
    count = fields.integer()
    if count < 0:
        raise BadRequest(f"a count of {count} is below zero")
    return count
