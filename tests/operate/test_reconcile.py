"""What former processes left is found, adopted, or left uncertain aloud."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from sellkit.core.alerts import AlertKind
from sellkit.core.gates import ApprovedTicket
from sellkit.core.lifecycle import TicketState
from sellkit.core.tickets import TicketRecord
from sellkit.errors import JournalError, NotConnected
from sellkit.operate.reconcile import Reconciler, Reconciliation
from sellkit.operate.trading import Patience
from tests.build import open_order, snapshot, ticket
from tests.fakes_route import Deed, FakeOrder, FakeRoute, fill, filling, reject, rest, swallow
from tests.operate.trading_build import RUN, Stage, stage

USUAL = ticket().reference
MINUTE = dt.timedelta(minutes=1)


def reconcile(desk: Stage, max_bar_age: dt.timedelta = 15 * MINUTE) -> Reconciliation:
    return Reconciler(desk.trading, max_bar_age).reconcile()


def killed(desk: Stage, *, claimed: bool = True) -> None:
    """A process began to carry out the usual ticket, and is gone."""
    desk.book.intend(RUN, ticket(), desk.route.now())
    if claimed:
        approved = ApprovedTicket(ticket())
        draft = desk.route.draft(approved)
        desk.book.claim(approved, draft, snapshot(), desk.route.now())
        desk.route.sent.append(draft.reference)
        desk.route.on_submit(desk.route, desk.route.order_of(ticket(), draft))


def state(desk: Stage) -> TicketState:
    return record(desk).state


def record(desk: Stage) -> TicketRecord:
    found = desk.book.ticket(USUAL)
    assert found is not None
    return found


def test_an_order_that_rests_is_adopted_and_followed_to_its_end() -> None:
    desk = stage()
    desk.route.on_submit = rest
    killed(desk)
    found = reconcile(desk)
    assert state(desk) is TicketState.ACKNOWLEDGED
    (resting,) = desk.route.orders
    order = FakeOrder(
        desk.route.draft(ApprovedTicket(ticket())),
        resting.account,
        resting.con_id,
        resting.side,
        resting.quantity,
        resting.perm_id,
    )
    desk.route.later(3, lambda: (desk.route.execute(order, Decimal(100)), None)[1])
    Reconciler(desk.trading, 15 * MINUTE).adopt(found.tickets)
    assert state(desk) is TicketState.DONE


def test_an_order_that_filled_is_adopted_by_its_executions() -> None:
    desk = stage()
    killed(desk)
    reconcile(desk)
    assert state(desk) is TicketState.DONE
    assert record(desk).filled == Decimal(100)


def test_an_order_that_was_rejected_is_adopted_from_the_completed_ones() -> None:
    desk = stage()
    desk.route.on_submit = reject
    killed(desk)
    reconcile(desk)
    assert state(desk) is TicketState.REJECTED
    assert desk.kinds() == [AlertKind.ORDER_REJECTED]


def test_an_order_that_is_nowhere_is_uncertain_and_said_once() -> None:
    desk = stage()
    desk.route.on_submit = swallow
    killed(desk)
    reconcile(desk)
    reconcile(desk)
    assert state(desk) is TicketState.UNCERTAIN
    assert desk.kinds().count(AlertKind.ORDER_UNCERTAIN) == 1


def test_two_clean_looks_a_minute_apart_prove_that_it_was_never_received() -> None:
    desk = stage()
    desk.route.on_submit = swallow
    killed(desk)
    reconcile(desk)
    desk.route.seconds += 59
    reconcile(desk)
    assert state(desk) is TicketState.UNCERTAIN
    desk.route.seconds += 1
    reconcile(desk)
    assert state(desk) is TicketState.NOT_RECEIVED


def test_one_proven_unsent_is_sent_once_more_only_where_that_is_allowed() -> None:
    for allowed, sent in ((False, 1), (True, 2)):
        desk = stage()
        desk.retries = allowed
        desk.route.on_submit = swallow
        killed(desk)
        for _ in range(2):
            reconcile(desk)
            desk.route.seconds += 60
        desk.route.on_submit = fill
        desk.close()
        desk.close()
        assert len(desk.route.sent) == sent


def test_a_changed_position_is_no_proof() -> None:
    desk = stage()
    desk.route.on_submit = swallow
    killed(desk)
    desk.route.trade(265598, Decimal(-10))
    for _ in range(3):
        reconcile(desk)
        desk.route.seconds += 60
    assert state(desk) is TicketState.UNCERTAIN


def test_a_nameless_order_on_the_contract_is_no_proof() -> None:
    desk = stage(resting=(open_order(),))
    desk.route.on_submit = swallow
    killed(desk)
    for _ in range(3):
        reconcile(desk)
        desk.route.seconds += 60
    assert state(desk) is TicketState.UNCERTAIN


def test_another_day_is_no_proof() -> None:
    desk = stage()
    desk.route.on_submit = swallow
    killed(desk)
    desk.route.seconds += 12 * 3600
    for _ in range(3):
        reconcile(desk)
        desk.route.seconds += 60
    assert state(desk) is TicketState.UNCERTAIN


def test_lists_that_break_off_conclude_nothing() -> None:
    desk = stage()
    killed(desk)
    desk.route.failures["records"] = [NotConnected("gone")]
    with pytest.raises(NotConnected):
        reconcile(desk)
    assert state(desk) is TicketState.SUBMITTING


def test_what_was_never_claimed_may_begin_anew_while_its_bar_is_fresh() -> None:
    desk = stage()
    killed(desk, claimed=False)
    reconcile(desk)
    assert state(desk) is TicketState.INTENT
    desk.close()
    assert state(desk) is TicketState.DONE
    assert len(desk.route.sent) == 1


def test_what_was_never_claimed_ends_aloud_with_its_bar() -> None:
    desk = stage()
    killed(desk, claimed=False)
    reconcile(desk, dt.timedelta())
    assert state(desk) is TicketState.ABANDONED
    assert desk.kinds() == [AlertKind.WITHHELD_EXIT]


def test_what_was_cancelled_is_named_even_when_the_journal_fails_at_that_moment() -> None:
    desk = stage()
    killed(desk, claimed=False)
    desk.book.note_cancel(USUAL, open_order(), desk.route.now(), "confirmed")
    desk.book.unwritable = {"step"}
    with pytest.raises(JournalError):
        reconcile(desk, dt.timedelta())
    assert desk.kinds() == [AlertKind.UNPROTECTED]


def test_what_was_cancelled_for_a_close_that_never_came_is_named() -> None:
    desk = stage()
    desk.book.intend(RUN, ticket(), desk.route.now())
    desk.book.step(USUAL, TicketState.CANCELLING, desk.route.now(), "a stop first")
    desk.book.note_cancel(USUAL, open_order(), desk.route.now(), "confirmed")
    reconcile(desk, dt.timedelta())
    assert desk.kinds() == [AlertKind.UNPROTECTED]
    assert "STP" in desk.alarms[0][1]


def test_what_was_cancelled_for_a_close_that_was_never_received_is_named() -> None:
    desk = stage()
    desk.route.on_submit = swallow
    killed(desk)
    desk.book.note_cancel(USUAL, open_order(), desk.route.now(), "confirmed")
    reconcile(desk)
    assert AlertKind.UNPROTECTED in desk.kinds()
    desk.alarms.clear()
    desk.route.seconds += 60
    reconcile(desk)
    assert state(desk) is TicketState.NOT_RECEIVED
    assert desk.kinds() == [AlertKind.ORDER_UNFINISHED, AlertKind.UNPROTECTED]
    assert "STP" in desk.alarms[1][1]


def test_what_is_uncertain_is_told_with_what_was_cancelled_for_it_at_each_look() -> None:
    desk = stage()
    desk.route.on_submit = swallow
    killed(desk)
    desk.book.note_cancel(USUAL, open_order(), desk.route.now(), "confirmed")
    reconcile(desk)
    desk.alarms.clear()
    reconcile(desk)
    ((kind, text),) = desk.alarms
    assert kind is AlertKind.UNEXPLAINED
    assert "cancelled for it: SELL 100 STP" in text


def test_a_refusal_is_told_before_it_is_on_the_disk() -> None:
    desk = stage()
    desk.route.on_submit = reject
    killed(desk)
    desk.book.note_cancel(USUAL, open_order(), desk.route.now(), "confirmed")
    desk.book.unwritable.add("step")
    with pytest.raises(JournalError):
        reconcile(desk)
    assert desk.kinds() == [AlertKind.ORDER_REJECTED, AlertKind.UNPROTECTED]


def test_what_was_cancelled_for_a_close_that_is_refused_is_named() -> None:
    desk = stage()
    desk.route.on_submit = reject
    killed(desk)
    desk.book.note_cancel(USUAL, open_order(), desk.route.now(), "confirmed")
    reconcile(desk)
    assert desk.kinds() == [AlertKind.ORDER_REJECTED, AlertKind.UNPROTECTED]


def test_an_adopted_close_that_does_not_fill_names_what_was_cancelled_for_it() -> None:
    desk = stage()
    desk.route.on_submit = rest
    killed(desk)
    desk.book.note_cancel(USUAL, open_order(), desk.route.now(), "confirmed")
    found = reconcile(desk)
    assert desk.kinds() == []
    Reconciler(desk.trading, 15 * MINUTE).adopt(found.tickets)
    assert state(desk) is TicketState.CANCELLED
    assert AlertKind.UNPROTECTED in desk.kinds()


def test_a_fill_that_comes_after_its_end_is_adopted_aloud() -> None:
    desk = stage()
    desk.route.on_submit = rest
    desk.close()
    assert state(desk) is TicketState.CANCELLED
    late = FakeOrder(
        desk.route.draft(ApprovedTicket(ticket())),
        ticket().position.account,
        265598,
        ticket().side,
        Decimal(100),
        desk.route.completed[-1].perm_id,
    )
    desk.route.execute(late, Decimal(100))
    reconcile(desk)
    assert state(desk) is TicketState.DONE
    assert AlertKind.ORDER_UNCERTAIN in desk.kinds()


def test_an_own_reference_that_the_journal_does_not_know_comes_first_and_is_said() -> None:
    desk = stage()
    desk.route.on_submit = filling(30)
    killed(desk)
    foreign = replace(open_order(reference="SK1-ffffffffffff-1"), perm_id="77")
    desk.route.orders.append(foreign)
    found = reconcile(desk)
    assert next(each.subject for each in found.lines) == "SK1-ffffffffffff-1"
    assert [each.is_explained for each in found.lines] == [False, True]
    assert AlertKind.UNEXPLAINED in desk.kinds()


def test_an_order_followed_by_nobody_keeps_its_contract_locked() -> None:
    desk = stage()
    desk.route.on_submit = swallow
    killed(desk)
    reconcile(desk)
    assert [each.reference for each in desk.book.unsettled("main")] == [USUAL]


def test_the_same_gateway_reconciled_twice_changes_nothing() -> None:
    desk = stage()
    killed(desk)
    reconcile(desk)
    before = desk.states()
    reconcile(desk)
    assert desk.states() == before


# --- what former processes noted and did not conclude ---------------------------------------------


def late(desk: Stage) -> FakeOrder:
    """The order that ended, of which something is executed all the same."""
    return FakeOrder(
        desk.route.draft(ApprovedTicket(ticket())),
        ticket().position.account,
        265598,
        ticket().side,
        Decimal(100),
        desk.route.completed[-1].perm_id,
    )


def test_a_late_fill_that_somebody_noted_before_is_adopted_all_the_same() -> None:
    desk = stage()
    desk.route.on_submit = rest
    desk.close()
    told = desk.route.execute(late(desk), Decimal(100))
    desk.book.note_fills((told,))  # and then its process was gone
    reconcile(desk)
    assert state(desk) is TicketState.DONE
    assert AlertKind.ORDER_UNCERTAIN in desk.kinds()


def test_what_was_executed_before_the_end_reopens_nothing() -> None:
    desk = stage()
    desk.route.on_submit = filling(30)
    desk.patience = Patience(attempts=1)
    desk.close()
    assert state(desk) is TicketState.CANCELLED
    before = desk.states()
    reconcile(desk)
    assert desk.states() == before


def test_a_ticket_executed_beside_somebody_elses_trade_is_said_again_and_not_moved() -> None:
    desk = stage()
    killed(desk)
    desk.route.trade(265598, Decimal(40))
    reconcile(desk)
    assert desk.states()[-2:] == ["FILLED", "UNCERTAIN"]
    before, desk.alarms = desk.states(), []
    reconcile(desk)
    assert desk.states() == before
    assert desk.kinds() == [AlertKind.UNEXPLAINED]


def test_a_filled_ticket_whose_executions_are_corrected_down_is_uncertain() -> None:
    desk = stage()
    killed(desk)
    desk.book.step(USUAL, TicketState.FILLED, desk.route.now(), "executed in whole")
    (told,) = desk.route.fills
    fresh = replace(told, exec_id=told.exec_id[:-1] + "2", quantity=Decimal(90))
    desk.route.fills.append(fresh)
    desk.route.trade(265598, Decimal(10))
    reconcile(desk)
    assert state(desk) is TicketState.UNCERTAIN
    assert AlertKind.ORDER_UNCERTAIN in desk.kinds()


@pytest.mark.parametrize("deed", [reject, swallow])
def test_what_was_cancelled_for_a_close_that_a_former_process_sent_in_vain_is_named(
    deed: Deed,
) -> None:
    desk = stage()
    desk.route.on_submit = deed
    killed(desk)
    desk.book.note_cancel(USUAL, open_order(), desk.route.now(), "confirmed")
    reconcile(desk)
    told = [text for kind, text in desk.alarms if kind is AlertKind.UNPROTECTED]
    assert len(told) == 1
    assert "SELL 100 STP" in told[0]
    reconcile(desk)
    assert desk.kinds().count(AlertKind.UNPROTECTED) == 1


def test_an_adopted_order_that_ends_in_part_is_said_for_nobody_sends_its_rest() -> None:
    desk = stage()
    desk.route.on_submit = filling(30)
    killed(desk)
    desk.book.note_cancel(USUAL, open_order(), desk.route.now(), "confirmed")
    found = reconcile(desk)
    Reconciler(desk.trading, 15 * MINUTE).adopt(found.tickets)
    assert (state(desk), record(desk).filled) == (TicketState.CANCELLED, Decimal(30))
    assert desk.kinds() == [AlertKind.ORDER_UNFINISHED, AlertKind.UNPROTECTED]
    assert desk.route.sent == [USUAL]


def test_a_cancel_that_a_former_process_may_not_have_asked_for_is_asked_for_again() -> None:
    desk = stage()
    desk.route.on_submit = rest
    killed(desk)
    reconcile(desk)
    desk.book.step(USUAL, TicketState.STOPPING, desk.route.now(), "and then it was gone")
    found = reconcile(desk)
    assert desk.route.cancelled == []
    Reconciler(desk.trading, 15 * MINUTE).adopt(found.tickets)
    assert state(desk) is TicketState.CANCELLED
    assert len(desk.route.cancelled) == 1


@pytest.mark.parametrize("happens", [FakeRoute.disturb, FakeRoute.start_anew])
def test_looks_with_an_interruption_between_them_do_not_prove_that_it_was_never_received(
    happens: Callable[[FakeRoute], None],
) -> None:
    desk = stage()
    desk.route.on_submit = swallow
    killed(desk)
    reconcile(desk)
    desk.route.seconds += 30
    happens(desk.route)
    desk.route.seconds += 60
    reconcile(desk)
    assert state(desk) is TicketState.UNCERTAIN
    desk.route.seconds += 60
    reconcile(desk)
    assert state(desk) is TicketState.NOT_RECEIVED


def test_looks_over_two_connections_do_not_prove_that_it_was_never_received() -> None:
    desk = stage()
    desk.route.on_submit = swallow
    killed(desk)
    reconcile(desk)
    desk.route.seconds += 90
    desk.route.come_back()
    reconcile(desk)
    assert state(desk) is TicketState.UNCERTAIN
