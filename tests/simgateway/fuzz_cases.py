"""Cases of a fuzz test: what is sent, made from a seed and a number alone.

So any case can be made again without those before it. A case is one request, changed or cut, on a
connection that started the API well, or a connection of its own that begins or ends badly.
"""

from __future__ import annotations

import json
import random
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.simgateway.fuzz_requests import ORDER_ID, requests
from tests.simgateway.wire import hello

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

VERSIONS = {157: "v100..157", 176: "v157..176", 178: "v157..178"}
PLACE_ORDER = 3
NUMBERS = (
    *("", "-1", "0", "1", "2", "3", "7", "21", "55", "100", "150", "265598", "999999999"),
    *("2147483647", "2147483648", "9223372036854775807", "-999999999999999999", "1.5", "0.01"),
    *("1e308", "-1e308", "1.7976931348623157E308", "1.7976931348623157e+308", "Infinite"),
)
TEXTS = (
    *("", "5 D", "0 D", "20 Y", "86400 S", "1 day", "1 min", "1 secs", "1M", "TRADES", "BID_ASK"),
    *("BAG", "OPT", "SMART", "IBKRATS", "LMT", "PEG BEST", "TRAIL", "MOC", "IOC", "BUY", "SSHORT"),
    *("DU0000001", "All", "$LEDGER:ALL", "AAPL", "group", "%s{0}", "x" * 5000, " ", "\\", "\t"),
    *("20251126 12:00:00", "20251126-12:00:00", "99991231 23:59:59 UTC", "00010101-00:00:00"),
    *("99991231 23:59:59 US/Eastern", "00010101 00:00:00 Asia/Tokyo"),
    *("\u00e9\u4e2d", "\U0001f4a3", "\ufeff1"),
)
NASTY = (
    *NUMBERS,
    *TEXTS,
    *(
        "9" * 30,
        "-" + "9" * 18,
        "1e999",
        "nan",
        "inf",
        "true",
        "\u0661",
        "--1",
        "+1",
        "0x10",
        "1_000",
    ),
)


@dataclass(frozen=True, slots=True)
class Case:
    """Bytes for the gateway.

    Attributes
    ----------
    version
        Of the protocol, on a connection that has started the API.
    is_stream
        A connection of its own instead, with nothing said before and the end right behind.
    pieces
        Written one after the other.
    """

    number: int
    version: int
    is_stream: bool
    pieces: tuple[bytes, ...]


def case(seed: int, number: int) -> Case:
    """The case with that number."""
    chance = random.Random(f"{seed}:{number}")
    version = chance.choice(list(VERSIONS))
    if chance.random() < 0.1:
        return Case(number, version, is_stream=True, pieces=_broken_stream(chance, version))
    payload = _payload(_changed(chance, _numbered(chance, chance.choice(requests(version)))))
    if chance.random() < 0.05:
        place = chance.randrange(len(payload))
        payload = payload[:place] + chance.randbytes(1) + payload[place + 1 :]
    return Case(number, version, is_stream=False, pieces=_cut(chance, _framed(payload)))


def _numbered(chance: random.Random, request: Sequence[object]) -> list[object]:
    """The request; an order under an id that may be new, and may be that of another one."""
    fields = list(request)
    if fields[0] == PLACE_ORDER and chance.random() < 0.8:
        fields[1] = chance.randrange(ORDER_ID, 100_000)
    return fields


def _changed(chance: random.Random, fields: list[object]) -> list[object]:
    """The fields with some changes; one time in eleven with none."""
    for _ in range(chance.choice((0, 1, 1, 1, 1, 1, 1, 2, 2, 3, 8))):
        place = chance.randrange(len(fields)) if fields else 0
        other = chance.randrange(len(fields)) if fields else 0
        match chance.randrange(9):
            case 0:
                del fields[place:]
            case 1:
                fields.insert(place, chance.choice(NASTY))
            case 2:
                del fields[place : place + 1]
            case 3 if fields:
                fields[place], fields[other] = fields[other], fields[place]
            case 4:
                fields[other:other] = fields[place : place + chance.randrange(1, 9)]
            case 5 | 6 if fields:
                fields[place] = _alike(chance, str(fields[place]))
            case _:
                fields[place : place + 1] = [chance.choice(NASTY)]
    return fields


def _alike(chance: random.Random, value: str) -> str:
    """Another number for a number and another text for a text, so that more is read to its end."""
    is_number = value.replace(".", "", 1).replace("-", "", 1).isdecimal()
    return chance.choice(NUMBERS if is_number or not value else TEXTS)


def _broken_stream(chance: random.Random, version: int) -> tuple[bytes, ...]:
    noise = chance.randbytes(chance.randrange(1, 200))
    length = struct.pack(">I", chance.choice((0, 1, 7, 2**24, 2**31, 2**32 - 1)))
    request = _framed(_payload(chance.choice(requests(version))))
    greeting = hello(VERSIONS[version])
    openings = (b"", b"API\0", greeting, greeting + _framed(_payload((71, 2, 999, ""))))
    tails = (noise, length + noise, request[: chance.randrange(len(request))], request)
    return _cut(chance, chance.choice(openings) + chance.choice(tails))


def _payload(fields: Sequence[object]) -> bytes:
    return b"".join(str(field).encode() + b"\0" for field in fields) or b"\0"


def _framed(payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + payload


def _cut(chance: random.Random, data: bytes) -> tuple[bytes, ...]:
    """The bytes in one piece, in two, or most rarely one by one."""
    share, cut = chance.random(), chance.randrange(len(data) + 1)
    if share < 0.01:
        return (*(bytes((byte,)) for byte in data[:500]), data[500:])
    return (data[:cut], data[cut:]) if share < 0.2 else (data,)


# --- on disk --------------------------------------------------------------------------------------


def save(path: Path, seed: int, trouble: str, cases: Iterable[Case]) -> None:
    """Write cases down, so that they can be sent again."""
    written = [
        {
            "number": each.number,
            "version": each.version,
            "is_stream": each.is_stream,
            "pieces": [piece.hex() for piece in each.pieces],
        }
        for each in cases
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"seed": seed, "trouble": trouble, "cases": written}
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")


def load(path: Path) -> list[Case]:
    """The cases that were written down."""
    return [
        Case(
            number=each["number"],
            version=each["version"],
            is_stream=each["is_stream"],
            pieces=tuple(bytes.fromhex(piece) for piece in each["pieces"]),
        )
        for each in json.loads(path.read_text(encoding="utf-8"))["cases"]
    ]
