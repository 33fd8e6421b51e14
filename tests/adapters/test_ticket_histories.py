"""Any history of tickets: the file and the book in memory tell the same, and the file is whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.orders import OrderTicket
from sellkit.errors import JournalError
from sellkit.ports.ticket_book import TicketBook
from tests import build, ticketing
from tests.adapters.journal_writers import RUN
from tests.fakes_tickets import FakeTicketBook
from tests.ticketing import S, after

TICKETS = (
    ticketing.TICKET,
    replace(ticketing.TICKET, attempt=2, quantity=Decimal(40)),
    ticketing.of_earlier_bar(),
    ticketing.other(),
)
tickets = st.sampled_from(TICKETS)
perm_ids = st.sampled_from([None, "77", "78"])


class Histories(RuleBasedStateMachine):
    """Every operation on both, and the same answer or the same refusal from both."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp())
        self._journal = SqliteJournal(self._folder / "journal.sqlite")
        self._journal.begin(RUN)
        self._memory = FakeTicketBook()
        self._second = 0

    def _both(self, act: Callable[[TicketBook], object]) -> None:
        told, expected = (_answer(act, each) for each in (self._journal.book, self._memory))
        assert told == expected
        self._second += 1

    @rule(ticket=tickets)
    def intend(self, ticket: OrderTicket) -> None:
        self._both(lambda book: book.intend("r1", ticket, after(self._second)))

    @rule(ticket=tickets)
    def claim(self, ticket: OrderTicket) -> None:
        self._both(lambda book: ticketing.claim(book, ticket, self._second))

    @rule(ticket=tickets, state=st.sampled_from(S), perm_id=perm_ids)
    def step(self, ticket: OrderTicket, state: S, perm_id: str | None) -> None:
        at = after(self._second)
        self._both(
            lambda book: book.step(ticket.reference, state, at, "so", {"n": 1}, perm_id=perm_id)
        )

    @rule(ticket=tickets, number=st.integers(1, 3), part=st.integers(1, 2), perm=perm_ids)
    def fill(self, ticket: OrderTicket, number: int, part: int, perm: str | None) -> None:
        one = ticketing.fill(f"{number}.0{part}", "10", ticket.reference, perm or "")
        self._both(lambda book: book.note_fills((one,)))

    @rule(ticket=tickets, perm=st.sampled_from("12"), outcome=st.sampled_from(["asked", "filled"]))
    def cancel(self, ticket: OrderTicket, perm: str, outcome: str) -> None:
        order = replace(build.open_order(), perm_id=perm)
        at = after(self._second)
        self._both(lambda book: book.note_cancel(ticket.reference, order, at, outcome))

    @rule(ticket=tickets)
    def look(self, ticket: OrderTicket) -> None:
        told = ticketing.look(self._second)
        self._both(lambda book: book.note_round(ticket.reference, told))

    @invariant()
    def both_tell_the_same(self) -> None:
        for ticket in TICKETS:
            for ask in ("ticket", "fills", "rounds"):
                told, expected = (
                    getattr(each, ask)(ticket.reference)
                    for each in (self._journal.book, self._memory)
                )
                assert told == expected
        assert self._journal.book.unsettled("main") == self._memory.unsettled("main")

    def teardown(self) -> None:
        assert self._journal.evidence.flaws() == ()
        assert self._journal.evidence.doubt() is None
        self._journal.close()
        shutil.rmtree(self._folder)


def _answer(act: Callable[[TicketBook], object], book: TicketBook) -> object:
    try:
        return act(book)
    except JournalError as error:
        return type(error)


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
