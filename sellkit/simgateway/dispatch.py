"""Which answer belongs to which message number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sellkit.simgateway import messages
from sellkit.simgateway.answers import accounts, contracts, general, history, orders, quotes
from sellkit.simgateway.answers.trouble import CANNOT_READ, answering
from sellkit.simgateway.framing import BadFrame, split
from sellkit.simgateway.history import NOT_VALID, Refused
from sellkit.simgateway.requests import BadRequest, Fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.simgateway.session import Session

START_API: Final = 71


class Request(NamedTuple):
    """A kind of request: its name, and the function that reads and answers it."""

    name: str
    answer: Callable[[Session, Fields], None]


REQUESTS: Final = {
    1: Request("reqMktData", quotes.market_data),
    2: Request("cancelMktData", quotes.cancel_market_data),
    3: Request("placeOrder", orders.place_order),
    4: Request("cancelOrder", orders.cancel_order),
    5: Request("reqOpenOrders", orders.open_orders),
    6: Request("reqAccountUpdates", accounts.account_updates),
    7: Request("reqExecutions", orders.executions),
    8: Request("reqIds", general.next_order_id),
    9: Request("reqContractDetails", contracts.contract_details),
    12: Request("reqNewsBulletins", general.nothing),
    13: Request("cancelNewsBulletins", general.nothing),
    14: Request("setServerLogLevel", general.nothing),
    15: Request("reqAutoOpenOrders", orders.auto_open_orders),
    16: Request("reqAllOpenOrders", orders.all_open_orders),
    17: Request("reqManagedAccts", general.managed_accounts),
    20: Request("reqHistoricalData", history.historical_data),
    25: Request("cancelHistoricalData", history.cancel_historical_data),
    49: Request("reqCurrentTime", general.current_time),
    58: Request("reqGlobalCancel", orders.global_cancel),
    59: Request("reqMarketDataType", quotes.market_data_type),
    61: Request("reqPositions", accounts.positions),
    62: Request("reqAccountSummary", accounts.account_summary),
    63: Request("cancelAccountSummary", accounts.cancel_account_summary),
    64: Request("cancelPositions", accounts.cancel_positions),
    START_API: Request("startApi", general.start_api),
    74: Request("reqPositionsMulti", accounts.positions_multi),
    75: Request("cancelPositionsMulti", accounts.cancel_positions_multi),
    76: Request("reqAccountUpdatesMulti", accounts.account_updates_multi),
    77: Request("cancelAccountUpdatesMulti", accounts.cancel_account_updates_multi),
    81: Request("reqMatchingSymbols", contracts.matching_symbols),
    87: Request("reqHeadTimeStamp", history.head_timestamp),
    90: Request("cancelHeadTimeStamp", history.cancel_head_timestamp),
    91: Request("reqMarketRule", contracts.market_rule),
    92: Request("reqPnL", accounts.pnl),
    93: Request("cancelPnL", accounts.cancel_pnl),
    94: Request("reqPnLSingle", accounts.pnl_single),
    95: Request("cancelPnLSingle", accounts.cancel_pnl),
    99: Request("reqCompletedOrders", orders.completed_orders),
}

# Requests of the protocol that are not offered: the name, and how many fields stand before the id
# of the request; None where it has no id.
_NOT_OFFERED: Final[dict[int, tuple[str, int | None]]] = {
    10: ("reqMktDepth", 1),
    18: ("requestFA", None),
    19: ("replaceFA", None),
    21: ("exerciseOptions", 1),
    22: ("reqScannerSubscription", 0),
    24: ("reqScannerParameters", None),
    50: ("reqRealTimeBars", 1),
    52: ("reqFundamentalData", 1),
    54: ("calculateImpliedVolatility", 1),
    55: ("calculateOptionPrice", 1),
    67: ("queryDisplayGroups", 1),
    68: ("subscribeToGroupEvents", 1),
    78: ("reqSecDefOptParams", 0),
    79: ("reqSoftDollarTiers", 0),
    80: ("reqFamilyCodes", None),
    82: ("reqMktDepthExchanges", None),
    83: ("reqSmartComponents", 0),
    84: ("reqNewsArticle", 0),
    85: ("reqNewsProviders", None),
    86: ("reqHistoricalNews", 0),
    88: ("reqHistogramData", 0),
    96: ("reqHistoricalTicks", 0),
    97: ("reqTickByTickData", 0),
    100: ("reqWshMetaData", 0),
    102: ("reqWshEventData", 0),
    104: ("reqUserInfo", 0),
}
# What ends such a request, after which nothing is expected.
_CANCELS: Final = (11, 23, 51, 53, 56, 57, 69, 70, 89, 98, 101, 103)
UNKNOWN: Final = "unknown"


def name_of(number: int) -> str:
    """What a message is called."""
    if number in REQUESTS:
        return REQUESTS[number].name
    return _NOT_OFFERED.get(number, (UNKNOWN, None))[0]


def request_names() -> tuple[str, ...]:
    """What every message that a client may send is called."""
    return (
        *(request.name for request in REQUESTS.values()),
        *(name for name, _ in _NOT_OFFERED.values()),
    )


def take(session: Session, payload: bytes) -> None:
    """Read one payload, remember it, and let it pass to its answer."""
    values: tuple[str, ...] = ()
    try:
        values = split(payload)
    except (BadFrame, UnicodeDecodeError) as error:
        session.error(messages.NO_REQUEST, CANNOT_READ, f"Error reading request. {error}")
        session.hang_up()
        return
    fields = Fields(values)
    with answering(session, fields):
        number = fields.integer(unset=-1)
        if number < 0:
            raise BadRequest("field 1 is no message number")
        session.gateway.record(session, number, name_of(number), values)
        session.has_asked_to_start |= number == START_API
        session.inbound.take(values)


def answer(session: Session, values: tuple[str, ...]) -> None:
    """Answer a request.

    Before the client has started the API nothing else is taken: a client that sends something else
    is hung up on.
    """
    fields = Fields(values)
    session.gateway.keeper.note_change()
    # However late the gateway looks at its clock, no answer mixes what was and what is.
    session.gateway.keep_pace()
    with answering(session, fields):
        number = fields.integer(unset=-1)
        if session.client_id is None and number != START_API:
            session.hang_up()
        elif number in REQUESTS:
            REQUESTS[number].answer(session, fields)
        else:
            _decline(number, fields)


def _decline(number: int, fields: Fields) -> None:
    if number in _CANCELS:
        return
    if number not in _NOT_OFFERED:
        raise Refused(CANNOT_READ, f"Error reading request. Unknown message id {number}")
    name, before = _NOT_OFFERED[number]
    if before is not None:
        fields.skip(before)
        fields.request_id()
    raise Refused(NOT_VALID, f"{name} is not offered by this gateway yet")
