"""A client that speaks frames over a plain socket, for what no library would send."""

from __future__ import annotations

import socket
import struct
from typing import Protocol, Self

SECONDS = 10.0
AAPL = 265598


def frame(*fields: object) -> bytes:
    """A message as the protocol writes it, made without the code under test."""
    payload = b"".join(str(field).encode() + b"\0" for field in fields)
    return struct.pack(">I", len(payload)) + payload


def hello(versions: str) -> bytes:
    """The handshake's first bytes."""
    text = versions.encode()
    return b"API\0" + struct.pack(">I", len(text)) + text


def contract(
    con_id: int | str = AAPL, symbol: str = "", exchange: str = "SMART"
) -> tuple[object, ...]:
    """The twelve fields of a stock's contract."""
    return (con_id, symbol, "STK", "", "0.0", "", "", exchange, "", "USD", "", "")


def bars(  # the fields of a request for bars
    request_id: int,
    *,
    end: str = "",
    size: str = "1 day",
    date_format: object = 1,
    keep: int = 0,
    duration: str = "5 D",
    show: str = "TRADES",
    rth: int = 1,
    of: tuple[object, ...] = contract(),
) -> tuple[object, ...]:
    """A request for bars."""
    return (20, request_id, *of, 0, end, size, duration, rth, show, date_format, keep, "")


def prices(
    request_id: int, *, generic: str = "", snapshot: int = 0, of: tuple[object, ...] = contract()
) -> tuple[object, ...]:
    """A request for prices."""
    return (1, 11, request_id, *of, 0, generic, snapshot, 0, "")


def order(  # every field of a placeOrder that is not given stays as a plain order leaves it
    version: int,
    order_id: int,
    action: str = "BUY",
    quantity: object = 10,
    kind: str = "MKT",
    *,
    of: tuple[object, ...] = contract(),
    changes: dict[int, object] | None = None,
    blocks: dict[int, tuple[object, ...]] | None = None,
) -> tuple[object, ...]:
    """A placeOrder.

    `changes` sets fields by their number at version 157, the message's own number being 1; `blocks`
    puts further fields behind a numbered one.
    """
    numbered: dict[int, object] = dict.fromkeys(range(1, 111), "")
    numbered |= {1: 3, 2: order_id} | dict(enumerate(of, 3))
    numbered |= {17: action, 18: quantity, 19: kind, 22: "DAY", 25: "O", 28: 1, 47: -1}
    flags = (26, 29, 30, 31, 32, 33, 34, 35, 45, 48, 51, 54, 55, 57, 63, 68, 79, 82, 83, 86, 88, 89)
    numbered |= dict.fromkeys((*flags, 90, 91, 98, 107, 108, 109), 0)
    numbered |= changes or {}
    later = ((158, 2147483647), (160, 2147483647), (162, 0), (166, ""), (169, ""))
    fields: list[object] = []
    for number, value in numbered.items():
        if not (number == 43 and version >= 177):
            fields.append(value)
        fields += (blocks or {}).get(number, ())
    return (*fields, *(value for since, value in later if version >= since))


class Place(Protocol):
    """Where a gateway listens."""

    host: str
    port: int


class WireClient:
    """A connection on which a test decides about every byte; `received` counts those that came."""

    def __init__(self, gateway: Place, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(SECONDS)
        self.received = 0
        self._rest = b""
        if self.socket.connect_ex((gateway.host, gateway.port)):
            self.socket.close()
            raise ConnectionRefusedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *fields: object) -> None:
        self.socket.sendall(frame(*fields))

    def shake(self, versions: str = "v157..176") -> int:
        """Do the handshake; the version that the gateway announced."""
        self.socket.sendall(hello(versions))
        version, _time = self.receive()
        return int(version)

    def start(self, client_id: int = 1, versions: str = "v157..176") -> Self:
        """Do the handshake, start the API, and read its five answers."""
        self.shake(versions)
        self.send(71, 2, client_id, "")
        for _ in range(5):
            self.receive()
        return self

    def receive(self) -> tuple[str, ...]:
        """The next message's fields; raises EOFError when the gateway has closed."""
        while len(self._rest) < 4 or len(self._rest) < 4 + self._length():
            data = self.socket.recv(65_536)
            if not data:
                raise EOFError
            self._rest += data
            self.received += len(data)
        end = 4 + self._length()
        payload, self._rest = self._rest[4:end], self._rest[end:]
        assert payload.endswith(b"\0")
        return tuple(payload[:-1].decode("ascii").split("\0"))

    def until(self, number: int) -> list[tuple[str, ...]]:
        """Messages up to the first with that number, this one included."""
        found = [self.receive()]
        while found[-1][0] != str(number):
            found.append(self.receive())
        return found

    def ask(self, *fields: object) -> tuple[str, ...]:
        """Send a request, and give the next message."""
        self.send(*fields)
        return self.receive()

    def is_closed(self) -> bool:
        """Whether the gateway closes the connection; reads away what comes before."""
        try:
            while True:
                self.receive()
        except (EOFError, ConnectionError):
            return True

    def _length(self) -> int:
        return int(struct.unpack(">I", self._rest[:4])[0])
