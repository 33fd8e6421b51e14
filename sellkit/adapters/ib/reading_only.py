"""The library's own client for who explores by hand: it asks, and cannot change anything.

What goes out is held against a list of messages that only ask, at the last step before the socket,
so neither a method of the library nor its raw client gets another one through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ib_insync.client import Client
from ib_insync.ib import IB

from sellkit.adapters.ib.error_codes import FARM_NOTICES, connect_errors
from sellkit.adapters.ib.translate import kind_of
from sellkit.core.portfolio import GatewayKind
from sellkit.errors import NotSent, OtherGateway

if TYPE_CHECKING:
    from collections.abc import Callable

# The numbers of Interactive Brokers' messages to the gateway, as ib_insync 0.9.86 sends them:
# market data, account, contracts, executions, history, scanners, news, profit and loss, the start.
_DATA: Final = {1, 2, *range(9, 14), 20, *range(22, 26), *range(49, 60)} - {58}
_ACCOUNT: Final = {5, 6, 7, 8, 16, 17, 18, *range(61, 65), *range(74, 81)}
_LATER: Final = set(range(81, 105))
_START: Final = 71
ASKING: Final = frozenset({*_DATA, *_ACCOUNT, *_LATER, _START})
"""Messages that only ask."""

_NAMES: Final = {3: "an order", 4: "a cancel", 15: "a binding of orders", 21: "an exercise"}
_NAMES_OF_ALL: Final = {**_NAMES, 19: "a change of advisors' groups", 58: "a cancel of all orders"}


class ReadingClient(Client):
    """The library's socket client, for messages that only ask."""

    def sendMsg(self, msg: str | None) -> None:  # noqa: N802  (the library's name)
        """Send a message; the library calls it without one to go on with what waits.

        Raises
        ------
        NotSent
            It would change something. Nothing of it was written.
        """
        number = msg.partition("\0")[0] if msg else ""
        if msg and not (number.isdecimal() and int(number) in ASKING):
            what = _NAMES_OF_ALL.get(int(number) if number.isdecimal() else 0, "this")
            raise NotSent(
                f"raw_ib only asks: {what} (message {number}) was not sent. Orders go out by "
                "`sellkit run --live` alone, and through every gate"
            )
        super().sendMsg(msg)  # type: ignore[arg-type]


class ReadingIB(IB):
    """`ib_insync.IB`, which cannot place, change or cancel an order."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.client = ReadingClient(self.wrapper)  # type: ignore[no-untyped-call]
        self.client.apiEnd += self.disconnectedEvent


def connect_reading(
    host: str,
    port: int,
    client_id: int,
    *,
    seconds: float,
    request_seconds: float,
    expected: GatewayKind | None,
) -> ReadingIB:
    """Connect the library's client, blocking, on the loop of this thread.

    Parameters
    ----------
    seconds
        How long it may take.
    request_seconds
        How long each blocking request may take; the library raises `TimeoutError` then.
    expected
        The kind of gateway; another one is refused. A simulated one may stand in for paper.

    Raises
    ------
    NotConnected, RequestTimedOut, OtherGateway
        It cannot be reached, stays silent, or is another one.
    """
    ib = ReadingIB()
    ib.RaiseRequestErrors = True
    notices: list[str] = []
    hear = _hearing(notices)
    ib.errorEvent += hear
    with connect_errors(f"{host}:{port}", seconds, lambda: ib.client.conn.numBytesSent > 0):
        ib.connect(host, port, clientId=client_id, timeout=seconds, readonly=True)
    ib.errorEvent -= hear
    ib.RequestTimeout = request_seconds
    kind = kind_of(notices, ib.managedAccounts())
    stands_in = (expected, kind) == (GatewayKind.PAPER, GatewayKind.SIMULATED)
    if expected not in (None, kind) and not stands_in:
        ib.disconnect()  # type: ignore[no-untyped-call]
        raise OtherGateway(
            f"the gateway on {host}:{port} is {kind} and the profile expects {expected}; check "
            "--profile and --port"
        )
    return ib


def _hearing(notices: list[str]) -> Callable[..., None]:
    def hear(_request: int, code: int, text: str, *_more: Any) -> None:  # noqa: ANN401  (an event's)
        if code in FARM_NOTICES:
            notices.append(text)

    return hear
