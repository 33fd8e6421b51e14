"""One connection to the gateway. Everything here runs on the loop's thread."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sellkit.adapters.ib.error_codes import (
    CLIENT_ID_IN_USE,
    FARM_NOTICES,
    NOT_VALID,
    PORT_CHANGED,
    connect_errors,
)
from sellkit.adapters.ib.library_log import (
    decoder_logger,
    hear_failures,
    hear_libraries,
    ignore_failures,
)
from sellkit.adapters.ib.notices import concerns_connection, in_use, masked
from sellkit.adapters.ib.orders.wire import Deaf, Ears, WireIB
from sellkit.core.code_book import meaning_of
from sellkit.core.reports import Meaning
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


@dataclass(frozen=True, slots=True)
class Hearing:
    """Who is told of what happens on a link; all of it on the loop's thread.

    Attributes
    ----------
    told
        Code and text of what the gateway said unasked; without account numbers.
    unread
        A message could not be read, or what handled one failed.
    lost
        The connection is gone, and why.
    ears
        Who hears of orders.
    """

    told: Callable[[int, str], None]
    unread: Callable[[], None]
    lost: Callable[[str], None]
    ears: Ears = field(default_factory=Deaf)


class Link:
    """A connection, from its first byte to its last. It never comes back: a new one is a new link.

    The socket client is connected without `IB.connectAsync`: that one also subscribes to account
    figures, binds orders placed by hand when the client id is 0, and comes up "connected" with
    empty lists when its questions were not answered. Here a list is asked for when it is wanted.

    Parameters
    ----------
    host, port, client_id
        Whom to connect to, and as whom.
    hearing
        Who is told of what happens.
    rate
        Messages a second; more than that wait for their turn.

    Attributes
    ----------
    address
        Host and port, for messages.
    farm_notices
        What the gateway said of its data farms.
    unreadable
        How many messages came that could not be read.
    """

    def __init__(self, host: str, port: int, client_id: int, hearing: Hearing, rate: int) -> None:
        hear_libraries()
        self.address = f"{host}:{port}"
        self.farm_notices: list[str] = []
        self.unreadable = 0
        self._endpoint = (host, port, client_id)
        self._ib = WireIB(hearing.ears)
        self._ib.RaiseRequestErrors = True
        self._ib.wrapper.clientId = client_id
        self._ib.errorEvent += self._on_error
        self._ib.client.conn.disconnected += self._on_disconnected
        self._ib.client.decoder.logger = decoder_logger(self._on_unreadable)
        self._hearing = hearing
        self._loop = asyncio.get_running_loop()
        self._lost: asyncio.Future[str] = self._loop.create_future()
        hear_failures(self._on_failure)
        self.throttle(rate)

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
    def ib(self) -> WireIB:
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
        return await attended(work, self._lost)

    def throttle(self, rate: int) -> None:
        """Send at most so many messages a second from now on."""
        self._ib.client.MaxRequests = rate

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

    # --- what the gateway says unasked ----------------------------------------------------------

    def _on_error(self, number: int, code: int, text: str, _contract: Contract | None) -> None:
        if number != NO_REQUEST and not concerns_connection(code, text):
            return  # whoever asked gets it as an error
        if code in FARM_NOTICES:
            self.farm_notices.append(text)
        said = self._masked(text)
        is_quiet = code in _RAISED or meaning_of(code) is Meaning.INFORMATION
        level = logging.INFO if is_quiet else logging.WARNING
        logger.log(level, "gateway_notice", extra={"code": code, "text": said})
        self._hearing.told(code, said)
        if code == CLIENT_ID_IN_USE:
            hears_orders = not isinstance(self._hearing.ears, Deaf)
            self._lose(in_use(self._endpoint[2], self.address, sends_orders=hears_orders))
        elif code == PORT_CHANGED:
            self._lose(f"the gateway on {self.address} moved to another port ({said}); give --port")

    def _on_disconnected(self, why: str) -> None:
        told = f" ({why})" if why else ""
        self._lose(
            f"the gateway on {self.address} closed the connection{told}; see whether it still runs "
            "and lets this machine in"
        )

    def _on_unreadable(self) -> None:
        self.unreadable += 1
        self._hearing.unread()

    def _on_failure(self) -> None:
        # It may have been on the thread of another connection.
        self._loop.call_soon_threadsafe(self._hearing.unread)

    def _lose(self, reason: str) -> None:
        if not self._lost.done():
            self._lost.set_result(reason)
            ignore_failures(self._on_failure)
            self._hearing.lost(reason)

    def _masked(self, text: str) -> str:
        return masked(text, self._ib.wrapper.accounts)


async def attended(work: Callable[[], Awaitable[Result]], gone: asyncio.Future[str]) -> Result:
    """Do a piece of work that is given up as soon as something is gone.

    Raises
    ------
    NotConnected
        It was gone before, or went meanwhile; its result says why.
    """
    _check(gone)
    task = asyncio.ensure_future(work())
    task.add_done_callback(heard)
    try:
        either: set[asyncio.Future[Any]] = {task, gone}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        task.cancel()
    _check(gone)
    return await task


def _check(gone: asyncio.Future[str]) -> None:
    if gone.done():
        raise NotConnected(gone.result())


def heard(task: asyncio.Future[Result]) -> None:
    """Take note of an error that nobody may come to fetch."""
    if not task.cancelled():
        task.exception()
