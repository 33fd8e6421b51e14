"""Several closes at once: what happens to one of them never harms, or hides, another."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from sellkit.core.alerts import AlertKind
from sellkit.core.lifecycle import TicketState
from sellkit.core.portfolio import OpenOrder
from sellkit.core.reports import Meaning, ReportKind
from sellkit.errors import ConfigError, JournalError, NotConnected
from sellkit.operate.dating import Dating
from sellkit.operate.submit import Submission
from tests.build import NOW, SECOND, position, ticket
from tests.fakes import FakeClock
from tests.fakes_route import FakeOrder, FakeRoute, confirm_cancel, fill, swallow
from tests.fakes_tickets import FakeTicketBook
from tests.operate.trading_build import Stage, own_stop, stage

MICROSOFT = position("NASDAQ:MSFT", con_id=272093)
OTHER = ticket(MICROSOFT)


def two(*, protected: bool = False) -> Stage:
    """Apple and Microsoft; a stop of sellkit's own rests on Apple where it is protected."""
    return stage(position(), MICROSOFT, resting=(own_stop(),) if protected else ())


def refuse_silently(route: FakeRoute, order: FakeOrder) -> None:
    """201, and no list ever has it."""
    route.say(order, ReportKind.CODE, code=201, text="Order rejected", meaning=Meaning.ORDER_DEAD)


def late_cancel(route: FakeRoute, order: OpenOrder) -> None:
    """The cancel is confirmed after two seconds."""
    route.later(2.0, lambda: confirm_cancel(route, order))


def states(desk: Stage) -> dict[str, TicketState]:
    found = (desk.book.ticket(each.reference) for each in (ticket(), OTHER))
    return {each.ticker: each.state for each in found if each is not None}


def test_what_is_said_of_one_order_while_another_waits_for_a_cancel_is_not_lost() -> None:
    desk = two(protected=True)
    desk.route.on_cancel = late_cancel

    def act(route: FakeRoute, order: FakeOrder) -> None:
        (refuse_silently if order.con_id == 272093 else fill)(route, order)

    desk.route.on_submit = act
    desk.close(ticket(), OTHER)
    assert states(desk) == {
        "NASDAQ:AAPL": TicketState.DONE,
        "NASDAQ:MSFT": TicketState.REJECTED,
    }


class LostClock(FakeClock):
    """The gateway's, which nobody can ask any more once it is lost."""

    is_lost = False

    def now(self) -> dt.datetime:
        if self.is_lost:
            raise NotConnected("the link is gone")
        return super().now()


def test_an_order_is_followed_to_the_end_although_the_gateway_tells_no_time_any_more() -> None:
    desk, clock = stage(), LostClock(NOW)
    dating = Dating(clock, desk.route.timer)

    def act(route: FakeRoute, _order: FakeOrder) -> None:
        clock.is_lost = True
        route.failures["records"] = [NotConnected("the link is gone")] * 100

    desk.route.on_submit = act
    trading = replace(desk.trading, now=dating.now)
    (record,) = Submission(trading, desk.keys).carry_out((ticket(),))
    assert record.state is TicketState.UNCERTAIN
    assert record.at > NOW + 40 * SECOND
    assert desk.kinds() == [AlertKind.ORDER_UNCERTAIN]


class DroppingRoute(FakeRoute):
    """Loses the connection at one of the questions whether its queue is empty: two an order."""

    drops_at = 0
    asked = 0

    def wait_until_idle(self, seconds: float) -> bool:
        self.asked += 1
        if self.asked == self.drops_at:
            raise NotConnected("the link is gone")
        return super().wait_until_idle(seconds)


@pytest.mark.parametrize("drops_at", [3, 4])
def test_a_link_lost_before_the_second_order_leaves_the_first_one_followed(drops_at: int) -> None:
    route = DroppingRoute([position(), MICROSOFT])
    route.drops_at = drops_at
    desk = Stage(route)
    desk.close(ticket(), OTHER)
    assert states(desk) == {
        "NASDAQ:AAPL": TicketState.DONE,
        "NASDAQ:MSFT": TicketState.ABANDONED,
    }
    assert desk.kinds() == [AlertKind.WITHHELD_EXIT]


def test_a_flip_stops_everything_although_the_order_did_not_fill_in_whole() -> None:
    desk = stage()

    def act(route: FakeRoute, order: FakeOrder) -> None:
        swallow(route, order)
        route.trade(order.con_id, Decimal(-200))

    desk.route.on_submit = act
    desk.close()
    assert "changed its sign" in desk.halt or "-100" in desk.halt
    assert AlertKind.POSITION_FLIPPED in desk.kinds()


def test_nothing_that_protects_is_cancelled_after_a_halt() -> None:
    desk = two(protected=True)

    def act(route: FakeRoute, order: FakeOrder) -> None:
        desk.halt = "a person halts"
        fill(route, order)

    desk.route.on_submit = act
    desk.close(OTHER, ticket())
    assert desk.route.cancelled == []
    assert states(desk)["NASDAQ:AAPL"] is TicketState.ABANDONED


class FullDisk(FakeTicketBook):
    """Takes no second claim."""

    claims = 0

    def claim(self, *told: object) -> object:  # type: ignore[override]
        self.claims += 1
        if self.claims == 2:
            raise JournalError("the disk is full")
        return super().claim(*told)  # type: ignore[arg-type]


def test_a_journal_that_fails_halfway_is_said_with_all_that_is_left_half_done() -> None:
    desk = two(protected=True)
    desk.book = FullDisk()
    with pytest.raises(JournalError):
        desk.close(OTHER, ticket())
    assert desk.kinds() == [AlertKind.JOURNAL, AlertKind.UNPROTECTED]


def test_a_flip_is_said_although_the_halt_cannot_be_written() -> None:
    desk = stage()

    def act(route: FakeRoute, order: FakeOrder) -> None:
        fill(route, order)
        route.trade(order.con_id, Decimal(-100))

    desk.route.on_submit = act

    def refuse(reason: str) -> None:
        raise ConfigError("the folder cannot be written")

    desk.stop = refuse
    with pytest.raises(ConfigError):
        desk.close()
    assert AlertKind.POSITION_FLIPPED in desk.kinds()
