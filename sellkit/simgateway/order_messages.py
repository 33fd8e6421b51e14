"""Messages about orders, as the gateway sends them.

The many fields that a plain order leaves alone stand here once, with the values that a real gateway
fills in: `?` for what it does not know, the word `None` for types that are not set.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.framing import UNSET_DOUBLE, texts
from sellkit.simgateway.messages import contract_fields

if TYPE_CHECKING:
    from decimal import Decimal

    from sellkit.simgateway.framing import Field, Message
    from sellkit.simgateway.orders.commissions import Margins
    from sellkit.simgateway.orders.order import Order, Terms

_UNKNOWN: Final = "?"
_NO_TYPE: Final = "None"
_MARGINS: Final = (UNSET_DOUBLE,) * 9
# Volatility, and the eight fields that the word None as a type brings along.
_DELTA_NEUTRAL: Final = texts(
    (
        *(None, 0),  # volatility and its type
        *(_NO_TYPE, None),  # delta neutral order type, and its price
        *(0, None, None, None, _UNKNOWN, 0, 0, None),
        *(0, 0),  # continuous update, type of the reference price
    )
)
# From the legs of a combination to the algorithm.
_LEGS_AND_CLEARING: Final = texts(
    (
        *(None, None),  # basis points and their type
        *(None, 0, 0, 0),  # legs of a combination: text, legs, prices, parameters
        *(None, None, None),  # scale: first size, further sizes, price step
        None,  # no hedge
        *(0, None, "IB", 0, 0, None),  # from smart routing to the algorithm
    )
)
_BEFORE_GROUP: Final = texts(
    (
        *(None, None, None, None),  # good till, rule 80A, percent offset, settling firm
        *(0, None, -1),  # short sale: slot, location, exempt code
        *(0, None, None, None),  # auction strategy, starting price, stock price, delta
        *(None, None),  # range of the stock's price
        *(0, 0, 0, 0),  # displayed size, block, sweep to fill, all or none
        None,  # least quantity
    )
)
_ADJUSTED: Final = texts(
    (
        *(UNSET_DOUBLE,) * 4,  # limit offset, adjusted stop, its limit, adjusted trail
        0,  # unit of the adjusted trail
        *(None, None, None),  # tier of soft dollars
        0.0,  # cash quantity
        *(1, 0, 0, 0),  # automatic hedge price off, container, discretion to the limit, algorithm
    )
)


def order_status(order: Order) -> Message:
    """How far an order has come."""
    return (
        3,
        order.order_id,
        order.status,
        order.filled or 0.0,
        order.remaining,
        order.average_price or 0.0,
        order.perm_id,
        order.terms.parent_id,
        order.last_price or 0.0,
        order.client_id,
        order.why_held,
        0.0,  # price of a capped market order
    )


def open_order(version: int, order: Order, asked: Margins | None = None) -> Message:
    """A working order in full; with margins the answer to a question what would be."""
    terms = order.terms
    return (
        5,
        order.order_id,
        *contract_fields(terms.security, terms.exchange or "SMART", _UNKNOWN),
        *head(terms),
        order.client_id,
        order.perm_id,
        terms.outside_rth,
        *_timing_and_allocation(version),
        *_venue(terms),
        *_DELTA_NEUTRAL,
        trail_stop(order),
        terms.trailing_percent,
        *_LEGS_AND_CLEARING,
        0,  # not solicited
        asked is not None,
        order.status,
        *(_MARGINS if asked is None else (*asked.before, *asked.change, *asked.after)),
        UNSET_DOUBLE if asked is None else asked.commission,
        *(UNSET_DOUBLE, UNSET_DOUBLE),  # bounds of the commission
        None if asked is None else asked.currency,
        None,  # warning
        *(0, 0),  # size and price are not randomized
        0,  # no conditions
        *_adjustment(order),
        *_later_fields(version),
    )


def head(terms: Terms) -> tuple[Field, ...]:
    """From the action to the reference, alike in open and in completed orders."""
    return (
        terms.action,
        terms.quantity,
        terms.order_type,
        terms.limit_price or 0.0,
        terms.aux_price or 0.0,
        terms.time_in_force,
        terms.oca_group,
        terms.account,
        _UNKNOWN,  # opens or closes
        0,  # origin: a customer
        terms.reference,
    )


def trail_stop(order: Order) -> Decimal | None:
    """Where a trailing stop stands; None for another order."""
    if order.terms.order_type != "TRAIL":
        return None
    return order.stop_price or order.terms.trail_stop_price


@cache
def _timing_and_allocation(version: int) -> list[str]:
    """From hidden to the model code."""
    profile: tuple[Field, ...] = () if version >= 177 else (None,)
    return texts(
        (
            *(0, 0.0),  # hidden, discretionary amount
            None,  # good after
            None,  # a field that is no longer used
            *(None, None, None),  # group, method and percentage of an adviser
            *profile,
            None,  # model code
        )
    )


def _venue(terms: Terms) -> tuple[Field, ...]:
    """From the last day of validity to the trigger method."""
    return (
        *_BEFORE_GROUP,
        terms.oca_type,
        *(0, 0),  # electronic trade only, firm quote only
        None,  # cap on the best price
        terms.parent_id,
        0,  # default trigger method
    )


def _adjustment(order: Order) -> tuple[Field, ...]:
    """From the adjusted order type to the price management algorithm."""
    stop = trail_stop(order)
    return (
        _NO_TYPE,
        UNSET_DOUBLE,  # trigger price
        UNSET_DOUBLE if stop is None else stop,
        *_ADJUSTED,
    )


@cache
def _later_fields(version: int) -> list[str]:
    """What newer versions of the protocol added."""
    fields: tuple[Field, ...] = ()
    if version >= 159:
        fields += (None,)  # duration
    if version >= 160:
        fields += (None,)  # posted to alternative systems
    if version >= 162:
        fields += (0,)  # is not cancelled with a parent
    return texts(fields + pegged(version))


def pegged(version: int) -> tuple[Field, ...]:
    """Sizes and offsets of pegged orders, which newer versions added."""
    return (None,) * 5 if version >= 170 else ()


def open_order_end() -> Message:
    """The end of the list of working orders."""
    return (53, 1)


def order_bound(order: Order) -> Message:
    """An order that was placed by hand got an id by which a client may change it."""
    return (100, order.perm_id, order.client_id, order.order_id)
