"""A gateway in a process of its own that stamps, by real time, the last bars told and each order.

`python -m tests.bench.stamping_gateway SCENARIO TIME` prints its port and the port of its control,
then for each order that came a line with both moments, in seconds on the machine's steady clock,
and the seconds that the gateway's process itself worked between them.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.framing import LENGTH_BYTES
from sellkit.simgateway.recording import Recorder
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve

BARS = b"17\0"


class Stamps(Recorder):
    """In place of a recorder: it hears every message in both directions, and keeps two moments."""

    def __init__(self) -> None:
        super().__init__(lambda: dt.datetime.now(dt.UTC))
        self.is_on = True
        self.last_bars = self.last_cpu = 0.0

    def came(self, client_id: int | None, name: str, fields: object) -> None:
        if name == "placeOrder":
            told = {"client": client_id, "bars": self.last_bars, "order": time.monotonic()}
            told["gateway_cpu"] = time.process_time() - self.last_cpu
            print(json.dumps(told), flush=True)

    def sent(self, client_id: int | None, frame: bytes) -> None:
        if frame[LENGTH_BYTES : LENGTH_BYTES + len(BARS)] == BARS:
            self.last_bars, self.last_cpu = time.monotonic(), time.process_time()


def main(scenario: str, at: str) -> None:
    """Serve until the standard input ends."""
    clock = VirtualClock(dt.datetime.fromisoformat(at), 1)
    with serve(load_scenario(Path(scenario)), clock=clock, control_port=0) as gateway:
        gateway.recorder = Stamps()
        assert gateway.control is not None
        told = {"port": gateway.port, "control": asdict(gateway.control.address)}
        print(json.dumps(told), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
