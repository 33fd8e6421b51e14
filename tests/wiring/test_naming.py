"""An account that got another alias in the settings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.adapters.sqlite_tickets import SqliteTickets
from sellkit.core.lifecycle import TicketState
from sellkit.core.portfolio import GatewayKind
from sellkit.errors import ConfigError
from sellkit.ports import RunHeader
from sellkit.wiring.naming import refuse_former_name
from tests.build import NOW, account
from tests.ticketing import brought_to

DAY = dt.timedelta(days=1)
RENAMED = account(alias="pension")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[SqliteTickets]:
    with closing(SqliteJournal(tmp_path / "journal.sqlite")) as journal:
        header = RunHeader(
            run_id="r1",
            started_at=NOW,
            as_of=NOW,
            mode="LIVE",
            profile="demo",
            account="main",
            gateway=GatewayKind.SIMULATED,
            version="0",
        )
        journal.begin(header)
        yield journal.book


def test_an_uncertain_ticket_locks_its_contract_under_whichever_alias(book: SqliteTickets) -> None:
    brought_to(book, TicketState.UNCERTAIN)
    refuse_former_name(book, account(), NOW)
    with pytest.raises(ConfigError, match="call it main again"):
        refuse_former_name(book, RENAMED, NOW + 30 * DAY)


def test_orders_of_a_former_alias_count_for_a_day(book: SqliteTickets) -> None:
    brought_to(book, TicketState.REJECTED)
    with pytest.raises(ConfigError, match="REJECTED"):
        refuse_former_name(book, RENAMED, NOW)
    refuse_former_name(book, RENAMED, NOW + 2 * DAY)
