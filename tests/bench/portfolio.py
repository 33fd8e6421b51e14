"""A portfolio of made-up instruments, a gateway in a process of its own, and settings for both.

The gateway does not share its interpreter with what is measured: one that ran on a thread would
take turns with the client, and its work would be counted as the client's.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sellkit.config import Overrides

ACCOUNT = "DU7654321"
AT = "2026-06-10T11:00:20"  # on New York's clock: the hour from 10:00 has just closed
LENGTHS = (5, 10, 20, 50, 100, 150, 200)
CHOICES = tuple(
    (kind, length, timeframe)
    for timeframe in ("1H", "1D")
    for kind in ("SMA", "EMA")
    for length in LENGTHS
)

SETTINGS = """\
profile = "bench"

[accounts]
bench = "{account}"

{requests}
[profiles.bench]
port = {port}
clock = "broker"
assignments = "assigned_ma.csv"
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """A gateway that runs, and how to write settings that lead to it."""

    port: int
    folder: Path

    @property
    def control_file(self) -> Path:
        """Where the gateway wrote how it is steered."""
        return self.folder / "control.json"

    def settings(self, name: str, per_second: float | None = None) -> Overrides:
        """Settings with a data folder of their own; the default budget unless one is given."""
        folder = self.folder / name
        folder.mkdir()
        requests = "" if per_second is None else f"[requests]\nper_second = {per_second}\n"
        (folder / "sellkit.toml").write_text(
            SETTINGS.format(account=ACCOUNT, port=self.port, requests=requests), encoding="utf-8"
        )
        rows = (self.folder / "assigned_ma.csv").read_text(encoding="utf-8")
        (folder / "assigned_ma.csv").write_text(rows, encoding="utf-8")
        return Overrides(config=str(folder / "sellkit.toml"))


@contextmanager
def gateway_with(
    count: int, folder: Path, latency: Sequence[Mapping[str, object]] = (), at: str = AT
) -> Iterator[Bench]:
    """A gateway that holds `count` instruments, assigned the 28 averages in turn.

    Its market is synthetic, and its clock stands still twenty seconds after an hour's end, or at
    another time; `latency` has the tables of a scenario.
    """
    symbols = [f"S{number:03d}" for number in range(count)]
    positions = [
        {
            "symbol": symbol,
            "conId": 1000 + number,
            "primaryExchange": "NASDAQ" if number % 2 else "NYSE",
            "position": 100 + number,
            "avgCost": 50,
        }
        for number, symbol in enumerate(symbols)
    ]
    scenario = folder / "scenario.json"
    told = {"account": ACCOUNT, "positions": positions, "latency": list(latency)}
    scenario.write_text(json.dumps(told), encoding="utf-8")
    rows = ["ticker,type,length,timeframe"]
    for number, position in enumerate(positions):
        kind, length, timeframe = CHOICES[number % len(CHOICES)]
        token = f"{position['primaryExchange']}:{position['symbol']}"
        rows.append(f"{token},{kind},{length},{timeframe}")
    (folder / "assigned_ma.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    with _started(scenario, folder / "control.json", at) as port:
        yield Bench(port, folder)


@contextmanager
def _started(scenario: Path, control: Path, at: str) -> Iterator[int]:
    flags = ["--port", "0", "--scenario", str(scenario), "--at", at, "--speed", "0"]
    flags += ["--control-port", "0", "--control-file", str(control)]
    process = subprocess.Popen(
        [sys.executable, "-m", "sellkit", "gateway", *flags], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("simulated gateway ready: "), line
        yield int(line.split(",")[0].rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()
