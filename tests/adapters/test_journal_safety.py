"""The journal in bad company: rivals, kills, hands that edit it, and older files of its name."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from sellkit.adapters import journal_head
from sellkit.adapters.journal_evidence import KEPT_BACKUPS
from sellkit.adapters.journal_schema import CHAINED, VERSION
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.tickets import FILLED_AT_END
from sellkit.errors import JournalError
from tests import build, ticketing
from tests.adapters.journal_writers import RUN, claim_at_once, kill_tickets
from tests.adapters.processes import PROCESSES
from tests.ticketing import REFERENCE, TICKET, S, after, brought_to, fill, look, records, report

V4, V5 = (Path(__file__).with_name(f"journal_v{number}.sql") for number in (4, 5))
APPENDED = (
    *("ticket_intent", "ticket_step", "ticket_claim", "ticket_cancel", "ticket_round", "fill"),
    *("report_heard", "records_seen", "event", "notebook_kept", "chain"),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.sqlite"


@pytest.fixture
def full(path: Path) -> Iterator[SqliteJournal]:
    """A journal with a row in every table of tickets."""
    journal = SqliteJournal(path)
    journal.begin(RUN)
    brought_to(journal.book, S.UNCERTAIN)
    journal.book.note_cancel(REFERENCE, build.open_order(stop="80.10"), after(1), "asked")
    journal.book.note_round(REFERENCE, look(9))
    journal.book.note_fills((fill(),))
    journal.book.note_reports((report(),))
    journal.book.note_records(records(), "reconcile")
    journal.evidence.record_event("halted", after(9), "by hand", account="main")
    journal.evidence.record_notebook("r1", "runs/2026-01-28/x_r1.ipynb", "ab" * 32, after(9))
    yield journal
    journal.close()


def asked(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def edited(path: Path, *statements: str) -> None:
    """As by a hand that takes the triggers away first."""
    with closing(sqlite3.connect(path)) as database:
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in database.execute(triggers).fetchall():
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            database.execute(statement)
        database.commit()


def found(journal: SqliteJournal) -> list[tuple[str, str]]:
    return [(each.where, each.what.partition(":")[0]) for each in journal.evidence.flaws()]


# --- append only ----------------------------------------------------------------------------------


@pytest.mark.parametrize("table", APPENDED)
@pytest.mark.parametrize(
    "statement", ["UPDATE {0} SET id = id", "DELETE FROM {0}", "REPLACE INTO {0} SELECT * FROM {0}"]
)
def test_no_row_of_a_ticket_is_ever_changed_or_removed_by_any_program(
    full: SqliteJournal, path: Path, table: str, statement: str
) -> None:
    before = asked(path, f"SELECT * FROM {table}")
    assert before, "the test needs a row"
    with (
        closing(sqlite3.connect(path)) as database,
        pytest.raises(sqlite3.IntegrityError, match=r"append only|already"),
    ):
        database.execute(statement.format(table))
    assert asked(path, f"SELECT * FROM {table}") == before


@pytest.mark.parametrize(
    "statement",
    [
        "REPLACE INTO ticket_claim SELECT 99, reference, 'x', 9, at, order_id, client_id, epoch, "
        'quantity, position_before, notional, "order", before FROM ticket_claim',
        "REPLACE INTO ticket_claim SELECT 99, 'x', ticket_id, attempt, at, order_id, client_id, "
        'epoch, quantity, position_before, notional, "order", before FROM ticket_claim',
    ],
)
def test_no_claim_is_pushed_out_by_another_of_the_same_attempt(
    full: SqliteJournal, path: Path, statement: str
) -> None:
    with (
        closing(sqlite3.connect(path)) as database,
        pytest.raises(sqlite3.IntegrityError, match="holds this ticket_claim already"),
    ):
        database.execute(statement)


def test_the_account_number_stands_nowhere_in_the_file(full: SqliteJournal, path: Path) -> None:
    full.close()
    assert not any(build.NUMBER.encode() in each.read_bytes() for each in path.parent.iterdir())


def test_what_the_gateway_said_is_kept_word_by_word(full: SqliteJournal, path: Path) -> None:
    assert asked(path, "SELECT code, text, meaning, verbatim FROM report_heard") == [
        (399, "will not be placed until 09:30", "order alive", '{"reqId": 17, "errorCode": 399}')
    ]
    ((lists,),) = asked(path, "SELECT lists FROM records_seen")
    for word in ("open_orders", "completed", "fills", "positions", "0001.01.01", '"80"'):
        assert word in str(lists)


# --- the chain ------------------------------------------------------------------------------------


def test_a_journal_that_nobody_touched_is_whole(full: SqliteJournal, path: Path) -> None:
    assert full.evidence.flaws() == ()
    assert full.evidence.doubt() is None
    rows = sum(int(str(asked(path, f"SELECT count(*) FROM {each}")[0][0])) for each in CHAINED)
    assert asked(path, "SELECT count(*) FROM chain") == [(rows,)]


def test_an_edited_row_is_found(full: SqliteJournal, path: Path) -> None:
    edited(path, "UPDATE fill SET quantity = '10'")
    assert found(full) == [("fill row 1", "the row was edited, or its link")]


def test_a_value_that_was_taken_away_is_found(full: SqliteJournal, path: Path) -> None:
    edited(path, "UPDATE ticket_claim SET notional = NULL")
    assert found(full) == [("ticket_claim row 1", "the row was edited, or its link")]


def test_a_removed_row_is_found(full: SqliteJournal, path: Path) -> None:
    edited(path, "DELETE FROM run_end", "DELETE FROM ticket_claim")
    assert found(full) == [("ticket_claim row 1", "the row was removed")]


def test_a_row_that_was_put_in_is_found(full: SqliteJournal, path: Path) -> None:
    edited(path, "INSERT INTO ticket_round VALUES (7, 'SK1-x-1', 'then', 3, '', NULL)")
    assert found(full) == [("ticket_round row 7", "the row was not written by sellkit")]


def test_a_removed_row_with_its_link_is_found(full: SqliteJournal, path: Path) -> None:
    last = asked(path, "SELECT max(id) FROM chain WHERE of_table = 'fill'")[0][0]
    edited(path, "DELETE FROM fill", f"DELETE FROM chain WHERE id = {last}")
    assert (f"chain {last}", "a link of the chain was removed") in found(full)


def test_a_journal_that_was_cut_off_with_its_links_is_behind_its_head(
    full: SqliteJournal, path: Path
) -> None:
    last = asked(path, "SELECT max(id) FROM chain")[0][0]
    edited(path, "DELETE FROM notebook_kept", f"DELETE FROM chain WHERE id = {last}")
    assert full.evidence.flaws() == ()
    with pytest.raises(JournalError, match="older one"):
        full.evidence.refuse_if_behind()


# --- the head -------------------------------------------------------------------------------------


def test_the_journal_of_the_last_run_is_the_one(full: SqliteJournal) -> None:
    full.evidence.refuse_if_behind()


def test_a_new_journal_is_the_one(path: Path) -> None:
    with closing(SqliteJournal(path)) as journal:
        journal.evidence.refuse_if_behind()
        assert not path.exists()
        journal.begin(RUN)
        journal.evidence.refuse_if_behind()


def test_an_older_copy_is_refused_however_much_is_added_to_it(
    full: SqliteJournal, path: Path
) -> None:
    full.evidence.back_up(build.NOW)
    full.book.step(REFERENCE, S.NOT_RECEIVED, after(20), "proven")
    full.close()
    _clear(path)
    shutil.copy(path.parent / "backups" / "journal-2026-01-28.sqlite", path)
    with pytest.raises(JournalError, match="older one"):
        full.evidence.refuse_if_behind()
    full.evidence.record_event("halted", after(30), "by hand")
    full.evidence.record_event("resumed", after(31), "by hand")
    with pytest.raises(JournalError, match="another journal"):
        full.evidence.refuse_if_behind()


def _clear(path: Path) -> None:
    for each in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        each.unlink(missing_ok=True)


def test_a_missing_journal_is_refused_also_once_a_new_one_stands_there(
    full: SqliteJournal, path: Path
) -> None:
    full.close()
    _clear(path)
    with pytest.raises(JournalError, match="missing"):
        full.evidence.refuse_if_behind()
    full.begin(RUN)
    with pytest.raises(JournalError, match="older one"):
        full.evidence.refuse_if_behind()
    for second in range(40):
        full.evidence.record_event("halted", after(second), "by hand")
    with pytest.raises(JournalError, match="another journal"):
        full.evidence.refuse_if_behind()


def test_a_new_journal_beside_notebooks_of_runs_is_refused(path: Path) -> None:
    notebook = path.parent / "runs" / "2026-01-28" / "200020Z_r0.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.touch()
    with closing(SqliteJournal(path)) as journal:
        with pytest.raises(JournalError, match="holds notebooks of runs"):
            journal.evidence.refuse_if_behind()
        journal.begin(RUN)
        with pytest.raises(JournalError, match=r"journal.head is missing"):
            journal.evidence.refuse_if_behind()


@pytest.mark.parametrize("head", [None, b"", b"nonsense\n" * 40])
def test_a_head_that_is_missing_or_torn_is_refused_until_a_person_accepts_the_journal(
    full: SqliteJournal, path: Path, head: bytes | None
) -> None:
    if head is None:
        path.with_suffix(".head").unlink()
    else:
        path.with_suffix(".head").write_bytes(head)
    full.evidence.record_event("halted", after(10), "by hand")
    with pytest.raises(JournalError, match=r"journal.head is (missing|damaged)"):
        full.evidence.refuse_if_behind()
    full.evidence.accept(after(11), "I looked at the broker's own records")
    full.evidence.refuse_if_behind()
    (told,) = full.evidence.events("journal accepted")
    assert told["text"] == "I looked at the broker's own records"
    assert "journal.head" in str(told["details"])


def test_a_torn_half_of_the_head_is_made_up_for_by_the_other(
    full: SqliteJournal, path: Path
) -> None:
    head = path.with_suffix(".head")
    whole = head.read_bytes()
    for torn in (b"x" * 50 + whole[50:], whole[:140] + b"x" * 50 + whole[190:]):
        head.write_bytes(torn)
        full.evidence.refuse_if_behind()


def test_what_a_person_settles_keeps_how_much_was_executed_by_then(path: Path) -> None:
    with closing(SqliteJournal(path)) as journal:
        journal.begin(RUN)
        brought_to(journal.book, S.UNCERTAIN)
        journal.book.note_fills((fill(quantity="30"),))
        journal.book.resolve(REFERENCE, (S.CANCELLED,), after(9), "seen in TWS")
        details = journal.book.steps(REFERENCE)[-1]["details"]
    assert details == {"by": "a person", "reason": "seen in TWS", FILLED_AT_END: "30"}


# --- an earlier version ---------------------------------------------------------------------------


@pytest.fixture
def fourth(path: Path) -> Path:
    """A journal as version 4 wrote it."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database:
        database.executescript(V4.read_text(encoding="utf-8"))
        assert database.execute("PRAGMA user_version").fetchone() == (4,)
    return path


