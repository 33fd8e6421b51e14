"""Frames of the TWS socket protocol: a four-byte length, then text fields that each end in NUL.

The length is a big-endian unsigned integer; the same form is used in both directions. The first
field is the number of the message. Numbers, dates and flags are text.
"""

from __future__ import annotations

import struct
from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Field = str | int | float | Decimal | None
"""One field of a message; None is sent as an empty field, a flag as 1 or 0."""

Message = tuple[Field, ...]
"""The fields of a message, its number first."""

MAX_PAYLOAD: Final = 0xFFFFFF
"""Bytes in a payload; the official Python client gives up on more."""

UNSET_DOUBLE: Final = "1.7976931348623157E308"
"""How a Java gateway prints a price that is not set."""

UNSET_INTEGER: Final = "2147483647"

LENGTH_BYTES: Final = 4
"""Bytes of the length before each payload."""

_LENGTH = struct.Struct(">I")


class BadFrame(ValueError):
    """Bytes that are no frame, or a message too long to be one."""


# By the exact type, because every field of every message comes by here; others write themselves.
_TEXT_OF: Final[dict[type, Callable[..., str]]] = {
    type(None): lambda _: "",
    bool: lambda flag: "1" if flag else "0",
    Decimal: "{:f}".format,
}


def texts(fields: Message) -> list[str]:
    """Fields as they are written; those that never change may be written once for all."""
    return [
        field if type(field) is str else _TEXT_OF.get(type(field), str)(field) for field in fields
    ]


def encode(message: Message) -> bytes:
    """A message as one frame, pure ASCII: other characters become backslash escapes.

    Raises
    ------
    BadFrame
        The payload would be longer than `MAX_PAYLOAD`.
    """
    payload = ("\0".join(texts(message)) + "\0").encode("ascii", "backslashreplace")
    if len(payload) > MAX_PAYLOAD:
        raise BadFrame(f"a message of {len(payload)} bytes is longer than {MAX_PAYLOAD}")
    return _LENGTH.pack(len(payload)) + payload


def split(payload: bytes) -> tuple[str, ...]:
    """The fields of a payload.

    Raises
    ------
    BadFrame
        The payload is empty, is not UTF-8, or its last field does not end in NUL.
    """
    if not payload.endswith(b"\0"):
        raise BadFrame("the last field does not end in NUL")
    return tuple(payload[:-1].decode("utf-8", "strict").split("\0"))


class FrameReader:
    """Cuts a stream of bytes into payloads, however the network happened to cut it.

    Parameters
    ----------
    limit
        Bytes in the longest payload that is taken.
    """

    def __init__(self, limit: int = MAX_PAYLOAD) -> None:
        self._limit = limit
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield each payload that `data` completes.

        Raises
        ------
        BadFrame
            A length is above the limit.
        """
        self._rest += data
        while len(self._rest) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._rest)
            if length > self._limit:
                raise BadFrame(f"a length of {length} bytes is above {self._limit}")
            end = _LENGTH.size + length
            if len(self._rest) < end:
                return
            payload = bytes(self._rest[_LENGTH.size : end])
            del self._rest[:end]
            yield payload


class SegmentGuard:
    """Tells when a client that reads 4096 bytes at a time could lose what it has read.

    The official Python client keeps reading while a read fills its buffer of 4096 bytes, and throws
    everything away when then nothing follows for a second. Whatever it may read in one go, that is
    any run of writes that ends with the last one, must therefore not be a multiple of 4096 long.
    """

    BUFFER: Final = 4096
    PAUSE_SECONDS: Final = 1.0
    RUN: Final = 64
    """Writes that one read may join; a bound, so that some length is always safe."""

    def __init__(self) -> None:
        self._sent = 0
        self._starts: deque[tuple[float, int]] = deque(maxlen=self.RUN)

    def is_risky(self, size: int) -> bool:
        """Whether a write of `size` bytes would end such a run."""
        end = (self._sent + size) % self.BUFFER
        return size % self.BUFFER == 0 or any(start == end for _, start in self._starts)

    def record(self, size: int, seconds: float) -> None:
        """Note that `size` bytes were written at a moment of a steady clock."""
        while self._starts and seconds - self._starts[0][0] > self.PAUSE_SECONDS:
            self._starts.popleft()
        self._starts.append((seconds, self._sent % self.BUFFER))
        self._sent += size
