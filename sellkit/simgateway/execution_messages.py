"""Messages about what orders came to: executions, commissions, completed orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.simgateway.clock import stamp
from sellkit.simgateway.framing import UNSET_DOUBLE, UNSET_INTEGER
from sellkit.simgateway.messages import NO_REQUEST, contract_fields
from sellkit.simgateway.order_messages import head, pegged, trail_stop

if TYPE_CHECKING:
    from sellkit.simgateway.framing import Field, Message
    from sellkit.simgateway.orders.ledger import Execution
    from sellkit.simgateway.orders.order import Order

_UNKNOWN: Final = "?"
_NO_TYPE: Final = "None"
_ADDED_LIQUIDITY: Final = 1
_TOOK_LIQUIDITY: Final = 2
_SHAREHOLDER: Final = "Not an insider or substantial shareholder"


def execution_details(version: int, execution: Execution, request_id: int = NO_REQUEST) -> Message:
    """One fill: as it happens, or in the answer to a request."""
    order, terms = execution.order, execution.order.terms
    exchange = terms.security.primary_exchange
    later: tuple[Field, ...] = (0,) if version >= 178 else ()  # no revision of the price
    return (
        11,
        request_id,
        order.order_id,
        *contract_fields(terms.security, exchange),
        execution.exec_id,
        stamp(execution.time),
        terms.account,
        exchange,
        "BOT" if terms.sign > 0 else "SLD",
        execution.quantity,
        execution.price,
        order.perm_id,
        order.client_id,
        0,  # no liquidation
        order.filled,
        order.average_price,
        terms.reference,
        *(None, None, None),  # economic value rule and multiplier, model code
        _ADDED_LIQUIDITY if terms.order_type == "LMT" else _TOOK_LIQUIDITY,
        *later,
    )


def executions_end(request_id: int) -> Message:
    """The end of the list of executions."""
    return (55, 1, request_id)


def commission_report(execution: Execution) -> Message:
    """What a fill cost, and the profit where it closed something."""
    return (
        59,
        1,
        execution.exec_id,
        execution.commission,
        execution.order.terms.security.currency,
        UNSET_DOUBLE if execution.realized is None else execution.realized,
        UNSET_DOUBLE,  # yield
        None,  # and its date
    )


def completed_order(version: int, order: Order, parent_perm_id: int) -> Message:
    """An order that has ended; neither its order id nor its client is told."""
    profile: tuple[Field, ...] = () if version >= 177 else (None,)
    return (
        101,
        *contract_fields(order.terms.security, order.terms.exchange or "SMART", _UNKNOWN),
        *head(order.terms),
        order.perm_id,
        order.terms.outside_rth,
        *(0, 0.0, None),  # hidden, discretionary amount, good after
        *(None, None, None),  # group, method and percentage of an adviser
        *profile,
        *_venue(order),
        *_trail(order),
        *_ending(order, parent_perm_id),
        *pegged(version),
    )


def _venue(order: Order) -> tuple[Field, ...]:
    """From the model code to the type of the reference price."""
    return (
        *(None, None, None, None, None),  # model, good till, rule 80A, percent offset, firm
        *(0, None, -1),  # short sale: slot, location, exempt code
        *(None, None, None, None, None),  # starting price, stock price, delta, stock range
        *(0, 0, 0, None),  # displayed size, sweep to fill, all or none, least quantity
        order.terms.oca_type,
        0,  # default trigger method
        *(None, 0),  # volatility and its type
        *(_NO_TYPE, None),  # delta neutral order type, and its price
        *(0, 0, 0, None),  # which bring a contract, short sale, its slot and location along
        *(0, 0),  # continuous update, type of the reference price
    )


def _trail(order: Order) -> tuple[Field, ...]:
    """From the trailing stop to the algorithm."""
    return (
        trail_stop(order),
        order.terms.trailing_percent,
        *(None, 0, 0, 0),  # legs of a combination: text, legs, prices, parameters
        *(None, None, None),  # scale: first size, further sizes, price step
        None,  # no hedge
        *(None, "IB", 0),  # clearing account and intent, not held
        *(0, None),  # delta neutral contract, algorithm
        0,  # not solicited
    )


def _ending(order: Order, parent_perm_id: int) -> tuple[Field, ...]:
    """From the status to how and when it ended."""
    stop = trail_stop(order)
    return (
        order.status,
        *(0, 0),  # size and price are not randomized
        0,  # no conditions
        UNSET_DOUBLE if stop is None else stop,
        UNSET_DOUBLE,  # limit offset
        0.0,  # cash quantity
        *(1, 0),  # automatic hedge price off, container
        None,  # when it would have been cancelled
        order.filled or 0.0,
        UNSET_INTEGER,  # futures contract to refer to
        0,  # is not cancelled with a parent
        _SHAREHOLDER,
        *(0, 0),  # imbalance only, routed to the best price
        parent_perm_id,
        None if order.ended_at is None else stamp(order.ended_at),
        order.completed_status,
    )


def completed_orders_end() -> Message:
    """The end of the list of completed orders."""
    return (102,)
