"""Frames that no client would send: requests changed at random, from a seed.

`python -m tests.simgateway.fuzzing --seconds 3600 --seed 1` goes on for an hour.
"""

from __future__ import annotations

import argparse
import random
import socket
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.server import serve
from tests.simgateway.plain_order import sell
from tests.simgateway.wire import WireClient, bars, contract, frame, hello

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.simgateway.gateway import Gateway

NOON = parse_instant("2025-11-26T12:00:05")
VERSIONS = ("v100..157", "v157..176", "v157..178")

REQUESTS: tuple[tuple[object, ...], ...] = (
    (1, 11, 7, *contract(), 0, "", 0, 0, ""),
    (2, 2, 7),
    sell(55),
    sell(56, 1),
    (4, 1, 55, ""),
    (5, 1),
    (6, 2, 1, "DU0000001"),
    (7, 3, 1, 0, "", "", "", "", "", ""),
    (8, 1, 1),
    (9, 8, 7, *contract(), 0, "", ""),
    (9, 8, 7, *contract(), 0, "", "", ""),
    (15, 1, 1),
    (16, 1),
    bars(21),
    (25, 1, 21),
    (58, 1),
    (59, 1, 3),
    (61, 1),
    (62, 1, 9, "All", "NetLiquidation,$LEDGER:ALL"),
    (74, 1, 9, "DU0000001", ""),
    (76, 1, 9, "DU0000001", "", 0),
    (81, 9, "AA"),
    (87, 9, *contract(), 0, 1, "TRADES", 1),
    (91, 26),
    (99, 0),
    (71, 2, 1, ""),
)
NASTY = (
    *("", "-1", "0", "1", "9" * 30, "-" + "9" * 18, "2147483647", "2147483648", "1e308", "1e999"),
    *("nan", "Infinite", "1.7976931348623157E308", "true", "\u00e9\u4e2d", "x" * 5000, "%s{0}"),
    *("20251126 12:00:00", "20251126-12:00:00", "5 D", "0 D", "1 day", "TRADES", "BAG", "SMART"),
    *(" ", "\\", "\t", "1.5", "--1", "+1", "\u0661"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many frames were sent, and on how many connections."""

    frames: int
    connections: int


class Fuzzer:
    """Sends changed requests to a gateway, and looks again and again whether it still answers."""

    def __init__(self, gateway: Gateway, seed: int) -> None:
        self._gateway = gateway
        self._random = random.Random(seed)
        self._client: WireClient | None = None
        self._connections = 0

    def run(self, seconds: float, most: int) -> Outcome:
        """Go on for so long, or until so many frames were sent.

        Raises
        ------
        TimeoutError, EOFError
            The gateway stopped answering, or hung up on a client that did nothing wrong.
        """
        ends, frames = time.monotonic() + seconds, 0
        with WireClient(self._gateway) as watcher:
            watcher.start(1000)
            while frames < most and time.monotonic() < ends:
                self._one()
                frames += 1
                if frames % 20 == 0:
                    watcher.ask(49, 1)
            watcher.ask(49, 1)
        if self._client is not None:
            self._client.socket.close()
        return Outcome(frames, self._connections)

    def _one(self) -> None:
        if self._random.random() < 0.1:
            self._broken_stream()
            return
        data = frame(*self._changed(self._random.choice(REQUESTS)))
        try:
            client = self._connected()
            for part in self._parts(data):
                client.socket.sendall(part)
            client.send(49, 1)
            client.until(49)
        except (EOFError, ConnectionError):
            self._forget()

    def _broken_stream(self) -> None:
        """Bytes that are no frames, and then the end of the connection."""
        chance = self._random
        noise = chance.randbytes(chance.randrange(1, 200))
        length = struct.pack(">I", chance.choice((0, 1, 7, 2**24, 2**31, 2**32 - 1)))
        request = frame(*chance.choice(REQUESTS))
        openings = (b"", b"API\0", hello(chance.choice(VERSIONS)))
        tails = (noise, length + noise, request[: chance.randrange(len(request))])
        with WireClient(self._gateway) as client:
            self._connections += 1
            client.socket.sendall(chance.choice(openings) + chance.choice(tails))

    def _changed(self, request: Sequence[object]) -> list[object]:
        """The request with a few changes; one time in ten with none."""
        chance, fields = self._random, list(request)
        for _ in range(chance.choice((0, 1, 1, 1, 1, 1, 2, 2, 3, 8))):
            place = chance.randrange(len(fields)) if fields else 0
            match chance.randrange(6):
                case 0:
                    del fields[place:]
                case 1:
                    fields.insert(place, chance.choice(NASTY))
                case 2:
                    del fields[place : place + 1]
                case _:
                    fields[place : place + 1] = [chance.choice(NASTY)]
        return fields

    def _parts(self, data: bytes) -> list[bytes]:
        """The bytes in one piece, or cut somewhere."""
        cut = self._random.randrange(len(data) + 1)
        return [data] if self._random.random() < 0.8 else [data[:cut], data[cut:]]

    def _connected(self) -> WireClient:
        if self._client is None:
            self._client = WireClient(self._gateway)
            self._client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections += 1
            # Never the same id twice: the gateway may notice the last close a little later.
            self._client.start(self._connections, self._random.choice(VERSIONS))
        return self._client

    def _forget(self) -> None:
        if self._client is not None:
            self._client.socket.close()
            self._client = None


def main() -> None:
    """Fuzz a gateway of its own for as long as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with serve(default_scenario(), clock=VirtualClock(NOON, 0)) as gateway:
        print(Fuzzer(gateway, args.seed).run(args.seconds, 10**12))


if __name__ == "__main__":
    main()
