"""The errors that the library's errors, and the gateway's codes, become."""

from __future__ import annotations

import asyncio
import errno
import socket
from concurrent.futures import CancelledError

import pytest
from ib_insync.wrapper import RequestError

from sellkit.adapters.ib.error_codes import connect_errors, ib_errors
from sellkit.core.code_book import BOOK
from sellkit.errors import (
    NoBars,
    NotConnected,
    PacingViolation,
    RequestRejected,
    RequestTimedOut,
    SellkitError,
    UnknownInstrument,
)

NO_DATA = "Historical Market Data Service error message:HMDS query returned no data: AAPL@SMART"
PACING = "Historical Market Data Service error message:Historical data request pacing violation"


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (162, NO_DATA, NoBars),
        (162, PACING, PacingViolation),
        (162, "Trading TWS session is connected from a different IP address", RequestRejected),
        (420, "Invalid Real-time Query: pacing violation", PacingViolation),
        (420, "Invalid Real-time Query: no permission", RequestRejected),
        (100, "Max rate of messages per second has been exceeded", PacingViolation),
        (200, "No security definition has been found for the request", UnknownInstrument),
        (321, "Error validating request", RequestRejected),
        (354, "Requested market data is not subscribed", RequestRejected),
        (504, "Not connected", NotConnected),
        (1100, "Connectivity has been lost", NotConnected),
    ],
)
def test_an_answer_with_a_code_becomes_an_error_of_its_kind(
    code: int, text: str, kind: type[SellkitError]
) -> None:
    with pytest.raises(kind) as caught, ib_errors("bars of NASDAQ:AAPL"):
        raise RequestError(7, code, text)

    assert type(caught.value) is kind
    assert "bars of NASDAQ:AAPL" in str(caught.value)
    assert text in str(caught.value)
    assert str(code) in str(caught.value)


def test_a_rejection_keeps_code_and_text_as_sent() -> None:
    with pytest.raises(RequestRejected) as caught, ib_errors("bars"):
        raise RequestError(7, 321, "as sent")

    assert (caught.value.code, caught.value.text) == (321, "as sent")


def test_a_rejection_says_what_its_code_means_and_what_to_do() -> None:
    with pytest.raises(RequestRejected) as caught, ib_errors("prices"):
        raise RequestError(7, 10187, "as sent")
    assert (
        str(caught.value)
        == f"prices: the gateway answered with error 10187: as sent ({BOOK[10187]})"
    )

    with pytest.raises(RequestRejected) as caught, ib_errors("prices"):
        raise RequestError(7, 299, "as sent")
    assert str(caught.value) == "prices: the gateway answered with error 299: as sent"


def test_a_time_out_is_not_an_answer() -> None:
    with (
        pytest.raises(RequestTimedOut, match=r"positions: .*did not answer"),
        ib_errors("positions"),
    ):
        raise TimeoutError


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("Socket disconnect"),
        ConnectionResetError(),
        OSError(9, "bad"),
        CancelledError(),
    ],
)
def test_a_broken_connection_is_not_connected(error: Exception) -> None:
    with pytest.raises(NotConnected), ib_errors("positions"):
        raise error


def test_the_reason_of_a_lost_connection_is_told() -> None:
    with (
        pytest.raises(NotConnected, match="the gateway went home"),
        ib_errors("positions", lambda: "the gateway went home"),
    ):
        raise ConnectionError


def test_errors_of_sellkit_and_programming_errors_pass_unchanged() -> None:
    with pytest.raises(NoBars) as caught, ib_errors("bars"):
        raise NoBars(162, "none")
    assert str(caught.value).startswith("the gateway")
    with pytest.raises(KeyError), ib_errors("bars"):
        raise KeyError("a defect")


def test_cancelling_passes_unchanged() -> None:
    with pytest.raises(asyncio.CancelledError), ib_errors("bars"):
        raise asyncio.CancelledError


def connecting(error: Exception, *, has_spoken: bool = False) -> str:
    with (
        pytest.raises((NotConnected, RequestTimedOut)) as caught,
        connect_errors("127.0.0.1:4002", 10, lambda: has_spoken),
    ):
        raise error
    return f"{type(caught.value).__name__}: {caught.value}"


def test_a_refused_port_says_what_to_start() -> None:
    text = connecting(ConnectionRefusedError(errno.ECONNREFUSED, "refused"))

    assert text == (
        "NotConnected: nothing listens on 127.0.0.1:4002; start IB Gateway and enable its API, "
        "or `sellkit gateway --port 4002`, or give --port"
    )


def test_a_name_whose_every_address_refuses_counts_as_refused() -> None:
    refused = f"[Errno {errno.ECONNREFUSED}] Connect call failed"

    text = connecting(OSError(f"Multiple exceptions: {refused} ('::1'), {refused} ('127.0.0.1')"))

    assert "nothing listens" in text


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long")])
def test_an_unknown_host_is_named(error: Exception) -> None:
    assert "no machine is called '127.0.0.1'; check --host" in connecting(error)


def test_a_silent_gateway_is_told_from_one_that_was_not_reached() -> None:
    silent = connecting(TimeoutError(), has_spoken=True)
    unreached = connecting(TimeoutError())

    assert silent.startswith("RequestTimedOut: 127.0.0.1:4002 takes connections but stayed silent")
    assert unreached.startswith(
        "NotConnected: 127.0.0.1:4002 did not take a connection within 10 s"
    )


def test_any_other_failure_of_the_network_is_told() -> None:
    assert "cannot be reached: no route" in connecting(OSError(113, "no route"))
