"""One close for each position, whatever the gateway does."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from sellkit.core.alerts import AlertKind
from sellkit.core.gates import ApprovedTicket
from sellkit.core.lifecycle import TicketState
from sellkit.core.orders import OrderTicket
from sellkit.core.portfolio import Account, OpenOrder
from sellkit.core.reports import BrokerRecords, Meaning, ReportKind
from sellkit.errors import JournalError, NotConnected, NotSent, SubmissionUncertain
from tests.build import account, position, snapshot, ticket
from tests.fakes_route import (
    FakeOrder,
    FakeRoute,
    as_order,
    confirm_cancel,
    fill,
    filling,
    ignore_cancel,
    reject,
    rest,
    swallow,
)
from tests.fakes_tickets import FakeTicketBook
from tests.operate.trading_build import Stage, own_stop, stage
from tests.ticketing import of_earlier_bar

USUAL = ticket().reference
SECOND = replace(ticket(), attempt=2).reference


def only(found: tuple[object, ...]) -> TicketState:
    (record,) = found
    return record.state  # type: ignore[attr-defined, no-any-return]


# --- the plain way --------------------------------------------------------------------------------


def test_a_close_is_claimed_before_it_is_sent_and_done_when_nothing_is_left() -> None:
    desk = stage()
    assert only(desk.close()) is TicketState.DONE
    assert desk.route.sent == [USUAL]
    assert desk.states() == ["INTENT", "SUBMITTING", "ACKNOWLEDGED", "FILLED", "DONE"]
    assert desk.held() == 0
    assert not desk.alarms


def test_the_claim_is_on_the_disk_when_the_gateway_hears_of_it() -> None:
    desk = stage()
    seen: list[TicketState] = []

    def look(route: FakeRoute, order: FakeOrder) -> None:
        record = desk.book.ticket(order.draft.reference)
        assert record is not None
        seen.append(record.state)
        fill(route, order)

    desk.route.on_submit = look
    desk.close()
    assert seen == [TicketState.SUBMITTING]


def test_the_same_bar_judged_twice_is_sent_once() -> None:
    desk = stage()
    desk.close()
    desk.route.trade(265598, Decimal(100))
    assert desk.close() == ()
    assert desk.route.sent == [USUAL]


def test_a_gateway_whose_numbers_went_back_gets_none_that_was_claimed_before() -> None:
    desk = stage()
    (former,) = desk.close()
    assert former.order_id is not None
    desk.route.number_from(int(former.order_id))
    desk.route.trade(265598, Decimal(100))
    (again,) = desk.close(of_earlier_bar())
    assert again.state is TicketState.DONE
    assert int(again.order_id or 0) > int(former.order_id)


def test_an_order_that_fills_without_any_status_is_done() -> None:
    desk = stage()

    def only_executions(route: FakeRoute, order: FakeOrder) -> None:
        route.execute(order, order.quantity)

    desk.route.on_submit = only_executions
    assert only(desk.close()) is TicketState.DONE


def test_doubled_executions_and_a_correction_count_once() -> None:
    desk = stage()

    def twice(route: FakeRoute, order: FakeOrder) -> None:
        route.rest(order)
        told = route.execute(order, Decimal(60))
        route.say(order, ReportKind.EXECUTION, fill=told)
        corrected = replace(told, exec_id=told.exec_id[:-1] + "2")
        route.fills.append(corrected)
        route.say(order, ReportKind.EXECUTION, fill=corrected)
        route.execute(order, Decimal(40))

    desk.route.on_submit = twice
    (record,) = desk.close()
    assert (record.state, record.filled) == (TicketState.DONE, Decimal(100))


def test_of_a_fraction_the_whole_shares_are_sold_and_the_rest_stays() -> None:
    held = position(quantity="100.5")
    desk = stage(held)
    assert only(desk.close(ticket(held))) is TicketState.DONE
    assert desk.held() == Decimal("0.5")


# --- nothing is sent ------------------------------------------------------------------------------


def test_a_gate_that_objects_at_the_last_look_stops_it_aloud() -> None:
    desk = stage()
    desk.objection = lambda _ticket, _records: "the quote is gone"
    assert only(desk.close()) is TicketState.ABANDONED
    assert desk.route.sent == []
    assert desk.kinds() == [AlertKind.WITHHELD_EXIT]


def test_a_ticket_given_up_before_its_claim_may_be_begun_again() -> None:
    desk = stage()
    desk.objection = lambda _ticket, _records: "the quote is gone"
    desk.close()
    desk.objection = lambda _ticket, _records: ""
    assert only(desk.close()) is TicketState.DONE
    assert desk.route.sent == [USUAL]


def test_a_stop_between_claim_and_order_sends_nothing_and_is_not_made_up_for() -> None:
    desk = stage()
    desk.halt = "a person said so"
    assert only(desk.close()) is TicketState.ABANDONED
    desk.halt = ""
    assert desk.close() == ()
    assert desk.route.sent == []


@pytest.mark.parametrize("method", ["intend", "claim"])
def test_a_journal_that_cannot_be_written_sends_nothing(method: str) -> None:
    desk = stage()
    desk.book.unwritable = {method}
    with pytest.raises(JournalError):
        desk.close()
    assert desk.route.sent == []


def test_lists_that_cannot_be_read_send_nothing() -> None:
    desk = stage()
    desk.route.failures["records"] = [NotConnected("gone")]
    assert only(desk.close()) is TicketState.ABANDONED
    assert desk.route.sent == []
    assert desk.kinds() == [AlertKind.WITHHELD_EXIT]


def test_a_cancel_that_cannot_be_asked_for_sends_no_close() -> None:
    desk = stage(resting=(own_stop(),))
    desk.route.failures["cancel"] = [NotConnected("gone")]
    assert only(desk.close()) is TicketState.ABANDONED
    assert desk.route.sent == []


def test_a_queue_before_the_wire_sends_nothing_and_claims_nothing() -> None:
    desk = stage()
    desk.route.is_idle = False
    assert only(desk.close()) is TicketState.ABANDONED
    assert desk.states() == ["INTENT", "ABANDONED"]


def test_an_order_that_did_not_reach_the_wire_is_not_sent_again() -> None:
    desk = stage()
    desk.route.failures["submit"] = [NotSent("something queued before it")]
    assert only(desk.close()) is TicketState.ABANDONED
    assert desk.close() == ()
    assert desk.route.sent == []


def test_a_position_that_is_gone_needs_no_order() -> None:
    desk = stage()
    desk.route.trade(265598, Decimal(-100))
    assert only(desk.close()) is TicketState.DONE_BY_OTHER
    assert desk.route.sent == []


def test_an_order_of_this_reference_that_the_journal_never_sent_is_not_doubled() -> None:
    desk = stage()
    desk.route.orders.append(replace(own_stop(), reference=USUAL))
    assert only(desk.close()) is TicketState.ABANDONED
    assert desk.kinds() == [AlertKind.UNEXPLAINED]
    assert desk.route.sent == desk.route.cancelled == []


def test_a_contract_that_somebody_works_on_is_left_aloud() -> None:
    desk = stage()
    with desk.keys.held(account(), [265598]):
        assert desk.close() == ()
    assert desk.kinds() == [AlertKind.WITHHELD_EXIT]
    assert only(desk.close()) is TicketState.DONE


def test_what_is_not_sent_is_said_even_when_the_journal_fails_at_that_moment() -> None:
    desk = stage()
    desk.objection = lambda _ticket, _records: "the quote is gone"
    desk.book.unwritable = {"step"}
    with pytest.raises(JournalError):
        desk.close()
    assert desk.kinds() == [AlertKind.WITHHELD_EXIT, AlertKind.JOURNAL]


# --- own resting orders ---------------------------------------------------------------------------


def test_an_own_stop_is_cancelled_and_seen_to_have_ended_before_the_close() -> None:
    desk = stage(resting=(own_stop(),))
    seen: list[int] = []

    def look(route: FakeRoute, order: FakeOrder) -> None:
        seen.append(len(route.orders))
        fill(route, order)

    desk.route.on_submit = look
    assert only(desk.close()) is TicketState.DONE
    assert (desk.route.cancelled, seen) == (["1234"], [0])
    assert desk.states()[:3] == ["INTENT", "CANCELLING", "SUBMITTING"]


def test_a_cancel_that_is_never_confirmed_sends_no_close() -> None:
    desk = stage(resting=(own_stop(),))
    desk.route.on_cancel = ignore_cancel
    assert only(desk.close()) is TicketState.ABANDONED
    assert desk.route.sent == []
    assert desk.route.cancelled == ["1234"]
    assert AlertKind.WITHHELD_EXIT in desk.kinds()


def test_a_cancelled_order_that_is_told_nowhere_is_not_taken_for_ended() -> None:
    desk = stage(resting=(own_stop(),))
    desk.route.on_cancel = lambda route, _order: route.orders.clear()
    assert only(desk.close()) is TicketState.ABANDONED
    assert desk.route.sent == []


def test_nothing_is_cancelled_for_a_ticket_that_would_not_be_sent() -> None:
    desk = stage(resting=(own_stop(),))
    desk.objection = lambda _ticket, _records: "too many at once"
    desk.close()
    assert desk.route.cancelled == []
    assert desk.kinds() == [AlertKind.WITHHELD_EXIT]


def test_a_stop_that_fills_instead_of_being_cancelled_leaves_nothing_to_close() -> None:
    desk = stage(resting=(own_stop(),))
    desk.route.on_cancel = lambda route, order: fill_stop(route, 100)
    assert only(desk.close()) is TicketState.DONE_BY_OTHER
    assert desk.route.sent == []
    assert desk.held() == 0


def test_a_stop_that_fills_in_part_leaves_the_rest_to_the_close() -> None:
    desk = stage(resting=(own_stop(),))

    def partly(route: FakeRoute, _order: object) -> None:
        fill_stop(route, 30)
        confirm_cancel(route, replace(own_stop(), remaining=Decimal(70)))

    desk.route.on_cancel = partly
    (record,) = desk.close()
    assert (record.state, record.quantity) == (TicketState.DONE, Decimal(70))
    assert desk.held() == 0


def test_a_position_that_somebody_else_changed_meanwhile_is_left_alone() -> None:
    desk = stage(resting=(own_stop(),))

    def sell_by_hand(route: FakeRoute, order: object) -> None:
        route.trade(265598, Decimal(-40))
        confirm_cancel(route, own_stop())

    desk.route.on_cancel = sell_by_hand
    assert only(desk.close()) is TicketState.ABANDONED
    assert desk.route.sent == []
    assert AlertKind.UNPROTECTED in desk.kinds()


@pytest.mark.parametrize("moment", ["last look", "claim"])
def test_what_is_executed_between_the_lists_and_the_order_stops_the_close(moment: str) -> None:
    desk = stage()
    once = iter([None])

    def sell(route: FakeRoute) -> None:
        for _ in once:
            fill_stop(route, 30)

    if moment == "last look":
        desk.route.after_read = sell
    else:
        desk.on_claim = lambda: sell(desk.route)
    (record,) = desk.close()
    assert (record.state, desk.route.sent) == (TicketState.ABANDONED, [])
    assert "SELL 30 was executed on it since the last look" in record.cause
    assert (record.claimed_at is None) == (moment == "last look")
    assert desk.kinds() == [AlertKind.WITHHELD_EXIT]


def test_a_position_that_changed_its_sign_stops_everything() -> None:
    desk = stage(resting=(own_stop(),))

    def oversell(route: FakeRoute, order: object) -> None:
        route.trade(265598, Decimal(-150))
        confirm_cancel(route, own_stop())

    desk.route.on_cancel = oversell
    assert only(desk.close()) is TicketState.ABANDONED
    assert "changed its sign" in desk.halt
    assert AlertKind.POSITION_FLIPPED in desk.kinds()
    assert desk.route.sent == []


def test_a_position_that_changed_its_sign_before_the_first_look_stops_everything() -> None:
    desk = stage()
    desk.route.trade(265598, Decimal(-150))
    assert only(desk.close()) is TicketState.ABANDONED
    assert "changed its sign" in desk.halt
    assert AlertKind.POSITION_FLIPPED in desk.kinds()
    assert desk.route.sent == []


def test_a_contract_lent_to_another_strategy_is_waited_for_and_no_longer() -> None:
    desk = stage()
    desk.patience = replace(desk.patience, turn=0.01)
    with desk.keys.lent(account(), [265598]):
        assert desk.close() == ()
    assert AlertKind.WITHHELD_EXIT in desk.kinds()
    assert desk.route.sent == []


def test_a_close_refused_after_its_stop_was_cancelled_names_what_protects_no_more() -> None:
    desk = stage(resting=(own_stop(),))
    desk.route.on_submit = reject
    assert only(desk.close()) is TicketState.REJECTED
    told = [text for kind, text in desk.alarms if kind is AlertKind.UNPROTECTED]
    assert len(told) == 1
    assert "SELL 100 STP" in told[0]


# --- refusals, silence, drops ---------------------------------------------------------------------


def test_a_refusal_is_one_attempt_and_an_alert() -> None:
    desk = stage()
    desk.route.on_submit = reject
    assert only(desk.close()) is TicketState.REJECTED
    assert desk.kinds() == [AlertKind.ORDER_REJECTED]
    assert desk.close() == ()
    assert desk.route.sent == [USUAL]


class Beside(list[tuple[AlertKind, str]]):
    """Alarms, and for each what stood last in the journal when it came."""

    def __init__(self, book: FakeTicketBook) -> None:
        super().__init__()
        self._book = book
        self.latest: list[str] = []

    def append(self, alarm: tuple[AlertKind, str]) -> None:
        self.latest += [each for each in self._book.written if "SK1-" in each][-1:]
        super().append(alarm)


def test_what_protects_no_more_is_told_before_the_refusal_is_on_the_disk() -> None:
    desk = stage(resting=(own_stop(),))
    desk.route.on_submit = reject
    desk.alarms = alarms = Beside(desk.book)
    assert only(desk.close()) is TicketState.REJECTED
    assert desk.kinds() == [AlertKind.ORDER_REJECTED, AlertKind.UNPROTECTED]
    assert not any("REJECTED" in each for each in alarms.latest)


def test_an_exit_whose_one_attempt_is_over_is_withheld_aloud() -> None:
    desk = stage()
    desk.route.on_submit = reject
    desk.close()
    desk.alarms.clear()
    desk.close()
    assert desk.kinds() == [AlertKind.WITHHELD_EXIT]
    assert "REJECTED" in desk.alarms[0][1]


def test_a_refusal_that_only_a_code_tells_is_a_refusal() -> None:
    desk = stage()
    desk.route.on_submit = lambda route, order: route.say(
        order, ReportKind.CODE, code=110, text="off the tick", meaning=Meaning.ORDER_DEAD
    )
    assert only(desk.close()) is TicketState.REJECTED


def test_a_notice_that_sounds_like_an_error_changes_nothing() -> None:
    desk = stage()

    def noticed(route: FakeRoute, order: FakeOrder) -> None:
        alive = Meaning.ORDER_ALIVE
        route.say(order, ReportKind.CODE, code=10349, text="set to DAY", meaning=alive)
        route.rest(order)
        route.later(5, lambda: (route.execute(order, order.quantity), None)[1])

    desk.route.on_submit = noticed
    assert only(desk.close()) is TicketState.DONE
    assert desk.route.sent == [USUAL]


def test_an_order_said_to_be_dead_that_is_open_lives() -> None:
    desk = stage()

    def wrongly(route: FakeRoute, order: FakeOrder) -> None:
        route.rest(order)
        dead = Meaning.ORDER_DEAD
        route.say(order, ReportKind.CODE, code=201, text="margin", meaning=dead)
        route.later(10, lambda: (route.execute(order, order.quantity), None)[1])

    desk.route.on_submit = wrongly
    assert only(desk.close()) is TicketState.DONE


def test_an_order_that_is_swallowed_is_uncertain_and_never_sent_again() -> None:
    desk = stage()
    desk.route.on_submit = swallow
    assert only(desk.close()) is TicketState.UNCERTAIN
    assert desk.kinds() == [AlertKind.ORDER_UNCERTAIN]
    assert desk.close() == ()
    assert desk.route.sent == [USUAL]


@pytest.mark.parametrize("arrives", [True, False])
def test_a_drop_while_sending_is_settled_by_what_the_gateway_knows(arrives: bool) -> None:
    desk = stage()
    desk.route.on_submit = fill if arrives else swallow
    desk.route.failures["after submit"] = [SubmissionUncertain("the connection broke")]
    wanted = TicketState.DONE if arrives else TicketState.UNCERTAIN
    assert only(desk.close()) is wanted
    assert desk.route.sent == [USUAL]


def test_lists_that_fail_for_a_while_are_read_again() -> None:
    desk = stage()

    def silently(route: FakeRoute, order: FakeOrder) -> None:
        route.execute(order, order.quantity, is_told=False)
        route.end(order, "Filled")
        route.failures["records"] = [NotConnected("gone")] * 3

    desk.route.on_submit = silently
    assert only(desk.close()) is TicketState.DONE


def test_a_gateway_that_stays_away_leaves_it_uncertain() -> None:
    desk = stage()

    def away(route: FakeRoute, order: FakeOrder) -> None:
        route.rest(order)
        route.failures["records"] = [NotConnected("gone")] * 1000

    desk.route.on_submit = away
    assert only(desk.close()) is TicketState.UNCERTAIN
    assert desk.kinds() == [AlertKind.ORDER_UNCERTAIN]


# --- parts ----------------------------------------------------------------------------------------


def test_the_rest_of_a_partial_fill_is_cancelled_and_sent_as_the_next_attempt() -> None:
    desk = stage()

    def first_a_part(route: FakeRoute, order: FakeOrder) -> None:
        deed = fill if order.draft.reference == SECOND else filling(30)
        deed(route, order)

    desk.route.on_submit = first_a_part
    first, second = desk.close()
    assert (first.state, first.filled) == (TicketState.CANCELLED, Decimal(30))
    assert (second.state, second.quantity) == (TicketState.DONE, Decimal(70))
    assert desk.route.sent == [USUAL, SECOND]
    assert desk.held() == 0


def test_a_partial_fill_whose_cancel_is_not_confirmed_is_left_to_a_person() -> None:
    desk = stage()
    desk.route.on_submit, desk.route.on_cancel = filling(30), ignore_cancel
    assert only(desk.close()) is TicketState.STOPPING
    assert desk.kinds() == [AlertKind.ORDER_UNCERTAIN]
    assert desk.route.sent == [USUAL]


def test_a_rest_that_fills_instead_of_being_cancelled_is_done() -> None:
    desk = stage()
    desk.route.on_submit = filling(30)

    def late(route: FakeRoute, order: object) -> None:
        (resting,) = route.orders
        route.execute(as_order(resting), Decimal(70))

    desk.route.on_cancel = late
    assert only(desk.close()) is TicketState.DONE
    assert desk.held() == 0


def test_an_order_that_nobody_executes_is_cancelled_and_not_sent_again() -> None:
    desk = stage()
    desk.route.on_submit = rest
    assert only(desk.close()) is TicketState.CANCELLED
    assert desk.kinds() == [AlertKind.ORDER_UNFINISHED]
    assert desk.route.sent == [USUAL]


def test_after_a_partial_fill_somebody_elses_trade_leaves_it_to_a_person() -> None:
    desk = stage()
    desk.route.on_submit = filling(30)

    def by_hand(route: FakeRoute, order: object) -> None:
        (resting,) = route.orders
        confirm_cancel(route, resting)
        route.trade(265598, Decimal(-10))

    desk.route.on_cancel = by_hand
    assert only(desk.close()) is TicketState.UNCERTAIN
    assert desk.route.sent == [USUAL]


def fill_stop(route: FakeRoute, quantity: int) -> None:
    order = as_order(own_stop())
    route.execute(order, Decimal(quantity))
    if order.filled >= order.quantity:
        route.end(order, "Filled")


def test_several_positions_go_out_before_the_first_is_waited_for() -> None:
    other = position("NASDAQ:MSFT", con_id=272093)
    desk = Stage(FakeRoute([position(), other]))
    desk.route.on_submit = lambda route, order: (
        route.rest(order),
        route.later(5, lambda: (route.execute(order, order.quantity), None)[1]),
        None,
    )[2]
    found = desk.close(ticket(), ticket(other))
    assert [each.state for each in found] == [TicketState.DONE] * 2
    steps = [each for each in desk.book.written if each.startswith(("SUBMITTING", "FILLED"))]
    assert [each.split()[0] for each in steps] == ["SUBMITTING"] * 2 + ["FILLED"] * 2


def taken_by_another(desk: Stage, ticket: OrderTicket) -> None:
    """Another process claims a ticket."""
    approved = ApprovedTicket(ticket)
    desk.book.claim(approved, desk.route.draft(approved), snapshot(), desk.route.now())


def test_a_ticket_that_another_process_claims_first_is_left_to_it_alone() -> None:
    desk = stage(position(), position("NASDAQ:MSFT", con_id=272093))
    mine, theirs = ticket(), ticket(position("NASDAQ:MSFT", con_id=272093))
    looks: list[OrderTicket] = []

    def objection(one: OrderTicket, _records: BrokerRecords) -> str:
        looks.append(one)
        if one == theirs and looks.count(theirs) == 2:
            taken_by_another(desk, theirs)
        return ""

    desk.objection = objection
    desk.close(mine, theirs)
    assert desk.route.sent == [mine.reference]
    assert desk.states(mine.reference)[-1] == "DONE"
    assert desk.states(theirs.reference) == ["INTENT", "SUBMITTING"]
    assert desk.kinds() == [AlertKind.WITHHELD_EXIT]


def test_an_order_of_another_process_is_not_abandoned_by_a_gate_that_objects_here() -> None:
    desk = stage()

    def objection(one: OrderTicket, _records: BrokerRecords) -> str:
        taken_by_another(desk, one)
        return "the lease is held elsewhere"

    desk.objection = objection
    desk.close()
    assert desk.states() == ["INTENT", "SUBMITTING"]
    assert desk.route.sent == []


def test_nothing_is_cancelled_for_a_ticket_that_another_process_has_begun() -> None:
    desk = stage(resting=(own_stop(),))

    def objection(one: OrderTicket, _records: BrokerRecords) -> str:
        desk.book.step(one.reference, TicketState.CANCELLING, desk.route.now(), "elsewhere")
        return ""

    desk.objection = objection
    desk.close()
    assert desk.states() == ["INTENT", "CANCELLING"]
    assert desk.route.cancelled == []


# --- what is told late ----------------------------------------------------------------------------


def lagging_positions(route: FakeRoute, seconds: float) -> None:
    """The positions are told as they are now, for so long."""
    shown, until = dict(route.positions), route.seconds + seconds
    real = route.records

    def told(account: Account) -> BrokerRecords:
        lists = real(account)
        if route.seconds >= until:
            return lists
        held = tuple(each for each in shown.values() if each.quantity)
        return replace(lists, snapshot=replace(lists.snapshot, positions=held))

    route.records = told  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("seconds", "state"), [(5.0, TicketState.DONE_BY_OTHER), (1000.0, TicketState.ABANDONED)]
)
def test_what_its_stop_sold_is_not_sold_again_while_the_positions_lag(
    seconds: float, state: TicketState
) -> None:
    desk = stage(resting=(own_stop(),))

    def fills_instead(route: FakeRoute, _order: object) -> None:
        lagging_positions(route, seconds)
        fill_stop(route, 100)

    desk.route.on_cancel = fills_instead
    assert only(desk.close()) is state
    assert desk.route.sent == []


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_stop_said_to_be_filled_has_not_ended_before_its_executions_are_told(
    is_listed: bool,
) -> None:
    desk = stage(resting=(own_stop(),))

    def only_said(route: FakeRoute, order: OpenOrder) -> None:
        told = as_order(order)
        told.filled = Decimal(100)
        route.say(told, ReportKind.ORDER_STATUS, status="Filled", filled=told.filled)
        route.drop_open(told)
        if is_listed:
            route.end(told, "Filled")

    desk.route.on_cancel = only_said
    assert only(desk.close()) is TicketState.ABANDONED
    assert desk.route.sent == []


def test_a_stop_cancelled_after_a_part_waits_for_that_part_to_be_told() -> None:
    desk = stage(resting=(own_stop(),))

    def part_untold(route: FakeRoute, order: OpenOrder) -> None:
        told = as_order(order)
        told.filled = Decimal(30)
        route.end(told, "Cancelled")
        route.later(5, lambda: told_now(route, told))

    def told_now(route: FakeRoute, told: FakeOrder) -> None:
        told.filled = Decimal(0)
        route.execute(told, Decimal(30))

    desk.route.on_cancel = part_untold
    (record,) = desk.close()
    assert (record.state, record.quantity) == (TicketState.DONE, Decimal(70))
    assert desk.held() == 0


def test_a_stop_that_was_executed_in_part_on_a_former_day_can_be_cancelled() -> None:
    resting = replace(own_stop(), quantity=Decimal(130), remaining=Decimal(100))
    desk = stage(resting=(resting,))
    assert only(desk.close()) is TicketState.DONE
    assert desk.held() == 0


def test_a_stop_that_is_only_said_to_be_inactive_may_come_back_and_stops_the_close() -> None:
    desk = stage(resting=(own_stop(),))

    def asleep(route: FakeRoute, order: OpenOrder) -> None:
        told = as_order(order)
        route.say(told, ReportKind.ORDER_STATUS, status="Inactive", filled=Decimal(0))
        route.drop_open(told)

    desk.route.on_cancel = asleep
    assert only(desk.close()) is TicketState.ABANDONED
    assert desk.route.sent == []


def test_an_own_order_that_appears_while_others_are_cancelled_stops_the_close() -> None:
    desk = stage(resting=(own_stop(),))
    another = replace(own_stop(), perm_id="1235", reference="SK1-bbbbbbbbbbbb-1")

    def one_more(route: FakeRoute, order: OpenOrder) -> None:
        confirm_cancel(route, order)
        route.orders.append(another)

    desk.route.on_cancel = one_more
    assert only(desk.close()) is TicketState.ABANDONED
    assert desk.route.sent == []
    assert desk.route.orders == [another]


def test_an_order_said_dead_after_it_was_numbered_and_listed_late_is_not_given_for_dead() -> None:
    desk = stage()

    def listed_late(route: FakeRoute, order: FakeOrder) -> None:
        dead = Meaning.ORDER_DEAD
        route.rest(order)
        (resting,) = route.orders
        route.say(order, ReportKind.CODE, code=201, text="margin", meaning=dead)
        route.orders.clear()
        route.later(10, lambda: route.orders.append(resting))
        route.later(15, lambda: (route.execute(order, order.quantity), None)[1])

    desk.route.on_submit = listed_late
    assert only(desk.close()) is TicketState.DONE


def test_a_position_that_another_process_claimed_first_is_left_to_it_aloud() -> None:
    other = position("NASDAQ:MSFT", con_id=272093)
    desk = Stage(FakeRoute([position(), other]))

    def faster(_ticket: object, _records: object) -> str:
        if desk.book.ticket(USUAL) is None or desk.route.sent:
            return ""
        approved = ApprovedTicket(ticket())
        draft = desk.route.draft(approved)
        if desk.book.ticket(USUAL).claimed_at is None:  # type: ignore[union-attr]
            desk.book.claim(approved, draft, snapshot(), desk.route.now())
        return ""

    desk.objection = faster
    records = desk.close(ticket(), ticket(other))
    assert [each.ticker for each in records] == ["NASDAQ:AAPL", "NASDAQ:MSFT"]
    assert desk.route.sent == [ticket(other).reference]
    assert records[1].state is TicketState.DONE
    assert desk.kinds() == [AlertKind.WITHHELD_EXIT]
    assert desk.states() == ["INTENT", "SUBMITTING"]
