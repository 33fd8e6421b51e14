"""What an audit finds, in a journal that somebody changed and in notebooks beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.operate.audit import CERTIFICATE, verify
from tests import build, ticketing
from tests.adapters.journal_writers import RUN
from tests.ticketing import REFERENCE, S, after

KEPT = "runs/2026-01-28/200020Z_r1.ipynb"
ON_DISK = {KEPT: "ab"}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    """A run with a decision, a notebook, and a ticket that was claimed."""
    made = SqliteJournal(tmp_path / "journal.sqlite")
    made.begin(RUN)
    build.record(made, "r1", [build.row(signal=build.signal(build.position()))])
    made.evidence.record_notebook("r1", KEPT, "ab", after(9))
    ticketing.brought_to(made.book, S.ACKNOWLEDGED)
    yield made
    made.close()


def found(journal: SqliteJournal, notebooks: dict[str, str] | None = None) -> dict[str, str]:
    told = verify(journal.evidence, ON_DISK if notebooks is None else notebooks)
    return {each.where: each.what for each in told if not each.where.startswith("chain")}


def edited(journal: SqliteJournal, tmp_path: Path, *statements: str) -> dict[str, str]:
    """What is found after a hand that took the triggers and the chain away as well."""
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in database.execute(triggers).fetchall():
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            database.execute(statement)
        database.commit()
    return found(journal)


def test_what_was_only_written_by_sellkit_is_well(journal: SqliteJournal) -> None:
    assert verify(journal.evidence, ON_DISK) == ()


def test_a_notebook_that_was_changed_after_its_run_is_found(journal: SqliteJournal) -> None:
    assert "changed after its run" in found(journal, {KEPT: "cd"})[KEPT]


def test_a_notebook_that_was_removed_is_found(journal: SqliteJournal) -> None:
    assert "run r1 was removed" in found(journal, {})[KEPT]


def test_a_notebook_of_a_run_that_the_journal_has_not_is_found(journal: SqliteJournal) -> None:
    stray, own = "runs/2026-01-28/210020Z_r9.ipynb", "runs/2026-01-28/220020Z_r1.ipynb"
    told = found(journal, {**ON_DISK, stray: "ef", own: "ef"})
    assert list(told) == [stray]
    assert "no run r9" in told[stray]


@pytest.mark.parametrize("name", CERTIFICATE)
def test_a_decision_without_its_data_is_found(
    journal: SqliteJournal, tmp_path: Path, name: str
) -> None:
    told = edited(journal, tmp_path, f"UPDATE decision SET {name} = NULL")
    assert f"EXIT without its data ({name})" in told["run r1, NASDAQ:AAPL"]


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM ticket_intent", "a claim without its intent"),
        ("UPDATE ticket_claim SET before = '{}'", "a claim without the positions before it"),
        ("DELETE FROM ticket_step WHERE state = 'SUBMITTING'", "INTENT was followed by ACKNOW"),
        ("DELETE FROM ticket_claim", "SUBMITTING without its claim"),
        ("UPDATE ticket_step SET state = 'DONE' WHERE id = 3", "SUBMITTING was followed by DONE"),
    ],
)
def test_a_ticket_that_cannot_have_come_that_way_is_found(
    journal: SqliteJournal, tmp_path: Path, statement: str, what: str
) -> None:
    assert what in edited(journal, tmp_path, statement)[f"ticket {REFERENCE}"]


def test_an_edited_row_and_a_journal_behind_its_head_are_found(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    told = edited(journal, tmp_path, "UPDATE run SET mode = 'dry run'")
    assert "edited" in told["run row 1"]
    (tmp_path / "journal.head").unlink()
    assert "journal.head is missing" in found(journal)["journal"]
