"""Kills and races in short, and whether what looks at them would see what must not be.

`make crashes` kills 1,000 times, at every point, and plays 200 races of each kind.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ib_insync import IB, MarketOrder, Stock

from tests.crash.matrix import Kill, counted, play, troubles
from tests.crash.points import Point
from tests.crash.races import stops_that_fill, told_twice, whole_runs
from tests.crash.verdict import books, sent, unfinished, unsafe
from tests.crash.world import World, world

SEED = int(os.environ.get("CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
AT_ONCE = 4
RACES = 10
MOMENTS = ("the commit of ticket_claim", "placeOrder", "cancelOrder", "renamed")
"""One of each is among the points of the short form; any point may be another."""


@pytest.fixture(scope="module")
def points() -> tuple[Point, ...]:
    return counted()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_killed_at_any_point_leaves_one_close_of_each_position(
    points: tuple[Point, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\ncrash seed {SEED} (CRASH_SEED={SEED} plays it again)")
    chance = random.Random(SEED)
    kills = [Kill(chance.choice([each for each in points if word in each[0]])) for word in MOMENTS]
    kills += [Kill(chance.choice(points), chance.choice(points), tuple(troubles(chance)))]
    kills += [Kill(chance.choice(points), rules=tuple(troubles(chance)), retries=True)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for kill, outcome in zip(kills, pool.map(play, kills), strict=True):
            assert not outcome.problems, "\n".join([str(kill), *outcome.problems])
            assert outcome.states


@pytest.mark.timeout(300)
def test_a_dry_run_killed_and_begun_anew_sends_nothing() -> None:
    chance = random.Random(SEED)
    outcome = play(Kill(chance.choice(counted("dry")), work="dry"))
    assert outcome.died == 1
    assert outcome.problems == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_that_close_the_same_positions_place_one_order_each() -> None:
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda seed: told_twice(RACES // 2, seed), [SEED, SEED + 1])
        assert [each for problems in found for each in problems] == []


@pytest.mark.timeout(300)
def test_two_whole_runs_at_one_time_close_each_position_once() -> None:
    assert whole_runs(same_client=SEED % 2 == 0) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_stop_that_fills_while_it_is_cancelled_never_leaves_the_account_short() -> None:
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda seed: stops_that_fill(RACES // 2, seed), [SEED, SEED + 1])
        assert [each for problems, _ in found for each in problems] == []


def test_the_long_soak_begins_with_every_kill_and_race() -> None:
    asked = planned("soak")
    assert re.search(r"-m tests\.crash --kills 1000\b", asked)
    assert "-m tests.soak --minutes 1440" in asked
    assert "-m tests.crash" not in planned("soak", "SOAK_SEED=7")


def planned(*words: str) -> str:
    """What `make` would do."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed here")
    folder = Path(__file__).parents[2]
    told = subprocess.run(
        [make, "--dry-run", *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return told.stdout


# --- whether it would be seen ---------------------------------------------------------------------


def sell(found: World, symbol: str, count: int) -> None:
    """Something else sells as sellkit does, beside it."""

    async def session() -> None:
        ib = IB()
        await ib.connectAsync("127.0.0.1", found.gateway.port, clientId=1)
        try:
            order = MarketOrder(
                "SELL", count, account=found.gateway.account, orderRef="SK1-stray-1"
            )
            trade = ib.placeOrder(Stock(symbol, "SMART", "USD"), order)
            while not trade.isDone():
                await asyncio.wait_for(ib.updateEvent, 10)
        finally:
            ib.disconnect()

    asyncio.run(session())


def test_an_order_that_nobody_claimed_a_short_sale_and_a_lost_fill_are_seen() -> None:
    with world() as found:
        told = found.run()
        assert told is not None
        assert not told.error
        assert unsafe(books(found.gateway, found.folder)) == []
        assert unfinished(books(found.gateway, found.folder)) == []
        sell(found, "AAPL", 5)
        last = books(found.gateway, found.folder)
        seen = "\n".join([*unsafe(last), *unfinished(last)])
        assert "never claimed" in seen
        assert "AAPL: -5 were held" in seen
        assert "is not in the ledger" in seen
        assert "placeOrder" in sent(found.gateway)


def test_a_journal_that_is_not_the_last_is_seen() -> None:
    with world() as found:
        path = _journalled(found) / "data" / "journal.head"
        path.write_bytes(path.read_bytes().replace(b"0", b"1"))
        assert any("journal" in each for each in unsafe(books(found.gateway, found.folder)))


def test_two_sells_that_live_at_one_time_are_seen() -> None:
    with world() as found:
        found.control.set_speed(0)
        rest = {"orderType": "LMT", "lmtPrice": 900}
        found.control.place("AAPL", "SELL", 30, **rest)
        with_two = books(found.gateway, _journalled(found))
        assert any("lived at one time" in each for each in unsafe(with_two))


def _journalled(found: World) -> Path:
    told = found.run(work="reconcile")
    assert told is not None
    return found.folder
