"""Faults 55 to 68 in a dry run: the ticket, and what withholds it."""

from __future__ import annotations

import datetime as dt
from contextlib import closing

import pytest

from sellkit.adapters.sqlite_journal import SqliteJournal
from tests.faults.play import TURN, Play

SECOND = dt.timedelta(seconds=1)


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


def _tickets(play: Play, run_id: str) -> tuple[dict[str, object], ...]:
    with closing(SqliteJournal(play.journal_path)) as journal:
        return tuple(dict(each) for each in journal.tickets(run_id))
