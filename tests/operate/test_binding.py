"""Orders placed by hand, taken over and cancelled before a close where the operator wants that."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sellkit.core.alerts import AlertKind
from sellkit.core.lifecycle import TicketState
from sellkit.core.reports import BrokerRecords
from sellkit.errors import NotSent, RequestTimedOut
from sellkit.operate.comparing import compare
from tests.build import account, position, ticket
from tests.fakes_route import FakeRoute, as_order, ignore_cancel, reject
from tests.operate.trading_build import Stage, hand_stop, own_stop, stage

MICROSOFT = 272093
OWN = replace(own_stop(), client_id="0")


def binding(*resting: object, **changes: object) -> Stage:
    desk = stage(resting=resting or (OWN, hand_stop()))  # type: ignore[arg-type]
    return as_client_0(desk)


def as_client_0(desk: Stage) -> Stage:
    desk.binds, desk.route.client_id = True, "0"
    return desk


def records(desk: Stage) -> BrokerRecords:
    return desk.route.records(account())


def texts(desk: Stage, kind: AlertKind) -> list[str]:
    return [text for each, text in desk.alarms if each is kind]


def test_a_stop_placed_by_hand_is_bound_cancelled_and_then_the_position_closed() -> None:
    desk = binding()
    (done,) = desk.close()
    assert (done.state, desk.held()) == (TicketState.DONE, 0)
    assert (desk.route.bindings, desk.route.cancelled) == (1, ["1234", "77"])
    assert desk.states() == [
        *("INTENT", "CANCELLING", "SUBMITTING", "ACKNOWLEDGED", "FILLED", "DONE"),
    ]


def test_a_person_is_told_exactly_what_was_bound_and_what_was_cancelled() -> None:
    desk = binding(OWN, hand_stop(), hand_stop("78", MICROSOFT))
    desk.close()
    assert texts(desk, AlertKind.BOUND_ORDER) == [
        "NASDAQ:AAPL: taken over by client 0: SELL 100 STP at 80 placed by hand (order 77); "
        "it goes before the close",
        "contract 272093: taken over by client 0: SELL 100 STP at 80 placed by hand (order 78); "
        "it stays",
        "NASDAQ:AAPL: cancelled before its close: SELL 100 STP at 80 placed by hand (order 77)",
    ]
    assert [each.perm_id for each in desk.route.orders] == ["78"]


def test_nothing_is_bound_where_only_own_orders_rest() -> None:
    desk = binding(OWN)
    desk.close()
    assert (desk.route.bindings, desk.route.sent) == (0, [ticket().reference])


def test_what_was_bound_before_is_cancelled_without_binding_again() -> None:
    desk = binding(replace(hand_stop(), order_id="-3"))
    desk.close()
    assert (desk.route.bindings, desk.route.cancelled) == (0, ["77"])


def test_without_the_setting_nothing_is_bound_nor_cancelled() -> None:
    desk = binding(hand_stop())
    desk.binds = False
    desk.objection = lambda _ticket, seen: (
        "foreign" if any(not each.is_own for each in seen.snapshot.open_orders) else ""
    )
    (left,) = desk.close()
    assert left.state is TicketState.ABANDONED
    assert (desk.route.bindings, desk.route.cancelled, desk.route.sent) == (0, [], [])


def test_one_that_gets_no_id_leaves_everything_as_it_is_aloud() -> None:
    desk = binding()
    desk.route.on_bind = lambda _route: None
    (left,) = desk.close()
    assert left.state is TicketState.ABANDONED
    assert (desk.route.cancelled, desk.route.sent) == ([], [])
    (said,) = texts(desk, AlertKind.WITHHELD_EXIT)
    assert "SELL 100 STP at 80 placed by hand could not be taken over" in said
    assert "the gateway gave it no id" in said
    assert not texts(desk, AlertKind.UNPROTECTED)


def test_a_gateway_that_refuses_to_bind_leaves_everything_as_it_is() -> None:
    desk = binding()
    desk.route.failures["bind"] = [NotSent("read-only")]
    (left,) = desk.close()
    assert left.state is TicketState.ABANDONED
    assert (desk.route.cancelled, desk.route.sent) == ([], [])
    assert "read-only" in texts(desk, AlertKind.WITHHELD_EXIT)[0]


def test_a_halt_while_orders_are_bound_leaves_them_where_they_are() -> None:
    desk = binding()
    give = desk.route.on_bind

    def halt(route: FakeRoute) -> None:
        give(route)
        desk.halt = "a person said so"

    desk.route.on_bind = halt
    (left,) = desk.close()
    assert (left.state, desk.route.cancelled) == (TicketState.ABANDONED, [])
    assert "a person said so" in texts(desk, AlertKind.WITHHELD_EXIT)[0]


def test_another_position_is_closed_although_one_is_stuck() -> None:
    apple, microsoft = position(), position("NASDAQ:MSFT", con_id=MICROSOFT)
    own = replace(OWN, con_id=MICROSOFT, perm_id="5")
    desk = as_client_0(stage(apple, microsoft, resting=(hand_stop(), own)))
    desk.route.on_bind = lambda _route: None
    stuck, closed = desk.close(ticket(apple), ticket(microsoft))
    assert (stuck.state, closed.state) == (TicketState.ABANDONED, TicketState.DONE)
    assert desk.route.cancelled == ["5"]


def test_one_that_is_bound_late_is_waited_for() -> None:
    desk = binding()
    late = desk.route.on_bind
    desk.route.on_bind = lambda route: route.later(3, lambda: late(route))
    (done,) = desk.close()
    assert done.state is TicketState.DONE


def test_lists_that_fail_once_are_asked_for_again() -> None:
    desk = binding()

    def fail_next(route: FakeRoute) -> None:
        route.failures["records"] = [RequestTimedOut("no end marker")]
        give(route)

    give, desk.route.on_bind = desk.route.on_bind, fail_next
    (done,) = desk.close()
    assert done.state is TicketState.DONE


def test_a_stop_that_fires_while_it_is_bound_leaves_nothing_to_sell() -> None:
    desk = binding(hand_stop())

    def fire(route: FakeRoute) -> None:
        (order,) = (as_order(each) for each in route.orders)
        route.execute(order, order.quantity)
        route.end(order, "Filled")

    desk.route.on_bind = fire
    (done,) = desk.close()
    assert (done.state, desk.held()) == (TicketState.DONE_BY_OTHER, 0)
    assert (desk.route.cancelled, desk.route.sent) == ([], [])


def test_a_cancel_that_is_not_confirmed_sends_nothing() -> None:
    desk = binding(hand_stop())
    desk.route.on_cancel = ignore_cancel
    (left,) = desk.close()
    assert (left.state, desk.route.sent) == (TicketState.ABANDONED, [])
    assert "SELL 100 STP at 80 placed by hand" in texts(desk, AlertKind.WITHHELD_EXIT)[0]


def test_a_failure_after_its_cancel_names_it_as_unprotected() -> None:
    desk = binding(hand_stop())
    desk.route.on_submit = reject
    (left,) = desk.close()
    assert left.state is TicketState.REJECTED
    (said,) = texts(desk, AlertKind.UNPROTECTED)
    assert "SELL 100 STP stop 80 GTC" in said


def test_one_that_comes_after_the_look_is_not_sold_beside() -> None:
    desk = binding(OWN)
    cancel = desk.route.on_cancel

    def place(route: FakeRoute, order: object) -> None:
        cancel(route, order)  # type: ignore[arg-type]
        route.orders.append(hand_stop("79"))

    desk.route.on_cancel = place
    (left,) = desk.close()
    assert (left.state, desk.route.sent) == (TicketState.ABANDONED, [])
    assert texts(desk, AlertKind.UNPROTECTED)


def test_an_id_above_zero_is_as_good_once_it_was_seen_without_one() -> None:
    desk = binding(hand_stop())

    def number(route: FakeRoute) -> None:
        route.orders = [replace(each, order_id="41") for each in route.orders]

    desk.route.on_bind = number
    (done,) = desk.close()
    assert done.state is TicketState.DONE
    assert len(texts(desk, AlertKind.BOUND_ORDER)) == 2


def test_bound_orders_are_told_apart_side_by_side() -> None:
    desk = binding(hand_stop(), replace(hand_stop("78", MICROSOFT), order_id="-9"))
    desk.close()
    told = {line.subject: line for line in compare(records(desk), desk.book, account().alias, "0")}
    ended, left = told["order 77, placed by hand"], told["order 78, placed by hand"]
    assert ended.journal == f"cancelled for {ticket().reference}: confirmed"
    assert ended.broker == "Cancelled (0 filled)"
    assert left.journal == "left as it is"
    assert left.broker.endswith("bound to client 0")
    assert ended.is_explained
    assert left.is_explained


def test_a_bound_order_whose_cancel_is_open_is_told_with_what_to_do() -> None:
    desk = binding(hand_stop())
    desk.route.on_cancel = ignore_cancel
    desk.close()
    told = {line.subject: line for line in compare(records(desk), desk.book, account().alias, "0")}
    assert "not confirmed" in told["order 77, placed by hand"].note


def test_what_a_person_trades_in_the_terminal_is_nothing_unexplained() -> None:
    desk = binding(hand_stop(), replace(hand_stop("79"), order_id="41"))
    for stop in desk.route.orders:
        desk.route.execute(as_order(stop), Decimal(10))
    lines = compare(records(desk), desk.book, account().alias, "0")
    assert [line.subject for line in lines if not line.is_explained] == ["order 79"]
