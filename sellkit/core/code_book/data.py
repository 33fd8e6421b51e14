"""Codes that answer a question: contracts, bars, prices, the account."""

from __future__ import annotations

from typing import Final

from sellkit.core.code_book.entry import Entry
from sellkit.core.reports import Meaning

_FAILED, _INFORMS = Meaning.REQUEST_FAILED, Meaning.INFORMATION

_SUBSCRIBE: Final = (
    "Subscribe to the exchange's real-time data in the Client Portal under Market Data "
    "Subscriptions; no order rests on prices that are not live."
)
_BAD_TIME: Final = Entry(
    _FAILED,
    "A date, a time or its zone was given in a form that the gateway does not read.",
    "Report it with the log, for sellkit writes every time itself.",
)
_NOT_FOR_API: Final = Entry(
    _FAILED,
    "The account's subscription does not cover these prices for programs.",
    _SUBSCRIBE,
)
_NO_MARKET_DATA: Final = Entry(
    _FAILED,
    "The account is not subscribed to these prices.",
    _SUBSCRIBE,
)
_PAST_QUERY: Final = Entry(
    _FAILED,
    "There is no such question for bars under way: it had ended or was cancelled.",
    "Nothing is to be done.",
)
_NUMBER_IN_USE: Final = Entry(
    _FAILED,
    "The question's number is in use, or too many questions of its kind are open.",
    "End other programs that use this client id, then ask again.",
)

DATA: Final[dict[int, Entry]] = {
    101: Entry(
        _FAILED,
        "All of the account's lines of market data are in use.",
        "Close watch lists in the terminal or other programs, then ask again.",
    ),
    162: Entry(
        _FAILED,
        "Bars could not be had: none for that time, too much asked, or cancelled; see the text.",
        "Read the text; a pacing violation mends itself, a missing permission does not.",
    ),
    165: Entry(
        _INFORMS,
        "A remark about a question for bars or a scanner.",
        "Nothing is to be done.",
    ),
    166: Entry(
        _FAILED,
        "The service of historical data refused the question, as for a contract that has expired.",
        "Read the text, and look the contract up in the terminal.",
    ),
    200: Entry(
        _FAILED,
        "The gateway knows no contract that fits, or more than one.",
        "Look the symbol up in the terminal: after a corporate action it may have another number.",
    ),
    300: Entry(
        _FAILED,
        "A subscription to prices was to be ended that the gateway does not have.",
        "Nothing is to be done.",
    ),
    320: Entry(
        _FAILED,
        "The gateway could not read a message.",
        "Report it with the log; the gateway may be older or newer than sellkit knows.",
    ),
    321: Entry(
        _FAILED,
        "The gateway did not accept a request as valid; an API set to read-only says so here.",
        "Read the text; to trade, clear Read-Only API in the gateway's API settings.",
    ),
    322: _NUMBER_IN_USE,
    **dict.fromkeys((336, 337, 10314), _BAD_TIME),
    354: _NO_MARKET_DATA,
    366: _PAST_QUERY,
    420: Entry(
        _FAILED,
        "A question for live prices was not valid, or too many were asked.",
        "Wait a minute and ask again; read the text where it says more.",
    ),
    2100: Entry(
        _INFORMS,
        "The subscription to figures of the account was ended, as by another one.",
        "Nothing is to be done; sellkit reads positions by a list of their own.",
    ),
    2174: Entry(
        _INFORMS,
        "A time was given without its zone, and the gateway's own was taken.",
        "Report it with the log, for sellkit writes every time in UTC.",
    ),
    **dict.fromkeys((10089, 10090, 10091), _NOT_FOR_API),
    10167: Entry(
        _INFORMS,
        "Delayed prices are shown instead of live ones.",
        _SUBSCRIBE,
    ),
    **dict.fromkeys((10168, 10186), _NO_MARKET_DATA),
    10187: Entry(
        _FAILED,
        "The account has no permission for this history.",
        _SUBSCRIBE,
    ),
    10197: Entry(
        _FAILED,
        "Another session of the same login has the market data.",
        "End the other session, or use a second user name for sellkit.",
    ),
    10225: Entry(
        _FAILED,
        "A trade was busted, and the subscription to these prices ended with it.",
        "Subscribe again; sellkit asks for each answer once and goes on.",
    ),
}
