"""What every `SlotBook` does."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sellkit.adapters.journal_slots import MOST_MISSED
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.firing import SlotEnd, SlotOutcome
from sellkit.core.schedule import HOURLY, Due, SlotKind
from sellkit.errors import JournalError
from sellkit.ports.slot_book import SlotBook
from tests.build import NOW, utc
from tests.fakes_schedule import MemorySlotBook

HOUR = Due(HOURLY, SlotKind.HOUR, utc("2026-01-28 20:00"))
CLOSE = Due(HOURLY, SlotKind.CLOSE, utc("2026-01-28 21:00"))
RAN = SlotEnd(SlotOutcome.RAN, 0, "runs/2026-01-28/200020Z_aaaaaaaa.ipynb")


@pytest.fixture(params=["memory", "sqlite"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SlotBook]:
    if request.param == "memory":
        yield MemorySlotBook()
        return
    with closing(SqliteJournal(tmp_path / "data" / "j.sqlite")) as journal:
        yield journal.slots
        assert journal.evidence.flaws() == ()


def test_a_slot_that_was_begun_is_told_with_its_end(book: SlotBook) -> None:
    number = book.begin(HOUR, 1, NOW, "aaaaaaaa", "because")
    (open_one,) = book.unended()
    assert (open_one.number, open_one.due, open_one.run_id) == (number, HOUR, "aaaaaaaa")
    assert (open_one.end, open_one.at, open_one.reason) == (None, NOW, "because")
    book.end(number, NOW, RAN)
    assert book.unended() == ()
    (ended,) = book.history(10)
    assert (ended.end, ended.ended_at, ended.is_missed) == (RAN, NOW, False)


def test_an_end_may_lack_a_code_and_a_notebook(book: SlotBook) -> None:
    end = SlotEnd(SlotOutcome.LOST)
    book.end(book.begin(HOUR, 1, NOW, "aaaaaaaa"), NOW, end)
    assert book.history(1)[0].end == end


def test_a_slot_is_begun_once(book: SlotBook) -> None:
    book.begin(HOUR, 1, NOW, "aaaaaaaa")
    with pytest.raises(JournalError, match="begun or missed already"):
        book.begin(HOUR, 1, NOW, "bbbbbbbb")
    book.begin(HOUR, 2, NOW, "bbbbbbbb")
    book.begin(CLOSE, 1, NOW, "cccccccc")


def test_a_slot_that_was_missed_is_not_begun(book: SlotBook) -> None:
    book.miss([HOUR], NOW, "too late")
    with pytest.raises(JournalError):
        book.begin(HOUR, 1, NOW, "aaaaaaaa")
    (missed,) = book.history(10)
    assert (missed.is_missed, missed.reason, missed.due) == (True, "too late", HOUR)
    assert book.unended() == ()


def test_a_slot_is_missed_once_and_never_after_it_was_begun(book: SlotBook) -> None:
    book.begin(HOUR, 1, NOW, "aaaaaaaa")
    book.miss([HOUR, CLOSE], NOW, "too late")
    book.miss([HOUR, CLOSE], NOW, "too late")
    assert [each.is_missed for each in book.history(10)] == [False, True]


def test_a_run_has_one_end(book: SlotBook) -> None:
    number = book.begin(HOUR, 1, NOW, "aaaaaaaa")
    book.end(number, NOW, RAN)
    with pytest.raises(JournalError):
        book.end(number, NOW, RAN)


def test_the_latest_slot_is_told_in_its_last_attempt(book: SlotBook) -> None:
    assert book.latest(HOURLY) is None
    book.begin(CLOSE, 1, NOW, "bbbbbbbb")
    book.begin(CLOSE, 2, NOW, "cccccccc")
    book.begin(HOUR, 1, NOW, "aaaaaaaa")
    book.begin(Due("report", SlotKind.NOTEBOOK, utc("2027-01-01 00:00")), 1, NOW, "dddddddd")
    latest = book.latest(HOURLY)
    assert latest is not None
    assert (latest.due, latest.attempt) == (CLOSE, 2)


def test_an_entry_counts_from_when_it_was_first_watched_and_then_from_its_last_slot(
    book: SlotBook,
) -> None:
    assert book.watch(HOURLY, "hours", utc("2026-01-28 15:00")) == utc("2026-01-28 15:00")
    assert book.watch(HOURLY, "hours", utc("2026-01-28 19:00")) == utc("2026-01-28 15:00")
    book.begin(HOUR, 1, NOW, "aaaaaaaa")
    assert book.watch(HOURLY, "hours", utc("2026-01-28 22:00")) == HOUR.at
    book.miss([CLOSE], NOW, "too late")
    assert book.watch(HOURLY, "hours", utc("2026-01-29 22:00")) == CLOSE.at
    assert book.watch("report", "daily", NOW) == NOW


def test_an_entry_that_is_defined_otherwise_counts_anew(book: SlotBook) -> None:
    book.watch("report", "daily", utc("2026-01-28 15:00"))
    assert book.watch("report", "weekly", NOW) == NOW
    assert book.watch("report", "weekly", NOW + dt.timedelta(hours=1)) == NOW
    assert book.watch("report", "daily", CLOSE.at) == CLOSE.at
    assert book.history(10) == ()


def test_a_slot_may_be_due_at_the_moment_from_which_it_is_watched(book: SlotBook) -> None:
    book.watch(HOURLY, "hours", HOUR.at)
    book.watch(HOURLY, "others", HOUR.at)
    book.begin(HOUR, 1, NOW, "aaaaaaaa")


def test_no_more_is_told_than_was_asked_for(book: SlotBook) -> None:
    book.miss([HOUR, CLOSE], NOW, "too late")
    assert [each.due for each in book.history(1)] == [CLOSE]


# --- the file alone -------------------------------------------------------------------------------


def test_of_very_many_missed_slots_the_first_stands_for_the_older_ones(tmp_path: Path) -> None:
    minutes = [
        Due("report", SlotKind.NOTEBOOK, NOW + dt.timedelta(minutes=number))
        for number in range(MOST_MISSED + 100)
    ]
    with closing(SqliteJournal(tmp_path / "j.sqlite")) as journal:
        journal.slots.miss(minutes, NOW, "asleep")
        found = journal.slots.history(10_000)
        assert len(found) == MOST_MISSED + 1
        assert (found[0].due, found[-1].due) == (minutes[0], minutes[-1])
        assert found[0].reason.startswith("the first of 100, up to 2026-01-28 21:39 UTC: asleep")


def test_a_journal_that_is_not_there_tells_of_no_slots_and_is_not_made(tmp_path: Path) -> None:
    slots = SqliteJournal(tmp_path / "j.sqlite").slots
    assert (slots.history(1), slots.unended(), slots.openings()) == ((), (), frozenset())
    assert list(tmp_path.iterdir()) == []


def test_a_slot_and_its_end_cannot_be_changed_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with closing(SqliteJournal(path)) as journal:
        journal.slots.end(journal.slots.begin(HOUR, 1, NOW, "aaaaaaaa"), NOW, RAN)
    with closing(sqlite3.connect(path)) as database:
        for table in ("slot", "slot_end"):
            with pytest.raises(sqlite3.IntegrityError, match="append only"):
                database.execute(f"DELETE FROM {table}")
        with pytest.raises(sqlite3.IntegrityError, match="holds this slot already"):
            database.execute(
                "REPLACE INTO slot SELECT 99, entry, due, attempt, kind, what, at, reason, run_id "
                "FROM slot"
            )
