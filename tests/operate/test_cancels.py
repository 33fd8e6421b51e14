"""Which cancels go out, when, and what is waited for."""

from __future__ import annotations

from dataclasses import replace

from sellkit.core.alerts import AlertKind
from sellkit.core.lifecycle import TicketState
from sellkit.core.portfolio import OpenOrder
from sellkit.errors import NotConnected, NotSent
from tests.build import position, ticket
from tests.fakes_route import FakeRoute, confirm_cancel, filling, rest
from tests.operate.trading_build import Stage, own_stop, stage


def fill_the_queue(route: FakeRoute) -> None:
    """Whoever reads the lists has used up what may be written in this second."""
    route.is_full = True


def test_the_cancel_of_an_own_stop_waits_until_it_can_be_written() -> None:
    desk = stage(resting=(own_stop(),))
    desk.route.after_read = fill_the_queue
    (done,) = desk.close()
    assert desk.route.cancelled == ["1234"]
    assert str(done.state) == "DONE"


def test_the_cancel_of_a_late_order_waits_until_it_can_be_written() -> None:
    desk = stage()
    desk.route.on_submit = rest
    desk.route.after_read = fill_the_queue
    (done,) = desk.close()
    assert len(desk.route.cancelled) == 1
    assert str(done.state) == "CANCELLED"


def test_the_cancel_of_a_rest_waits_until_it_can_be_written() -> None:
    desk = stage()
    desk.route.on_submit = filling(30)
    desk.route.after_read = fill_the_queue
    first, *_ = desk.close()
    assert str(first.state) == "CANCELLED"
    assert str(first.filled) == "30"


# --- what cannot be cancelled, and what must not be -----------------------------------------------

S = TicketState
MSFT = position("NASDAQ:MSFT", con_id=272093)
OTHER = ticket(MSFT)


def stop_of(con_id: int, perm_id: str, client_id: str = "1") -> OpenOrder:
    return replace(own_stop(), con_id=con_id, perm_id=perm_id, client_id=client_id)


def two(*resting: OpenOrder) -> Stage:
    """Apple and Microsoft, with these orders on them."""
    return stage(position(), MSFT, resting=resting)


def ended(desk: Stage) -> dict[str, TicketState]:
    found = desk.close(ticket(), OTHER)
    return {each.ticker: each.state for each in found}


def test_an_order_that_another_client_id_has_to_cancel_makes_nobody_wait() -> None:
    desk = two(stop_of(265598, "1", client_id="9"), stop_of(272093, "2"))
    assert ended(desk) == {"NASDAQ:AAPL": S.ABANDONED, "NASDAQ:MSFT": S.DONE}
    assert desk.route.cancelled == ["2"]
    assert desk.route.seconds < desk.patience.pause * 2
    told = [text for kind, text in desk.alarms if kind is AlertKind.WITHHELD_EXIT]
    assert "client 9" in told[0]


def test_nothing_else_is_cancelled_where_one_order_is_another_client_ids() -> None:
    desk = stage(resting=(stop_of(265598, "1"), stop_of(265598, "2", client_id="9")))
    (done,) = desk.close()
    assert (done.state, desk.route.cancelled) == (S.ABANDONED, [])
    assert desk.states() == ["INTENT", "ABANDONED"]
    assert desk.kinds() == [AlertKind.WITHHELD_EXIT]


def test_a_cancel_that_was_not_sent_is_not_waited_for_and_ends_its_own_close_alone() -> None:
    desk = two(stop_of(265598, "1"), stop_of(272093, "2"))
    desk.route.failures["cancel"] = [NotSent("its number is another order's by now")]
    assert ended(desk) == {"NASDAQ:AAPL": S.ABANDONED, "NASDAQ:MSFT": S.DONE}
    assert desk.route.seconds < desk.patience.pause * 2
    assert desk.kinds() == [AlertKind.WITHHELD_EXIT]


def test_a_cancel_of_which_nobody_knows_whether_it_went_is_waited_for() -> None:
    desk = stage(resting=(stop_of(265598, "1"),))
    desk.route.failures["cancel"] = [NotConnected("gone")]
    (done,) = desk.close()
    assert done.state is S.ABANDONED
    assert desk.route.seconds >= desk.patience.cancel
    assert done.stopped == ("SELL 100 STP stop 80 GTC (its cancel is not confirmed)",)


def test_a_stop_between_two_cancels_leaves_the_second_order_where_it_is() -> None:
    desk = two(stop_of(265598, "1"), stop_of(272093, "2"))

    def halt(route: FakeRoute, order: OpenOrder) -> None:
        desk.halt = "a person halts"
        confirm_cancel(route, order)

    desk.route.on_cancel = halt
    assert ended(desk) == {"NASDAQ:AAPL": S.ABANDONED, "NASDAQ:MSFT": S.ABANDONED}
    assert (desk.route.cancelled, desk.route.sent) == (["1"], [])
    unprotected = [text for kind, text in desk.alarms if kind is AlertKind.UNPROTECTED]
    assert len(unprotected) == 1
    assert unprotected[0].startswith("NASDAQ:AAPL")


def test_a_stop_between_two_cancels_for_one_position_leaves_the_second_order_where_it_is() -> None:
    desk = stage(resting=(stop_of(265598, "1"), stop_of(265598, "2")))

    def halt(route: FakeRoute, order: OpenOrder) -> None:
        desk.halt = "a person halts"
        confirm_cancel(route, order)

    desk.route.on_cancel = halt
    (done,) = desk.close()
    assert (done.state, desk.route.cancelled, desk.route.sent) == (S.ABANDONED, ["1"], [])
    assert "a person halts" in done.cause
    assert AlertKind.UNPROTECTED in desk.kinds()
