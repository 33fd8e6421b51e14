"""Who is connected to the gateway, and under which client id."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sellkit.simgateway.listening import close_all

if TYPE_CHECKING:
    from sellkit.simgateway.session import Session


class Clients:
    """The connections that stand, and the sessions among them that have started the API.

    Attributes
    ----------
    connections
        The sockets, by the task that serves each.
    """

    def __init__(self) -> None:
        self.connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._sessions: dict[int, Session] = {}

    @property
    def sessions(self) -> list[Session]:
        """Those that have started the API."""
        return list(self._sessions.values())

    def enter(self, writer: asyncio.StreamWriter) -> asyncio.Task[None]:
        """Note the connection that the running task serves."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served by a task")
        self.connections[task] = writer
        return task

    def has(self, client_id: int) -> bool:
        """Whether a session has started the API under that id."""
        return client_id in self._sessions

    def admit(self, session: Session, client_id: int) -> bool:
        """Take a session in under a client's id; False when another one has it."""
        if client_id in self._sessions:
            return False
        session.client_id = client_id
        self._sessions[client_id] = session
        return True

    def leave(self, task: asyncio.Task[None], session: Session) -> bool:
        """Forget a connection and free its client id; False when it had none."""
        del self.connections[task]
        client_id = session.client_id
        if client_id is None or self._sessions.get(client_id) is not session:
            return False
        del self._sessions[client_id]
        return True

    def drop(self) -> int:
        """Reset every connection, and give their number."""
        for writer in self.connections.values():
            writer.transport.abort()
        return len(self.connections)

    async def close(self) -> None:
        """Close every connection and wait until those who serve them have ended."""
        await close_all(self.connections)