def test_a_journal_of_the_fourth_version_is_carried_on_and_chained(fourth: Path) -> None:
    with closing(SqliteJournal(fourth)) as journal:
        assert [each["outcome"] for each in journal.runs()] == ["decided", None]
        assert len(journal.decisions("r1")) == 2
        assert len(journal.quotes("r1")) == 1
        journal.evidence.refuse_if_behind()
        assert journal.evidence.flaws() == ()
        ticketing.claimed(journal.book, TICKET)
        assert journal.evidence.flaws() == ()
    fresh = fourth.with_name("fresh.sqlite")
    with closing(SqliteJournal(fresh)) as journal:
        journal.runs()
    schema = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
    assert asked(fourth, schema) == asked(fresh, schema)
    assert asked(fourth, "PRAGMA user_version") == [(VERSION,)]


def test_a_journal_of_the_fifth_version_keeps_its_looks_which_prove_nothing(
    path: Path,
) -> None:
    with closing(SqliteJournal(path)) as journal:
        journal.begin(RUN)
        brought_to(journal.book, S.UNCERTAIN)
        journal.book.note_round(REFERENCE, look(30, since=None))
    with closing(sqlite3.connect(path)) as database:
        database.executescript("ALTER TABLE ticket_round DROP COLUMN since")
        database.executescript("DROP TABLE slot_end; DROP TABLE slot")  # of the eighth version
        database.executescript("DROP TABLE delivery; DROP TABLE noticed")
        database.executescript("PRAGMA user_version = 5")
    with closing(SqliteJournal(path)) as journal:
        assert journal.book.rounds(REFERENCE) == (look(30, since=None),)
        journal.book.note_round(REFERENCE, look(40))
        assert journal.book.rounds(REFERENCE)[-1] == look(40)
        assert journal.evidence.flaws() == ()
    fresh = path.with_name("fresh.sqlite")
    with closing(SqliteJournal(fresh)) as journal:
        journal.runs()
    schema = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
    assert asked(path, schema) == asked(fresh, schema)


