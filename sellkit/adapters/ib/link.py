"""One connection to the gateway. Everything here runs on the loop's thread."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ib_insync import IB

from sellkit.adapters.ib.error_codes import (
    CLIENT_ID_IN_USE,
    FARM_NOTICES,
    NOT_VALID,
    PORT_CHANGED,
    UPSTREAM_BACK,
    UPSTREAM_LOST,
    Meaning,
    connect_errors,
    meaning_of,
)
from sellkit.adapters.ib.library_log import decoder_logger, hear_libraries
from sellkit.errors import NotConnected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ib_insync import Contract

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

NO_REQUEST: Final = -1
"""The number on what the gateway says unasked, or answers to a question without a number."""

_GOODBYE_SECONDS: Final = 1.0
# These reach whoever asked as an error.
_RAISED: Final = frozenset({NOT_VALID, CLIENT_ID_IN_USE})


class Link:
    """A connection, from its first byte to its last. It never comes back: a new one is a new link.

    The socket client is connected without `IB.connectAsync`: that one also subscribes to account
    figures, binds orders placed by hand when the client id is 0, and comes up "connected" with
    empty lists when its questions were not answered. Here a list is asked for when it is wanted.

    Parameters
    ----------
    host, port, client_id
        Whom to connect to, and as whom.

    Attributes
    ----------
    address
        Host and port, for messages.
    farm_notices
        What the gateway said of its data farms.
    unreadable
        How many messages came that could not be read.
    """

    def __init__(self, host: str, port: int, client_id: int) -> None:
        hear_libraries()
        self.address = f"{host}:{port}"
        self.farm_notices: list[str] = []
        self.unreadable = 0
        self._endpoint = (host, port, client_id)
        self._ib = IB()
        self._ib.RaiseRequestErrors = True
        self._ib.wrapper.clientId = client_id
        self._ib.errorEvent += self._on_error
        self._ib.client.conn.disconnected += self._on_disconnected
        self._ib.client.decoder.logger = decoder_logger(self._on_unreadable)
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._upstream_lost = ""

    # --- life ---------------------------------------------------------------------------------

    async def open(self, seconds: float, probe: Callable[[], Awaitable[object]]) -> None:
        """Connect, and wait until the gateway has said everything that it says at a start.

        Parameters
        ----------
        seconds
            How long both may take.
        probe
            Any question: the notices that tell the kind of gateway come before its answer.
        """
        host, port, client_id = self._endpoint
        client = self._ib.client
        with connect_errors(self.address, seconds, lambda: client.conn.numBytesSent > 0):
            async with asyncio.timeout(seconds):
                await self.attend(lambda: client.connectAsync(host, port, client_id, None))
                await self.attend(probe)

    @property
    def ib(self) -> IB:
        """The library's client."""
        return self._ib

    @property
    def account_numbers(self) -> tuple[str, ...]:
        """The accounts that the login manages."""
        return tuple(self._ib.client.getAccounts())

    @property
    def reason(self) -> str | None:
        """Why the connection is gone; None while it stands."""
        return self._lost.result() if self._lost.done() else None

    async def attend(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do a piece of work that is given up as soon as the connection is lost.

        Raises
        ------
        NotConnected
            It was lost before or meanwhile, whatever had come until then.
        """
        self._check()
        task = asyncio.ensure_future(work())
        task.add_done_callback(heard)
        try:
            either: set[asyncio.Future[Any]] = {task, self._lost}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()
        self._check()
        return await task

    async def close(self) -> None:
        """Say goodbye to the gateway and wait until the socket is closed."""
        self._lose(f"the connection to {self.address} was closed")
        connection = self._ib.client.conn
        if connection.transport is None:
            return
        gone = asyncio.ensure_future(connection.disconnected)
        self._ib.client.disconnect()
        await asyncio.wait({gone}, timeout=_GOODBYE_SECONDS)
        if connection.transport is not None:
            connection.transport.abort()
            await asyncio.wait({gone}, timeout=_GOODBYE_SECONDS)
        gone.cancel()

    def check_upstream(self) -> None:
        """See that the gateway itself is connected to Interactive Brokers.

        Raises
        ------
        NotConnected
            It said that it is not.
        """
        if self._upstream_lost:
            raise NotConnected(
                f"the gateway on {self.address} has lost Interactive Brokers "
                f"({self._upstream_lost}); wait until it is back, then ask again"
            )

    # --- what the gateway says unasked ----------------------------------------------------------

    def _on_error(self, number: int, code: int, text: str, _contract: Contract | None) -> None:
        if number != NO_REQUEST:
            return  # whoever asked gets it as an error
        if code in FARM_NOTICES:
            self.farm_notices.append(text)
        elif code in UPSTREAM_LOST:
            self._upstream_lost = f"{code}: {text}"
        elif code in UPSTREAM_BACK:
            self._upstream_lost = ""
        elif code == CLIENT_ID_IN_USE:
            client_id = self._endpoint[2]
            self._lose(
                f"client id {client_id} is in use on {self.address}; give another --client-id, "
                "or end the program that uses it"
            )
        elif code == PORT_CHANGED:
            self._lose(f"the gateway on {self.address} moved to another port; give --port")
        is_quiet = code in _RAISED or meaning_of(code) is Meaning.INFORMATION
        level = logging.INFO if is_quiet else logging.WARNING
        logger.log(level, "gateway_notice", extra={"code": code, "text": self._masked(text)})

    def _on_disconnected(self, why: str) -> None:
        told = f" ({why})" if why else ""
        self._lose(
            f"the gateway on {self.address} closed the connection{told}; see whether it still runs "
            "and lets this machine in, then connect again"
        )

    def _on_unreadable(self) -> None:
        self.unreadable += 1

    def _lose(self, reason: str) -> None:
        if not self._lost.done():
            self._lost.set_result(reason)

    def _check(self) -> None:
        if self._lost.done():
            raise NotConnected(self._lost.result())

    def _masked(self, text: str) -> str:
        for number in self._ib.wrapper.accounts:
            text = text.replace(number, "(account)")
        return text


def heard(task: asyncio.Future[Result]) -> None:
    """Take note of an error that nobody may come to fetch."""
    if not task.cancelled():
        task.exception()
