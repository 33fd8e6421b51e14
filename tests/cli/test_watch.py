"""`sellkit watch`, from what is typed to what is left behind, also on a connection that breaks."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sellkit.config import Overrides
from sellkit.core.signals import Decision
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.gateway import Gateway
from sellkit.simgateway.server import serve
from sellkit.wiring import open_desk
from sellkit.wiring.watch import open_watch
from tests.bench.portfolio import gateway_with
from tests.cli.command import MOMENT, TICKERS, Workspace, finish, gateway, portfolio, start

# A module's first test waits for the commands that all of them share.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SECONDS = 60.0
POSITIONS = 50


@pytest.fixture(scope="module")
def serving() -> Iterator[Gateway]:
    with gateway() as running:
        yield running


@pytest.fixture
def desk(looked: Workspace, tmp_path: Path) -> Workspace:
    """A copy with a budget of its own: the clock stands still, so all questions are the same."""
    return looked.copy(tmp_path / "copy")


@pytest.fixture(scope="module")
def looked(serving: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A folder in which `status` has been called once."""
    place = Workspace.make(tmp_path_factory.mktemp("desk") / "desk", serving.port)
    assert place.sellkit("status").code == 4
    return place


# --- what it shows --------------------------------------------------------------------------------


def test_a_minute_as_json_is_one_line_with_every_position(desk: Workspace) -> None:
    answer = desk.sellkit("watch", "--json", "--minutes", "1")
    assert (answer.code, answer.err) == (0, "")
    (line,) = answer.out.splitlines()
    told = json.loads(line)
    assert {row["token"] for row in told["rows"]} == TICKERS
    assert (told["minute"], told["skipped"], told["requests"]) == (1, 0, 5)
    apple = next(row for row in told["rows"] if row["token"] == "NASDAQ:AAPL")
    assert apple["protective_stops"] == [120.0]
    assert apple["age_seconds"] < SECONDS
    assert apple["trouble"] is None


def test_it_says_what_status_says(desk: Workspace) -> None:
    status = json.loads(desk.sellkit("status", "--json").out)
    watch = json.loads(desk.sellkit("watch", "--json", "--minutes", "1").out)
    decisions = {row["token"]: (row["decision"], row["average"]) for row in status["rows"]}
    assert {row["token"]: (row["decision"], row["average"]) for row in watch["rows"]} == decisions


def test_piped_it_is_a_plain_table_a_minute(desk: Workspace) -> None:
    answer = desk.sellkit("watch", "--minutes", "1")
    assert answer.code == 0
    assert {ticker for ticker in TICKERS if ticker in answer.out} == TICKERS
    assert "\x1b" not in answer.out
    assert "minute 1" in answer.out


def test_history_that_is_missing_is_not_fetched_and_it_says_what_to_do(
    serving: Gateway, tmp_path: Path
) -> None:
    place = Workspace.make(tmp_path / "fresh", serving.port)
    answer = place.sellkit("watch", "--json", "--minutes", "1")
    told = json.loads(answer.out)
    apple = next(row for row in told["rows"] if row["token"] == "NASDAQ:AAPL")
    assert apple["decision"] == "UNDECIDED"
    assert "sellkit status" in apple["advice"]


# --- how it ends ----------------------------------------------------------------------------------


def test_an_interrupt_ends_it_well_and_leaves_nothing_behind(
    serving: Gateway, desk: Workspace
) -> None:
    before = set(desk.files())
    process = start("watch", "--json", cwd=desk.folder)
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    answer = finish(process)
    assert answer.code == 0
    assert answer.err == "sellkit watch: ended after 1 minute, 0 skipped\n"
    assert first["minute"] == 1
    assert {name for name in set(desk.files()) - before if "segments" not in name} == set()
    with closing(sqlite3.connect(desk.data / "pacing.sqlite")) as ledger:
        (waiting,) = ledger.execute(
            "SELECT count(*) FROM sent WHERE answered_at IS NULL"
        ).fetchone()
        (kept,) = ledger.execute("SELECT max(reserved_until) FROM budget").fetchone()
    assert waiting == 0
    assert kept < time.time()


