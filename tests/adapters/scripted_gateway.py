"""A gateway that misbehaves as a test tells it: each kind of message has a scripted answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Self

from sellkit.core.portfolio import SIMULATED_FARM
from sellkit.simgateway import messages
from sellkit.simgateway.framing import FrameReader, encode, split
from sellkit.simgateway.scenario import Security

VERSION = 176
SECONDS = 10.0
NOW = 1_764_950_405  # 2025-12-05 16:00:05 UTC
SECURITY = Security(con_id=265598, symbol="AAPL", primary_exchange="NASDAQ")

POSITIONS, CANCEL_POSITIONS, ALL_ORDERS, TIME = 61, 64, 16, 49
BARS, CANCEL_BARS, DETAILS, START = 20, 25, 9, 71

Message = tuple[object, ...]
Answer = Callable[["ScriptedGateway", tuple[str, ...]], None]


def error(number: int | str, code: int, text: str) -> Message:
    return messages.error(VERSION, int(number), code, text)


def position(account: str = "DU1", quantity: object = 100, con_id: object = 265598) -> Message:
    """A position in Apple, as on the wire; a test may put nonsense into it."""
    contract = (con_id, "AAPL", "STK", "", "0.0", "", "", "NASDAQ", "USD", "AAPL", "NMS")
    return (61, 3, account, *contract, quantity, "200.5")


def answer_time(gateway: ScriptedGateway, _fields: tuple[str, ...]) -> None:
    gateway.send((49, 1, NOW))


def hang_up(gateway: ScriptedGateway, _fields: tuple[str, ...]) -> None:
    gateway.hang_up()


def ignore(_gateway: ScriptedGateway, _fields: tuple[str, ...]) -> None:
    """No answer, ever."""


class ScriptedGateway:
    """Takes one client after the other.

    Parameters
    ----------
    answers
        By message number; what is not named is ignored, but for the start and the time.
    accounts, farm
        What it says of itself at the start.

    Attributes
    ----------
    heard
        Every message that came, as fields.
    """

    def __init__(
        self,
        answers: Mapping[int, Answer] | None = None,
        *,
        accounts: Iterable[str] = ("DU1",),
        farm: str = SIMULATED_FARM,
        version: int = VERSION,
    ) -> None:
        self._answers = {TIME: answer_time, **(answers or {})}
        self._accounts = tuple(accounts)
        self._farm = farm
        self._version = version
        self.heard: list[tuple[str, ...]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._client: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, name="scripted-gateway")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()
        # Wakes the thread where closing the listener alone does not.
        self.hang_up()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()

    def count(self, number: int) -> int:
        """How often a message came."""
        return sum(fields[0] == str(number) for fields in self.heard)

    def send(self, *outgoing: Message) -> None:
        """Send messages, from any thread."""
        assert self._client is not None
        self._client.sendall(b"".join(encode(each) for each in outgoing))  # type: ignore[arg-type]

    def start(self) -> None:
        """Say what a gateway says at the start."""
        self.send((15, 1, ",".join(self._accounts)), (9, 1, 1))
        self.send(error(-1, 2104, f"Market data farm connection is OK:{self._farm}"))

    def become(self, accounts: Iterable[str], farm: str) -> None:
        """Be another one for the clients to come."""
        self._accounts, self._farm = tuple(accounts), farm

    def hang_up(self) -> None:
        """Close the connection to the client."""
        if self._client is not None and self._client.fileno() >= 0:
            with suppress(OSError):  # the client may have been quicker
                self._client.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        self._listener.settimeout(0.02)
        while self._listener.fileno() >= 0:
            try:
                client, _address = self._listener.accept()
            except OSError:
                continue
            self._client = client
            with client:
                client.settimeout(SECONDS)
                self._converse(client)

    def _converse(self, client: socket.socket) -> None:
        hello = b""
        while b".." not in hello:
            data = client.recv(1024)
            if not data:
                return
            hello += data
        self.send((self._version, "20251205 11:00:05 US/Eastern"))
        frames = FrameReader()
        while data := self._read(client):
            for payload in frames.feed(data):
                fields = split(payload)
                self.heard.append(fields)
                self._take(int(fields[0]), fields)

    def _read(self, client: socket.socket) -> bytes:
        try:
            return client.recv(65536)
        except OSError:
            return b""

    def _take(self, number: int, fields: tuple[str, ...]) -> None:
        if number == START and START not in self._answers:
            self.start()
            return
        self._answers.get(number, ignore)(self, fields)
