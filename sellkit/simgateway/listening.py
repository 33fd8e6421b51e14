"""Opens and closes the ports on which the gateway listens."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

LONGEST_LINE: Final = 2**20
"""Bytes that a reader keeps back while it looks for the end of a line."""

# Connections that may wait to be taken; one more would be tried again only a second later.
_BACKLOG: Final = 1024
_STOP_SECONDS: Final = 2.0
_TURNS_TO_ARRIVE: Final = 8


async def listen(accept: Accept, host: str, port: int, who: str) -> asyncio.Server:
    """Begin to listen; port 0 takes a free one.

    Raises
    ------
    ConfigError
        The port is in use, or may not be used; `who` cannot listen there.
    """
    try:
        return await asyncio.start_server(accept, host, port, limit=LONGEST_LINE, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"{who} cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}; "
            "choose another port, or 0 for a free one"
        ) from error


async def stop_listening(server: asyncio.Server) -> None:
    """Take no more connections."""
    loop = asyncio.get_running_loop()
    for each in server.sockets:
        with suppress(NotImplementedError):  # Windows' loop knows no readers
            loop.remove_reader(each.fileno())
    # A server that is closed between a connection's arrival and its first turn leaves it open.
    for _ in range(_TURNS_TO_ARRIVE):
        await asyncio.sleep(0)
    server.close()


async def close_all(
    connections: dict[asyncio.Task[None], asyncio.StreamWriter], seconds: float = _STOP_SECONDS
) -> None:
    """Close connections, give those who serve them time to end, and then reset what is left.

    Who serves a client that does not read notices only the reset, and then ends, too.
    """
    left = dict(connections)
    for writer in left.values():
        writer.close()
    if left:
        await asyncio.wait(left, timeout=seconds)
    for writer in left.values():
        writer.transport.abort()
    if left:
        await asyncio.wait(left, timeout=seconds)


class Entrance:
    """A port that can be shut and opened again.

    Parameters
    ----------
    accept
        Serves a connection.
    who
        Who listens, for the error.
    """

    def __init__(self, accept: Accept, who: str) -> None:
        self._accept = accept
        self._who = who
        self._server: asyncio.Server | None = None
        self._is_shut = False

    @property
    def is_shut(self) -> bool:
        """Whether connections are refused."""
        return self._server is None

    async def open(self, host: str, port: int) -> int:
        """Begin to listen, unless it does, and give the port.

        Raises
        ------
        ConfigError
            The port is in use, or may not be used.
        """
        self._is_shut = False
        if self._server is None:
            self._server = await listen(self._admit, host, port, self._who)
        return int(self._server.sockets[0].getsockname()[1])

    async def shut(self) -> None:
        """Refuse connections; those that stand go on.

        One that arrives until this returns is reset.
        """
        self._is_shut = True
        if self._server is not None:
            await stop_listening(self._server)
        self._server = None

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_shut:
            writer.transport.abort()
        else:
            await self._accept(reader, writer)