def test_an_old_row_that_is_edited_after_it_was_carried_on_is_found(fourth: Path) -> None:
    with closing(SqliteJournal(fourth)) as journal:
        journal.runs()
        edited(fourth, "UPDATE decision SET close = close + 1 WHERE id = 2")
        assert found(journal) == [("decision row 2", "the row was edited, or its link")]


@pytest.fixture
def fifth(path: Path) -> Path:
    """A journal as version 5 wrote it, with its head: two runs, and what persons did."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database:
        database.executescript(V5.read_text(encoding="utf-8"))
        assert database.execute("PRAGMA user_version").fetchone() == (5,)
        (last,) = database.execute("SELECT id, hash FROM chain ORDER BY id DESC LIMIT 1")
    journal_head.put(path.with_suffix(".head"), journal_head.Head(*last))
    return path


def test_a_journal_of_the_fifth_version_is_carried_on_with_its_chain(fifth: Path) -> None:
    links = asked(fifth, "SELECT * FROM chain ORDER BY id")
    rows = asked(fifth, "SELECT * FROM ticket ORDER BY id")
    with closing(SqliteJournal(fifth)) as journal:
        assert journal.evidence.flaws() == ()
        journal.evidence.refuse_if_behind()
        ticketing.claimed(journal.book, TICKET)
        assert journal.evidence.flaws() == ()
    assert asked(fifth, f"SELECT * FROM chain WHERE id <= {len(links)} ORDER BY id") == links
    assert asked(fifth, "SELECT * FROM ticket ORDER BY id") == rows
    with pytest.raises(sqlite3.IntegrityError, match="append only"):
        asked(fifth, "DELETE FROM ticket")
    assert asked(fifth, "PRAGMA foreign_key_check") == []
    made = "SELECT sql FROM sqlite_master WHERE tbl_name <> 'switch' ORDER BY type, name"
    fresh = fifth.with_name("fresh.sqlite")
    with closing(SqliteJournal(fresh)) as journal:
        journal.runs()
    assert asked(fifth, made) == asked(fresh, made)
    assert asked(fresh, "SELECT 1 FROM sqlite_master WHERE tbl_name = 'switch'") == []


def test_what_persons_switched_before_is_told_beside_what_they_switch_now(fifth: Path) -> None:
    with closing(SqliteJournal(fifth)) as journal:
        (armed,) = journal.events("arm")
        journal.record_event("halt", after(60), "by jo", {})
        halts = journal.events("halt")
    assert (armed["text"], armed["details"]) == (
        "by jo",
        {"account": "main", "max_notional": "50000"},
    )
    assert [each["text"] for each in halts] == ["by sellkit", "by jo"]
    assert [each["at"] for each in halts] == [after(1).isoformat(), after(60).isoformat()]


def test_a_retired_row_that_is_edited_or_removed_is_found(fifth: Path) -> None:
    with closing(SqliteJournal(fifth)) as journal:
        journal.runs()
        edited(fifth, "UPDATE switch SET details = '{}' WHERE id = 1")
        assert found(journal) == [("switch row 1", "the row was edited, or its link")]
        edited(fifth, "DROP TABLE switch")
        gone = "the chain names a table that the journal has not"
        assert found(journal) == [("switch row 1", gone), ("switch row 2", gone)]


def test_what_a_live_run_of_the_fifth_version_approved_is_told_so(fifth: Path) -> None:
    with closing(SqliteJournal(fifth)) as journal:
        dry = [each["verdict"] for each in journal.tickets("r1")]
        assert dry == ["prepared", "withheld", "deferred"]
        assert [each["verdict"] for each in journal.tickets("r2")] == ["approved"]


# --- the backup -----------------------------------------------------------------------------------


def test_a_backup_is_made_once_a_day_and_is_a_whole_journal(
    full: SqliteJournal, path: Path
) -> None:
    copy = full.evidence.back_up(build.NOW)
    assert copy == path.parent / "backups" / "journal-2026-01-28.sqlite"
    assert full.evidence.back_up(build.NOW + timedelta(hours=1)) is None
    assert list(copy.parent.iterdir()) == [copy]
    with closing(SqliteJournal(copy)) as journal:
        assert journal.evidence.flaws() == ()
        assert journal.book.ticket(REFERENCE) == full.book.ticket(REFERENCE)


def test_the_latest_backups_are_kept_and_nothing_else_is_touched(
    full: SqliteJournal, path: Path
) -> None:
    folder = path.parent / "backups"
    folder.mkdir()
    (folder / "mine.sqlite").touch()
    for day in range(KEPT_BACKUPS + 3):
        full.evidence.back_up(build.NOW + timedelta(days=day))
    names = sorted(each.name for each in folder.iterdir())
    assert names[-1] == "mine.sqlite"
    assert len(names) == KEPT_BACKUPS + 1
    assert names[0] == "journal-2026-01-31.sqlite"


def test_without_a_journal_there_is_no_backup(path: Path) -> None:
    with closing(SqliteJournal(path)) as journal:
        assert journal.evidence.back_up(build.NOW) is None
    assert not path.parent.exists()


# --- rivals and kills -----------------------------------------------------------------------------


def test_of_several_processes_that_claim_at_once_exactly_one_wins(path: Path) -> None:
    with closing(SqliteJournal(path)) as journal:
        journal.begin(RUN)
    start, pipes, rivals = PROCESSES.Barrier(4), [], []
    for _ in range(4):
        ours, theirs = PROCESSES.Pipe(duplex=False)
        rivals.append(PROCESSES.Process(target=claim_at_once, args=(path, start, theirs)))
        rivals[-1].start()
        theirs.close()
        pipes.append(ours)
    won = [reference for each in pipes for reference in each.recv()]
    for rival in rivals:
        rival.join()
    assert won == [REFERENCE]
    with closing(SqliteJournal(path)) as journal:
        assert [each["reference"] for each in journal.evidence.claims()] == [REFERENCE]
        assert journal.evidence.flaws() == ()
        journal.evidence.refuse_if_behind()


def test_a_kill_at_any_moment_leaves_each_step_whole_or_not_at_all(path: Path) -> None:
    kills = 20
    assert kill_tickets(path, kills, seed=20260128) >= kills
