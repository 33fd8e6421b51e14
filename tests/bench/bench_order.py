"""From the last bar to the first order: a prepared, armed run over 100 positions.

Both moments are taken in the gateway, which is another process: when the answer with the last bars
left it, and when the first order came in. Between them lie, on both sides, the socket and the
gateway's own turns; and, of sellkit, the decision, a look at the gateway's lists, the journal and
every gate. Beside it stands the bare ib_insync client that orders upon its last bar.

A machine that others use makes everybody wait, so that beside the time there stands for how long
each of the two processes had a core to itself.

`SELLKIT_BENCH_HOURS` says how many hours are run; the usual few show the median, not the tail.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import ib_insync
import pytest

from sellkit.config import Overrides, load
from sellkit.core.arming import Arming
from sellkit.core.portfolio import Account, GatewayKind
from sellkit.operate.timing import Timing
from sellkit.present.progress import LineProgress
from sellkit.simgateway.control import Control
from sellkit.simgateway.control_file import ControlAddress
from sellkit.wiring import open_desk
from sellkit.wiring.live import open_switches
from sellkit.wiring.probing import probe

POSITIONS = 100
SPARE = 10
"""As positions are closed there are fewer; so many more there are in the beginning."""

EXITS = 2
HOURS = int(os.environ.get("SELLKIT_BENCH_HOURS", "5"))
GOAL_SECONDS = 0.050
ACCOUNT = Account("bench", "DU7654321")
SECRET = "a secret that is long enough"
BEGINNING = "2026-06-08T13:40:00+00:00"
MONDAY = dt.date(2026, 6, 8)
LAG = dt.timedelta(seconds=5)

SETTINGS = """\
profile = "bench"
[accounts]
bench = "{number}"
[orders]
max_shares = 100000
max_notional = 100000000
max_orders = 10000
max_daily_notional = 1000000000
require_above_break_even = false
max_quote_gap = 0.9
[bars]
late_seconds = 0.0
[profiles.bench]
port = {port}
clock = "broker"
gateway = "simulated"
account = "bench"
assignments = "assigned_ma.csv"
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A gateway that stamps, and settings that lead to it."""

    port: int
    control: Control
    process: subprocess.Popen[str]
    overrides: Overrides
    symbols: tuple[str, ...]

    def first_order(self, orders: int) -> tuple[float, float]:
        """Seconds from the last bars to the first of so many orders, and the gateway's own work."""
        assert self.process.stdout is not None
        first, *_ = [json.loads(self.process.stdout.readline()) for _ in range(orders)]
        return float(first["order"] - first["bars"]), float(first["gateway_cpu"])


class Costed(Timing):
    """The parts of a run, and how long its process worked from the last answer to the order."""

    def __init__(self) -> None:
        super().__init__()
        self.cpu, self._since = 0.0, 0.0

    def answer(self) -> None:
        super().answer()
        self._since = time.process_time()

    def place(self) -> None:
        if not self.cpu:
            self.cpu = time.process_time() - self._since
        super().place()


@dataclass(frozen=True, slots=True)
class Hour:
    """Seconds from the last bars to the first order, and of work in either process meanwhile."""

    seconds: float
    own_cpu: float
    gateway_cpu: float
    parts: Mapping[str, object]

    def __str__(self) -> str:
        names = ("last_answer_to_decision", "decision_to_journal", "journal_to_first_order")
        parts = ", ".join(f"{n.replace('_', ' ')} {1000 * self.parts[n]:.1f}" for n in names)
        return (
            f"{1000 * self.seconds:6.1f} ms, of work {1000 * self.own_cpu:.1f} here and "
            f"{1000 * self.gateway_cpu:.1f} in the gateway; {parts}"
        )


class Jumping:
    """A clock whose waits move the gateway's; a moment later everybody has noticed."""

    def __init__(self, now: Callable[[], dt.datetime], control: Control) -> None:
        self.now = now
        self._control = control

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        if instant > self.now():
            self._control.set_clock(instant)
            time.sleep(1.1)


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """The gateway with its portfolio, an account that is armed, and a probe that was passed."""
    symbols = tuple(f"S{number:03d}" for number in range(POSITIONS + SPARE))
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
    scenario.write_text(json.dumps({"account": ACCOUNT.number, "positions": positions}), "utf-8")
    tokens = [f"{each['primaryExchange']}:{each['symbol']}" for each in positions]
    (folder / "assigned_ma.csv").write_text(_rows(tokens, {}), "utf-8")
    command = [sys.executable, "-m", "tests.bench.stamping_gateway", str(scenario), BEGINNING]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        path = folder / "sellkit.toml"
        path.write_text(SETTINGS.format(number=ACCOUNT.number, port=told["port"]), "utf-8")
        with Control(ControlAddress(**told["control"])) as control:
            yield Stage(told["port"], control, process, Overrides(config=str(path)), symbols)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _rows(tokens: list[str], choices: dict[str, str]) -> str:
    usual = "SMA,200,1H"
    rows = [f"{token},{choices.get(token, usual)}" for token in tokens]
    return "\n".join(["ticker,type,length,timeframe", *rows, ""])


