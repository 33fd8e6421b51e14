"""Whole runs: by hand, as a demo, on a schedule, and with a gateway that goes away.

They run two at a time from the start, and each test waits for the one it looks at.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import sqlite3
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sellkit.core.market_time import UTC
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.gateway import Gateway
from tests.cli.command import (
    ACCOUNT,
    ASSIGNED,
    MOMENT,
    TICKERS,
    Answer,
    HeldPace,
    StoppingMarket,
    Workspace,
    finish,
    gateway,
    start,
)
from tests.cli.leaks import leaks

# A module's first test waits for the commands that all of them share.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SIGNAL_KEYS = (
    *("timestamp", "account", "ticker", "close", "ma_type", "ma_length", "timeframe", "ma_value"),
    *("distance_pct", "decision", "reasons", "action_prepared", "action_executed", "order_id"),
    *("errors", "run_id"),
)
CHANNEL = '[alerts]\nlow_disk_megabytes = 0\n[alerts.channels]\nfile = "info"\n'
FILE = {"SELLKIT_ALERT_FILE": "file:told.jsonl"}
KEPT = re.compile(r"\d{4}-\d\d-\d\d/\d{6}Z_[0-9a-f]{8}\.ipynb")
BEFORE_THE_HOUR = dt.datetime(2026, 6, 10, 14, 58, tzinfo=UTC)


@dataclass(frozen=True)
class Done:
    """A command that has ended, the folder it worked in, and how long it took."""

    place: Workspace
    answer: Answer
    seconds: float


@dataclass(frozen=True)
class Long:
    """The commands that take long."""

    run: Future[Done]
    demo: Future[Done]
    schedule: Future[Done]
    stopped: Future[Done]


@pytest.fixture(scope="module")
def serving() -> Iterator[Gateway]:
    with gateway() as running:
        yield running


@pytest.fixture(scope="module")
def long(serving: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Long]:
    root = tmp_path_factory.mktemp("long")
    place = Workspace.make(root / "run", serving.port)
    with ThreadPoolExecutor(2) as pool:
        yield Long(
            pool.submit(timed, place, "run"),
            pool.submit(timed, Workspace.make(root / "demo", serving.port), "demo"),
            pool.submit(scheduled, root / "schedule"),
            pool.submit(stopped, root / "stopped"),
        )


def timed(place: Workspace, *words: str) -> Done:
    begun = time.monotonic()
    # Variables that would lead elsewhere, which a demo has to resist and a flag to outdo.
    variables = {"SELLKIT_PROFILE": "live", "SELLKIT_LOG_DIR": str(place.folder / "elsewhere")}
    answer = place.sellkit(*words, variables=variables if words == ("demo",) else None)
    return Done(place, answer, time.monotonic() - begun)


def scheduled(folder: Path) -> Done:
    """A schedule that waits from 14:58, and a minute passes in a second once it has said so."""
    pace = HeldPace()
    with gateway(clock=VirtualClock(BEFORE_THE_HOUR, 60, pace)) as fast:
        place = with_channel(Workspace.make(folder, fast.port))
        process = start("schedule", "--once", cwd=place.folder, variables=FILE)
        assert process.stdout is not None
        announced = process.stdout.readline()
        pace.release()
        answer = finish(process)
    return Done(place, replace(answer, out=announced + answer.out), 0.0)


def stopped(folder: Path) -> Done:
    """A run whose gateway goes away as soon as it has been asked for bars."""
    market = StoppingMarket()
    with gateway(market=market) as going:
        place = with_channel(Workspace.make(folder, going.port))
        process = start("run", cwd=place.folder, variables=FILE)
        assert market.was_asked.wait(60)
    return Done(place, finish(process), 0.0)


def with_channel(place: Workspace) -> Workspace:
    """A place whose alerts go into a file."""
    text = place.settings.read_text(encoding="utf-8")
    place.settings.write_text(f"{text}{CHANNEL}", encoding="utf-8")
    return place


def alerts(place: Workspace) -> list[str]:
    """What was told over the channel, an alert a line, without what to do about it."""
    messages = lines_of(place.data / "told.jsonl")
    lines = [line for each in messages for line in str(each["body"]).splitlines()]
    return [line for line in lines if line.startswith("#")]


def lines_of(path: Path) -> list[Mapping[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def journal(place: Workspace, query: str) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(place.data / "journal.sqlite")) as database:
        database.row_factory = sqlite3.Row
        return database.execute(query).fetchall()


def cells(notebook: Path) -> list[Mapping[str, object]]:
    content = json.loads(notebook.read_text(encoding="utf-8"))
    return [cell for cell in content["cells"] if cell["cell_type"] == "code"]


# --- run ------------------------------------------------------------------------------------------


def test_a_run_with_undecided_positions_ends_with_code_4_and_says_every_decision(
    long: Long,
) -> None:
    answer = long.run.result().answer
    assert answer.code == 4, answer.err
    assert {ticker for ticker in TICKERS if ticker in answer.out} == TICKERS
    assert "unassigned" in answer.out
    assert answer.err == ""


def test_the_executed_notebook_is_kept_by_day_time_and_run(long: Long) -> None:
    done = long.run.result()
    (notebook,) = done.place.notebooks
    assert KEPT.fullmatch(notebook.relative_to(done.place.data / "runs").as_posix())
    assert str(notebook) in done.answer.out
    assert all(cell["execution_count"] for cell in cells(notebook))


def test_the_executed_notebook_stays_small(long: Long) -> None:
    (notebook,) = long.run.result().place.notebooks
    assert notebook.stat().st_size < 1_000_000


def test_a_run_and_its_notebook_pass_the_audit_and_the_day_has_its_backup(long: Long) -> None:
    place = long.run.result().place
    answer = place.sellkit("audit", "verify")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.endswith("rows and 1 notebook read: all well\n")
    (kept,) = journal(place, "SELECT path FROM notebook_kept")
    assert place.data / kept["path"] == place.notebooks[0]
    assert len(list((place.data / "backups").iterdir())) == 1


def test_a_run_that_failed_has_its_notebook_in_the_journal_all_the_same(long: Long) -> None:
    place = long.stopped.result().place
    assert journal(place, "SELECT count(*) FROM notebook_kept")[0][0] == 1
    assert place.sellkit("audit", "verify").code == 0


def test_every_position_has_its_line_of_signals_with_exactly_the_agreed_keys(long: Long) -> None:
    place = long.run.result().place
    (notebook,) = place.notebooks
    signals = lines_of(place.data / "logs" / "signals.jsonl")
    assert {str(line["ticker"]) for line in signals} == TICKERS
    assert len(signals) == len(TICKERS)
    for line in signals:
        assert tuple(line) == SIGNAL_KEYS
        assert (line["account"], line["run_id"]) == ("demo", notebook.stem.partition("_")[2])
        assert line["action_executed"] is None


def test_signals_journal_and_terminal_tell_the_same_decisions(long: Long) -> None:
    done = long.run.result()
    signals = lines_of(done.place.data / "logs" / "signals.jsonl")
    told = {str(line["ticker"]): line["decision"] for line in signals}
    rows = journal(done.place, "SELECT ticker, decision FROM decision")
    assert {row["ticker"]: row["decision"] for row in rows} == told
    for ticker, decision in told.items():
        assert re.search(rf"^{decision} +{ticker} ", done.answer.out, re.MULTILINE)


def test_the_journal_holds_the_run_its_orders_and_what_it_saw(long: Long) -> None:
    place = long.run.result().place
    (run,) = journal(place, "SELECT * FROM run JOIN run_end USING (run_id)")
    assert (run["mode"], run["account"], run["gateway"]) == ("DRY RUN", "demo", "simulated")
    assert (run["outcome"], run["as_of"]) == ("undecided", MOMENT.isoformat())
    assert len(journal(place, "SELECT * FROM position_seen")) == len(TICKERS)
    assert len(journal(place, "SELECT * FROM order_seen")) == 2
    exits = journal(place, "SELECT ticker FROM decision WHERE decision = 'EXIT'")
    tickets = journal(place, "SELECT * FROM ticket")
    assert exits
    assert {row["ticker"] for row in tickets} == {row["ticker"] for row in exits}
    for ticket in tickets:
        order = json.loads(ticket["order"])["order"]
        assert (order["action"], order["tif"], order["account"]) == ("SELL", "DAY", "demo")


def test_an_unattended_run_without_a_default_leaves_the_assignments_alone(long: Long) -> None:
    assert long.run.result().place.assigned.read_text(encoding="utf-8") == ASSIGNED


def test_the_account_number_stands_nowhere_but_in_the_settings(long: Long) -> None:
    for done in (long.run.result(), long.stopped.result(), long.schedule.result()):
        assert leaks(done.place.folder, ACCOUNT, but=(done.place.settings,)) == []
        assert ACCOUNT not in done.answer.out + done.answer.err


def test_a_run_that_loses_its_gateway_ends_with_code_3_in_one_line(long: Long) -> None:
    answer = long.stopped.result().answer
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.count("\n") == 1, answer.err
    assert answer.err.startswith("sellkit run: ")


def test_a_failed_run_keeps_its_notebook_with_the_error_in_place(long: Long) -> None:
    done = long.stopped.result()
    (notebook,) = done.place.notebooks
    assert str(notebook) in done.answer.err
    assert "NotConnected" in json.dumps([cell["outputs"] for cell in cells(notebook)])


def test_a_failed_run_decides_nothing(long: Long) -> None:
    place = long.stopped.result().place
    assert journal(place, "SELECT * FROM decision") == []
    assert not (place.data / "logs" / "signals.jsonl").exists()


def test_a_failed_run_is_told_to_a_person(long: Long) -> None:
    place = long.stopped.result().place
    (notebook,) = place.notebooks
    told = [each for each in alerts(place) if " critical, run failed, " in each]
    assert len(told) == 1, alerts(place)
    assert str(notebook) in told[0]


def test_no_order_ever_reached_the_gateway(serving: Gateway, long: Long) -> None:
    assert long.run.result().answer.code == 4
    assert serving.exchange.placed_orders == []
    names = {received.name for received in serving.requests}
    assert "reqPositions" in names
    assert not {name for name in names if "place" in name.lower() or "cancelorder" in name.lower()}


# --- demo -----------------------------------------------------------------------------------------


def test_the_demo_shows_an_exit_a_hold_and_an_undecided_with_their_reasons(long: Long) -> None:
    answer = long.demo.result().answer
    assert answer.code == 0, answer.err
    assert re.search(r"^EXIT +\S+ +close .* is strictly below ", answer.out, re.MULTILINE)
    assert re.search(r"^HOLD +\S+ +close .* is not below ", answer.out, re.MULTILINE)
    assert re.search(r"^UNDECIDED +NYSE:KVYO +history is too short", answer.out, re.MULTILINE)


def test_the_demo_says_where_its_notebook_is_and_assigns_what_was_missing(long: Long) -> None:
    done = long.demo.result()
    (notebook,) = done.place.notebooks
    assert str(notebook) in done.answer.out
    book = (done.place.data / "assigned_ma.csv").read_text(encoding="utf-8")
    assert "NASDAQ:NVDA,SMA,20,1H" in book


def test_the_demo_writes_below_its_own_folder_only(long: Long) -> None:
    place = long.demo.result().place
    assert place.assigned.read_text(encoding="utf-8") == ASSIGNED
    elsewhere = [
        path
        for path in place.folder.rglob("*")
        if path.is_file() and not path.is_relative_to(place.data)
    ]
    assert sorted(elsewhere) == [place.assigned, place.settings]


def test_the_demos_gateway_received_no_order(long: Long) -> None:
    assert "orders that the gateway received: 0\n" in long.demo.result().answer.out


def test_the_demo_takes_less_than_a_minute(long: Long) -> None:
    assert long.demo.result().seconds < 60


# --- told to end ----------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal for another process")
def test_a_run_that_is_told_to_end_keeps_its_notebook_and_closes_as_failed(tmp_path: Path) -> None:
    market = StoppingMarket()
    with gateway(market=market) as going:
        place = Workspace.make(tmp_path / "ended", going.port)
        process = start("run", cwd=place.folder)
        assert market.was_asked.wait(60)
        process.send_signal(signal.SIGTERM)
        answer = finish(process)
    assert answer.code == 1
    assert "KeyboardInterrupt" in answer.err
    assert "Traceback" not in answer.err
    (notebook,) = place.notebooks
    assert any(cell["outputs"] for cell in cells(notebook))
    (end,) = journal(place, "SELECT * FROM run_end")
    assert end["outcome"].startswith("failed: ")


# --- schedule -------------------------------------------------------------------------------------


def test_the_schedule_waits_for_the_hours_end_and_runs_once(long: Long) -> None:
    done = long.schedule.result()
    assert done.answer.code == 4, done.answer.err
    assert done.answer.out.startswith("next run at 2026-06-10 15:00:20 UTC\n")
    (run,) = journal(done.place, "SELECT * FROM run")
    begun = dt.datetime.fromisoformat(run["as_of"])
    assert MOMENT.replace(second=20) <= begun < MOMENT.replace(minute=59)
    assert len(done.place.notebooks) == 1


def test_what_a_scheduled_run_signals_and_leaves_undecided_is_told_once(long: Long) -> None:
    place = long.schedule.result().place
    told = alerts(place)
    assert len({each.split()[0] for each in told}) == len(told)
    exits = {row["ticker"] for row in journal(place, DECIDED.format("EXIT"))}
    assert exits
    assert {told_of(each) for each in told if " signal, " in each} == exits
    undecided = {row["ticker"] for row in journal(place, DECIDED.format("UNDECIDED"))}
    kinds = (" undecided, ", " unassigned, ")
    assert {told_of(each) for each in told if any(kind in each for kind in kinds)} == undecided


def test_a_schedule_leaves_a_heartbeat_that_tells_its_last_run(long: Long) -> None:
    place = long.schedule.result().place
    beat = json.loads((place.data / "heartbeat.json").read_text(encoding="utf-8"))
    assert (beat["last_due"], beat["outcome"]) == ("2026-06-10T15:00:00+00:00", "undecided")
    assert (beat["is_kept"], beat["is_own_time"]) == (False, True)


DECIDED = "SELECT ticker FROM decision WHERE decision = '{}'"


def told_of(line: str) -> str:
    """The token that an alert begins with."""
    return line.partition(" UTC: ")[2].partition(": ")[0]
