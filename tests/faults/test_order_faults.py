"""Faults 36 to 74: what happens around orders.

Sellkit sends none yet. What it can do already is played to its end; the rest is played up to the
ticket, and then says what it waits for.
"""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from decimal import Decimal

import pytest

from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.errors import JournalError
from tests.faults.play import TURN, Play
from tests.faults.process import another_sellkit

SECOND = dt.timedelta(seconds=1)

SUBMITTING = "submitting a ticket, with the journal's claim before it"
RESOLVING = "looking for an order that was sent and not answered"
CANCELLING = "cancelling a stop of ours and waiting for the confirmation"

# What each fault waits for where sellkit comes no further than to the ticket.
WAITING = {
    56: CANCELLING,
    64: "knowing of halts",
    69: SUBMITTING,
    71: RESOLVING,
    72: "the kill switch",
    74: "a second strategy, and the lock on an account's contract",
}


@pytest.mark.not_built
@pytest.mark.parametrize(
    "missing",
    [pytest.param(text, marks=pytest.mark.fault(number)) for number, text in WAITING.items()],
    ids=[str(number) for number in WAITING],
)
def test_sellkit_comes_as_far_as_the_ticket(play: Play, missing: str) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words() == {"AAPL": "EXIT PreparedTicket", "MSFT": "HOLD"}, ran.error
    play.seen("a ticket is prepared, and nothing is sent")
    play.not_built(missing)


@pytest.mark.fault(55)
def test_a_stop_that_is_not_certainly_ours_withholds_the_exit(play: Play) -> None:
    symbols = ("AAPL", "MSFT", "JPM")
    play.turn(fall=symbols)
    ran = play.run()
    assert ran.words() == dict.fromkeys(symbols, "EXIT DeniedTicket")
    for symbol in symbols:
        assert "orders that sellkit did not place rest on it (SELL" in ran.reasons(symbol)
    assert len(play.gateway.exchange.orders()) == 3
    play.seen("three exits withheld, each with its stop named, each said as an alarm")


@pytest.mark.not_built
@pytest.mark.fault(57)
def test_a_sale_by_hand_is_seen(play: Play) -> None:
    play.turn(fall=("AAPL",))
    assert play.run().words()["AAPL"] == "EXIT PreparedTicket"
    play.gateway.terminal.place("AAPL", "SELL", Decimal(40))
    again = play.run()
    assert again.decision is not None
    held = {
        each.instrument.token.symbol: each.quantity for each in again.decision.snapshot.positions
    }
    assert held["AAPL"] == 60
    play.seen("the next run sees 60 shares")
    play.not_built("the look at the position between ticket and order")


@pytest.mark.not_built
@pytest.mark.fault(58)
def test_a_purchase_by_hand_is_not_sold_with_it(play: Play) -> None:
    play.turn(fall=("AAPL",))
    first = play.run()
    assert first.words()["AAPL"] == "EXIT PreparedTicket"
    play.gateway.terminal.place("AAPL", "BUY", Decimal(10))
    again = play.run()
    assert again.ticket("AAPL") == first.ticket("AAPL")
    play.seen("the next run bears the same ticket, for 110 shares")
    play.not_built("the look at the position between ticket and order")


