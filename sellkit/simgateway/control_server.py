"""The control channel: lines of JSON on a port of its own, each with the token that opens it.

A request is one line, `{"token": "...", "action": "clock", "advance": 60}`; its answer is one line,
`{"ok": true, "result": ...}` or `{"ok": false, "error": "..."}`.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
from typing import TYPE_CHECKING, Any

from sellkit.errors import ConfigError, SellkitError
from sellkit.simgateway.control_actions import perform
from sellkit.simgateway.control_file import ControlAddress
from sellkit.simgateway.history import Refused
from sellkit.simgateway.listening import LONGEST_LINE, close_all, listen, stop_listening

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway

logger = logging.getLogger(__name__)


class ControlServer:
    """The control channel of a gateway.

    Parameters
    ----------
    port
        Where to listen, on the gateway's own host; 0 takes a free one.
    """

    def __init__(self, gateway: Gateway, port: int) -> None:
        self._gateway = gateway
        self._port = port
        self._token = secrets.token_urlsafe(24)
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def address(self) -> ControlAddress:
        """Where the channel is, and its token."""
        return ControlAddress(self._gateway.host, self._port, self._token)

    async def start(self) -> None:
        """Begin to listen; a gateway whose channel cannot be opened is stopped.

        Raises
        ------
        ConfigError
            The port is in use, or may not be used.
        """
        host = self._gateway.host
        try:
            self._server = await listen(self._accept, host, self._port, "the control channel")
        except ConfigError:
            await self._gateway.stop()
            raise
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close every connection."""
        if self._server is not None:
            await stop_listening(self._server)
        await close_all(self._connections)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served by a task")
        self._connections[task] = writer
        try:
            await self._converse(reader, writer)
        except OSError as error:
            logger.info("control_broken", extra={"reason": repr(error)})
        finally:
            del self._connections[task]
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        may_go_on = True
        while may_go_on and (line := await _next_line(reader)):
            answer, may_go_on = self._answer(line)
            await self._gateway.downtime.settled()
            writer.write(json.dumps(answer, default=str).encode() + b"\n")
            await writer.drain()

    def _answer(self, line: bytes) -> tuple[dict[str, Any], bool]:
        """The answer to one line, and whether the connection may go on."""
        if len(line) > LONGEST_LINE:
            return _refusal(f"the line is longer than {LONGEST_LINE} bytes"), True
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            return _refusal("the line is no JSON"), True
        if not isinstance(request, dict):
            return _refusal("the line must be one JSON object"), True
        token = request.pop("token", None)
        # In the same time, however much of it is right.
        if not isinstance(token, str) or not hmac.compare_digest(
            token.encode("utf-8", "replace"), self._token.encode()
        ):
            return _refusal("the token is wrong"), False
        return self._performed(request.pop("action", None), request), True

    def _performed(self, action: object, arguments: dict[str, object]) -> dict[str, Any]:
        try:
            result = perform(self._gateway, str(action), arguments)
        except Refused as refused:
            return _refusal(refused.text)
        except SellkitError as error:
            return _refusal(str(error))
        except Exception:
            # One request must never take the gateway down.
            logger.exception("control_failed")
            return _refusal("the request failed; see the gateway's log")
        self._gateway.keeper.note_change()
        if not self._gateway.keeper.save():
            return _refusal("the state cannot be written, so the gateway ends; see its log")
        return {"ok": True, "result": result}


async def _next_line(reader: asyncio.StreamReader) -> bytes:
    """The next line; of one that is too long not everything, but more than the limit."""
    beginning = b""
    while True:
        try:
            return beginning + await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            return beginning + end.partial
        except asyncio.LimitOverrunError as overrun:
            beginning = await reader.readexactly(overrun.consumed)


def _refusal(text: str) -> dict[str, Any]:
    return {"ok": False, "error": text}
