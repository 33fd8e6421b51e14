"""What every `TicketBook` does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.gates import ApprovedTicket
from sellkit.core.lifecycle import ALLOWED
from sellkit.core.portfolio import Side
from sellkit.errors import DuplicateTicket, IllegalTransition, JournalError, TicketMoved
from sellkit.ports.ticket_book import TicketBook, TicketRecord
from tests import build
from tests.contracts.test_journal import header
from tests.fakes_tickets import FakeTicketBook
from tests.ticketing import (
    REFERENCE,
    TICKET,
    S,
    after,
    brought_to,
    claim,
    claimed,
    draft,
    fill,
    journalled,
    look,
    of_earlier_bar,
    other,
    records,
    report,
)


@pytest.fixture(params=["memory", "sqlite"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TicketBook]:
    if request.param == "memory":
        yield FakeTicketBook()
        return
    journal = SqliteJournal(tmp_path / "data" / "journal.sqlite")
    journal.begin(header("r1"))
    journal.begin(header("r2"))
    yield journal.book
    assert journal.evidence.flaws() == ()
    journal.close()


def test_an_intended_ticket_is_told_as_it_was_decided(book: TicketBook) -> None:
    assert book.ticket(REFERENCE) is None
    told = book.intend("r1", TICKET, after(1))
    assert told == TicketRecord(
        ticket_id=TICKET.ticket_id,
        attempt=1,
        reference=REFERENCE,
        run_id="r1",
        account="main",
        con_id=265598,
        ticker="NASDAQ:AAPL",
        side=Side.SELL,
        quantity=Decimal(100),
        position_before=Decimal(100),
        notional=Decimal("9900.0"),
        bar_end=build.HOUR_END,
        state=S.INTENT,
        cause="to be closed",
        at=after(1),
        began_at=after(1),
        claimed_at=None,
        order_id=None,
        client_id=None,
        epoch=None,
        perm_id=None,
        filled=Decimal(0),
        stopped=(),
    )
    assert book.ticket(REFERENCE) == told


@pytest.mark.parametrize("is_cancelling", [False, True])
def test_a_ticket_that_stands_before_its_claim_stays_as_it_is(
    book: TicketBook, is_cancelling: bool
) -> None:
    told = book.intend("r1", TICKET, after(1))
    if is_cancelling:
        told = book.step(REFERENCE, S.CANCELLING, after(2), "a stop rests on it")
    smaller = build.ticket(build.position(quantity="60"))
    assert book.intend("r2", smaller, after(3)) == told
    assert len(book.steps(REFERENCE)) == 1 + is_cancelling


def test_a_ticket_that_was_abandoned_before_its_claim_begins_anew(book: TicketBook) -> None:
    book.intend("r1", TICKET, after(1))
    book.step(REFERENCE, S.ABANDONED, after(2), "halted")
    smaller = build.ticket(build.position(quantity="60"))
    told = book.intend("r2", smaller, after(3))
    assert (told.state, told.run_id, told.at) == (S.INTENT, "r2", after(3))
    assert (told.quantity, told.position_before, told.began_at) == (60, 60, after(1))
    assert claim(book, smaller, 4).state is S.SUBMITTING


def test_a_ticket_that_was_abandoned_after_its_claim_never_begins_anew(book: TicketBook) -> None:
    brought_to(book, S.ABANDONED)
    with pytest.raises(DuplicateTicket, match=REFERENCE):
        book.intend("r2", TICKET, after(5))


@pytest.mark.parametrize(
    "states", [(), (S.ACKNOWLEDGED,), (S.UNCERTAIN,), (S.REJECTED,), (S.FILLED, S.DONE)]
)
def test_a_ticket_that_was_claimed_is_not_intended_again(
    book: TicketBook, states: tuple[S, ...]
) -> None:
    told = brought_to(book, *states)
    with pytest.raises(DuplicateTicket, match=REFERENCE):
        book.intend("r2", TICKET, after(9))
    assert book.ticket(REFERENCE) == told


def test_a_claim_is_told_with_its_order_and_the_snapshot_before(book: TicketBook) -> None:
    book.intend("r1", build.ticket(build.position(quantity="60")), after(1))
    told = claim(book)
    assert (told.state, told.at, told.claimed_at) == (S.SUBMITTING, after(2), after(2))
    assert (told.order_id, told.client_id, told.epoch) == ("17", "1", 3)
    assert (told.quantity, told.position_before) == (100, 100)
    details = book.steps(REFERENCE)[-1]["details"]
    assert isinstance(details, dict)
    assert details["order"] == TICKET.order()
    assert details["before"]["positions"]


def test_a_claim_is_made_once(book: TicketBook) -> None:
    told = claimed(book)
    with pytest.raises(DuplicateTicket, match=REFERENCE):
        claim(book)
    assert book.ticket(REFERENCE) == told


def test_a_claim_needs_its_intent_and_its_own_draft(book: TicketBook) -> None:
    with pytest.raises(IllegalTransition, match=REFERENCE):
        claim(book)
    book.intend("r1", TICKET, after(1))
    with pytest.raises(JournalError, match="draft"):
        book.claim(ApprovedTicket(TICKET), draft(other()), build.snapshot(), after(2))
    told = book.ticket(REFERENCE)
    assert told is not None
    assert told.state is S.INTENT


@pytest.mark.parametrize(
    ("states", "is_free"),
    [
        ((), False),
        ((S.UNCERTAIN,), False),
        ((S.FILLED,), False),
        ((S.FILLED, S.DONE), True),
        ((S.CANCELLED,), True),
    ],
)
def test_two_claims_of_one_position_do_not_stand_beside_each_other(
    book: TicketBook, states: tuple[S, ...], is_free: bool
) -> None:
    brought_to(book, *states)
    late = of_earlier_bar()
    book.intend("r2", late, after(8))
    if is_free:
        assert claim(book, late, 9).state is S.SUBMITTING
        return
    with pytest.raises(DuplicateTicket, match=REFERENCE):
        claim(book, late, 9)


def test_claims_of_different_positions_stand_beside_each_other(book: TicketBook) -> None:
    assert claimed(book).state is S.SUBMITTING
    assert claimed(book, other()).state is S.SUBMITTING


@pytest.mark.parametrize("state", [S.INTENT, S.SUBMITTING])
def test_intents_and_claims_are_no_steps(book: TicketBook, state: S) -> None:
    book.intend("r1", TICKET, after(1))
    book.step(REFERENCE, S.ABANDONED, after(2), "halted")
    with pytest.raises(IllegalTransition, match=REFERENCE):
        book.step(REFERENCE, state, after(3), "by hand")


def test_a_step_that_does_not_follow_is_refused_and_changes_nothing(book: TicketBook) -> None:
    told = brought_to(book, S.ACKNOWLEDGED)
    for state in set(S) - ALLOWED[S.ACKNOWLEDGED]:
        with pytest.raises(IllegalTransition):
            book.step(REFERENCE, state, after(9), "no")
    assert book.ticket(REFERENCE) == told


def test_a_ticket_that_is_not_there_is_not_stepped_on(book: TicketBook) -> None:
    with pytest.raises(IllegalTransition, match=REFERENCE):
        book.step(REFERENCE, S.ABANDONED, after(1), "no")
    with pytest.raises(IllegalTransition, match=REFERENCE):
        book.note_round(REFERENCE, look(1))
    assert book.steps(REFERENCE) == book.rounds(REFERENCE) == book.fills(REFERENCE) == ()


def test_the_perm_id_stays_once_it_was_told(book: TicketBook) -> None:
    claimed(book)
    told = book.step(REFERENCE, S.ACKNOWLEDGED, after(3), "numbered", perm_id="77")
    assert told.perm_id == "77"
    told = book.step(REFERENCE, S.STOPPING, after(4), "too slow")
    assert (told.perm_id, told.state) == ("77", S.STOPPING)


def test_steps_are_told_oldest_first_with_their_details(book: TicketBook) -> None:
    claimed(book)
    book.step(REFERENCE, S.UNCERTAIN, after(3), "silence", {"waited": 30, "codes": [399]})
    told = book.steps(REFERENCE)
    assert [each["state"] for each in told] == [S.INTENT, S.SUBMITTING, S.UNCERTAIN]
    assert told[-1] == {
        "at": after(3),
        "state": S.UNCERTAIN,
        "cause": "silence",
        "details": {"waited": 30, "codes": [399]},
    }


# --- attempts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ended", [(S.CANCELLED,), (S.UNCERTAIN, S.NOT_RECEIVED)])
def test_a_second_attempt_follows_a_first_that_is_settled(
    book: TicketBook, ended: tuple[S, ...]
) -> None:
    brought_to(book, *ended)
    rest = replace(TICKET, attempt=2, quantity=Decimal(40))
    told = claimed(book, rest)
    assert (told.reference, told.attempt, told.quantity) == (rest.reference, 2, 40)


@pytest.mark.parametrize("standing", [(), (S.ACKNOWLEDGED,), (S.REJECTED,), (S.UNCERTAIN,)])
def test_a_second_attempt_follows_no_other(book: TicketBook, standing: tuple[S, ...]) -> None:
    brought_to(book, *standing)
    with pytest.raises(IllegalTransition, match="-2"):
        book.intend("r1", replace(TICKET, attempt=2), after(9))


def test_a_second_attempt_is_not_the_first(book: TicketBook) -> None:
    with pytest.raises(IllegalTransition, match="-2"):
        book.intend("r1", replace(TICKET, attempt=2), after(1))


# --- lists ----------------------------------------------------------------------------------------


def test_attempts_are_listed_oldest_first_by_when_they_began(book: TicketBook) -> None:
    book.intend("r1", other(), after(1))
    book.intend("r1", TICKET, after(2))
    book.intend("r2", of_earlier_bar(), after(3))
    assert [each.at for each in book.ticket_records("main", after(2))] == [after(2), after(3)]
    assert len(book.ticket_records("main", after(0))) == 3
    assert book.ticket_records("other", after(0)) == ()


def test_what_has_not_ended_is_unsettled(book: TicketBook) -> None:
    claimed(book, other())
    brought_to(book, S.UNCERTAIN)
    assert [each.ticker for each in book.unsettled("main")] == ["NASDAQ:MSFT", "NASDAQ:AAPL"]
    book.step(REFERENCE, S.NOT_RECEIVED, after(8), "proven")
    assert [each.ticker for each in book.unsettled("main")] == ["NASDAQ:MSFT"]
    book.step(REFERENCE, S.UNCERTAIN, after(9), "a fill came after all")
    assert len(book.unsettled("main")) == 2
    assert book.unsettled("other") == ()


# --- the ledger -----------------------------------------------------------------------------------


def test_fills_are_counted_once_by_family(book: TicketBook) -> None:
    claimed(book)
    first, more = fill("0001.01.01", "60"), fill("0002.01.01", "40")
    corrected = fill("0001.01.02", "50")
    assert book.note_fills((first, more)) == (first, more)
    assert book.note_fills((first, corrected)) == (corrected,)
    assert book.note_fills((first, more, corrected)) == ()
    told = book.ticket(REFERENCE)
    assert told is not None
    assert told.filled == 90
    assert book.fills(REFERENCE) == tuple(journalled(each) for each in (first, more, corrected))


def test_a_fill_told_twice_at_once_is_new_once(book: TicketBook) -> None:
    assert book.note_fills((fill(), fill())) == (fill(),)


def test_a_fill_without_its_reference_is_known_by_the_perm_id(book: TicketBook) -> None:
    claimed(book)
    book.note_fills((fill(reference=""), fill("0009.01", reference="", perm="")))
    assert book.fills(REFERENCE) == ()
    told = book.step(REFERENCE, S.ACKNOWLEDGED, after(5), "numbered", perm_id="77")
    assert told.filled == 100


def test_fills_of_other_orders_are_kept_and_are_not_the_tickets(book: TicketBook) -> None:
    told = claimed(book)
    stop = fill(reference="SK1-stop", perm="5")
    assert book.note_fills((stop,)) == (stop,)
    assert book.note_fills((stop,)) == ()
    assert book.ticket(REFERENCE) == told


def test_stopped_orders_are_named_with_what_became_of_them(book: TicketBook) -> None:
    book.intend("r1", TICKET, after(1))
    stop, limit = build.open_order(), replace(build.open_order(stop=None), perm_id="5")
    limit = replace(limit, limit_price=Decimal("120.5"), order_type="LMT")
    gone = replace(build.open_order(), perm_id="6")
    bound = replace(build.open_order(), perm_id="7", order_id="-1")
    for order in (stop, limit, gone, bound):
        book.note_cancel(REFERENCE, order, after(2), "asked")
    book.note_cancel(REFERENCE, stop, after(3), "confirmed")
    book.note_cancel(REFERENCE, gone, after(3), "filled")
    told = book.ticket(REFERENCE)
    assert told is not None
    assert told.stopped == (
        "SELL 100 STP stop 80 GTC",
        "SELL 100 LMT limit 120.5 GTC (its cancel is not confirmed)",
        "SELL 100 STP stop 80 GTC placed by hand (its cancel is not confirmed)",
    )


def test_the_latest_word_on_a_cancel_is_found_by_the_number_of_its_order(book: TicketBook) -> None:
    claimed(book)
    stop = build.open_order()
    book.note_cancel(REFERENCE, stop, after(2), "asked")
    assert book.cancel_of(stop.perm_id) == (REFERENCE, "asked")
    book.note_cancel(REFERENCE, stop, after(3), "confirmed")
    assert book.cancel_of(stop.perm_id) == (REFERENCE, "confirmed")
    assert book.cancel_of("999") is None


def test_the_highest_number_claimed_is_known_as_a_number_and_by_client_id(
    book: TicketBook,
) -> None:
    assert book.highest_order_id("1") is None
    for one, number in ((TICKET, "99"), (other(), "1000")):
        book.intend("r1", one, after(1))
        book.claim(ApprovedTicket(one), draft(one, number), build.snapshot(), after(2))
    assert book.highest_order_id("1") == "1000"
    assert book.highest_order_id("2") is None


def test_rounds_count_since_the_last_step(book: TicketBook) -> None:
    brought_to(book, S.UNCERTAIN)
    told = (look(60), look(120, doubt="the position changed"), look(180, since=None))
    for each in told:
        book.note_round(REFERENCE, each)
    assert book.rounds(REFERENCE) == told
    book.step(REFERENCE, S.ACKNOWLEDGED, after(130), "found")
    assert book.rounds(REFERENCE) == ()


def test_what_the_gateway_said_is_taken(book: TicketBook) -> None:
    book.note_reports((report(), report()))
    book.note_reports(())
    book.note_records(records(), "before the claim")


def test_a_step_decided_on_a_state_that_is_past_is_refused(book: TicketBook) -> None:
    book.intend("r1", TICKET, after(1))
    claim(book)  # by another process
    with pytest.raises(TicketMoved):
        book.step(REFERENCE, S.ABANDONED, after(3), "the lease is gone", seen=S.INTENT)
    told = book.step(REFERENCE, S.ABANDONED, after(4), "not sent", seen=S.SUBMITTING)
    assert told.state is S.ABANDONED