def made_ready(where: Stage, folder: Path) -> None:
    """Fetch the history, choose averages that the closes lie well above, probe and arm."""
    quick = folder / "quick.toml"
    text = (folder / "sellkit.toml").read_text("utf-8")
    quick.write_text(text + "\n[requests]\nper_second = 1000\nconcurrency = 32\n", "utf-8")
    with open_desk(overrides=Overrides(config=str(quick)), progress=_silent()) as desk:
        desk.bring_up_to_date()
        desk.parts.store.compact()
        rows, now = desk.decide().rows, desk.parts.clock.now()
    choices = {}
    for row in rows:
        hourly = [each for each in row.readings if each.timeframe == "1H" and each.value]
        lowest = min(hourly, key=lambda each: each.value or math.inf)
        average = lowest.average
        choices[str(row.position.instrument.token)] = f"{average.kind},{average.length},1H"
    (folder / "assigned_ma.csv").write_text(_rows(list(choices), choices), "utf-8")
    assert probe(where.overrides, _silent(), instrument="NYSE:S000").is_passed
    settings = load(where.overrides)
    open_switches(settings).arm(
        Arming(
            arming_id="0badcafe",
            profile="bench",
            account=ACCOUNT.alias,
            fingerprint=ACCOUNT.fingerprint,
            gateway=GatewayKind.SIMULATED,
            armed_at=now,
            until=now + dt.timedelta(days=5),
            max_notional=Decimal(10_000_000_000),
        )
    )


def hour(where: Stage, number: int) -> Hour:
    """Run one hour, begun a minute ahead."""
    day, of_day = divmod(number, 5)
    date = MONDAY + dt.timedelta(days=day + 2 * (day // 5))
    end = dt.datetime.combine(date, dt.time(15 + of_day), dt.UTC)
    falling = where.symbols[-EXITS * (number + 1) :][:EXITS]
    where.control.set_clock(end - dt.timedelta(minutes=20))
    for symbol in falling:
        where.control.move_price(symbol, 0.7)
    where.control.set_clock(end - dt.timedelta(seconds=60))
    run_id = f"{number:08x}"
    with open_desk(
        overrides=where.overrides, dry_run=False, run_id=run_id, progress=_silent()
    ) as desk:
        desk.parts = replace(desk.parts, clock=Jumping(desk.parts.clock.now, where.control))
        desk.timing = timing = Costed()
        desk.reconcile()
        desk.prepare()
        run = desk.record(desk.decide())
        sent = desk.submit(run)
    assert sent, [(str(row.position.instrument), row.verdict) for row in run.exits]
    seconds, gateway = where.first_order(len(sent))
    return Hour(seconds, timing.cpu, gateway, timing.parts())


def bare(where: Stage) -> float:
    """A plain client that asks for as many bars at the same pace, and orders upon the last."""

    async def order() -> None:
        ib = ib_insync.IB()
        await ib.connectAsync("127.0.0.1", where.port, clientId=99)
        asked = []
        for number in range(POSITIONS):
            question = ib.reqHistoricalDataAsync(
                ib_insync.Contract(conId=1000 + number, exchange="SMART"),
                endDateTime="",
                durationStr="1 D",
                barSizeSetting="30 mins",
                whatToShow="TRADES",
                useRTH=True,
                formatDate=2,
            )
            if asked:
                await asyncio.sleep(0.1)
            asked.append(asyncio.ensure_future(question))
        assert all(await asyncio.gather(*asked))
        contract = ib_insync.Contract(conId=1000, exchange="SMART", secType="STK", currency="USD")
        ib.placeOrder(contract, ib_insync.MarketOrder("SELL", 1))
        await asyncio.sleep(0.5)
        ib.disconnect()

    asyncio.run(order())
    return where.first_order(1)[0]


def test_from_the_last_bar_to_the_first_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLKIT_LIVE_SECRET", SECRET)
    monkeypatch.setenv("SELLKIT_STATE_DIR", str(tmp_path / "state"))
    with stage(tmp_path) as where:
        made_ready(where, tmp_path)
        found = []
        for number in range(HOURS):
            found.append(hour(where, number))
            with capsys.disabled():
                print(f"\n  {found[-1]}", end="")
        peer = [bare(where) for _ in range(3)]
    with capsys.disabled():
        print(f"\n{told_of(found)}")
        print(f"  a bare ib_insync client {statistics.median(peer) * 1000:.1f} ms")


def told_of(hours: Sequence[Hour]) -> str:
    """The figures of all hours, each in milliseconds."""
    taken = sorted(1000 * each.seconds for each in hours)
    worst = taken[math.ceil(0.99 * len(taken)) - 1]
    own = statistics.median(1000 * each.own_cpu for each in hours)
    gateway = statistics.median(1000 * each.gateway_cpu for each in hours)
    return (
        f"{POSITIONS} positions, {len(hours)} hours: from the last bars to the first order\n"
        f"  median {statistics.median(taken):.1f} ms, p99 {worst:.1f} ms, best {taken[0]:.1f} ms\n"
        f"  of work, medians: {own:.1f} ms here, {gateway:.1f} ms in the gateway\n"
        f"  goal {GOAL_SECONDS * 1000:.0f} ms: {'met' if worst < 1000 * GOAL_SECONDS else 'missed'}"
        f"; {os.getloadavg()[0]:.1f} processes wanted a core"
    )


def _silent() -> LineProgress:
    return LineProgress(lambda _line: None)