@pytest.mark.not_built
@pytest.mark.fault(59)
def test_a_position_that_changes_its_sign_stops_everything(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    assert play.run().words()["AAPL"] == "EXIT PreparedTicket"
    play.gateway.terminal.place("AAPL", "SELL", Decimal(150))
    again = play.run()
    assert again.words() == {"AAPL": "EXCLUDED", "MSFT": "HOLD"}
    play.seen("the short position is excluded; the others go on")
    play.not_built("the global stop")


@pytest.mark.not_built
@pytest.mark.fault(60)
def test_two_sellkits_at_once_prepare_one_ticket(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    with another_sellkit(play, 2, "decided") as tickets:
        ran = play.run()
        assert tickets == [ran.ticket("AAPL")]
    play.seen("both run, and prepare the same ticket")
    play.not_built("the lease on an account, which would refuse the second one")


@pytest.mark.fault(61)
def test_the_same_bar_judged_again_bears_the_same_ticket(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    runs = [play.run()]
    play.go_to(TURN + 5 * SECOND)
    with_one_connection = play.connect(client_id=2)
    runs += [play.run(with_one_connection), play.run(with_one_connection)]
    assert {ran.ticket("AAPL") for ran in runs} == {runs[0].ticket("AAPL")}
    assert {ran.words()["AAPL"] for ran in runs} == {"EXIT PreparedTicket"}
    play.seen(f"three runs, and the one ticket {runs[0].ticket('AAPL')}")


@pytest.mark.not_built
@pytest.mark.fault(62)
def test_a_clock_that_jumps_leaves_a_stale_bar_alone(play: Play) -> None:
    play.turn(fall=("AAPL",))
    assert play.run(play.connect(client_id=2)).words()["AAPL"] == "EXIT PreparedTicket"
    play.go_to(TURN + dt.timedelta(minutes=47))
    ran = play.run()
    assert ran.words()["AAPL"] == "EXIT DeniedTicket"
    assert "ended 0:47:20 ago" in ran.reasons("AAPL")
    play.seen(ran.reasons("AAPL"))
    play.not_built("turns told by the gateway's time on a machine that lives by its own")


@pytest.mark.not_built
@pytest.mark.fault(63)
def test_an_exit_at_the_close_queues_nothing(play: Play) -> None:
    close = dt.datetime(2026, 1, 28, 21, tzinfo=dt.UTC)
    play.go_to(close - dt.timedelta(minutes=1))
    play.control.move_price("AAPL", 0.9)
    play.go_to(close + 20 * SECOND)
    ran = play.run()
    assert ran.words()["AAPL"] == "EXIT DeferredTicket"
    assert not play.gateway.exchange.orders()
    play.seen("the ticket is deferred to the next open; nothing rests at the gateway")
    play.not_built("the run at the next open, which decides afresh")


@pytest.mark.not_built
@pytest.mark.fault(65)
def test_a_contract_that_is_gone_does_not_stop_the_others(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.decision is None
    assert "200" in str(ran.error)
    asked = play.asked("reqContractDetails")
    assert asked <= 2, "a loop"
    play.seen(f"the whole run ends: {ran.error}")
    play.not_built("judging the other positions where one contract is gone")


@pytest.mark.fault(66)
def test_of_a_fraction_the_whole_shares_are_sold_and_the_rest_is_flagged(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words()["AAPL"] == "EXIT PreparedTicket"
    (ticket,) = _tickets(play, ran.run_id)
    assert (ticket["quantity"], ticket["fraction"]) == ("30", "0.5")
    play.seen("a ticket for 30 shares; 0.5 flagged")


@pytest.mark.fault(67)
def test_a_short_position_is_never_sold(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run()
    assert ran.words() == {"AAPL": "EXCLUDED", "MSFT": "HOLD"}
    assert not _tickets(play, ran.run_id)
    play.seen(ran.reasons("AAPL"))


@pytest.mark.fault(68)
def test_an_order_names_its_account_and_counts_its_shares_alone(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    first, second = play.run(), play.run(number="DU0000002")
    assert first.words()["AAPL"] == second.words()["AAPL"] == "EXIT PreparedTicket"
    (one,), (other,) = _tickets(play, first.run_id), _tickets(play, second.run_id)
    assert (one["quantity"], other["quantity"]) == ("100", "70")
    assert one["ticket_id"] != other["ticket_id"]
    for ticket in (one, other):
        order = ticket["order"]
        assert isinstance(order, dict)
        assert order["order"]["account"] == ticket["account"]
    play.seen("100 shares for the one account, 70 for the other, each named")


@pytest.mark.not_built
@pytest.mark.fault(73)
def test_a_stop_that_is_gone_is_missed(play: Play) -> None:
    play.turn(rise=("AAPL",))
    first = play.run()
    assert first.decision is not None
    assert [each.is_own for each in first.decision.snapshot.open_orders] == [True]
    play.go_to(TURN + dt.timedelta(days=1))
    second = play.run()
    assert second.decision is not None
    assert not second.decision.snapshot.open_orders
    play.seen("the next run sees no stop, and says nothing of it")
    play.not_built("the watch over protective stops")


@pytest.mark.not_built
@pytest.mark.fault(70)
def test_without_a_journal_nothing_is_decided(play: Play) -> None:
    play.turn(fall=("AAPL",))
    (play.folder / "data").write_text("in the way of the journal")
    with pytest.raises(JournalError):
        play.run()
    (play.folder / "data").unlink()
    play.seen("the run ends before it begins")
    play.not_built(SUBMITTING)


def _tickets(play: Play, run_id: str) -> tuple[dict[str, object], ...]:
    with closing(SqliteJournal(play.journal_path)) as journal:
        return tuple(dict(each) for each in journal.tickets(run_id))
