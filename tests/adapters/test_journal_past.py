"""What became of a position in the market, out of the journal's file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.past import Past
from tests import build, ticketing
from tests.contracts.test_journal import exit_row, header


def _journal(tmp_path: Path) -> SqliteJournal:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    journal.begin(header())
    build.record(journal, "r1", [exit_row()])
    return journal


def test_an_order_in_the_market_is_told_by_its_claim_and_its_state(tmp_path: Path) -> None:
    journal = _journal(tmp_path)
    ticketing.brought_to(journal.book, ticketing.S.ACKNOWLEDGED)
    (order,) = journal.past("main", 265598, build.HOUR_END).orders
    assert (order.reference, order.state) == (ticketing.REFERENCE, "ACKNOWLEDGED")
    assert order.at == ticketing.after(2)
    assert order.reasons == ("to ACKNOWLEDGED",)


def test_a_corrected_execution_is_told_once_as_corrected(tmp_path: Path) -> None:
    journal = _journal(tmp_path)
    first = ticketing.fill("0001.01.01", "100")
    corrected = replace(first, exec_id="0001.01.02", price=first.price + 1)
    journal.book.note_fills((first, corrected))
    assert journal.past("main", 265598, build.HOUR_END).fills == (ticketing.journalled(corrected),)


def test_a_journal_that_is_not_there_yet_has_no_past_and_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    assert SqliteJournal(path).past("main", 265598, build.HOUR_END) == Past()
    assert not path.exists()
