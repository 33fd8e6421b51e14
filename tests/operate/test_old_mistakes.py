"""Ten mistakes that a tool of this kind has made before, each by name.

 1. an order matched by the end of its symbol, so that one on META is found on A
 2. open orders asked for without their contracts, so that stops are never found
 3. the bar that has just opened judged
 4. half an hour taken for an hour
 5. an option row sold as stock
 6. a short position doubled
 7. an id with the microseconds of the moment in it, which is another one each time
 8. a store that answers "not seen" when it fails
 9. the bar before the close and that of the close both acting, at 15:59:55 and at 16:00
10. an empty list of positions that wipes the assignments
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sellkit.adapters.csv_assignments import CsvAssignments
from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.aggregate import completed, fold
from sellkit.core.bars import BarSize, slots_until
from sellkit.core.evaluate import History, evaluate
from sellkit.core.facts import Facts
from sellkit.core.gates import ApprovedTicket, DeferredTicket, DeniedTicket, judge
from sellkit.core.lifecycle import TicketState
from sellkit.core.orders import OrderIntent, prepare
from sellkit.core.portfolio import Account
from sellkit.core.signals import Decision
from sellkit.errors import JournalError
from sellkit.operate.desk import Desk
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve
from tests.build import (
    HOUR_END,
    NOW,
    SECOND,
    assignment,
    bars,
    broken,
    facts,
    live_facts,
    new_york,
    open_order,
    position,
    quote,
    session_halves,
    session_hours,
    snapshot,
    ticket,
    utc,
)
from tests.fakes import FakeClock
from tests.fakes_schedule import Stage as ScheduleStage
from tests.faults.catalogue import scenario_files
from tests.operate.trading_build import stage
from tests.operate.workplace import APPLE, Workplace, header, histories

CLOSE = utc("2026-01-28 21:00")
OWN = "SK1-aaaaaaaaaaaa-1"


def test_an_order_on_meta_is_none_on_a() -> None:
    agilent, meta = position("NYSE:A", con_id=1), position("NASDAQ:META", con_id=2)
    stop = open_order(OWN, con_id=meta.instrument.con_id)
    desk = stage(agilent, meta, resting=(stop,))
    (record,) = desk.close(ticket(agilent))
    assert record.state is TicketState.DONE
    assert desk.route.cancelled == []
    assert desk.route.orders == [stop]
    assert (desk.held(1), desk.held(2)) == (0, 100)


def test_a_resting_stop_is_found_by_its_contract() -> None:
    scenario = load_scenario(scenario_files()[53])  # a stop of sellkit's own rests on Apple
    with (
        serve(scenario, clock=VirtualClock(NOW, 0)) as gateway,
        IbBroker.connect(host="127.0.0.1", port=gateway.port, client_id=1) as broker,
    ):
        seen = broker.snapshot(Account("main", "DU0000001"))
    (apple,) = (each for each in seen.positions if each.instrument.token.symbol == "AAPL")
    (stop,) = seen.orders_on(apple.instrument.con_id)
    assert (stop.order_type, stop.remaining, stop.is_own) == ("STP", 100, True)
    assert len(seen.open_orders) == 1


def test_the_bar_that_has_just_opened_is_not_judged() -> None:
    ended = slots_until(NOW, BarSize.H1, new_york(), count=5)
    just_opened = next(each for each in session_hours() if each.start == HOUR_END)
    told = bars([*ended, just_opened], [100, 101, 102, 103, 104, 1])
    found = evaluate(position(), assignment("SMA 5 1H"), History(completed(told, ended), broken()))
    assert found.decision is Decision.HOLD
    assert found.certificate is not None
    assert (found.certificate.slot.end, found.certificate.close) == (HOUR_END, 104)


def test_half_an_hour_is_not_an_hour() -> None:
    ended = slots_until(NOW, BarSize.H1, new_york(), count=5)
    halves = [each for each in session_halves() if each.end <= HOUR_END]
    first_of_the_last_hour = halves[:-1]
    falling = [float(-each) for each in range(len(first_of_the_last_hour))]
    told = bars(first_of_the_last_hour, [200 + each for each in falling])
    run = completed(fold(told, ended), ended)
    found = evaluate(position(), assignment("SMA 5 1H"), History(run, broken()))
    assert found.decision is Decision.UNDECIDED
    assert "is incomplete: 1 of 2 half-hours" in found.reasons[0]


def test_an_option_is_not_sold_as_stock() -> None:
    option = position("NASDAQ:AAPL", "2", con_id=11, security_type="OPT")
    hours = completed(bars(session_hours()[:5], [104, 103, 102, 101, 100]), session_hours()[:5])
    found = evaluate(option, assignment("SMA 5 1H"), History(hours, broken()))
    assert found.decision is Decision.EXCLUDED
    forced = prepare(replace(ticket().signal, position=option))
    verdict = judge(forced, facts(live=live_facts()))
    assert isinstance(verdict, DeniedTicket)
    assert any("only long stock and ETF positions" in each for each in verdict.reasons)


def test_a_short_position_is_not_doubled() -> None:
    short = position(quantity="-100")
    hours = completed(bars(session_hours()[:5], [104, 103, 102, 101, 100]), session_hours()[:5])
    found = evaluate(short, assignment("SMA 5 1H"), History(hours, broken()))
    assert found.decision is Decision.EXCLUDED
    desk = stage(short)
    (record,) = desk.close(ticket())  # decided while it was long
    assert record.state is TicketState.ABANDONED
    assert (desk.route.sent, desk.held()) == ([], -100)
    assert "changed its sign" in desk.halt


def test_an_id_holds_the_bars_end_and_no_other_moment() -> None:
    proof = ticket().signal.certificate
    assert proof is not None
    later = replace(proof, fetched_at=proof.fetched_at + dt.timedelta(microseconds=123_457))
    assert ticket(proof=later).ticket_id == ticket().ticket_id
    told = ticket().signal.position
    here = OrderIntent(told.account.number, told.instrument.con_id, HOUR_END)
    assert here.ticket_id == ticket().ticket_id
    assert re.fullmatch(r"[0-9a-f]{12}", ticket().ticket_id)


def test_a_journal_that_fails_never_answers_not_seen(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"this is no database, " * 500)
    journal = SqliteJournal(path)
    for ask in (
        lambda: journal.book.ticket(ticket().reference),
        lambda: journal.book.unsettled("main"),
        lambda: journal.book.ticket_records("main", NOW),
        lambda: journal.precedents("main", NOW),
        lambda: journal.resting(Account("main", "DU0000001")),
    ):
        with pytest.raises(JournalError):
            ask()
    desk = stage()
    desk.book.unwritable = {"intend"}
    with pytest.raises(JournalError):
        desk.close()
    assert desk.route.sent == []


def test_the_close_is_due_once_and_neither_before_nor_at_it_an_order_goes() -> None:
    schedule = ScheduleStage(FakeClock(CLOSE - dt.timedelta(minutes=30)))
    schedule.run(2)
    due = [each.due.at for each in schedule.ended]
    assert due == [CLOSE, utc("2026-01-29 15:00")]

    just_before, at_it = CLOSE - 5 * SECOND, CLOSE
    before = judge(ticket(), acting_at(just_before))
    assert isinstance(before, DeniedTicket)
    assert any("the session ends in 0:00:05" in each for each in before.reasons)

    last = next(each for each in session_hours() if each.end == CLOSE)
    proof = ticket().signal.certificate
    assert proof is not None
    of_the_close = ticket(proof=replace(proof, slot=last, fetched_at=CLOSE + SECOND))
    after = judge(of_the_close, acting_at(at_it + 5 * SECOND, session=None))
    assert isinstance(after, DeferredTicket)
    for verdict in (before, after):
        assert not isinstance(verdict, ApprovedTicket)


def acting_at(now: dt.datetime, **changes: object) -> Facts:
    """Facts of live mode at a moment, everything read just then."""
    fresh = {"snapshot": snapshot(taken_at=now), "quote": replace(quote(), asked_at=now)}
    return facts(now=now, live=live_facts(), **fresh, **changes)


def test_an_empty_list_of_positions_wipes_no_assignment(tmp_path: Path) -> None:
    book = CsvAssignments(tmp_path / "assigned_ma.csv")
    book.save(assignment("SMA 5 1H"))
    book.save(assignment("EMA 50 1D", "NASDAQ:MSFT"))
    before = (tmp_path / "assigned_ma.csv").read_bytes()
    place = Workplace(positions=(), told=histories(APPLE))
    desk = Desk(replace(place.parts(), book=book), place.desk.account, place.options, header())
    desk.begin()
    desk.bring_up_to_date()
    assert desk.record(desk.decide()).rows == ()
    assert (tmp_path / "assigned_ma.csv").read_bytes() == before
    assert len(book.load().assignments) == 2
