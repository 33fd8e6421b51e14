"""How a client is received: the handshake, then one request after the other."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError
from sellkit.simgateway import messages
from sellkit.simgateway.clock import local_time
from sellkit.simgateway.dispatch import take
from sellkit.simgateway.framing import FrameReader
from sellkit.simgateway.requests import choose_version

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.simgateway.session import Session

_PREFIX: Final = b"API\0"
_LONGEST_HELLO: Final = 1024
_READ_BYTES: Final = 65_536
# Requests of one client that are answered before the others have their turn.
_IN_ONE_TURN: Final = 16


@dataclass(frozen=True, slots=True)
class Received:
    """A message that a client sent.

    Attributes
    ----------
    id, name
        The message's number and what it is called.
    time
        On the gateway's clock, aware UTC.
    seconds
        On a steady clock in real seconds.
    client_id
        None for a client that had not started the API.
    fields
        As on the wire, the number first.
    """

    id: int
    name: str
    time: dt.datetime
    seconds: float
    client_id: int | None
    fields: tuple[str, ...]


async def converse(session: Session, reader: asyncio.StreamReader, seconds: float) -> None:
    """Serve one client until it leaves or is hung up on.

    Parameters
    ----------
    seconds
        How long it may take until it has started the API.

    Raises
    ------
    TimeoutError
        It took longer.
    BadFrame, asyncio.IncompleteReadError, OSError
        It sent a broken frame, or went away in the middle of one.
    """
    if session.gateway.silent:
        while await reader.read(_READ_BYTES):
            pass
        return
    async with asyncio.timeout(seconds) as limit:
        if not await _greet(session, reader):
            return
        if session.is_silent:
            limit.reschedule(None)
        frames = FrameReader()
        while data := await reader.read(_READ_BYTES):
            await _take_all(session, frames, data)
            if session.is_closing:
                return
            if session.has_asked_to_start or session.is_silent:
                limit.reschedule(None)
            await session.drained()


async def _take_all(session: Session, frames: FrameReader, data: bytes) -> None:
    for number, payload in enumerate(frames.feed(data), 1):
        take(session, payload)
        if session.is_closing:
            return
        if number % _IN_ONE_TURN == 0:
            await session.drained()
            await asyncio.sleep(0)


async def _greet(session: Session, reader: asyncio.StreamReader) -> bool:
    """Agree on a version; nothing more is said until the client has started the API."""
    if await reader.readexactly(len(_PREFIX)) != _PREFIX:
        return False
    length = int.from_bytes(await reader.readexactly(4), "big")
    if length > _LONGEST_HELLO:
        return False
    version = choose_version(await reader.readexactly(length))
    if version is None:
        return False
    session.version = version
    now = local_time(session.gateway.clock.now())
    session.send(messages.server_version(version, f"{now:%Y%m%d %H:%M:%S %Z}"))
    session.flush()
    return True


def check_host(host: str) -> None:
    try:
        is_local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_local = False
    if not is_local:
        raise ConfigError(
            f"the simulated gateway listens on this machine only, not on {host!r}; "
            "use 127.0.0.1, ::1 or localhost"
        )
