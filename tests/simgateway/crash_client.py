"""A client that trades until its gateway is killed, and what it was told by then."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ib_insync import IB, Contract, LimitOrder, MarketOrder, Order, StopOrder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ib_insync import CommissionReport, Fill, Trade

START = """
import resource, sys
if sys.argv[1] != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from sellkit.cli import main
sys.exit(main(["gateway", *sys.argv[2:]]))
"""
CONTRACTS = tuple(Contract(conId=number, exchange="SMART") for number in (265598, 272093))
SECONDS = 30.0


@dataclass
class Told:
    """What the client heard: by permId, by execId, by contract; later news replace earlier."""

    statuses: dict[int, tuple[str, float, float]] = field(default_factory=dict)
    references: dict[int, str] = field(default_factory=dict)
    executions: dict[str, tuple[int, float, float]] = field(default_factory=dict)
    commissions: dict[str, float] = field(default_factory=dict)
    positions: dict[int, tuple[float, float]] = field(default_factory=dict)
    highest_id: int = 0

    def listen(self, ib: IB) -> None:
        """Write down whatever comes from now on."""
        ib.openOrderEvent += self._hear_order
        ib.orderStatusEvent += self._hear_status
        ib.execDetailsEvent += self._hear_fill
        ib.commissionReportEvent += self._hear_commission
        ib.positionEvent += lambda p: self.positions.update(
            {p.contract.conId: (p.position, p.avgCost)}
        )

    def _hear_order(self, trade: Trade) -> None:
        self.references[trade.order.permId] = trade.order.orderRef
        self.highest_id = max(self.highest_id, trade.order.orderId)

    def _hear_status(self, trade: Trade) -> None:
        status = trade.orderStatus
        if status.permId:
            heard = (status.status, status.filled, status.avgFillPrice)
            self.statuses[status.permId] = heard

    def _hear_fill(self, _trade: Trade, fill: Fill) -> None:
        one = fill.execution
        self.executions[one.execId] = (one.permId, one.shares, one.price)

    def _hear_commission(self, _trade: Trade, _fill: Fill, report: CommissionReport) -> None:
        self.commissions[report.execId] = report.commission


@contextmanager
def gateway_process(
    folder: Path, *words: str, most_bytes: int = 0
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A gateway in a process of its own that keeps its state, and its port.

    `most_bytes` is what a file of it can hold at most, as on a full disk; 0 is without a limit.
    """
    start = [sys.executable, "-c", START, str(most_bytes)]
    command = [*start, "--port", "0", "--state", str(folder), *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("simulated gateway ready"), line
            # Also where no start was given, for then it is the one that was kept.
            assert "clock 20251126 12:00:05" in line
            yield process, int(line.split(":")[2].split(",")[0])
        finally:
            process.kill()


# By then the cash is spent, and nothing more will fill.
_TURNS_WITHOUT_A_FILL: Final = 200


async def trade_until_gone(
    port: int, chance: random.Random, told: Told, killed: subprocess.Popen[str] | None
) -> None:
    """Trade with several orders on the way at once, until the gateway is gone.

    `killed` is the gateway's process, which is killed in the midst of it, once it has told fills.
    """
    ib = IB()
    told.listen(ib)
    await asyncio.wait_for(ib.connectAsync("127.0.0.1", port, clientId=1, timeout=SECONDS), SECONDS)
    ib.client.MaxRequests = 0
    # By what was told, not by the clock: on a busy machine nothing is told for a while.
    goal, delay = len(told.executions) + chance.randint(1, 20), chance.uniform(0.0, 0.01)
    turns = _TURNS_WITHOUT_A_FILL
    gone = asyncio.Event()
    ib.disconnectedEvent += gone.set
    number = 0
    with suppress(ConnectionError):
        while not gone.is_set():
            number += 1
            _act(ib, chance, f"ref-{number}")
            await asyncio.sleep(chance.choice((0.0, 0.0, 0.001, 0.004)))
            turns -= 1
            if killed is not None and (len(told.executions) >= goal or not turns):
                asyncio.get_running_loop().call_later(delay, killed.send_signal, signal.SIGKILL)
                killed = None
    ib.disconnect()


def _act(ib: IB, chance: random.Random, reference: str) -> None:
    open_trades = [t for t in ib.openTrades() if t.orderStatus.status == "Submitted"]
    if open_trades and chance.random() < 0.3:
        ib.cancelOrder(chance.choice(open_trades).order)
        return
    size = chance.randint(1, 9)
    order: Order = chance.choice(
        (
            MarketOrder("BUY", size),
            MarketOrder("BUY", size),
            MarketOrder("SELL", 1),
            LimitOrder("BUY", size, 1.0),
            StopOrder("SELL", 1, 1.0),
        )
    )
    order.tif, order.orderRef = "GTC", reference
    ib.placeOrder(chance.choice(CONTRACTS), order)
