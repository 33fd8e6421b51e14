"""Faults 35 and 55 to 74: what keeps an order from being sent, or makes it another one.

Every play is one of a sellkit that is armed and may send.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.core.alerts import AlertKind
from sellkit.core.arming import Halt
from sellkit.core.lifecycle import TicketState
from sellkit.core.portfolio import Account
from sellkit.errors import JournalError, NotConnected
from tests.architecture.source import ROOT
from tests.faults.desk import ALIASES, NUMBER, Ran, StageClock
from tests.faults.live import Sent
from tests.faults.play import TURN, Play, until

if TYPE_CHECKING:
    from sellkit.core.tickets import TicketRecord

SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)
SIX = ("AAPL", "MSFT", "JPM", "XOM", "NVDA", "IBM")
APPROVED = {"AAPL": "EXIT ApprovedTicket", "MSFT": "HOLD"}


# --- what a play is asked -------------------------------------------------------------------------


def sent_by(ran: Ran) -> Sent:
    """What a live run sent; its decision has to be there."""
    assert ran.sent is not None
    assert ran.decision is not None, ran.error
    return ran.sent


def one_of(ran: Ran) -> TicketRecord:
    """The one attempt of a live run."""
    (record,) = sent_by(ran).records
    return record


def held(play: Play, symbol: str = "AAPL", account: str = NUMBER) -> Decimal:
    """Shares of a symbol by the gateway's own books."""
    holdings = play.gateway.exchange.holdings()
    of = {(each.account, each.security.symbol): each.quantity for each in holdings}
    return of.get((account, symbol), Decimal(0))


def said(play: Play, kind: AlertKind) -> str:
    """The last alarm of a kind about orders."""
    texts = [text for each, text in play.armoury.alarms if each is kind]
    assert texts, play.armoury.kinds()
    return texts[-1]


def by_hand(play: Play, action: str, quantity: int) -> Callable[[object], None]:
    """What a person does in the gateway's window between decision and order."""

    def act(_decision: object) -> None:
        play.gateway.terminal.place("AAPL", action, Decimal(quantity))

    return act


def patient(play: Play, **seconds: float) -> None:
    """Other patience of the runs to come, in real seconds."""
    changed: Any = seconds
    play.armoury.patience = replace(play.armoury.patience, **changed)


# --- 35: too many at once -------------------------------------------------------------------------


@pytest.mark.fault(35)
def test_many_exits_at_once_send_nothing_until_a_person_confirms(play: Play) -> None:
    play.turn(fall=SIX)
    ran = play.run_live()
    assert ran.words() == dict.fromkeys(SIX, "EXIT DeniedTicket"), ran.error
    assert "6 of 6 positions signal at once" in ran.reasons("AAPL")
    assert sent_by(ran).records == ()
    assert play.asked("placeOrder") == 0
    play.armoury.is_confirmed = True
    confirmed = play.run_live()
    assert sent_by(confirmed).states() == dict.fromkeys(SIX, ["DONE"])
    assert play.asked("placeOrder") == len(SIX)
    assert not any(held(play, symbol) for symbol in SIX)
    play.seen("six withheld; once confirmed, six orders, one each")


# --- 55 to 59: what is held is not what was decided on --------------------------------------------


@pytest.mark.fault(55)
def test_a_stop_of_somebody_else_sends_nothing_and_stays(play: Play) -> None:
    symbols = ("AAPL", "MSFT", "JPM")
    play.turn(fall=symbols)
    ran = play.run_live()
    assert ran.words() == dict.fromkeys(symbols, "EXIT DeniedTicket"), ran.error
    for symbol in symbols:
        assert "orders that sellkit did not place rest on it (SELL" in ran.reasons(symbol)
    assert sent_by(ran).records == ()
    assert play.asked("placeOrder") == play.asked("cancelOrder") == 0
    assert len(play.gateway.exchange.orders()) == 3
    play.seen("three exits withheld, each with its stop named; the stops still rest")


@pytest.mark.fault(55)
def test_a_stop_that_comes_after_the_decision_sends_nothing(play: Play) -> None:
    for each in play.gateway.exchange.orders():
        play.gateway.terminal.cancel(each.perm_id)
    play.turn(fall=("AAPL",), rise=("MSFT", "JPM"))

    def protect(_decision: object) -> None:
        play.gateway.terminal.place("AAPL", "SELL", Decimal(100), "STP", aux_price=Decimal(90))

    record = one_of(play.run_live(between=protect))
    assert record.state is TicketState.ABANDONED
    assert "orders that sellkit did not place rest on it" in said(play, AlertKind.WITHHELD_EXIT)
    assert play.asked("placeOrder") == play.asked("cancelOrder") == 0
    play.seen(said(play, AlertKind.WITHHELD_EXIT))