def test_on_a_terminal_the_table_goes_and_the_cursor_comes_back(desk: Workspace) -> None:
    child, terminal = pty.fork()
    if not child:
        os.environ.update(TERM="xterm", COLUMNS="80", LINES="30")
        os.chdir(desk.folder)
        os.execv(sys.executable, [sys.executable, "-m", "sellkit", "watch"])
    seen = read_until(terminal, b"needs 200 bars")
    os.kill(child, signal.SIGINT)
    seen += read_until(terminal, b"skipped\r\n")
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    assert seen.endswith(b"sellkit watch: ended after 1 minute, 0 skipped\r\n")
    assert seen.rindex(b"\x1b[?25h") > seen.rindex(b"\x1b[?25l")


def read_until(terminal: int, text: bytes) -> bytes:
    """What a terminal shows until a text has come."""
    seen, end = b"", time.monotonic() + SECONDS
    while text not in seen:
        assert time.monotonic() < end, seen
        if select.select([terminal], [], [], 1.0)[0]:
            seen += os.read(terminal, 65536)
    return seen


def test_without_a_gateway_it_ends_with_3_and_one_line(tmp_path: Path) -> None:
    place = Workspace.make(tmp_path / "alone", 1)
    answer = place.sellkit("watch", "--minutes", "1")
    assert answer.code == 3
    assert answer.err.count("\n") == 1


def test_a_number_of_minutes_below_one_is_refused(tmp_path: Path) -> None:
    place = Workspace.make(tmp_path / "none", 1)
    answer = place.sellkit("watch", "--minutes", "0")
    assert (answer.code, answer.err) == (2, "sellkit watch: --minutes 0 is not 1 or more\n")


# --- on a real connection -------------------------------------------------------------------------


def test_rows_age_while_the_gateway_is_away_and_come_back_by_themselves(tmp_path: Path) -> None:
    with gateway() as first:
        place = Workspace.make(tmp_path / "away", first.port)
        chosen = Overrides(config=str(place.settings))
        with open_desk(overrides=chosen) as desk:
            desk.bring_up_to_date()
        watch = open_watch(overrides=chosen)
        shown = [watch.engine.refresh(MOMENT)]
    with watch:
        shown.append(watch.engine.refresh(MOMENT))
        with serve(portfolio(), port=first.port, clock=VirtualClock(MOMENT, 0)):
            watch.desk.parts.broker.wait_until_ready(SECONDS)  # type: ignore[attr-defined]
            shown.append(watch.engine.refresh(MOMENT))
    well, away, back = shown
    assert not well.trouble
    assert away.trouble
    assert not back.trouble
    assert len(back.rows) == len(well.rows) == len(TICKERS)
    assert not back.stale


def test_every_one_of_many_positions_is_as_status_tells_it(tmp_path: Path) -> None:
    slow = [{"message": "historicalData", "seconds": 0.3}]
    with gateway_with(POSITIONS, tmp_path, slow) as bench:
        chosen = replace(bench.settings("many", per_second=500), concurrency=32)
        with open_desk(overrides=chosen) as desk:
            desk.bring_up_to_date()
            told = {row.position.instrument.con_id: row.signal for row in desk.decide().rows}
        with open_watch(overrides=chosen) as watch:
            watched = watch.engine.refresh(watch.clock.now())
    assert watched.requests == POSITIONS
    assert not watched.stale
    seen = {row.con_id: row.row.signal for row in watched.rows}
    assert {key: each.decision for key, each in seen.items()} == {
        key: each.decision for key, each in told.items()
    }
    assert sum(each.decision is not Decision.UNDECIDED for each in seen.values()) == POSITIONS
