"""The simulated gateway's share of what a client waits for.

Each figure is measured twice in the same run, in turn and several times: with the gateway, as
`sellkit gateway` in a process of its own, and with its peer, a bare socket server that says the
very bytes that the gateway said before (see `prepared`), without any server logic. The client is
ib_insync in a process of its own; only its brake of 45 requests a second is off. What the client
needs with the peer is its own part: it makes its requests, reads, decodes, and wakes whoever
waits. So

    the server's share = 1 - seconds with the peer / seconds with the gateway,

and the goal, that it is never more than a half, is a ratio of at most 2. The least of all rounds is
taken on both sides, because whatever else the machine does only ever adds.

Bars: one client asks for a year of 30-minute bars of six symbols, one after the other, with epoch
dates, which clients decode fastest and sellkit asks for; its next question waits for the answer, so
nothing that the server does hides behind the client's decoding. Eight clients are eight processes,
as eight people's programs are; in one process they would take turns and hide the server behind one
another. Bars of a series that was asked for before are counted; those that the market makes up for
the first time stand beside, measured on a gateway that just started.

Orders: a trip lasts from placing a market order until the client knows that it is filled. One
order at work is the placed one alone; at 100 there rest 99 others of the same client. The
gateway's clock runs, so whatever it does once a second falls into some of the trips.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.bench.prepared import Peer, Recorder

if TYPE_CHECKING:
    import pytest
    from pytest_benchmark.fixture import BenchmarkFixture

GOAL = 2.0
ROUNDS = 5
MANY = 8
SYMBOLS = ["AAPL", "MSFT", "NVDA", "JPM", "XOM", "SPY"]
TIMES = 3
TRIPS = 600
AT_NOON = ("--at", "2025-11-26T12:00:05", "--speed", "1")
EPOCH, TEXT = 2, 1


class Worker:
    """A client in a process of its own; see `gateway_client`."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.gateway_client"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, do: str, **job: Any) -> None:
        """Set it to work."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **job}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """What came of it."""
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)


@dataclass(frozen=True, slots=True)
class Bars:
    """So many bars in so many seconds."""

    bars: int
    seconds: float


class Clients:
    """Clients that do the same at once."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers

    def together(self, do: str, **job: Any) -> list[dict[str, Any]]:
        """Let all do a job."""
        for worker in self._workers:
            worker.begin(do, **job)
        return [worker.answer() for worker in self._workers]

    def one_by_one(self, do: str, **job: Any) -> list[dict[str, Any]]:
        """Let each do a job, behind the one before."""
        found = []
        for worker in self._workers:
            worker.begin(do, **job)
            found.append(worker.answer())
        return found

    @contextmanager
    def connected(self, port: int) -> Iterator[None]:
        """Connected to a server for as long as the block lasts."""
        for worker in self._workers:
            worker.begin("connect", port=port, client_id=worker.number)
            worker.answer()
        yield
        self.one_by_one("disconnect")


@contextmanager
def clients(count: int) -> Iterator[Clients]:
    """So many clients, each in its own process."""
    workers = [Worker(number) for number in range(1, count + 1)]
    try:
        yield Clients(workers)
    finally:
        for worker in workers:
            worker.close()


@contextmanager
def gateway() -> Iterator[int]:
    """A gateway as users run it; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sellkit", "gateway", "--port", "0", *AT_NOON],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("simulated gateway ready: "), line
        yield int(line.split(",")[0].rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


# --- bars -----------------------------------------------------------------------------------------


def ask(those: Clients, port: int, job: dict[str, Any]) -> Bars:
    """Let all ask at once; from the first question to the last answer."""
    with those.connected(port):
        answers = those.together("bars", **job)
    count = sum(answer["bars"] for answer in answers)
    begin = min(answer["begin"] for answer in answers)
    return Bars(count, max(answer["end"] for answer in answers) - begin)


def bars_job(times: int = TIMES, size: str = "30 mins", form: int = EPOCH) -> dict[str, Any]:
    """What a client asks for."""
    return {"symbols": SYMBOLS * times, "size": size, "duration": "1 Y", "date_format": form}


def prepared_bars(those: Clients, port: int, job: dict[str, Any]) -> Peer:
    """A peer that gives the answers that a gateway gave, each client alone."""
    with Recorder(port) as recorder, those.connected(recorder.port):
        those.one_by_one("bars", **job)
    return Peer(recorder.scripts)


def compare_bars(count: int, job: dict[str, Any], rounds: int) -> tuple[Bars, Bars]:
    """The gateway's best round, and the peer's."""
    with clients(count) as those, gateway() as port, prepared_bars(those, port, job) as peer:
        pairs = [(ask(those, port, job), ask(those, peer.port, job)) for _ in range(rounds)]
    with_gateway, with_peer = (min(side, key=_seconds) for side in zip(*pairs, strict=True))
    assert with_gateway.bars == with_peer.bars
    return with_gateway, with_peer


def compare_first_bars(job: dict[str, Any], rounds: int) -> tuple[Bars, Bars]:
    """The same for the first question of a gateway's life."""
    pairs = []
    with clients(1) as those:
        for _ in range(rounds):
            with gateway() as port:
                first = ask(those, port, job)
                with prepared_bars(those, port, job) as peer:
                    pairs.append((first, ask(those, peer.port, job)))
    with_gateway, with_peer = (min(side, key=_seconds) for side in zip(*pairs, strict=True))
    return with_gateway, with_peer


