"""The rest of a partial fill: sent by the process that saw it, by the next one, or said aloud."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from sellkit.core.alerts import AlertKind
from sellkit.core.lifecycle import TicketState
from sellkit.core.tickets import TicketRecord
from sellkit.errors import JournalError
from sellkit.operate.reconcile import Reconciler
from sellkit.operate.trading import Patience
from tests.build import open_order, position, ticket
from tests.fakes_route import FakeOrder, FakeRoute, confirm_cancel, fill, filling, rest
from tests.fakes_tickets import FakeTicketBook
from tests.operate.trading_build import Stage, stage

USUAL = ticket().reference
SECOND = replace(ticket(), attempt=2).reference
REST = ticket(position(quantity="70"))
MINUTE = dt.timedelta(minutes=1)


class Killed(BaseException):
    """The process is gone."""


def reconcile(desk: Stage) -> None:
    Reconciler(desk.trading, 15 * MINUTE).reconcile()


def record(desk: Stage, reference: str = USUAL) -> TicketRecord:
    found = desk.book.ticket(reference)
    assert found is not None
    return found


def kill_once_ended(route: FakeRoute) -> None:
    """The process is gone when it reads the lists after the end of its order is on the disk."""
    if route.completed:
        route.after_read = kill


def kill(_route: FakeRoute) -> None:
    raise Killed


def killed_in_part() -> Stage:
    """30 shares were executed, the rest cancelled in time, and then the process was gone."""
    desk = stage()
    desk.route.on_submit, desk.route.after_read = filling(30), kill_once_ended
    with pytest.raises(Killed):
        desk.close()
    assert (record(desk).state, record(desk).filled) == (TicketState.CANCELLED, Decimal(30))
    assert desk.alarms == []
    desk.route.on_submit, desk.route.after_read = fill, lambda _route: None
    return desk


def test_a_rest_that_is_sent_at_once_is_no_alert() -> None:
    desk = stage()

    def first_a_part(route: FakeRoute, order: FakeOrder) -> None:
        deed = fill if order.draft.reference == SECOND else filling(30)
        deed(route, order)

    desk.route.on_submit = first_a_part
    desk.close()
    reconcile(desk)
    assert desk.alarms == []


def test_a_process_that_is_gone_before_the_rest_is_made_up_for_by_the_next_look() -> None:
    desk = killed_in_part()
    desk.book.note_cancel(USUAL, open_order(), desk.route.now(), "confirmed")
    reconcile(desk)
    assert desk.kinds() == [AlertKind.ORDER_UNFINISHED, AlertKind.UNPROTECTED]
    assert "70 of 100 shares are left" in desk.alarms[0][1]


def test_the_rest_is_sent_by_the_next_run_on_the_same_bar() -> None:
    desk = killed_in_part()
    reconcile(desk)
    (second,) = desk.close(REST)
    assert (second.reference, second.state) == (SECOND, TicketState.DONE)
    assert (second.quantity, desk.held()) == (Decimal(70), 0)
    assert desk.route.sent == [USUAL, SECOND]
    desk.alarms.clear()
    reconcile(desk)
    assert desk.alarms == []


def test_a_rest_that_was_intended_when_the_process_went_is_sent_by_the_next_run() -> None:
    desk = killed_in_part()
    desk.book.intend("run-1", replace(REST, attempt=2), desk.route.now())
    (second,) = desk.close(REST)
    assert (second.reference, second.state) == (SECOND, TicketState.DONE)
    assert desk.held() == 0


def test_a_rest_is_judged_anew_before_it_is_sent() -> None:
    desk = killed_in_part()
    desk.objection = lambda _ticket, _records: "the bar is too old"
    (second,) = desk.close(REST)
    assert second.state is TicketState.ABANDONED
    assert desk.route.sent == [USUAL]


@pytest.mark.parametrize("held", ["69", "71", "100"])
def test_a_rest_is_not_sent_where_the_position_is_another_than_what_was_left(held: str) -> None:
    desk = killed_in_part()
    desk.route.trade(265598, Decimal(held) - 70)
    assert desk.close(ticket(position(quantity=held))) == ()
    assert desk.route.sent == [USUAL]
    assert desk.kinds() == [AlertKind.WITHHELD_EXIT]


def test_a_rest_that_somebody_else_cancelled_is_left_to_the_next_bar() -> None:
    desk = stage()
    desk.patience = Patience(attempts=1)

    def part(route: FakeRoute, order: FakeOrder) -> None:
        filling(30)(route, order)
        confirm_cancel(route, route.orders[0])  # by hand, in TWS

    desk.route.on_submit = part
    desk.close()
    assert record(desk).state is TicketState.CANCELLED
    desk.patience, desk.route.on_submit = Patience(), fill
    assert desk.close(REST) == ()
    assert desk.route.sent == [USUAL]


def test_a_ticket_has_no_more_attempts_in_two_processes_than_in_one() -> None:
    desk = killed_in_part()
    desk.patience = Patience(attempts=1)
    assert desk.close(REST) == ()
    assert desk.route.sent == [USUAL]


def test_the_last_attempt_tells_what_is_left_before_its_end_is_on_the_disk() -> None:
    desk = stage()
    desk.patience = Patience(attempts=1)
    desk.book = Unwritable(TicketState.CANCELLED)
    desk.route.on_submit = filling(30)
    with pytest.raises(JournalError):
        desk.close()
    assert AlertKind.ORDER_UNFINISHED in desk.kinds()
    assert "70 of 100 shares are left" in desk.alarms[0][1]


def test_a_rest_that_cannot_be_sent_is_said_once() -> None:
    desk = stage()
    desk.route.on_submit = filling(30)

    def by_hand(route: FakeRoute) -> None:
        if route.completed:  # the lists that tell the end are read, and then somebody sells
            route.trade(265598, Decimal(-10))
            route.after_read = lambda _route: None

    desk.route.after_read = by_hand
    desk.close()
    assert (record(desk).state, record(desk, SECOND).state) == (
        TicketState.CANCELLED,
        TicketState.ABANDONED,
    )
    assert "60 shares held, not 70" in record(desk, SECOND).cause
    reconcile(desk)
    assert desk.kinds() == [AlertKind.ORDER_UNFINISHED]


def test_what_nothing_was_executed_of_has_no_rest() -> None:
    desk = stage()
    desk.route.on_submit = rest
    desk.close()
    desk.route.on_submit = fill
    assert desk.close() == ()
    assert desk.route.sent == [USUAL]


class Unwritable(FakeTicketBook):
    """Cannot write one state."""

    def __init__(self, state: TicketState) -> None:
        super().__init__()
        self.state = state

    def step(self, reference: str, state: TicketState, *told: object, **named: object) -> object:  # type: ignore[override]
        if state is self.state:
            raise JournalError("the disk is full")
        return super().step(reference, state, *told, **named)  # type: ignore[arg-type]


def test_what_is_executed_and_not_gone_is_said_before_it_is_on_the_disk() -> None:
    desk = stage()
    desk.book = Unwritable(TicketState.UNCERTAIN)

    def lags(route: FakeRoute, order: FakeOrder) -> None:
        fill(route, order)
        route.trade(order.con_id, Decimal(40))

    desk.route.on_submit = lags
    with pytest.raises(JournalError):
        desk.close()
    assert AlertKind.ORDER_UNCERTAIN in desk.kinds()
