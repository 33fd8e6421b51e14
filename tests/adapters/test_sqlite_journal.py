"""The journal's file: append only, of a known version, and never half a run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sellkit.adapters.journal_schema import _ADDED, VERSION
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.alerts import Alert, AlertKind
from sellkit.core.gates import DeniedTicket
from sellkit.core.portfolio import GatewayKind
from sellkit.errors import JournalError
from sellkit.ports import RunHeader
from tests import build
from tests.adapters.journal_writers import begin_run
from tests.adapters.processes import PROCESSES
from tests.ticketing import fill

ALERT = Alert(AlertKind.UPSTREAM_LOST, "the gateway has lost Interactive Brokers", build.NOW)
TABLES = [
    "run",
    "run_end",
    "snapshot_seen",
    "position_seen",
    "order_seen",
    "decision",
    "ticket",
]


def header(run_id: str = "r1") -> RunHeader:
    return RunHeader(
        run_id=run_id,
        started_at=build.NOW,
        as_of=build.NOW,
        mode="dry run",
        profile="demo",
        account="main",
        gateway=GatewayKind.SIMULATED,
        version="0.1.0",
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.sqlite"


@pytest.fixture
def full(path: Path) -> Iterator[SqliteJournal]:
    """A journal with a row in every table."""
    journal = SqliteJournal(path)
    ticket = build.ticket()
    journal.begin(header())
    row = build.row(signal=ticket.signal, verdict=DeniedTicket(ticket, ("too many",)))
    seen = build.snapshot(orders=[build.open_order(stop="80.10")])
    build.record(journal, "r1", [row], seen=seen)
    journal.finish("r1", build.NOW, "decided")
    yield journal
    journal.close()


def rows(path: Path, query: str) -> list[dict[str, object]]:
    """Asked of SQLite itself, as another program would."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(query)]
    finally:
        connection.close()


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute(statement)
        connection.commit()
    finally:
        connection.close()


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {0} SET run_id = run_id",
        "DELETE FROM {0}",
        "REPLACE INTO {0} SELECT * FROM {0}",
    ],
)
def test_no_row_is_ever_changed_or_removed_by_any_program(
    full: SqliteJournal, path: Path, table: str, statement: str
) -> None:
    before = rows(path, f"SELECT * FROM {table}")
    assert before, "the test needs a row"
    with pytest.raises(sqlite3.IntegrityError, match=r"append only|already"):
        change(path, statement.format(table))
    assert rows(path, f"SELECT * FROM {table}") == before


