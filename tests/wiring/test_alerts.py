"""Alerts that are kept, and what becomes of those that are told again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.alerts import ORDERS, Alert, AlertKind
from sellkit.core.gates import ApprovedTicket
from sellkit.operate.decision import HourlyDecision
from sellkit.operate.telling import tell
from sellkit.wiring.alerts import AlertKeeper
from tests.build import NOW, position, row, snapshot, standing, ticket
from tests.fakes_route import FakeRoute
from tests.fakes_tickets import FakeTicketBook
from tests.operate.test_live import Told, live_on
from tests.operate.workplace import Workplace

STUCK = "NASDAQ:AAPL: the cancel of SELL 100 STP at 95 was not confirmed"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal(tmp_path / "journal.sqlite")) as held:
        yield held


def keeper(tmp_path: Path) -> AlertKeeper:
    return AlertKeeper(tmp_path / "journal.sqlite", ORDERS)


def test_what_is_withheld_hour_after_hour_in_the_same_words_stays_open(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    stuck = Alert(AlertKind.WITHHELD_EXIT, STUCK, NOW)
    keeper(tmp_path).keep(stuck)
    live = live_on(FakeTicketBook(), FakeRoute([position()]), Told())
    parts = replace(Workplace().parts(), journal=journal, live=live)
    known = journal.open_alerts()
    keeper(tmp_path).keep(stuck)  # the next live run withholds it on its way out, too
    approved = row(verdict=ApprovedTicket(ticket()))
    tell(parts, HourlyDecision(NOW, snapshot(), standing(), (approved,), {}), known)
    assert [each["text"] for each in journal.open_alerts()] == [STUCK]


def test_what_only_a_person_ends_is_kept_once(journal: SqliteJournal, tmp_path: Path) -> None:
    gone = Alert(AlertKind.UNPROTECTED, "NASDAQ:AAPL: cancelled before the close", NOW)
    for _ in range(2):
        keeper(tmp_path).keep(gone)
    assert [each["number"] for each in journal.open_alerts()] == [1]
