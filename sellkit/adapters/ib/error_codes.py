"""What the gateway's codes mean to sellkit, and the one map from the library's errors to ours.

ib_insync marks an order as cancelled on almost any code that carries its id, also on codes after
which the order lives and fills. So sellkit has a table of its own, from Interactive Brokers' list
of message codes, and what the library says of an order is a hint.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Final

from ib_insync.wrapper import RequestError

from sellkit.adapters.ib.notices import masked
from sellkit.core.reports import Meaning
from sellkit.errors import (
    NoBars,
    NotConnected,
    NotSent,
    PacingViolation,
    RequestRejected,
    RequestTimedOut,
    SellkitError,
    SubmissionUncertain,
    UnknownInstrument,
)

CLIENT_ID_IN_USE: Final = 326
NOT_VALID: Final = 321
PORT_CHANGED: Final = 1300
FARM_NOTICES: Final = frozenset({2104, 2106, 2158})

_TOO_MANY_MESSAGES: Final = 100
NO_HISTORY: Final = 162
NO_DEFINITION: Final = 200
_REAL_TIME_QUERY: Final = 420
# The library's own 501-504, and notices that the link is gone.
_LINK_CODES: Final = frozenset({326, 502, 503, 504, 1100, 1300, 2110})

_WARNINGS: Final = range(2100, 2200)
"""Interactive Brokers' range of system warnings."""

MEANINGS: Final[dict[int, Meaning]] = {
    **dict.fromkeys(
        (
            165,  # note on a historical or scanner query
            *(1101, 1102),  # the link to Interactive Brokers is back, data lost or kept
            2100,  # account data unsubscribed
            *(2103, 2105, 2157),  # a data farm is broken
            *(2104, 2106, 2158),  # a data farm is well
            *(2107, 2108),  # a data farm sleeps until it is asked
            2119,  # a data farm is being connected
            2174,  # a time without a zone
            10167,  # delayed data are shown instead
        ),
        Meaning.INFORMATION,
    ),
    **dict.fromkeys(
        (
            100,  # too many messages
            101,  # too many market data lines
            *(162, 166),  # historical data: no data, pacing, cancelled
            200,  # no such contract, or several
            *(320, 321),  # request unreadable, request not valid
            326,  # client id in use
            *(336, 337),  # a date or time in a wrong form
            354,  # market data not subscribed
            366,  # no such historical query
            420,  # real-time query not valid, or pacing
            *(501, 502, 503, 504),  # the library: connected already, cannot, too old, not connected
            579,  # the library: a character that cannot be sent
            *(10089, 10090, 10091),  # subscription does not cover the API, or in part only
            *(10186, 10187),  # delayed data not enabled, no permission for history
            10197,  # a competing session has the market data
            10225,  # a trade was busted and the subscription ended
            10314,  # end of a historical query in a wrong form
        ),
        Meaning.REQUEST_FAILED,
    ),
    **dict.fromkeys(
        (
            399,  # will be placed only at the open, and other order messages
            404,  # short sale held until shares are located
            481,  # size was reduced
            2102,  # order is still being processed
            2109,  # outside-hours attribute is ignored
            10349,  # time in force was set by a preset
        ),
        Meaning.ORDER_ALIVE,
    ),
    **dict.fromkeys(
        (
            *(109, 163, 164, 382, 383),  # precautions: price or size beyond a limit
            110,  # price off the tick grid
            *(201, 202, 203),  # rejected, cancelled, not allowed for the account
            *(388, 434, 10250),  # size too small, zero, or not accepted
            *(435, 460),  # no account named, no permission to trade
            *range(10242, 10250),  # fractional size not supported
            *(10252, 10318),  # fractional size not supported, except to close
            *(10268, 10324),  # attribute not supported, not on this venue
        ),
        Meaning.ORDER_DEAD,
    ),
    **dict.fromkeys(
        (
            *(103, 104, 105),  # id used, or a change that came too late: the first order may live
            *(133, 134),  # sending or changing failed, perhaps in the network
            *(135, 136, 161, 10147, 10148, 10149),  # a cancel that found nothing, or too late
            492,  # order warning without a published consequence
            *(1100, 1300, 2110),  # a link is lost
            2137,  # the order would turn the position round
            10335,  # a preset altered the order
        ),
        Meaning.UNKNOWN,
    ),
}


