"""Messages about orders, as the gateway sends them.

The many fields that a plain order leaves alone stand here once, with the values that a real gateway
fills in: `?` for what it does not know, the word `None` for types that are not set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.simgateway.framing import UNSET_DOUBLE
from sellkit.simgateway.messages import contract_fields

if TYPE_CHECKING:
    from sellkit.simgateway.exchange import OpenOrder
    from sellkit.simgateway.framing import Field, Message

_UNKNOWN: Final = "?"
_NO_TYPE: Final = "None"
_OCA_REDUCE_WITHOUT_BLOCK: Final = 3
_MARGINS: Final = (UNSET_DOUBLE,) * 9
_COMMISSIONS: Final = (UNSET_DOUBLE,) * 3


def order_status(order: OpenOrder) -> Message:
    """How far an order has come."""
    return (
        3,
        order.order_id,
        order.status,
        0.0,  # filled
        order.resting.quantity,
        0.0,  # average price of the fills
        order.perm_id,
        0,  # no parent
        0.0,  # price of the last fill
        order.client_id,
        None,  # held for no reason
        0.0,  # price of a capped market order
    )


def open_order(version: int, order: OpenOrder) -> Message:
    """A working order in full."""
    resting = order.resting
    return (
        5,
        order.order_id,
        *contract_fields(resting.security, "SMART", _UNKNOWN),
        resting.action,
        resting.quantity,
        resting.order_type,
        resting.limit_price or 0.0,
        resting.aux_price or 0.0,
        resting.time_in_force,
        None,  # group of orders that cancel one another
        resting.account,
        _UNKNOWN,  # opens or closes
        0,  # origin: a customer
        resting.reference,
        order.client_id,
        order.perm_id,
        *_timing_and_allocation(version),
        *_venue(),
        *_delta_neutral(),
        *_trail_and_legs(order),
        *_clearing(),
        0,  # not solicited
        0,  # no what-if
        order.status,
        *_MARGINS,
        *_COMMISSIONS,
        *(None, None),  # currency of the commission, warning
        *(0, 0),  # size and price are not randomized
        0,  # no conditions
        *_adjustment(order),
        *_later_fields(version),
    )


def _timing_and_allocation(version: int) -> tuple[Field, ...]:
    """From outside regular hours to the model code."""
    profile: tuple[Field, ...] = () if version >= 177 else (None,)
    return (
        *(0, 0, 0.0),  # outside regular hours, hidden, discretionary amount
        None,  # good after
        None,  # a field that is no longer used
        *(None, None, None),  # group, method and percentage of an adviser
        *profile,
        None,  # model code
    )


def _venue() -> tuple[Field, ...]:
    """From the last day of validity to the trigger method."""
    return (
        *(None, None, None, None),  # good till, rule 80A, percent offset, settling firm
        *(0, None, -1),  # short sale: slot, location, exempt code
        *(0, None, None, None),  # auction strategy, starting price, stock price, delta
        *(None, None),  # range of the stock's price
        *(0, 0, 0, 0),  # displayed size, block, sweep to fill, all or none
        None,  # least quantity
        _OCA_REDUCE_WITHOUT_BLOCK,
        *(0, 0),  # electronic trade only, firm quote only
        None,  # cap on the best price
        0,  # no parent
        0,  # default trigger method
    )


def _delta_neutral() -> tuple[Field, ...]:
    """Volatility, and the eight fields that the word None as a type brings along."""
    return (
        *(None, 0),  # volatility and its type
        *(_NO_TYPE, None),  # delta neutral order type, and its price
        *(0, None, None, None, _UNKNOWN, 0, 0, None),
        *(0, 0),  # continuous update, type of the reference price
    )


def _trail_and_legs(order: OpenOrder) -> tuple[Field, ...]:
    """From the trailing stop to the hedge."""
    return (
        order.resting.trail_stop_price,
        *(None, None, None),  # trailing percent, basis points and their type
        *(None, 0, 0, 0),  # legs of a combination: text, legs, prices, parameters
        *(None, None, None),  # scale: first size, further sizes, price step
        None,  # no hedge
    )


def _clearing() -> tuple[Field, ...]:
    """From smart routing to the algorithm."""
    return (0, None, "IB", 0, 0, None)


def _adjustment(order: OpenOrder) -> tuple[Field, ...]:
    """From the adjusted order type to the price management algorithm."""
    stop = order.resting.trail_stop_price
    return (
        _NO_TYPE,
        UNSET_DOUBLE,  # trigger price
        UNSET_DOUBLE if stop is None else stop,
        *(UNSET_DOUBLE,) * 4,  # limit offset, adjusted stop, its limit, adjusted trail
        0,  # unit of the adjusted trail
        *(None, None, None),  # tier of soft dollars
        0.0,  # cash quantity
        *(1, 0, 0, 0),  # automatic hedge price off, container, discretion to the limit, algorithm
    )


def _later_fields(version: int) -> tuple[Field, ...]:
    """What newer versions of the protocol added."""
    fields: tuple[Field, ...] = ()
    if version >= 159:
        fields += (None,)  # duration
    if version >= 160:
        fields += (None,)  # posted to alternative systems
    if version >= 162:
        fields += (0,)  # is not cancelled with a parent
    if version >= 170:
        fields += (None,) * 5  # sizes and offsets of pegged orders
    return fields


def open_order_end() -> Message:
    """The end of the list of working orders."""
    return (53, 1)


def completed_orders_end() -> Message:
    """The end of the list of completed orders."""
    return (102,)


def executions_end(request_id: int) -> Message:
    """The end of the list of executions."""
    return (55, 1, request_id)
