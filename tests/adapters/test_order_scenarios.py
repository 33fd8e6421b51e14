"""The route before gateways that misbehave as the catalogue of faults has them do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from sellkit.core.fills import total
from sellkit.core.reports import ReportKind
from sellkit.errors import NotSent
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve
from tests.adapters.orders_world import MAIN, World, approved, route_to
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.trading import NOON, pass_time

SCENARIOS = Path(__file__).parents[1] / "faults" / "scenarios"


@contextmanager
def played(number: int, client_id: int = 1) -> Iterator[World]:
    """The gateway of a numbered scenario at noon, and a route to it that comes back."""
    (path,) = SCENARIOS.glob(f"{number:02}_*.toml")
    market = FakeMarket()
    market.last = 200.0
    clock = VirtualClock(NOON, 0)
    with (
        serve(load_scenario(path), market=market, clock=clock, control_port=0) as gateway,
        route_to(gateway, market, client_id=client_id, comes_back=True) as at,
    ):
        yield at


def test_37_an_order_that_was_never_written_is_in_no_list() -> None:
    with played(37) as at:
        at.route.draft(approved("AAPL"))
        records = at.route.records(MAIN)
        assert not records.snapshot.open_orders
        assert not at.placed()


@pytest.mark.parametrize(
    ("number", "is_open", "filled", "status"),
    [(38, True, 0, None), (39, False, 100, "Filled"), (40, False, 0, "Inactive")],
)
def test_38_39_40_an_order_of_a_broken_connection_is_found_by_its_reference(
    number: int, is_open: bool, filled: int, status: str | None
) -> None:
    with played(number) as at:
        reference = at.send("AAPL").reference
        at.return_from(1)
        records = at.route.records(MAIN)

        assert bool(records.open_of(reference, None)) is is_open
        assert total(records.fills_of(reference, None)) == filled
        assert [each.status for each in records.completed_of(reference, None)] == (
            [status] if status else []
        )
        assert len(at.placed()) == 1


def test_41_a_swallowed_order_is_not_told_of_and_the_next_one_lives() -> None:
    with played(41) as at:
        swallowed = at.send("AAPL")
        assert not at.rest()
        at.send("MSFT")
        told = at.until(lambda each: each.fill)
        assert swallowed.order_id not in {each.order_id for each in told}
        assert not at.route.records(MAIN).fills_of(swallowed.reference, None)


def test_42_an_order_that_the_gateway_kept_comes_out_once_it_is_back() -> None:
    with played(42) as at:
        later = approved("MSFT")
        draft = at.route.draft(later)
        reference = at.send("AAPL").reference
        at.until_not_ready()
        with pytest.raises(NotSent, match="1100"):
            at.route.submit(later, draft)
        told = at.until(lambda each: each.fill)
        at.broker.wait_until_ready(20)

        assert total(each.fill for each in told if each.fill) == 100
        assert total(at.route.records(MAIN).fills_of(reference, None)) == 100
        assert len(at.placed()) == 1


def test_47_an_id_of_a_resting_order_is_not_used_again() -> None:
    with played(47) as at:
        (resting,) = at.route.records(MAIN).snapshot.open_orders
        draft = at.send("MSFT")
        told = at.until(lambda each: each.fill)

        assert int(draft.order_id) > int(resting.order_id)
        assert not [each for each in told if each.kind is ReportKind.CODE]
        (still,) = at.route.records(MAIN).snapshot.open_orders
        assert (still.perm_id, still.reference) == (resting.perm_id, resting.reference)


def test_50_a_correction_counts_once_in_the_lists() -> None:
    with played(50) as at:
        at.send("AAPL")
        fill = at.until(lambda each: each.fill)[-1].fill
        assert fill is not None
        at.gateway.terminal.correct(fill.exec_id, Decimal(199))
        at.until(lambda each: each.fill)
        assert total(at.route.records(MAIN).fills) == 100


def test_51_a_part_that_was_told_before_silence_is_kept_and_the_rest_is_listed() -> None:
    with played(51) as at:
        reference = at.send("AAPL").reference
        told = at.until(lambda each: each.fill)
        assert total(each.fill for each in told if each.fill) == 30
        at.drop_and_return()
        records = at.route.records(MAIN)

        assert total(records.fills_of(reference, None)) == 30
        (rest,) = records.open_of(reference, None)
        assert rest.remaining == 70
        assert at.route.reports(0, 0.0)[: len(told)] == told


def test_53_a_cancel_that_is_never_confirmed_leaves_an_open_order() -> None:
    with played(53) as at:
        (stop,) = at.route.records(MAIN).snapshot.open_orders
        at.route.cancel(stop)
        at.until_status("PendingCancel")
        (still,) = at.route.records(MAIN).snapshot.open_orders
        assert (still.perm_id, still.status) == (stop.perm_id, "PendingCancel")


def test_55_stops_of_others_are_listed_as_such_and_cannot_be_cancelled() -> None:
    with played(55) as at:
        stops = at.route.records(MAIN).snapshot.open_orders
        assert [(each.client_id, each.is_own) for each in stops] == [
            ("55", False),
            ("0", False),
            ("0", False),
        ]
        for stop in stops:
            with pytest.raises(NotSent):
                at.route.cancel(stop)
        assert at.asked("cancelOrder") == []


def test_56_a_stop_that_fills_while_it_is_cancelled_is_told_by_its_execution() -> None:
    with played(56) as at:
        (stop,) = at.route.records(MAIN).snapshot.open_orders
        at.route.cancel(stop)
        at.until_status("PendingCancel")
        at.market.last = 170.0
        pass_time(at.gateway, 2)
        fill = at.until(lambda each: each.fill)[-1].fill

        assert fill is not None
        assert (fill.reference, fill.quantity) == (stop.reference, 100)
        held = {each.instrument.con_id for each in at.route.records(MAIN).snapshot.positions}
        assert stop.con_id not in held