@pytest.mark.parametrize("table", ["alert", "alert_end"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {0} SET at = at", "DELETE FROM {0}", "REPLACE INTO {0} SELECT * FROM {0}"]
)
def test_no_alert_is_ever_changed_or_removed_by_any_program(
    full: SqliteJournal, path: Path, table: str, statement: str
) -> None:
    full.renew_alerts(build.NOW, (), [("client 1", ALERT)])
    full.renew_alerts(build.NOW, [1], ())
    before = rows(path, f"SELECT * FROM {table}")
    assert before, "the test needs a row"
    with pytest.raises(sqlite3.IntegrityError, match=r"append only|already"):
        change(path, statement.format(table))
    assert rows(path, f"SELECT * FROM {table}") == before


def test_an_alert_is_open_until_it_is_said_to_be_over(full: SqliteJournal, path: Path) -> None:
    assert full.open_alerts() == ()
    full.renew_alerts(build.NOW, (), [("client 1", ALERT)])
    full.renew_alerts(build.NOW, (), [("client 11", ALERT)])
    full.renew_alerts(build.NOW, [2], ())
    full.renew_alerts(build.NOW, [2], ())
    assert full.open_alerts() == (
        {
            "number": 1,
            "at": "2026-01-28T20:00:20+00:00",
            "source": "client 1",
            "kind": "upstream lost",
            "text": "the gateway has lost Interactive Brokers",
        },
    )
    assert len(rows(path, "SELECT * FROM alert")) == 2
    full.renew_alerts(build.NOW, (), [("client 11", ALERT)])
    assert [each["source"] for each in full.open_alerts()] == ["client 1", "client 11"]


def test_alerts_need_no_run(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.renew_alerts(build.NOW, (), [("client 1", ALERT)])
    assert len(journal.open_alerts()) == 1
    assert journal.runs() == ()
    journal.close()


def test_a_journal_of_the_first_version_is_carried_on(full: SqliteJournal, path: Path) -> None:
    told = full.runs(), full.decisions("r1"), full.tickets("r1")
    full.close()
    later = (*_ADDED[8], *_ADDED[5], "alert_end", "alert")
    for table in (*later, "standing_seen", "retelling", "quote_seen"):
        change(path, f"DROP TABLE {table}")
    change(path, "DROP INDEX decision_of_bar")
    change(path, "PRAGMA user_version = 1")

    again = SqliteJournal(path)
    assert (again.runs(), again.decisions("r1"), again.tickets("r1")) == told
    again.renew_alerts(build.NOW, (), [("client 1", ALERT)])
    again.begin(header("r2"))
    again.close()

    assert rows(path, "PRAGMA user_version") == [{"user_version": VERSION}]
    fresh = path.with_name("fresh.sqlite")
    SqliteJournal(fresh).runs()
    schema = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
    assert rows(path, schema) == rows(fresh, schema)


def test_to_look_for_earlier_decisions_makes_no_journal(path: Path) -> None:
    journal = SqliteJournal(path)
    assert journal.precedents("main", build.NOW) == ()
    assert not path.exists()


def test_every_write_is_on_the_disk_before_it_returns(full: SqliteJournal) -> None:
    connection = (
        full._file.connection()
    )  # the settings belong to a connection and show nowhere else
    settings = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_prices_and_quantities_are_kept_to_the_digit(full: SqliteJournal, path: Path) -> None:
    (order,) = rows(path, "SELECT * FROM order_seen")
    assert order["stop_price"] == "80.10"
    assert Decimal(str(order["quantity"])) == Decimal(100)
    assert order["limit_price"] is None


def test_the_complete_order_is_json(full: SqliteJournal, path: Path) -> None:
    (ticket,) = rows(path, "SELECT * FROM ticket")
    order = json.loads(str(ticket["order"]))
    assert order["order"]["action"] == "SELL"
    assert order["order"]["totalQuantity"] == "100"
    assert order["contract"]["conId"] == 265598


def test_an_empty_snapshot_leaves_a_fact(full: SqliteJournal, path: Path) -> None:
    full.begin(header("r2"))
    build.record(full, "r2", seen=build.snapshot(positions=[]))
    (seen,) = rows(path, "SELECT * FROM snapshot_seen WHERE run_id = 'r2'")
    assert (seen["positions"], seen["open_orders"]) == (0, 0)


def test_the_account_number_stands_nowhere_in_the_file(full: SqliteJournal, path: Path) -> None:
    full.close()
    files = list(path.parent.iterdir())
    assert path in files
    assert not any(build.NUMBER.encode() in each.read_bytes() for each in files)


def test_rows_that_fail_half_way_are_not_kept_in_part(full: SqliteJournal, path: Path) -> None:
    full.begin(header("r2"))
    broken = build.position(con_id=2**70)  # SQLite holds 64 bits
    good = build.position()
    with pytest.raises(OverflowError):
        build.record(full, "r2", [build.row(signal=build.signal(each)) for each in (good, broken)])
    assert full.decisions("r2") == ()


def test_a_journal_opened_again_tells_the_same(full: SqliteJournal, path: Path) -> None:
    told = full.runs(), full.decisions("r1"), full.tickets("r1")
    full.close()
    again = SqliteJournal(path)
    assert (again.runs(), again.decisions("r1"), again.tickets("r1")) == told
    again.close()


def test_processes_that_make_the_journal_at_once_share_it(path: Path) -> None:
    names = [f"r{number}" for number in range(4)]
    rivals = [PROCESSES.Process(target=begin_run, args=(path, header(name))) for name in names]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    assert [rival.exitcode for rival in rivals] == [0, 0, 0, 0]
    journal = SqliteJournal(path)
    assert {run["run_id"] for run in journal.runs()} == set(names)
    journal.close()


def test_two_connections_share_one_journal(path: Path) -> None:
    first, second = SqliteJournal(path), SqliteJournal(path)
    first.begin(header("r1"))
    second.begin(header("r2"))
    with pytest.raises(JournalError, match="already"):
        second.begin(header("r1"))
    assert [run["run_id"] for run in first.runs()] == ["r1", "r2"]
    first.close()
    second.close()


def test_nothing_is_made_before_it_is_used(path: Path) -> None:
    SqliteJournal(path).close()
    assert not path.parent.exists()


# --- what is no journal ---------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_named_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, and long enough to be looked at" * 100)
    before = path.read_bytes()
    with pytest.raises(JournalError, match=rf"{path.name}.*not a database.*move it away"):
        SqliteJournal(path).runs()
    assert path.read_bytes() == before


def test_a_torn_journal_is_an_error(full: SqliteJournal, path: Path) -> None:
    full.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 3])
    with pytest.raises(JournalError, match=path.name):
        SqliteJournal(path).begin(header("r2"))


def test_a_newer_journal_is_left_to_the_newer_sellkit(full: SqliteJournal, path: Path) -> None:
    full.close()
    change(path, f"PRAGMA user_version = {VERSION + 1}")
    told = f"version {VERSION + 1} and this sellkit knows {VERSION}"
    with pytest.raises(JournalError, match=told):
        SqliteJournal(path).begin(header("r2"))
    assert len(rows(path, "SELECT * FROM run")) == 1


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    change(path, "CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(JournalError, match="another program"):
        SqliteJournal(path).begin(header())
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    # Below a regular file nobody can write, root neither.
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "journal.sqlite"
    with pytest.raises(JournalError, match=rf"{path}.*allow sellkit to write"):
        SqliteJournal(path).begin(header())


def test_a_folder_in_the_journals_place_is_an_error(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(JournalError, match=path.name):
        SqliteJournal(path).begin(header())


def test_what_sellkit_cancelled_or_somebody_executed_is_accounted_for(path: Path) -> None:
    stop, other, third = (
        replace(build.open_order("SK1-aaaaaaaaaaaa-1"), perm_id=each) for each in ("1", "2", "3")
    )
    with closing(SqliteJournal(path)) as journal:
        journal.begin(header())
        build.record(journal, "r1", seen=build.snapshot(orders=[stop, other, third]))
        reference = journal.book.intend("r1", build.ticket(), build.NOW).reference
        journal.book.note_cancel(reference, stop, build.NOW, "asked")
        journal.book.note_fills((fill(perm="2"),))
        found = {each.order.perm_id: each.is_accounted for each in journal.resting(build.account())}
    assert found == {"1": True, "2": True, "3": False}


def test_a_journal_that_is_not_there_has_seen_nothing_rest_and_is_not_made(path: Path) -> None:
    assert SqliteJournal(path).resting(build.account()) == ()
    assert not path.exists()