def meaning_of(code: int) -> Meaning:
    """What follows from a code; warnings of 2100 to 2199 that are not in the table inform."""
    usual = Meaning.INFORMATION if code in _WARNINGS else Meaning.UNKNOWN
    return MEANINGS.get(code, usual)


def rejection(code: int, text: str, what: str) -> SellkitError:
    """The error that a gateway's answer to a request stands for.

    Parameters
    ----------
    code, text
        As the gateway sent them.
    what
        What was asked for, for the message.
    """
    text = masked(text)
    lower = text.lower()
    if code == _TOO_MANY_MESSAGES or (code in (NO_HISTORY, _REAL_TIME_QUERY) and "pacing" in lower):
        return PacingViolation(f"{what}: the gateway says that too much was asked ({code}: {text})")
    if code in _LINK_CODES:
        return NotConnected(f"{what}: the gateway answered with error {code}: {text}")
    kind = RequestRejected
    if code == NO_HISTORY and "no data" in lower:
        kind = NoBars
    elif code == NO_DEFINITION:
        kind = UnknownInstrument
    error = kind(code, text)
    error.args = (f"{what}: {error}",)
    return error


def unknown(text: str) -> UnknownInstrument:
    """The error of a contract that the gateway did not refuse, and that is still not the one."""
    error = UnknownInstrument(NO_DEFINITION, text)
    error.args = (text,)
    return error


@contextmanager
def ib_errors(what: str, reason: Callable[[], str | None] = lambda: None) -> Iterator[None]:
    """Turn what ib_insync and asyncio raise into errors of sellkit.

    Parameters
    ----------
    what
        What was asked for, for the message.
    reason
        Why the connection is gone, where that is known.
    """
    try:
        yield
    except RequestError as error:
        raise rejection(error.code, error.message, what) from error
    except TimeoutError as error:
        raise RequestTimedOut(
            f"{what}: the gateway did not answer in time, which says nothing about the answer; "
            "see whether it is still connected to Interactive Brokers, then ask again"
        ) from error
    except (OSError, CancelledError) as error:
        raise NotConnected(
            f"{what}: {reason() or f'the connection to the gateway is gone ({error})'}"
        ) from error


@contextmanager
def submission_errors(what: str, give_up: Callable[[], bool]) -> Iterator[None]:
    """Whatever goes wrong with an order becomes one of two: not sent, or nobody knows.

    Parameters
    ----------
    what
        The order, for the message.
    give_up
        Sees to it that nothing is written any more, and tells whether nothing was.
    """
    try:
        yield
    except (NotSent, SubmissionUncertain):
        raise
    except (Exception, CancelledError) as error:  # of an order nothing else may come out
        reason = str(error) or type(error).__name__
        if give_up():
            raise NotSent(f"{what} was not sent: {reason}") from error
        raise SubmissionUncertain(
            f"{what} may have been sent, or not: {reason}; it is not sent again, see "
            "`sellkit reconcile`"
        ) from error
    finally:
        give_up()


@contextmanager
def connect_errors(address: str, seconds: float, has_spoken: Callable[[], bool]) -> Iterator[None]:
    """The same for the way to a connection, where each error has a remedy.

    Parameters
    ----------
    address
        Host and port, as `127.0.0.1:4002`.
    seconds
        How long it was tried.
    has_spoken
        Whether the other end had taken the connection.
    """
    host, _, port = address.rpartition(":")
    try:
        yield
    except TimeoutError as error:
        if not has_spoken():
            raise NotConnected(
                f"{address} did not take a connection within {seconds:g} s; "
                "check --host and --port, and a firewall between"
            ) from error
        raise RequestTimedOut(
            f"{address} takes connections but stayed silent for {seconds:g} s; see that it is "
            "an IB Gateway and that no dialog waits there, or restart it"
        ) from error
    except (socket.gaierror, UnicodeError) as error:
        raise NotConnected(f"no machine is called {host!r}; check --host") from error
    except CancelledError as error:
        raise NotConnected(f"the connection to {address} was closed") from error
    except OSError as error:
        raise NotConnected(_unreachable(address, port, error)) from error


def _unreachable(address: str, port: str, error: OSError) -> str:
    # A name with several addresses fails with one text for all of them, and without a number.
    refused = errno.ECONNREFUSED
    if error.errno == refused or f"[Errno {refused}]" in str(error):
        return (
            f"nothing listens on {address}; start IB Gateway and enable its API, "
            f"or `sellkit gateway --port {port}`, or give --port"
        )
    return f"{address} cannot be reached: {error.strerror or error}; check --host and --port"
