"""Faults of orders, with a sellkit that sends."""

from __future__ import annotations

import pytest

from sellkit.core.alerts import AlertKind
from tests.faults.play import Play


@pytest.mark.fault(43)
def test_notices_that_sound_like_errors_leave_the_order_alive(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run_live(speed=60)
    assert ran.words() == {"AAPL": "EXIT ApprovedTicket", "MSFT": "HOLD"}, ran.error
    assert ran.sent is not None
    assert ran.sent.states() == {"AAPL": ["DONE"]}
    assert play.asked("placeOrder") == 1
    play.seen("one order, done; the codes changed nothing")


@pytest.mark.fault(45)
def test_a_rejected_order_is_one_attempt_and_an_alert(play: Play) -> None:
    play.turn(fall=("AAPL",), rise=("MSFT",))
    ran = play.run_live()
    assert ran.sent is not None, ran.error
    assert ran.sent.states() == {"AAPL": ["REJECTED"]}
    assert AlertKind.ORDER_REJECTED in play.armoury.kinds()
    again = play.run_live()
    assert again.sent is not None
    assert again.sent.records == ()
    assert play.asked("placeOrder") == 1
    play.seen("REJECTED, an alert, and no second attempt")
