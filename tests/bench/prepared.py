"""What a gateway said to a client, kept, and said again by a bare socket server.

The server counts what the client sends, frame by frame, and looks into none but the one that names
the client. Behind each frame it sends the bytes that came behind that frame when they were kept. So
the client sends, reads and decodes what it does with the gateway, byte for byte.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from typing import Self

HOST = "127.0.0.1"
READ_BYTES = 1 << 18
PREFIX = b"API\0"

Script = list[list[bytes]]
"""What follows the greeting, then what follows each frame, in the pieces in which it came."""


class Frames:
    """Cuts what a client sends; the greeting counts as its first frame."""

    def __init__(self) -> None:
        self._rest = b""
        self._before = len(PREFIX)

    def feed(self, data: bytes) -> list[bytes]:
        """Every frame that is whole now."""
        self._rest += data
        found = []
        while len(self._rest) >= self._before + 4:
            (length,) = struct.unpack_from(">I", self._rest, self._before)
            end = self._before + 4 + length
            if len(self._rest) < end:
                break
            found.append(self._rest[:end])
            self._rest, self._before = self._rest[end:], 0
        return found


class Server:
    """Serves each connection on a thread of its own, until the block is left."""

    def __init__(self) -> None:
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._is_over = False
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        socket.create_connection((HOST, self.port)).close()  # wakes the thread that accepts
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def serve(self, connection: socket.socket) -> None:
        """Say on one connection what is to be said."""
        raise NotImplementedError

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._is_over:
                connection.close()
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.serve(connection)


class Recorder(Server):
    """Stands between clients and a gateway, and keeps what the gateway says.

    Attributes
    ----------
    scripts
        By client id; of one that came twice the later conversation.
    """

    def __init__(self, gateway_port: int) -> None:
        super().__init__()
        self._gateway_port = gateway_port
        self.scripts: dict[int, Script] = {}

    def serve(self, connection: socket.socket) -> None:
        script: Script = []
        with socket.create_connection((HOST, self._gateway_port)) as gateway:
            gateway.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=_keep, args=(gateway, connection, script))
            back.start()
            frames = Frames()
            while data := connection.recv(READ_BYTES):
                for frame in frames.feed(data):
                    script.append([])
                    if len(script) == 2:
                        self.scripts[_client_id(frame)] = script
                    gateway.sendall(frame)
            gateway.shutdown(socket.SHUT_WR)
            back.join()


class Peer(Server):
    """Says again what was kept."""

    def __init__(self, scripts: dict[int, Script]) -> None:
        super().__init__()
        self._scripts = scripts

    def serve(self, connection: socket.socket) -> None:
        # The greeting is answered alike to all, before the client says who it is.
        script, said = next(iter(self._scripts.values())), 0
        frames = Frames()
        while data := connection.recv(READ_BYTES):
            for frame in frames.feed(data):
                if said == 1:
                    script = self._scripts[_client_id(frame)]
                for piece in script[said] if said < len(script) else ():
                    connection.sendall(piece)
                said += 1


def _keep(gateway: socket.socket, client: socket.socket, script: Script) -> None:
    """Pass on what the gateway says, and add it to what follows the client's latest frame."""
    with suppress(OSError):
        while data := gateway.recv(READ_BYTES):
            script[-1].append(data)
            client.sendall(data)


def _client_id(start: bytes) -> int:
    """Whose the frame is that starts the API."""
    return int(start[4:].split(b"\0")[2])
