"""Faults 35 and 55 to 74: what keeps an order from being sent, or makes it another one.

Every play is one of a sellkit that is armed and may send.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
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
from sellkit.core.resolving import WORDS
from sellkit.errors import ConfigError, JournalError, NotConnected, SellkitError
from sellkit.wiring.confirming import confirmed_tickets
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
    account, now = Account(ALIASES[NUMBER], NUMBER), play.clock.now()
    with closing(SqliteJournal(play.journal_path)) as journal:
        play.armoury.confirmed = confirmed_tickets(journal, account, ran.run_id, now)
        with pytest.raises(ConfigError, match="counts once"):
            confirmed_tickets(journal, account, ran.run_id, now)
    confirmed = play.run_live()
    assert sent_by(confirmed).states() == {each: ["DONE"] for each in SIX}
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

    play.gateway.terminal.set_habits(cancel_after_seconds=5)

    def fill() -> None:
        until(lambda: play.asked("cancelOrder"))
        play.gateway.terminal.fill(stop.perm_id, Decimal(30))
        play.go_to(TURN + 6 * SECOND)

    with meanwhile(fill):
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
    play.go_to(TURN + 10 * SECOND)  # at once it is not sure which of the two looks saw the trade
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
    play.go_to(TURN + 10 * SECOND)  # at once it is not sure which of the two looks saw the trade
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
    with ThreadPoolExecutor(1) as pool:
        going_on = pool.submit(act)
        yield
        going_on.result()


# --- 60, 61: two of them, or twice ----------------------------------------------------------------


@contextmanager
def rival(play: Play, client_id: int) -> Iterator[Callable[[], list[str]]]:
    """Another sellkit, in a process of its own, that has decided and holds the lease.

    Gives what lets it go on; that gives the states in which its tickets ended.
    """
    play.armoury.arm(Account(ALIASES[NUMBER], NUMBER), play.clock.now())
    words = (play.gateway.port, play.folder, client_id, play.clock.now().isoformat())
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.rival", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def go_on() -> list[str]:
        return process.communicate("go on\n")[0].split()

    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield go_on
        finally:
            process.kill()


def as_client(play: Play, client_id: int) -> SellkitError:
    """What a connection that is to send orders as a client comes to."""
    with pytest.raises(NotConnected) as caught:
        play.connect(client_id=client_id, sends_orders=True)
    return caught.value


@pytest.mark.fault(60)
def test_of_two_processes_on_one_account_the_second_refuses(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    with rival(play, 2) as go_on:
        ran = play.run_live()
        assert ran.words()["AAPL"] == "EXIT DeniedTicket", ran.error
        assert "the lease on main is not held here; process " in ran.reasons("AAPL")
        assert sent_by(ran).records == ()
        in_use = as_client(play, 2)
        assert "client id 2 is in use" in str(in_use)
        assert play.asked("placeOrder") == 0
        assert go_on() == ["DONE"]
    assert (held(play), play.asked("placeOrder")) == (Decimal(0), 1)
    play.seen(f"{ran.reasons('AAPL')}; with the same client id: {in_use}")


@pytest.mark.fault(60)
def test_a_lease_ends_with_its_process(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    with rival(play, 2):
        assert play.run_live().words()["AAPL"] == "EXIT DeniedTicket"
    play.was_killed = True
    assert sent_by(play.run_live()).states() == {"AAPL": ["DONE"]}
    assert play.asked("placeOrder") == 1


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


# --- 69, 70: before the wire, and before the disk -------------------------------------------------


def throttled(broker: IbBroker, requests: int, seconds: float) -> Callable[[object], None]:
    """Let the client write no more than so many messages in so many seconds from now on."""

    def act(_decision: object) -> None:
        way = broker._bridge.connection._errands.way
        assert way is not None
        client = way.link.ib.client
        client._timeQ.clear()
        client.MaxRequests, client.RequestsInterval = requests, seconds

    return act


FOUR_LISTS = 5
"""Messages in one reading of the lists: executions are asked for twice."""


@pytest.mark.fault(69)
def test_an_order_waits_until_nothing_queues_before_it(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = play.connect(sends_orders=True)
    ran = play.run_live(broker, between=throttled(broker, FOUR_LISTS, 0.3))
    assert one_of(ran).state is TicketState.DONE
    assert play.asked("placeOrder") == 1
    play.seen("it waits until the client may write again, and goes out once")


@pytest.mark.fault(69)
def test_what_would_queue_is_neither_sent_nor_claimed(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    broker = play.connect(sends_orders=True)
    patient(play, idle=0.1)
    ran = play.run_live(broker, between=throttled(broker, FOUR_LISTS, 2))
    record = one_of(ran)
    assert (record.state, record.claimed_at) == (TicketState.ABANDONED, None)
    assert "messages queued in the client" in said(play, AlertKind.WITHHELD_EXIT)
    assert (held(play), play.asked("placeOrder")) == (Decimal(100), 0)
    play.seen(said(play, AlertKind.WITHHELD_EXIT))


@contextmanager
def no_room(play: Play) -> Iterator[None]:
    """A disk on which the journal's log cannot grow any more."""
    log = play.journal_path.with_name(f"{play.journal_path.name}-wal")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.fault(70)
