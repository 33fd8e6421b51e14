"""A second look a minute later, in the same process, where a ticket's fate is open."""

from __future__ import annotations

import datetime as dt
import math

from sellkit.core.gates import ApprovedTicket
from sellkit.core.lifecycle import TicketState
from sellkit.operate.reconcile import Reconciler, Reconciliation
from sellkit.operate.second_look import look_twice
from tests.build import snapshot, ticket
from tests.fakes_route import FakeRoute, swallow
from tests.operate.trading_build import RUN, Stage, stage

MINUTE = dt.timedelta(minutes=1)


class RouteClock:
    """The fake gateway's time; waiting for it moves it."""

    def __init__(self, route: FakeRoute) -> None:
        self.route = route

    def now(self) -> dt.datetime:
        return self.route.now()

    def sleep_until(self, instant: dt.datetime, at_most_seconds: float = math.inf) -> None:
        self.route.seconds += (instant - self.route.now()).total_seconds()


def looked_twice(desk: Stage) -> Reconciliation:
    found = look_twice(Reconciler(desk.trading, 15 * MINUTE).reconcile, RouteClock(desk.route))
    assert found is not None
    return found


def test_an_order_that_never_came_is_proven_so_by_one_call() -> None:
    desk = stage()
    desk.route.on_submit = swallow
    desk.book.intend(RUN, ticket(), desk.route.now())
    approved = ApprovedTicket(ticket())
    desk.book.claim(approved, desk.route.draft(approved), snapshot(), desk.route.now())
    assert [each.state for each in looked_twice(desk).tickets] == [TicketState.NOT_RECEIVED]
    assert desk.route.seconds == MINUTE.total_seconds()


def test_nothing_is_waited_for_where_every_fate_is_known() -> None:
    desk = stage()
    desk.close()
    assert looked_twice(desk).is_settled
    assert desk.route.seconds < MINUTE.total_seconds()


def test_a_dry_run_has_nothing_to_look_for() -> None:
    assert look_twice(lambda: None, RouteClock(stage().route)) is None
