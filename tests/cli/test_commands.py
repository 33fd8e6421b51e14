"""The short commands, from what is typed to what is on the disk afterwards."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from sellkit.simgateway.gateway import Gateway
from tests.cli.command import (
    ASSIGNED,
    TICKERS,
    Workspace,
    finish,
    gateway,
    newest_segment,
    start,
)
from tests.simgateway.wire import WireClient

# A module's first test waits for the commands that all of them share.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LENGTHS = (5, 10, 20, 50, 100, 150, 200)


@pytest.fixture(scope="module")
def serving() -> Iterator[Gateway]:
    with gateway() as running:
        yield running


@pytest.fixture(scope="module")
def desk(serving: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A folder in which `status` has been called once, for what only looks."""
    place = Workspace.make(tmp_path_factory.mktemp("desk") / "desk", serving.port)
    assert place.sellkit("status", "--client-id", "20").code == 4
    return place


# --- status ---------------------------------------------------------------------------------------


def test_a_piped_status_is_plain_text_with_every_position(desk: Workspace) -> None:
    answer = desk.sellkit("status", "--client-id", "21")
    assert answer.code == 4
    assert {ticker for ticker in TICKERS if ticker in answer.out} == TICKERS
    assert "DRY RUN" in answer.out
    assert "\x1b" not in answer.out


def test_status_as_json_has_all_28_averages_when_asked_for(desk: Workspace) -> None:
    answer = desk.sellkit("status", "--json", "--all", "--client-id", "22")
    content = json.loads(answer.out)
    assert content["heading"]["mode"] == "DRY RUN"
    assert {row["token"] for row in content["rows"]} == TICKERS
    apple = next(row for row in content["rows"] if row["token"] == "NASDAQ:AAPL")
    assert averages_in(apple) == 28


def test_status_as_csv_has_one_line_a_position_and_seven_averages(desk: Workspace) -> None:
    answer = desk.sellkit("status", "--csv", "--client-id", "23")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert {row["token"] for row in rows} == TICKERS
    assert averages_in(rows[0]) == 7


def averages_in(row: Mapping[str, object]) -> int:
    lengths = "|".join(map(str, LENGTHS))
    named = re.compile(rf"(^|_)({lengths})(_|$)")
    return sum(bool(named.search(name)) for name in row)


# --- assign ---------------------------------------------------------------------------------------


@pytest.fixture
def fresh(serving: Gateway, tmp_path: Path) -> Workspace:
    return Workspace.make(tmp_path / "fresh", serving.port)


def rows_of(place: Workspace) -> list[str]:
    return place.assigned.read_text(encoding="utf-8").splitlines()


def test_an_assignment_in_words_is_checked_written_and_confirmed(fresh: Workspace) -> None:
    answer = fresh.sellkit("assign", " nasdaq:aapl ", "sma", "50", "1d", "--client-id", "24")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("NASDAQ:AAPL SMA 50 1D (was EMA 20 1H), written to ")
    expected = ASSIGNED.replace("NASDAQ:AAPL,EMA,20,1H", "NASDAQ:AAPL,SMA,50,1D")
    assert rows_of(fresh) == expected.splitlines()


def test_without_words_each_position_that_lacks_an_average_is_asked_for(fresh: Workspace) -> None:
    typed = "29\n9\n\n"
    answer = fresh.sellkit("assign", "--client-id", "25", typed=typed)
    assert (answer.code, answer.err) == (0, ""), answer.err
    listed = [line for line in answer.out.splitlines() if re.match(r" +\d+  SMA", line)]
    assert len(listed) == 14
    assert all("EMA" in line for line in listed)
    assert "'29' is not a number from 1 to 28" in answer.out
    assert rows_of(fresh) == [
        *ASSIGNED.splitlines(),
        "ARCA:SPY,SMA,100,1H",
        "NASDAQ:NVDA,SMA,50,1H",
    ]


def test_what_was_chosen_before_the_input_ended_is_saved(fresh: Workspace) -> None:
    fresh.assigned.write_text("ticker,type,length,timeframe\n", encoding="utf-8")
    answer = fresh.sellkit("assign", "--client-id", "26", typed="2\n28\n")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "what was chosen before is saved" in answer.err
    assert rows_of(fresh)[1:] == ["ARCA:SPY,EMA,5,1H", "NASDAQ:AAPL,EMA,200,1D"]


# --- data -----------------------------------------------------------------------------------------


def test_a_rebuild_mends_a_torn_store_and_status_works_on_it(
    desk: Workspace, tmp_path: Path
) -> None:
    place = desk.copy(tmp_path / "torn")
    torn = newest_segment(place.data)
    torn.write_bytes(torn.read_bytes()[:-100])
    refused = place.sellkit("status", "--client-id", "29")
    assert refused.code == 2
    assert torn.name in refused.err
    rebuilt = place.sellkit("data", "rebuild", "--client-id", "27")
    assert rebuilt.code == 0, rebuilt.err
    assert "bars" in rebuilt.out
    assert not torn.exists()
    assert place.sellkit("status", "--client-id", "28").code == 4


# --- gateway --------------------------------------------------------------------------------------


def test_the_gateway_says_when_it_is_ready_serves_and_ends_cleanly(tmp_path: Path) -> None:
    words = ("gateway", "--port", "0", "--at", "2026-06-10T11:00:20", "--speed", "0")
    process = start(*words, cwd=tmp_path)
    assert process.stdout is not None
    ready = process.stdout.readline()
    found = re.fullmatch(
        r"simulated gateway ready: 127\.0\.0\.1:(\d+), account (DU\d+), "
        r"clock 20260610 11:00:20 US/Eastern \(virtual, stands still\)\n",
        ready,
    )
    try:
        assert found, ready
        with WireClient(Address("127.0.0.1", int(found[1]))) as client:  # type: ignore[arg-type]
            client.start()
    finally:
        process.send_signal(signal.SIGINT)
        answer = finish(process)
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


@dataclass(frozen=True)
class Address:
    """Where a gateway of another process listens."""

    host: str
    port: int