def test_a_disk_that_is_full_after_the_decision_sends_nothing(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    play.was_killed = True  # such a run cannot even write that it ended
    with ExitStack() as stack, pytest.raises(JournalError):
        play.run_live(between=lambda _decision: stack.enter_context(no_room(play)))
    assert (held(play), play.asked("placeOrder")) == (Decimal(100), 0)
    play.seen("the run ends with the journal's error, and nothing was sent")


@pytest.mark.fault(70)
@pytest.mark.parametrize("table", ["records_seen", "ticket_intent", "ticket_step", "ticket_claim"])
def test_a_row_that_cannot_be_written_sends_nothing(play: Play, table: str) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))

    def refuse(_decision: object) -> None:
        with closing(sqlite3.connect(play.journal_path)) as database:
            database.execute(
                f"CREATE TRIGGER full BEFORE INSERT ON {table} "
                "BEGIN SELECT RAISE (ABORT, 'the disk is full'); END"
            )

    ran = play.run_live(between=refuse)
    assert isinstance(ran.error, JournalError)
    assert "the disk is full" in str(ran.error)
    assert (held(play), play.asked("placeOrder")) == (Decimal(100), 0)
    play.seen(f"{table}: {ran.error}")


@pytest.mark.fault(70)
def test_without_a_journal_nothing_is_decided_nor_sent(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    (play.folder / "data").write_text("in the way of the journal")
    with pytest.raises(JournalError):
        play.run_live()
    (play.folder / "data").unlink()
    assert play.asked("placeOrder") == 0
    play.seen("the run ends before it begins")


# --- 71, 72: what a person has to settle, and has stopped -----------------------------------------


@pytest.mark.fault(71)
def test_an_order_of_yesterday_stays_uncertain_until_a_person_settles_it(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    patient(play, acknowledge=0.1, settle=0.1)
    play.armoury.retries_proven_unsent = True
    record = one_of(play.run_live())
    assert record.state is TicketState.UNCERTAIN, record.cause
    play.control.move_price("AAPL", 0.9)
    play.control.move_price("MSFT", 1.1)
    for hour in (1, 2):
        play.go_to(TURN + dt.timedelta(days=1, hours=hour))
        ran = play.run_live()
        assert ran.words()["AAPL"] == "EXIT DeniedTicket", ran.error
        assert f"{record.reference} UNCERTAIN" in ran.reasons("AAPL")
        assert sent_by(ran).records == ()
    assert play.asked("placeOrder") == 1
    with closing(SqliteJournal(play.journal_path)) as journal:
        at, reason = play.clock.now(), "the statement of the day does not have it"
        journal.book.resolve(record.reference, WORDS["not-received"], at, reason)
    assert sent_by(play.run_live()).states() == {"AAPL": ["DONE"]}
    assert play.asked("placeOrder") == 2
    play.seen(ran.reasons("AAPL"))


@pytest.mark.fault(72)
def test_a_halt_between_decision_and_order_sends_nothing(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    halt = Halt(play.clock.now(), "a person", "something looks wrong")
    ran = play.run_live(between=lambda _decision: play.armoury.switches.set_halt(halt))
    assert ran.words() == APPROVED, ran.error
    assert one_of(ran).state is TicketState.ABANDONED
    assert "something looks wrong" in said(play, AlertKind.WITHHELD_EXIT)
    assert (held(play), play.asked("placeOrder")) == (Decimal(100), 0)
    assert play.run_live().words()["AAPL"] == "EXIT DeniedTicket"
    play.armoury.switches.clear_halt()
    assert sent_by(play.run_live()).states() == {"AAPL": ["DONE"]}
    play.seen(said(play, AlertKind.WITHHELD_EXIT))


@pytest.mark.fault(72)
def test_disarming_between_decision_and_order_sends_nothing(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run_live(between=lambda _decision: disarmed(play))
    assert one_of(ran).state is TicketState.ABANDONED
    assert "live mode is not armed for main" in said(play, AlertKind.WITHHELD_EXIT)
    assert (held(play), play.asked("placeOrder")) == (Decimal(100), 0)


def disarmed(play: Play) -> None:
    assert play.armoury.switches.disarm(None) == ("main",)


# --- 73, 74: stops that lapse, and another strategy -----------------------------------------------


@pytest.mark.fault(73)
def test_a_stop_that_was_cancelled_overnight_is_missed_aloud(play: Play) -> None:
    play.turn(rise=("AAPL", "MSFT"))
    assert sent_by(play.run_live()).records == ()
    play.go_to(TURN + dt.timedelta(days=1))
    play.run_live()
    text = said(play, AlertKind.PROTECTION_GONE)
    assert "NASDAQ:AAPL: the protective order SELL 100 STP at 120" in text
    play.run_live()
    assert play.armoury.kinds().count(AlertKind.PROTECTION_GONE) == 1
    play.seen(text)


@pytest.mark.fault(73)
def test_a_dry_run_misses_a_stop_as_well(play: Play) -> None:
    play.turn(rise=("AAPL", "MSFT"))
    play.run()
    assert "alert" not in play.ears.events(logging.CRITICAL)
    play.go_to(TURN + dt.timedelta(days=1))
    play.run()
    assert "alert" in play.ears.events(logging.CRITICAL)
    play.seen("said in the log of a dry run, too")


@pytest.mark.fault(73)
def test_a_stop_that_sellkit_cancelled_is_not_missed(play: Play) -> None:
    play.turn(rise=("AAPL", "MSFT"))
    play.run_live()
    play.control.move_price("AAPL", 0.8)
    play.go_to(TURN + 60 * MINUTE)
    ran = play.run_live()
    assert sent_by(ran).states()["AAPL"] == ["DONE"], ran.words()
    play.go_to(TURN + 120 * MINUTE)
    play.run_live()
    assert AlertKind.PROTECTION_GONE not in play.armoury.kinds()


APPLE = 265598


@pytest.mark.fault(74)
def test_the_exit_goes_before_another_strategy_on_the_same_contract(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    keys, account = play.armoury.keys, Account(ALIASES[NUMBER], NUMBER)
    lent: list[frozenset[int]] = []

    def another_strategy() -> None:
        with keys.lent(account, [APPLE]) as first:
            lent.append(first)
            is_lent.set()
            until(lambda: keys.is_awaited(account, APPLE))
            assert play.asked("cancelOrder") == play.asked("placeOrder") == 0
        until(lambda: play.asked("cancelOrder"))
        with keys.lent(account, [APPLE]) as second:
            lent.append(second)

    is_lent = threading.Event()
    with meanwhile(another_strategy):
        is_lent.wait()
        ran = play.run_live()
    assert lent == [frozenset({APPLE}), frozenset()]
    assert one_of(ran).state is TicketState.DONE
    assert "BUY 50 LMT limit 120" in " ".join(one_of(ran).stopped)
    assert not play.gateway.exchange.orders()
    assert (held(play), play.asked("placeOrder")) == (Decimal(0), 1)
    play.seen("the other strategy finishes; its resting purchase is cancelled; then the exit goes")


@pytest.mark.fault(74)
def test_a_contract_that_another_strategy_keeps_is_left_aloud(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    patient(play, turn=0.1)
    with play.armoury.keys.lent(Account(ALIASES[NUMBER], NUMBER), [APPLE]):
        ran = play.run_live()
    assert sent_by(ran).records == ()
    assert "somebody else in this process works on it" in said(play, AlertKind.WITHHELD_EXIT)
    assert play.asked("placeOrder") == play.asked("cancelOrder") == 0
