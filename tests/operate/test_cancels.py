"""A cancel goes out although the client writes no more than so many messages in a second."""

from __future__ import annotations

from tests.fakes_route import FakeRoute, filling, rest
from tests.operate.trading_build import own_stop, stage


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
