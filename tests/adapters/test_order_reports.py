"""What a route hears of orders, from the wire of the simulated gateway."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sellkit.adapters.clock import SystemClock
from sellkit.core.bars import BarSize
from sellkit.core.fills import total
from sellkit.core.instrument import Instrument, Token
from sellkit.core.reports import Meaning, OrderReport, ReportKind
from sellkit.core.windows import BarRequest
from sellkit.errors import NoBars
from sellkit.simgateway.orders.restart import restart
from sellkit.simgateway.scenario import OrderKind, RestingOrder
from tests.adapters.orders_world import MAIN, kinds, route_to, world
from tests.adapters.scripted_gateway import START, ScriptedGateway
from tests.adapters.test_broken_gateways import WELL
from tests.adapters.waiting import PATIENCE, returning, wait_until
from tests.simgateway.trading import ACCOUNT, NOON, SCENARIO, pass_time

NEVER_FILLS = {"fill_after_seconds": 86_400}
CODE, STATUS = ReportKind.CODE, ReportKind.ORDER_STATUS
OPEN, EXECUTED = ReportKind.OPEN_ORDER, ReportKind.EXECUTION
MSFT = Instrument(272093, Token("NASDAQ", "MSFT"))


def shares(reports: tuple[OrderReport, ...]) -> Decimal:
    return total(each.fill for each in reports if each.fill is not None)


def status_of(reports: tuple[OrderReport, ...]) -> list[str | None]:
    return [each.status for each in reports if each.kind is STATUS]


# --- codes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (10349, "Order TIF was set to DAY based on order preset."),
        (399, "Warning: your order will not be placed at the exchange until 09:30."),
        (481, "Order size was reduced."),
    ],
)
def test_a_notice_about_a_living_order_changes_nothing(code: int, text: str) -> None:
    told = {"message": "placeOrder", "do": "error", "code": code, "text": text, "deliver": True}
    with world(habits=NEVER_FILLS, faults=(told,)) as at:
        draft = at.send()
        (notice,) = [each for each in at.until(lambda r: r.kind is CODE) if each.kind is CODE]
        at.rest()

        assert (notice.order_id, notice.code, notice.text) == (draft.order_id, code, text)
        assert notice.meaning is Meaning.ORDER_ALIVE
        assert notice.status is None
        (open_order,) = at.route.records(MAIN).snapshot.open_orders
        assert (open_order.reference, open_order.status) == (draft.reference, "Submitted")


def test_what_the_library_takes_for_the_end_of_an_order_is_not_told_as_one() -> None:
    said: dict[str, Any] = {"code": 10148, "text": "cannot be cancelled, state: Submitted."}
    with world(habits=NEVER_FILLS) as at:
        at.inject(message="placeOrder", do="error", deliver=True, **said)
        at.send()
        told = (*at.until(lambda each: each.kind is CODE), *at.rest())

        assert "Cancelled" not in status_of(told)
        assert [each.meaning for each in told if each.kind is CODE] == [Meaning.UNKNOWN]
        # The list is told before the code, the code before its end.
        at.inject(message="openOrderEnd", nth=1, do="delay", seconds=0.5)
        with ThreadPoolExecutor(1) as threads:
            reading = threads.submit(at.route.records, MAIN)
            wait_until(lambda: at.asked("reqAllOpenOrders"))
            at.inject(do="error", requestId=int(told[0].order_id), **said)
            (listed,) = reading.result().snapshot.open_orders
        assert listed.status == "Submitted"
        assert [each.kind for each in at.rest()] == [CODE]


def test_a_rejection_is_told_and_listed_with_its_reason() -> None:
    with world(habits={"no_permission": frozenset({"MSFT"})}) as at:
        draft = at.send()
        (code,) = [each for each in at.until(lambda r: r.status) if each.kind is CODE]
        records = at.route.records(MAIN)

        assert (code.code, code.meaning) == (201, Meaning.ORDER_DEAD)
        assert not records.open_of(draft.reference, None)
        (ended,) = records.completed_of(draft.reference, None)
        assert "Rejected" in ended.text
        assert ended.filled == 0


def test_a_number_that_is_in_use_is_told_as_unknown() -> None:
    used = {"message": "placeOrder", "do": "error", "code": 103, "text": "Duplicate order id"}
    with world(faults=(used,)) as at:
        draft = at.send()
        (code,) = at.until(lambda each: each.kind is CODE)

        assert (code.order_id, code.meaning) == (draft.order_id, Meaning.UNKNOWN)


def test_codes_of_requests_are_no_reports() -> None:
    with world(faults=({"message": "reqHistoricalData", "do": "no_data"},)) as at:
        with pytest.raises(NoBars):
            at.broker.bars(BarRequest(MSFT, BarSize.M30, NOON, "2 D"))
        assert not at.rest()


def test_no_account_number_is_in_a_report() -> None:
    text = f"Order rejected - reason: no permission for {ACCOUNT}"
    said = {"message": "placeOrder", "do": "error", "code": 201, "text": text, "deliver": True}
    with world(faults=(said,)) as at:
        at.send()
        told = at.until_status("Filled")

        assert {OPEN, STATUS, EXECUTED, CODE} == {each.kind for each in told}
        assert ACCOUNT not in repr([(each.text, each.verbatim) for each in told])
        assert "(account)" in repr(told)


# --- statuses and executions ----------------------------------------------------------------------


def test_what_is_told_twice_is_reported_twice_and_counted_once() -> None:
    twice = {"message": "execDetails", "do": "duplicate"}
    with world(habits={"status_repeats": 2}, faults=(twice,)) as at:
        at.send()
        told = (*at.until_status("Filled"), *at.rest())

        assert status_of(told).count("Filled") == 2
        assert len([each for each in told if each.kind is EXECUTED]) == 2
        assert shares(told) == 40


def test_an_execution_that_comes_first_and_alone_is_told() -> None:
    habits = {"execution_first": True, "acknowledges_first": False, "tells_filled": False}
    with world(habits=habits) as at:
        draft = at.send()
        told = at.until(lambda each: each.kind is EXECUTED)

        assert kinds(told) == [(EXECUTED, None)]
        assert (told[0].reference, shares(told)) == (draft.reference, 40)
        assert at.broker.standing.is_ready


def test_a_status_of_an_order_that_nobody_listed_is_heard_and_is_no_broken_message() -> None:
    with world(habits=NEVER_FILLS, faults=({"message": "openOrder", "do": "drop"},)) as at:
        at.send()
        told = at.until_status("Submitted")

        assert {each.kind for each in told} == {STATUS}
        assert told[-1].perm_id
        assert (told[-1].filled, told[-1].remaining) == (0, 40)
        assert at.broker.standing.is_ready


def test_a_corrected_execution_is_told_anew_and_replaces_the_first() -> None:
    with world() as at:
        at.send()
        (first,) = [each.fill for each in at.until_status("Filled") if each.fill]
        at.gateway.terminal.correct(first.exec_id, Decimal("98.5"))
        (second,) = [each.fill for each in at.until(lambda r: r.fill) if each.fill]

        assert second.exec_id != first.exec_id
        assert (second.family, second.price) == (first.family, Decimal("98.5"))
        assert total(at.route.records(MAIN).fills) == 40


def test_a_swallowed_order_is_told_nothing_of_and_stands_in_no_list() -> None:
    with world(faults=({"message": "placeOrder", "do": "lose_order"},)) as at:
        draft = at.send()
        assert not at.rest()
        assert not at.route.reports(0, 0.0)
        records = at.route.records(MAIN)

        assert not records.open_of(draft.reference, None)
        assert not records.completed_of(draft.reference, None)
        assert not records.fills_of(draft.reference, None)


def test_a_list_that_says_nothing_new_makes_no_reports() -> None:
    with world(habits=NEVER_FILLS) as at:
        at.send()
        at.until_status("Submitted")
        at.rest()
        at.route.records(MAIN)
        at.route.records(MAIN)

        assert not at.rest()


def test_reports_are_dated_by_the_gateways_clock_or_by_the_one_that_was_given() -> None:
    with world() as at:
        at.send()
        assert {each.at for each in at.until_status("Filled")} == {NOON}
        with route_to(at.gateway, at.market, client_id=8, clock=SystemClock()) as other:
            other.send("AAPL")
            at_last = other.until_status("Filled")[-1].at
            assert dt.datetime.now(dt.UTC) - at_last < dt.timedelta(minutes=1)


# --- a lost connection ----------------------------------------------------------------------------


def test_an_order_that_was_sent_as_the_connection_broke_is_found_by_its_reference() -> None:
    cut = {"message": "placeOrder", "nth": 1, "do": "close", "deliver": True}
    with world(comes_back=True, faults=(cut,)) as at:
        draft = at.send()
        at.return_from(1)
        records = at.route.records(MAIN)

        assert total(records.fills_of(draft.reference, None)) == 40
        assert records.completed_of(draft.reference, None)[0].status == "Filled"
        assert records.epoch == 2


def test_what_came_before_the_connection_broke_is_still_told_and_numbers_go_on() -> None:
    with world(comes_back=True, habits=NEVER_FILLS) as at:
        at.send()
        at.until_status("Submitted")
        at.drop()
        before = at.route.reports(0, 0.0)
        at.return_from(1)
        pass_time(at.gateway, 90_000)
        later = at.until(lambda each: each.kind is STATUS and each.status != "Submitted")

        assert {each.epoch for each in before} == {1}
        assert later[-1].epoch == 2
        assert later[-1].number > before[-1].number
        assert at.route.reports(0, 0.0)[: len(before)] == before


def test_what_a_gateway_says_at_once_belongs_to_the_connection_that_is_being_made() -> None:
    status = (3, 12, "Filled", 40, 0, 99.0, 1400000001, 0, 99.0, 7, "", 0)

    def start_and_tell(gateway: ScriptedGateway, _fields: tuple[str, ...]) -> None:
        gateway.start()
        gateway.send(status)

    with (
        ScriptedGateway({**WELL, START: start_and_tell}) as gateway,
        returning(gateway.port, sends_orders=True) as broker,
    ):
        broker.wait_until_ready(PATIENCE)
        gateway.hang_up()
        wait_until(lambda: broker.standing.epoch == 2)
        told = broker.route().reports(0, 0.0)

    assert [(each.order_id, each.status, each.epoch) for each in told] == [
        ("12", "Filled", 1),
        ("12", "Filled", 2),
    ]


# --- orders of others -----------------------------------------------------------------------------


def test_orders_of_other_clients_are_listed_and_not_heard() -> None:
    with (
        world(habits=NEVER_FILLS) as at,
        route_to(at.gateway, at.market, client_id=9) as other,
    ):
        other.send()
        other.until_status("Submitted")
        assert not at.rest()
        (listed,) = at.route.records(MAIN).snapshot.open_orders
        assert listed.client_id == "9"


def test_client_0_hears_of_orders_placed_by_hand_and_binds_none() -> None:
    with world(client_id=0, habits=NEVER_FILLS) as at:
        at.gateway.terminal.place("MSFT", "SELL", Decimal(10))
        by_hand = at.until_status("Submitted")[-1]
        draft = at.send("AAPL")
        at.until(lambda each: each.order_id == draft.order_id and each.perm_id)

        assert (by_hand.order_id, by_hand.client_id) == ("0", "0")
        assert int(draft.order_id) > 0
        listed = at.route.records(MAIN).snapshot.open_orders
        assert [each.order_id for each in listed] == ["0", draft.order_id]


def test_an_own_stop_that_came_back_untagged_is_listed_as_nobodys() -> None:
    stop = RestingOrder(
        account=ACCOUNT,
        security=SCENARIO.holdings[1].security,
        kind=OrderKind.OWN,
        client_id=7,
        action="SELL",
        quantity=Decimal(40),
        order_type="STP",
        aux_price=Decimal(50),
        reference="SK1-0123456789ab-1",
    )
    with world(
        scenario=replace(SCENARIO, orders=(stop,)), habits={"untags_on_restart": "stops"}
    ) as at:
        (before,) = at.route.records(MAIN).snapshot.open_orders
        at.gateway.terminal.on_loop(lambda: restart(at.gateway.floor))
        (after,) = at.route.records(MAIN).snapshot.open_orders

        assert before.is_own
        assert (after.order_id, after.reference, after.is_own) == ("0", "", False)
        assert after.perm_id == before.perm_id
