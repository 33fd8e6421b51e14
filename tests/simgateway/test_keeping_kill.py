"""A gateway is killed while a client trades; the next one on its folder knows what was told."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from ib_insync import IB, ExecutionFilter

from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.keeping.plain import decode
from sellkit.simgateway.keeping.state_file import StateFile
from sellkit.simgateway.server import serve
from tests.simgateway.crash_client import SECONDS, Told, gateway_process, trade_until_gone

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sellkit.simgateway.orders.ledger import Execution
    from sellkit.simgateway.orders.order import Order

SCENARIO = default_scenario()
KILLS = int(os.environ.get("SELLKIT_KILLS", "2"))
STANDING = ("--clock", "virtual", "--speed", "0")
ENDED = {"Filled", "Cancelled", "Inactive"}


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


@pytest.mark.parametrize("seed", [1])
def test_whatever_a_client_was_told_outlives_a_kill(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    told = Told()
    words: tuple[str, ...] = (*STANDING, "--at", "2025-11-26T12:00:05")
    for _ in range(KILLS):
        with gateway_process(tmp_path, *words) as (process, port):
            asyncio.run(trade_until_gone(port, chance, told, process))
            assert process.wait(SECONDS) < 0
        check_books(tmp_path)
        words = STANDING
    assert told.executions, "nothing was told, so nothing was tried"
    with serve(SCENARIO, state=tmp_path) as gateway:
        asyncio.run(check_told(gateway.port, told))


def test_a_gateway_that_cannot_write_ends_and_told_nobody_more(tmp_path: Path) -> None:
    told, start = Told(), ("--at", "2025-11-26T12:00:05")
    with gateway_process(tmp_path, *STANDING, *start, most_bytes=150_000) as (process, port):
        asyncio.run(trade_until_gone(port, random.Random(2), told, None))
        assert process.wait(SECONDS) == 2
        assert process.stderr is not None
        assert "the gateway's state could not be written" in process.stderr.read()
    assert told.executions, "nothing was told, so nothing was tried"
    check_books(tmp_path)
    with serve(SCENARIO, state=tmp_path) as gateway:
        asyncio.run(check_told(gateway.port, told))


# --- what the client finds ------------------------------------------------------------------------


async def check_told(port: int, told: Told) -> None:
    """Everything that was told stands in what the next gateway answers."""
    ib = IB()
    await ib.connectAsync("127.0.0.1", port, clientId=1, timeout=SECONDS)
    try:
        assert ib.client.getReqId() > told.highest_id
        fills = await ib.reqExecutionsAsync(ExecutionFilter())
        found = {f.execution.execId: f.execution for f in fills}
        for exec_id, heard in told.executions.items():
            one = found[exec_id]
            assert (one.permId, one.shares, one.price) == heard
        charged = {f.execution.execId: f.commissionReport.commission for f in ib.fills()}
        assert told.commissions.items() <= charged.items()
        await check_orders(ib, told)
    finally:
        ib.disconnect()


async def check_orders(ib: IB, told: Told) -> None:
    working = {t.order.permId: t for t in await ib.reqAllOpenOrdersAsync()}
    ended = {t.order.permId: t for t in await ib.reqCompletedOrdersAsync(apiOnly=False)}
    for perm_id, (status, filled, _price) in told.statuses.items():
        trade = ended[perm_id] if status in ENDED else working.get(perm_id) or ended[perm_id]
        assert trade.order.orderRef == told.references.get(perm_id, trade.order.orderRef)
        if status in ENDED:
            assert trade.orderStatus.status == status
            assert float(trade.order.filledQuantity or 0) >= filled


# --- whether the books add up ---------------------------------------------------------------------


def check_books(folder: Path) -> None:
    """Positions and cash are those of the start and of every fill since."""
    values = stored(folder)
    executions: list[Execution] = [v for (kind, _), v in values.items() if kind == "execution"]
    orders: list[Order] = [v for (kind, _), v in values.items() if kind == "order"]
    quantities: dict[int, Decimal] = defaultdict(Decimal)
    for held in SCENARIO.holdings:
        quantities[held.security.con_id] = held.quantity
    cash = SCENARIO.cash
    for each in executions:
        terms = each.order.terms
        quantities[terms.security.con_id] += terms.sign * each.quantity
        cash -= terms.sign * each.quantity * each.price + each.commission
    lots = {lot[1].con_id: lot[2] for lot in values["books", "ledger lots"]}
    assert {k: v for k, v in lots.items() if v} == {k: v for k, v in quantities.items() if v}
    assert values["books", "ledger cash"] == [["DU0000001", "USD", cash]]
    check_fills(orders, executions)


def check_fills(orders: Iterable[Order], executions: Iterable[Execution]) -> None:
    filled: dict[int, Decimal] = defaultdict(Decimal)
    for each in executions:
        filled[each.order.perm_id] += each.quantity
    for order in orders:
        assert order.filled == filled[order.perm_id]


def stored(folder: Path) -> dict[tuple[str, str], Any]:
    securities = {each.con_id: each for each in SCENARIO.securities}
    file = StateFile(folder)
    file.open()
    rows = file.rows()
    file.close()
    return {(row.kind, row.key): decode(row.body or "", securities) for row in rows}