def _seconds(bars: Bars) -> float:
    return bars.seconds


# --- orders ---------------------------------------------------------------------------------------


def trade(those: Clients, port: int, job: dict[str, Any]) -> list[float]:
    """Seconds of each trip."""
    with those.connected(port):
        found: list[float] = those.one_by_one("orders", **job)[0]["seconds"]
    return found


def compare_orders(
    resting: int, trips: int, rounds: int
) -> tuple[list[list[float]], list[list[float]]]:
    """Trips by round, with the gateway and with the peer."""
    job = {"resting": resting, "trips": trips}
    with clients(1) as those, gateway() as port:
        with Recorder(port) as recorder:
            trade(those, recorder.port, job)
        with Peer(recorder.scripts) as peer:
            pairs = [(trade(those, port, job), trade(those, peer.port, job)) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def p99(seconds: Sequence[float]) -> float:
    """The time that one trip in a hundred exceeds."""
    return statistics.quantiles(seconds, n=100)[98]


# --- the lines ------------------------------------------------------------------------------------


def line(name: str, figure: str, peer: str, ratio: float) -> str:
    """One figure as it is printed."""
    verdict = "met" if ratio <= GOAL else "NOT met"
    share = 1 - 1 / ratio
    return (
        f"  {name:<34}{figure:>16}  peer {peer:>16}  ratio {ratio:5.2f}  "
        f"server {share:4.0%}  goal {GOAL:g}: {verdict}"
    )


def bars_line(name: str, with_gateway: Bars, with_peer: Bars) -> tuple[str, float]:
    """Bars a second, and the ratio of the seconds."""
    ratio = with_gateway.seconds / with_peer.seconds
    figures = [f"{each.bars / each.seconds:,.0f} bars/s" for each in (with_gateway, with_peer)]
    return line(name, *figures, ratio), ratio


def order_lines(
    name: str, trips: list[list[float]], peer_trips: list[list[float]]
) -> list[tuple[str, float]]:
    """Median and p99, each the least of all rounds."""
    found = []
    for what, of in (("median", statistics.median), ("p99", p99)):
        mine, others = min(map(of, trips)), min(map(of, peer_trips))
        texts = [f"{each * 1000:.2f} ms" for each in (mine, others)]
        found.append((line(f"{name}, {what}", *texts, mine / others), mine / others))
    return found


def test_bars_against_prepared_bytes(
    benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        bars_line("bars, one client", *compare_bars(1, bars_job(), ROUNDS)),
        bars_line(f"bars, {MANY} clients", *compare_bars(MANY, bars_job(), ROUNDS)),
        bars_line("bars with written dates", *compare_bars(1, bars_job(form=TEXT), ROUNDS)),
        bars_line("bars never asked for before", *compare_first_bars(bars_job(1), ROUNDS)),
    ]
    show(benchmark, capsys, lines)
    with clients(1) as those, gateway() as port:
        benchmark.pedantic(ask, args=(those, port, bars_job()), rounds=3, iterations=1)


def test_order_round_trips_against_prepared_bytes(
    benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        each
        for resting in (0, 99)
        for each in order_lines(
            f"order, {resting + 1} at work", *compare_orders(resting, TRIPS, ROUNDS)
        )
    ]
    show(benchmark, capsys, lines)
    job = {"resting": 0, "trips": TRIPS}
    with clients(1) as those, gateway() as port:
        benchmark.pedantic(trade, args=(those, port, job), rounds=3, iterations=1)


def show(
    benchmark: BenchmarkFixture,
    capsys: pytest.CaptureFixture[str],
    lines: Sequence[tuple[str, float]],
) -> None:
    """Print the lines, and keep the ratios with what the benchmark writes down."""
    with capsys.disabled():
        print(f"\ngateway against prepared bytes, least of {ROUNDS} rounds taken in turn")
        for text, _ in lines:
            print(text)
    benchmark.extra_info["ratios"] = [ratio for _, ratio in lines]
