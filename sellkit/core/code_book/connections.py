"""Codes about the connection: to the gateway, to Interactive Brokers, to the data farms."""

from __future__ import annotations

from typing import Final

from sellkit.core.code_book.entry import Entry
from sellkit.core.reports import Meaning

_FAILED, _INFORMS, _UNKNOWN = Meaning.REQUEST_FAILED, Meaning.INFORMATION, Meaning.UNKNOWN

_WAIT: Final = (
    "Wait; nothing is decided or sent until it is back and the lists were read anew, and an order "
    "that was under way is settled by `sellkit reconcile`."
)
_FARM_BROKEN: Final = Entry(
    _INFORMS,
    "The gateway has lost one of Interactive Brokers' data farms.",
    "Wait until the gateway says that it is well; nothing is decided before.",
)
_FARM_WELL: Final = Entry(
    _INFORMS, "The gateway is connected to a data farm.", "Nothing is to be done."
)
_FARM_ASLEEP: Final = Entry(
    _INFORMS,
    "A data farm sleeps until it is asked, which is normal.",
    "Nothing is to be done.",
)
_NO_LINK: Final = Entry(
    _FAILED,
    "The client library could not connect, or was not connected.",
    "See that the gateway runs, that its API is enabled, and that --host and --port are right.",
)

CONNECTIONS: Final[dict[int, Entry]] = {
    100: Entry(
        _FAILED,
        "Too many messages were sent in one second; after three breaches the session is ended.",
        "Nothing is to be done: sellkit slows down by itself; end other programs on this login.",
    ),
    326: Entry(
        _FAILED,
        "The client id is in use: another program trades, or a former session is not gone yet.",
        "End the other program; sellkit never takes another id, since orders belong to theirs.",
    ),
    501: Entry(_FAILED, "The client library was connected already.", "Nothing is to be done."),
    **dict.fromkeys((502, 504), _NO_LINK),
    503: Entry(
        _FAILED,
        "The gateway is too old for the client library.",
        "Install a newer IB Gateway.",
    ),
    579: Entry(
        _FAILED,
        "A text holds a character that cannot be sent.",
        "Report it with the log.",
    ),
    1100: Entry(_UNKNOWN, "The gateway has lost Interactive Brokers.", _WAIT),
    1101: Entry(
        _INFORMS,
        "The gateway has Interactive Brokers back, and subscriptions to prices are lost.",
        "Nothing is to be done: sellkit reads everything anew before it decides.",
    ),
    1102: Entry(
        _INFORMS,
        "The gateway has Interactive Brokers back, and kept its subscriptions.",
        "Nothing is to be done: sellkit reads everything anew before it decides.",
    ),
    1300: Entry(
        _UNKNOWN,
        "The gateway moved to another port and ends this connection.",
        "Give the new one with --port, or set the gateway back.",
    ),
    **dict.fromkeys((2103, 2105, 2157), _FARM_BROKEN),
    **dict.fromkeys((2104, 2106, 2158), _FARM_WELL),
    **dict.fromkeys((2107, 2108), _FARM_ASLEEP),
    2110: Entry(
        _UNKNOWN,
        "The terminal has lost Interactive Brokers, and will come back by itself.",
        _WAIT,
    ),
    2119: Entry(_INFORMS, "A data farm is being connected.", "Nothing is to be done."),
}
