"""The one map from the library's errors, and from the gateway's codes, to errors of sellkit.

What each code means stands in `sellkit.core.code_book`.
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
from sellkit.core.code_book import BOOK
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
    entry = BOOK.get(code)
    meant = "" if entry is None or kind is NoBars else f" ({entry})"
    error.args = (f"{what}: {error}{meant}",)
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