@pytest.mark.fault(56)
def test_a_stop_that_fills_while_it_is_cancelled_leaves_nothing_to_sell(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))

    def fall() -> None:
        until(lambda: play.asked("cancelOrder"))
        play.control.move_price("AAPL", 0.5)
        play.gateway.terminal.let_trade()

    with meanwhile(fall):
        ran = play.run_live(limits=wide(play))
    record = one_of(ran)
    assert record.state is TicketState.DONE_BY_OTHER, record.cause
    assert held(play) == 0
    assert (play.asked("cancelOrder"), play.asked("placeOrder")) == (1, 0)
    play.seen("the stop sold it: no close is sent")


@pytest.mark.fault(56)
def test_a_stop_that_fills_in_part_leaves_only_the_rest_to_the_close(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    (stop,) = play.gateway.exchange.orders()

    def fill() -> None:
        until(lambda: play.asked("cancelOrder"))
        play.gateway.terminal.fill(stop.perm_id, Decimal(30))

    def fill_and_confirm() -> None:
        fill()
        play.go_to(TURN + 62 * SECOND)

    with meanwhile(fill_and_confirm):
        record = one_of(play.run_live())
    assert (record.state, record.quantity) == (TicketState.DONE, Decimal(70)), record.cause
    assert held(play) == 0
    play.seen("30 sold by the stop, 70 by the close")


@pytest.mark.fault(57)
def test_a_sale_by_hand_between_decision_and_order_gives_the_close_up(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run_live(between=by_hand(play, "SELL", 40))
    assert ran.words() == APPROVED
    assert one_of(ran).state is TicketState.ABANDONED
    assert "the position is 60 now and was 100 when decided" in said(play, AlertKind.WITHHELD_EXIT)
    assert (held(play), play.asked("placeOrder")) == (Decimal(60), 0)
    again = play.run_live()
    assert (one_of(again).state, one_of(again).quantity) == (TicketState.DONE, Decimal(60))
    play.seen("given up, and said; the next run decides on the 60 that are left, and sells those")


@pytest.mark.fault(57)
def test_a_position_that_was_sold_by_hand_needs_no_order(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run_live(between=by_hand(play, "SELL", 100))
    assert one_of(ran).state is TicketState.DONE_BY_OTHER
    assert play.asked("placeOrder") == 0
    play.seen("nothing is held any more; nothing is sent")


@pytest.mark.fault(58)
def test_a_purchase_by_hand_is_not_sold_on_the_former_decision(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run_live(between=by_hand(play, "BUY", 10))
    assert one_of(ran).state is TicketState.ABANDONED
    assert "the position is 110 now and was 100 when decided" in said(play, AlertKind.WITHHELD_EXIT)
    assert (held(play), play.asked("placeOrder")) == (Decimal(110), 0)
    again = play.run_live()
    assert (one_of(again).state, one_of(again).quantity) == (TicketState.DONE, Decimal(110))
    assert held(play) == 0
    play.seen("given up, and said; the next run decides on all 110")


@pytest.mark.fault(59)
def test_a_position_that_changes_its_sign_stops_everything(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run_live(between=by_hand(play, "SELL", 150))
    assert one_of(ran).state is TicketState.ABANDONED
    assert "-50 from 100" in said(play, AlertKind.POSITION_FLIPPED)
    assert "changed its sign" in str(play.armoury.switches.halt())
    assert play.asked("placeOrder") == 0
    play.go_to(TURN + MINUTE)
    play.control.move_price("MSFT", 0.5)
    play.go_to(TURN + 60 * MINUTE)
    other = play.run_live(limits=wide(play))
    assert other.words() == {"AAPL": "EXCLUDED", "MSFT": "EXIT DeniedTicket"}, other.error
    assert "halt" in other.reasons("MSFT")
    assert (held(play), play.asked("placeOrder")) == (Decimal(-50), 0)
    play.seen("a halt for every process, with an alert; nothing is bought back, nor sold elsewhere")


def wide(_play: Play) -> Any:
    """Limits that let a halved price pass as sane."""
    from tests.build import limits

    return limits(
        max_shares=Decimal(10_000),
        max_notional=Decimal(1_000_000),
        max_bar_age=dt.timedelta(minutes=10),
        max_quote_gap=0.9,
    )


@contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    """Let something happen on another thread while the block runs."""
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            act()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert not failures, failures


# --- 60, 61: two of them, or twice ----------------------------------------------------------------


@pytest.mark.fault(61)
def test_the_same_bar_judged_twice_is_one_order(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    first = play.run_live()
    assert sent_by(first).states() == {"AAPL": ["DONE"]}
    play.gateway.terminal.place("AAPL", "BUY", Decimal(100))  # as if nothing had been sold
    play.go_to(TURN + 5 * SECOND)
    again = play.run_live()
    assert again.ticket("AAPL") == first.ticket("AAPL")
    assert sent_by(again).records == ()
    assert play.asked("placeOrder") == 1
    play.seen(f"judged twice, the ticket {first.ticket('AAPL')} both times, and one order")


# --- 62, 63: the time -----------------------------------------------------------------------------


class OffClock(StageClock):
    """A machine's clock that is off the gateway's."""

    def __init__(self, told: Callable[[], dt.datetime], by: dt.timedelta) -> None:
        super().__init__(lambda: told() + by)


@pytest.mark.fault(62)
def test_a_bar_that_has_aged_while_the_machine_slept_sends_nothing(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.go_to(TURN + 47 * MINUTE)
    ran = play.run_live()
    assert ran.words()["AAPL"] == "EXIT DeniedTicket", ran.error
    assert "ended 0:47:20 ago" in ran.reasons("AAPL")
    assert play.asked("placeOrder") == 0
    play.seen(ran.reasons("AAPL"))


@pytest.mark.fault(62)
def test_a_machine_that_falls_asleep_between_decision_and_order_sends_nothing(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run_live(between=lambda _decision: play.go_to(TURN + 47 * MINUTE))
    assert ran.words() == APPROVED
    assert one_of(ran).state is TicketState.ABANDONED
    assert "ended 0:47:20 ago" in said(play, AlertKind.WITHHELD_EXIT)
    assert play.asked("placeOrder") == 0
    play.seen(said(play, AlertKind.WITHHELD_EXIT))


@pytest.mark.fault(62)
@pytest.mark.parametrize(("by", "told"), [(30 * MINUTE, "ahead of"), (-30 * MINUTE, "behind")])
def test_a_machine_whose_clock_jumped_sends_nothing(
    play: Play, by: dt.timedelta, told: str
) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.armoury.machine = OffClock(play.clock.now, by)
    ran = play.run_live()
    assert ran.words()["AAPL"] == "EXIT DeniedTicket", ran.error
    assert f"s {told} the gateway's" in ran.reasons("AAPL")
    assert play.asked("placeOrder") == 0
    play.armoury.machine = OffClock(play.clock.now, dt.timedelta())
    assert sent_by(play.run_live()).states() == {"AAPL": ["DONE"]}
    play.seen(ran.reasons("AAPL"))


NEXT_OPEN = dt.datetime(2026, 1, 29, 14, 30, tzinfo=dt.UTC)


def at_the_close(play: Play, close: dt.datetime) -> Ran:
    """A live run right after the last hour of a session, in which Apple fell."""
    play.go_to(close - MINUTE)
    play.control.move_price("AAPL", 0.9)
    play.control.move_price("MSFT", 1.2)
    play.go_to(close + 20 * SECOND)
    return play.run_live()


@pytest.mark.fault(63)
def test_an_exit_at_the_close_goes_out_after_the_next_open_if_it_still_holds(play: Play) -> None:
    ran = at_the_close(play, dt.datetime(2026, 1, 28, 21, tzinfo=dt.UTC))
    assert ran.words()["AAPL"] == "EXIT DeferredTicket", ran.error
    assert sent_by(ran).records == ()
    assert not play.gateway.exchange.orders()
    play.go_to(NEXT_OPEN + 20 * SECOND)
    opened = play.run_live()
    assert opened.ticket("AAPL") == ran.ticket("AAPL")
    assert sent_by(opened).states() == {"AAPL": ["DONE"]}, opened.reasons("AAPL")
    (order,) = play.gateway.exchange.book.ended_since(NEXT_OPEN)
    assert order.placed_at is not None
    assert order.placed_at >= NEXT_OPEN
    play.seen("deferred; nothing rests overnight; decided afresh and sent after the open")


@pytest.mark.fault(63)
def test_an_exit_at_the_close_of_a_half_day_queues_nothing(play: Play) -> None:
    ran = at_the_close(play, dt.datetime(2025, 11, 28, 18, tzinfo=dt.UTC))
    assert ran.words()["AAPL"] == "EXIT DeferredTicket", ran.error
    assert not play.gateway.exchange.orders()
    assert play.asked("placeOrder") == 0
    play.seen("at 13:00 of a half day likewise")


@pytest.mark.fault(63)
def test_a_session_that_closes_between_decision_and_order_sends_nothing(play: Play) -> None:
    close = dt.datetime(2026, 1, 28, 21, tzinfo=dt.UTC)
    play.go_to(close - 60 * MINUTE - MINUTE)
    play.control.move_price("AAPL", 0.9)
    play.control.move_price("MSFT", 1.2)
    play.go_to(close - 60 * MINUTE + 20 * SECOND)
    ran = play.run_live(between=lambda _decision: play.go_to(close - SECOND))
    assert ran.words()["AAPL"] == "EXIT ApprovedTicket", ran.error
    assert one_of(ran).state is TicketState.ABANDONED
    assert "the session ends in 0:00:01" in said(play, AlertKind.WITHHELD_EXIT)
    assert not play.gateway.exchange.orders()


# --- 64, 65: the contract -------------------------------------------------------------------------


@pytest.mark.fault(64)
def test_a_halted_symbol_is_not_sold(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run_live()
    assert ran.words()["AAPL"] == "EXIT DeniedTicket", ran.error
    assert "trading in NASDAQ:AAPL is halted for its volatility" in ran.reasons("AAPL")
    assert play.asked("placeOrder") == 0
    play.seen(ran.reasons("AAPL"))


@pytest.mark.fault(64)
def test_an_order_that_meets_a_halt_is_cancelled_in_time_and_shown(play: Play) -> None:
    play.control.resume("AAPL")
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.control.resume("AAPL")
    patient(play, fill=0.3)
    ran = play.run_live(between=lambda _decision: play.control.halt("AAPL"))
    assert ran.words() == APPROVED, ran.error
    assert one_of(ran).state is TicketState.CANCELLED
    assert "0 executed" in said(play, AlertKind.ORDER_UNFINISHED)
    assert not play.gateway.exchange.orders()
    assert (held(play), play.asked("placeOrder")) == (Decimal(100), 1)
    play.seen(said(play, AlertKind.ORDER_UNFINISHED))


@pytest.mark.fault(65)
def test_a_contract_that_is_gone_is_said_and_the_others_go_on(play: Play) -> None:
    play.turn(fall=("AAPL", "MSFT"))
    ran = play.run_live()
    assert ran.words() == {"AAPL": "UNDECIDED", "MSFT": "EXIT ApprovedTicket"}, ran.error
    assert "200: No security definition" in ran.reasons("AAPL")
    assert sent_by(ran).states() == {"MSFT": ["DONE"]}
    assert (held(play), held(play, "MSFT")) == (Decimal(100), Decimal(0))
    assert play.asked("reqContractDetails") <= 2, "a loop"
    play.seen(ran.reasons("AAPL"))


@pytest.mark.fault(65)
def test_an_order_for_a_contract_that_is_gone_is_one_attempt_and_an_alert(play: Play) -> None:
    play.control.clear()
    play.control.inject(
        {
            "message": "placeOrder",
            "symbol": "AAPL",
            "do": "error",
            "code": 200,
            "text": "No security definition has been found for the request",
        }
    )
    play.turn(fall=("AAPL", "MSFT"))
    ran = play.run_live()
    assert sent_by(ran).states() == {"AAPL": ["REJECTED"], "MSFT": ["DONE"]}, ran.error
    assert "200: No security definition" in said(play, AlertKind.ORDER_REJECTED)
    again = play.run_live()
    assert sent_by(again).records == ()
    assert play.asked("placeOrder") == 2
    play.seen(said(play, AlertKind.ORDER_REJECTED))


# --- 66 to 68: what is held -----------------------------------------------------------------------


@pytest.mark.fault(66)
def test_of_a_fraction_the_whole_shares_are_sold_and_the_rest_is_told(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run_live()
    record = one_of(ran)
    assert (record.state, record.quantity) == (TicketState.DONE, Decimal(30)), record.cause
    assert held(play) == Decimal("0.5")
    with closing(SqliteJournal(play.journal_path)) as journal:
        (ticket,) = journal.tickets(ran.run_id)
    assert ticket["fraction"] == "0.5"
    again = play.run_live()
    assert again.words()["AAPL"] == "EXIT DeniedTicket"
    assert "less than one whole share (0.5)" in again.reasons("AAPL")
    assert play.asked("placeOrder") == 1
    play.seen("30 shares sold; 0.5 stay, and every run says so")


@pytest.mark.fault(67)
def test_a_short_position_is_never_sold_when_armed(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run_live()
    assert ran.words() == {"AAPL": "EXCLUDED", "MSFT": "HOLD"}, ran.error
    assert sent_by(ran).records == ()
    assert (held(play), play.asked("placeOrder")) == (Decimal(-50), 0)
    play.seen(ran.reasons("AAPL"))


@pytest.mark.fault(68)
def test_each_account_sells_its_own_shares_alone(play: Play) -> None:
    second = "DU0000002"
    play.turn(fall=("AAPL",), rise=("MSFT",))
    assert one_of(play.run_live()).quantity == 100
    assert (held(play), held(play, account=second)) == (Decimal(0), Decimal(70))
    assert one_of(play.run_live(number=second)).quantity == 70
    assert held(play, account=second) == 0
    ended = play.gateway.exchange.book.ended_since(TURN - SECOND)
    told = {each.terms.account: each.terms.quantity for each in ended}
    assert told == {NUMBER: Decimal(100), second: Decimal(70)}
    play.seen("100 shares for the one account, 70 for the other, each order names its own")
