"""What a route reads in lists, what it cancels, and the steps of prices."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest

from sellkit.core.fills import total
from sellkit.core.instrument import Instrument, Token
from sellkit.core.portfolio import OpenOrder
from sellkit.core.reports import Meaning, ReportKind
from sellkit.errors import NotConnected, NotSent, RequestTimedOut, UnknownInstrument
from sellkit.simgateway.market_rules import Band, MarketRule
from tests.adapters.orders_world import MAIN, World, approved, route_to, world
from tests.adapters.waiting import PATIENCE, wait_until
from tests.simgateway.trading import ACCOUNT, NOON, SCENARIO, pass_time

NEVER_FILLS = {"fill_after_seconds": 86_400}
MSFT = Instrument(272093, Token("NASDAQ", "MSFT"))


def resting(at: World) -> OpenOrder:
    """The order of ours that rests."""
    (found,) = at.route.records(MAIN).snapshot.open_orders
    return found


# --- lists ----------------------------------------------------------------------------------------


def test_records_hold_all_four_lists_of_one_connection() -> None:
    with world() as at:
        draft = at.send()
        at.until_status("Filled")
        at.gateway.terminal.set_habits(fill_after_seconds=86_400)
        resting_one = at.send("AAPL")
        at.until_status("Submitted")
        records = at.route.records(MAIN)

        assert [each.reference for each in records.snapshot.open_orders] == [resting_one.reference]
        (ended,) = records.completed
        assert (ended.reference, ended.filled, ended.side) == (draft.reference, 40, "SELL")
        (fill,) = records.fills
        assert (fill.reference, fill.quantity, fill.perm_id) == (draft.reference, 40, ended.perm_id)
        assert (fill.order_id, fill.client_id, fill.at) == (draft.order_id, "7", NOON)
        held = {each.instrument.token.symbol: each.quantity for each in records.snapshot.positions}
        assert "MSFT" not in held
        assert held["AAPL"] == 100
        assert (records.epoch, records.began_at) == (1, records.snapshot.taken_at)


def test_records_tell_since_when_nothing_interrupted_though_the_connection_is_the_same() -> None:
    with world() as at:
        first, second = at.route.records(MAIN), at.route.records(MAIN)
        at.inject(do="error", code=1102, text="Connectivity has been restored - data maintained.")
        wait_until(lambda: at.broker.standing.since > first.steady_since)
        wait_until(lambda: at.broker.standing.is_ready)
        third = at.route.records(MAIN)

        assert first.epoch == second.epoch == third.epoch
        assert first.steady_since == second.steady_since < third.steady_since


@pytest.mark.parametrize(
    "marker", ["openOrderEnd", "completedOrdersEnd", "execDetailsEnd", "positionEnd"]
)
def test_a_list_without_its_end_is_a_time_out_and_not_an_empty_list(marker: str) -> None:
    with world(request_timeout_seconds=0.5) as at:
        at.inject(message=marker, do="drop")
        with pytest.raises(RequestTimedOut):
            at.route.records(MAIN)


@pytest.mark.parametrize(("seconds", "is_open"), [(86_400, True), (0, False)])
def test_an_order_that_comes_while_the_lists_are_told_is_in_one_of_them_once(
    seconds: float, is_open: bool
) -> None:
    with world(habits={"fill_after_seconds": seconds}) as at, ThreadPoolExecutor(1) as threads:
        at.inject(message="openOrderEnd", nth=1, do="delay", seconds=0.5)
        drafted = at.route.draft(approved())  # reads the open orders, to their late end
        at.inject(message="openOrderEnd", nth=1, do="delay", seconds=0.5)
        reading = threads.submit(at.route.records, MAIN)
        wait_until(lambda: len(at.asked("reqAllOpenOrders")) == 2)
        at.route.submit(approved(), drafted)
        records = reading.result()

        reference = drafted.reference
        assert len(records.open_of(reference, None)) == is_open
        assert len(records.completed_of(reference, None)) == (not is_open)
        assert total(records.fills_of(reference, None)) == (0 if is_open else 40)
        heard = [each for each in at.rest() if each.kind is ReportKind.OPEN_ORDER]
        assert [each.reference for each in heard][:1] == [reference]


def test_an_order_that_ends_while_later_lists_come_stays_in_the_list_that_told_it() -> None:
    with world(habits=NEVER_FILLS) as at, ThreadPoolExecutor(1) as threads:
        at.send()
        at.until_status("Submitted")
        order = resting(at)
        at.inject(message="positionEnd", nth=1, do="delay", seconds=0.5)
        reading = threads.submit(at.route.records, MAIN)
        wait_until(lambda: at.asked("reqPositions"))
        at.fill(order.perm_id)
        records = reading.result()

        assert at.route.records(MAIN).snapshot.open_orders == ()
        assert records.open_of(order.reference, order.perm_id), "neither open nor executed"


def test_a_late_list_does_not_end_up_in_the_next() -> None:
    with world(request_timeout_seconds=0.5) as at:
        at.send()
        at.until_status("Filled")
        at.inject(message="completedOrdersEnd", nth=1, do="delay", seconds=0.7)
        with pytest.raises(RequestTimedOut):
            at.route.records(MAIN)

        assert len(at.route.records(MAIN).completed) == 1
        assert at.broker.standing.is_ready


def test_a_completed_order_behind_the_end_of_its_list_makes_the_list_worth_nothing() -> None:
    with world(comes_back=True) as at:
        at.send()
        at.until_status("Filled")
        at.inject(message="completedOrder", nth=1, do="reorder", seconds=5)
        with pytest.raises(NotConnected, match="could not be read"):
            at.route.records(MAIN)
        at.broker.wait_until_ready(PATIENCE)
        assert len(at.route.records(MAIN).completed) == 1


def test_a_list_that_did_not_end_is_read_again_over_another_connection() -> None:
    with world(comes_back=True, request_timeout_seconds=0.5) as at:
        at.inject(message="completedOrdersEnd", nth=1, do="drop")
        with pytest.raises(NotConnected, match=r"end marker of open orders, .* did not come"):
            at.route.records(MAIN)
        at.return_from(1)
        assert at.route.records(MAIN).epoch == 2


def test_records_are_not_read_over_two_connections() -> None:
    with world(comes_back=True) as at:
        at.inject(message="reqCompletedOrders", nth=1, do="close")
        with pytest.raises(NotConnected):
            at.route.records(MAIN)
        at.return_from(1)
        assert at.route.records(MAIN).epoch == 2


def test_fills_of_other_clients_are_listed_whatever_client_0_means_to_the_gateway() -> None:
    with (
        world(habits={"client_zero": "all"}) as at,
        route_to(at.gateway, at.market, client_id=9) as other,
    ):
        other.send("AAPL")
        other.until_status("Filled")
        at.send()
        at.until_status("Filled")
        assert {each.client_id for each in at.route.records(MAIN).fills} == {"7", "9"}
        at.gateway.terminal.set_habits(client_zero="own")
        assert {each.client_id for each in at.route.records(MAIN).fills} == {"7"}
        assert {each.client_id for each in other.route.records(MAIN).fills} == {"9"}


def test_an_order_of_another_account_is_in_no_list() -> None:
    with world(scenario=replace(SCENARIO, accounts=(ACCOUNT, "DU0000002"))) as at:
        at.send()
        at.until_status("Filled")
        at.gateway.terminal.place("MSFT", "BUY", Decimal(1), account="DU0000002")
        records = at.route.records(MAIN)
        assert (len(records.fills), len(records.completed)) == (1, 1)


# --- cancelling -----------------------------------------------------------------------------------


def test_an_own_order_is_cancelled_and_its_end_comes_from_the_wire() -> None:
    with world(habits=NEVER_FILLS) as at:
        draft = at.send()
        at.until_status("Submitted")
        at.route.cancel(resting(at))
        told = at.until_status("Cancelled")

        assert {each.order_id for each in told} == {draft.order_id}
        records = at.route.records(MAIN)
        assert not records.snapshot.open_orders
        assert records.completed_of(draft.reference, None)[0].filled == 0


def test_an_order_of_another_client_is_not_cancelled() -> None:
    with (
        world(habits=NEVER_FILLS) as at,
        route_to(at.gateway, at.market, client_id=9) as other,
    ):
        other.send()
        other.until_status("Submitted")
        with pytest.raises(NotSent, match="of client 9 cannot be cancelled as client 7"):
            at.route.cancel(resting(at))
        assert at.asked("cancelOrder") == []


def test_an_order_by_hand_is_not_cancelled_even_by_client_0() -> None:
    with world(client_id=0, habits=NEVER_FILLS) as at:
        at.gateway.terminal.place("MSFT", "SELL", Decimal(10))
        with pytest.raises(NotSent, match="placed by hand"):
            at.route.cancel(resting(at))
        assert at.asked("cancelOrder") == []


def test_a_number_that_is_another_orders_by_now_is_not_cancelled() -> None:
    with world(habits=NEVER_FILLS) as at:
        at.send()
        at.until_status("Submitted")
        with pytest.raises(NotSent, match="has the number"):
            at.route.cancel(replace(resting(at), perm_id="1999999999"))
        assert at.asked("cancelOrder") == []


@pytest.mark.parametrize(
    ("forgets", "code"), [({"forgets_ended_after_seconds": 0}, 10147), ({}, 10148)]
)
def test_a_cancel_that_came_too_late_says_nothing_of_the_orders_end(
    forgets: dict[str, float], code: int
) -> None:
    with world(habits={"fill_after_seconds": 5} | forgets) as at:
        draft = at.send()
        at.until_status("Submitted")
        order = resting(at)
        pass_time(at.gateway, 10)
        at.until_status("Filled")
        pass_time(at.gateway, 1)
        at.route.cancel(order)
        said = at.until(lambda each: each.kind is ReportKind.CODE)[-1]

        assert (said.order_id, said.code) == (draft.order_id, code)
        assert said.meaning is Meaning.UNKNOWN


def test_a_cancel_that_meets_a_fill_is_told_with_both() -> None:
    fills = {"message": "cancelOrder", "do": "fill_after_cancelled", "seconds": 0.05}
    with world(habits=NEVER_FILLS, faults=(fills,)) as at:
        draft = at.send()
        at.until_status("Submitted")
        at.route.cancel(resting(at))
        at.until_status("Cancelled")
        (fill,) = [each.fill for each in at.until(lambda r: r.fill) if each.fill]

        assert (fill.reference, fill.quantity) == (draft.reference, 40)


def test_a_cancel_is_not_sent_over_a_lost_connection() -> None:
    with world(comes_back=True, habits=NEVER_FILLS) as at:
        at.send()
        at.until_status("Submitted")
        order = resting(at)
        at.inject(do="error", code=1100)
        at.until_not_ready()
        with pytest.raises(NotConnected):
            at.route.cancel(order)
        assert at.asked("cancelOrder") == []


# --- the steps of prices --------------------------------------------------------------------------


def test_the_step_is_that_of_the_market_rule_at_the_price() -> None:
    bands = (Band(Decimal(0), Decimal("0.0001")), Band(Decimal(1), Decimal("0.01")))
    microsoft = replace(SCENARIO.holdings[1].security, market_rules=(4711,))
    holdings = (SCENARIO.holdings[0], replace(SCENARIO.holdings[1], security=microsoft))
    scenario = replace(SCENARIO, holdings=holdings, market_rules=(MarketRule(4711, bands),))
    with world(scenario=scenario) as at:
        steps = [
            at.route.lowest_price_step(MSFT, Decimal(price))
            for price in ("0.5", "0.9999", "1", "430")
        ]
        assert steps == [Decimal("0.0001")] * 2 + [Decimal("0.01")] * 2
        assert len(at.asked("reqMarketRule")) == 1


def test_a_contract_that_is_gone_has_no_step() -> None:
    with world() as at, pytest.raises(UnknownInstrument):
        at.route.lowest_price_step(Instrument(99, Token("NASDAQ", "GONE")), Decimal(1))


def test_a_rule_that_does_not_come_is_a_time_out() -> None:
    with world(request_timeout_seconds=0.5) as at:
        at.inject(message="marketRule", do="drop")
        with pytest.raises(RequestTimedOut):
            at.route.lowest_price_step(MSFT, Decimal(1))
