"""What is told of a ticket after its end makes it uncertain again, aloud."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sellkit.core.alerts import AlertKind
from sellkit.core.fills import Fill
from sellkit.core.gates import ApprovedTicket
from sellkit.core.lifecycle import TicketState
from sellkit.core.portfolio import Side
from sellkit.core.tickets import TicketRecord
from sellkit.errors import JournalError
from sellkit.operate.reconcile import Reconciler, Reconciliation
from sellkit.operate.trading import Patience
from tests.build import account, open_order, snapshot, ticket
from tests.fakes_route import filling, rest, swallow
from tests.operate.trading_build import RUN, Stage, stage

USUAL = ticket().reference
MINUTE = dt.timedelta(minutes=1)


def reconcile(desk: Stage) -> Reconciliation:
    return Reconciler(desk.trading, 15 * MINUTE).reconcile()


def record(desk: Stage) -> TicketRecord:
    found = desk.book.ticket(USUAL)
    assert found is not None
    return found


def told_late(desk: Stage, quantity: int = 100, **changes: Any) -> Fill:
    """An execution that names its order by the perm id alone; the position follows."""
    usual: dict[str, Any] = {
        "exec_id": "0002.late.01.01",
        "account": account(),
        "con_id": 265598,
        "perm_id": record(desk).perm_id,
        "order_id": "0",
        "client_id": "0",
        "reference": "",
        "side": Side.SELL,
        "quantity": Decimal(quantity),
        "price": Decimal("98.5"),
        "at": desk.route.now(),
    }
    fill = Fill(**(usual | changes))
    desk.route.fills.append(fill)
    desk.route.trade(265598, Decimal(-quantity))
    return fill


def cancelled(part: int = 0) -> Stage:
    """A desk whose one order ended as cancelled."""
    desk = stage()
    desk.route.on_submit = filling(part) if part else rest
    desk.patience = Patience(attempts=1)
    desk.close()
    assert record(desk).state is TicketState.CANCELLED
    desk.alarms.clear()
    return desk


def never_received() -> Stage:
    """A desk whose one order was proven not to have come, and has no perm id."""
    desk = stage()
    desk.route.on_submit = swallow
    desk.book.intend(RUN, ticket(), desk.route.now())
    approved = ApprovedTicket(ticket())
    desk.book.claim(approved, desk.route.draft(approved), snapshot(), desk.route.now())
    for _ in range(2):
        reconcile(desk)
        desk.route.seconds += 60
    assert record(desk).state is TicketState.NOT_RECEIVED
    desk.alarms.clear()
    return desk


def corrected(desk: Stage, **changes: Any) -> None:
    """The last execution is corrected, under a number of the same family."""
    told = desk.route.fills[-1]
    fresh = replace(told, exec_id=f"{told.exec_id[:-2]}02", **changes)
    desk.route.fills.append(fresh)
    desk.route.trade(265598, told.quantity - fresh.quantity)


def test_a_late_fill_that_tells_no_more_than_the_perm_id_is_booked_aloud() -> None:
    desk = cancelled()
    told_late(desk)
    reconcile(desk)
    assert record(desk).filled == Decimal(100)
    assert desk.states()[-3:] == ["UNCERTAIN", "FILLED", "DONE"]
    assert desk.kinds() == [AlertKind.ORDER_UNCERTAIN]
    assert "100 of 100 shares are executed, and 0 were then" in desk.alarms[0][1]


def test_a_late_part_that_tells_no_more_than_the_perm_id_locks_what_it_cannot_explain() -> None:
    desk = cancelled()
    told_late(desk, 40)
    desk.route.trade(265598, Decimal(40))  # the positions do not show it
    reconcile(desk)
    assert record(desk).state is TicketState.UNCERTAIN
    assert [each.reference for each in desk.book.unsettled("main")] == [USUAL]


def test_a_late_fill_that_was_noted_on_another_day_is_still_said() -> None:
    desk = cancelled()
    desk.book.note_fills((told_late(desk),))  # and then its process was gone
    desk.route.fills.clear()
    desk.route.seconds += 86_400
    reconcile(desk)
    assert record(desk).filled == Decimal(100)
    assert AlertKind.ORDER_UNCERTAIN in desk.kinds()


def test_an_order_that_has_ended_and_comes_back_without_its_reference_is_said() -> None:
    desk = cancelled()
    back = replace(open_order(), perm_id=record(desk).perm_id, client_id="0", order_id="0")
    desk.route.orders.append(back)
    reconcile(desk)
    assert AlertKind.ORDER_UNCERTAIN in desk.kinds()
    assert "UNCERTAIN" in desk.states()
    assert not record(desk).state.is_terminal


def test_a_fill_of_an_order_that_never_got_a_number_is_tied_by_all_that_was_claimed() -> None:
    desk = never_received()
    told_late(desk, perm_id="777", client_id="1", order_id=record(desk).order_id)
    reconcile(desk)
    assert (record(desk).perm_id, record(desk).filled) == ("777", Decimal(100))
    assert desk.states()[-3:] == ["UNCERTAIN", "FILLED", "DONE"]
    assert AlertKind.ORDER_UNCERTAIN in desk.kinds()


@pytest.mark.parametrize(
    "other",
    [
        {"side": Side.BUY},
        {"con_id": 272093},
        {"order_id": "4711"},
        {"at": dt.datetime(2026, 1, 28, 9, tzinfo=dt.UTC)},
    ],
    ids=str,
)
def test_a_fill_of_this_client_id_that_no_ticket_accounts_for_is_said_at_each_look(
    other: dict[str, Any],
) -> None:
    desk = never_received()
    usual = {"perm_id": "777", "client_id": "1", "order_id": record(desk).order_id}
    told_late(desk, **(usual | other))
    for _ in range(2):
        reconcile(desk)
    assert record(desk).state is TicketState.NOT_RECEIVED
    assert desk.kinds() == [AlertKind.UNEXPLAINED] * 2
    assert "order 777" in desk.alarms[0][1]


def test_a_fill_by_hand_is_nobodys_business() -> None:
    desk = never_received()
    told_late(desk, perm_id="777")
    reconcile(desk)
    assert desk.alarms == []


def test_an_execution_taken_back_after_all_was_done_is_said_and_locks() -> None:
    desk = stage()
    desk.close()
    assert record(desk).state is TicketState.DONE
    corrected(desk, quantity=Decimal(90))
    reconcile(desk)
    assert (record(desk).state, record(desk).filled) == (TicketState.UNCERTAIN, Decimal(90))
    assert AlertKind.ORDER_UNCERTAIN in desk.kinds()
    assert "90 of 100 shares are executed, and 100 were then" in desk.alarms[0][1]


def test_a_part_corrected_after_the_end_is_said_and_counted_anew() -> None:
    desk = cancelled(part=30)
    corrected(desk, quantity=Decimal(40), perm_id=record(desk).perm_id, reference="")
    reconcile(desk)
    assert (record(desk).state, record(desk).filled) == (TicketState.CANCELLED, Decimal(40))
    assert AlertKind.ORDER_UNCERTAIN in desk.kinds()


def test_a_price_corrected_after_the_end_changes_nothing() -> None:
    desk = stage()
    desk.close()
    corrected(desk, price=Decimal("98.4"))
    before = desk.states()
    reconcile(desk)
    assert (desk.states(), desk.alarms) == (before, [])


def test_what_is_told_after_its_end_is_said_before_it_is_on_the_disk() -> None:
    desk = cancelled()
    told_late(desk)
    desk.book.unwritable = {"step"}
    with pytest.raises(JournalError):
        reconcile(desk)
    assert desk.kinds() == [AlertKind.ORDER_UNCERTAIN]
