"""The narrow way of a probe's order, over a real socket to the simulated gateway."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sellkit.adapters.ib.probing import ProbingBroker
from sellkit.core.probe_order import ProbeOrder
from sellkit.errors import ConfigError, NotSent
from sellkit.ports.probing import ProbeLine
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.gateway import Gateway
from sellkit.simgateway.scenario import Scenario
from sellkit.simgateway.server import serve
from tests.adapters.orders_world import MAIN
from tests.adapters.scripted_gateway import ScriptedGateway
from tests.adapters.waiting import PATIENCE, RULES, wait_until
from tests.build import instrument
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.trading import NOON, SCENARIO

MSFT = instrument("NASDAQ:MSFT", 272093)
REFERENCE = "SKP-0123456789ab"


@contextmanager
def gateway(scenario: Scenario = SCENARIO, market: FakeMarket | None = None) -> Iterator[Gateway]:
    with serve(scenario, market=market or FakeMarket(), clock=VirtualClock(NOON, 0)) as running:
        yield running


@contextmanager
def broker_of(running: Gateway, **connect: Any) -> Iterator[ProbingBroker]:
    usual: dict[str, Any] = {
        "host": running.host,
        "port": running.port,
        "client_id": 7,
        "pacing": RULES,
        "sends_orders": True,
    }
    with ProbingBroker.connect(**(usual | connect)) as broker:
        broker.wait_until_ready(PATIENCE)
        yield broker


def placed(running: Gateway, broker: ProbingBroker) -> list[tuple[str, ...]]:
    """The orders that came; the gateway's answer to a question comes behind them."""
    broker.server_time()
    return [each.fields for each in running.requests if each.name == "placeOrder"]


def until_open(line: ProbeLine) -> None:
    wait_until(lambda: bool(line.lists(MAIN).open_of(REFERENCE, None)))


def test_it_buys_one_share_far_below_the_lowest_price_that_is_known() -> None:
    with gateway() as running, broker_of(running) as broker:
        line = broker.line()
        order = line.place(MAIN, MSFT, REFERENCE)
        until_open(line)

        (fields,) = placed(running, broker)
        assert fields[2] == "272093"
        assert fields[16:20] == ("BUY", "1", "LMT", "0.30")  # the fake market's bars reach 0.5
        assert fields[21] == "DAY"
        assert (order.market, order.limit) == (Decimal("0.5"), Decimal("0.3"))


def test_its_reference_outlives_the_connection_and_it_is_cancelled_over_the_next() -> None:
    with gateway() as running:
        with broker_of(running) as broker:
            line = broker.line()
            line.place(MAIN, MSFT, REFERENCE)
            until_open(line)
        with broker_of(running) as broker:
            line = broker.line()
            (found,) = line.lists(MAIN).open_of(REFERENCE, None)
            assert found.reference == REFERENCE
            line.cancel(found)
            wait_until(lambda: bool(line.lists(MAIN).completed_of(REFERENCE, None)))
            lists = line.lists(MAIN)
        assert not lists.open_of(REFERENCE, None)
        assert lists.completed_of(REFERENCE, None)[0].reference == REFERENCE
        assert sum(each.name == "placeOrder" for each in running.requests) == 1


def test_one_line_places_one_order() -> None:
    with gateway() as running, broker_of(running) as broker:
        line = broker.line()
        line.place(MAIN, MSFT, REFERENCE)
        with pytest.raises(NotSent, match="this one has placed it"):
            line.place(MAIN, MSFT, "SKP-ffffffffffff")
        assert len(placed(running, broker)) == 1


@pytest.mark.parametrize("accounts", [("U7654321",), ("DU7654321", "U1111111")])
def test_where_there_may_be_money_not_a_byte_is_written(accounts: tuple[str, ...]) -> None:
    """Neither on a live login, nor for the one paper account of a login that has a live one."""
    owner = replace(MAIN, number=accounts[0])
    with (
        ScriptedGateway(accounts=accounts, farm="usfarm") as running,
        ProbingBroker.connect(
            host="127.0.0.1", port=running.port, client_id=7, sends_orders=True
        ) as broker,
    ):
        before = len(running.heard)
        with pytest.raises(NotSent, match="places no order at a live gateway"):
            broker.line().place(owner, MSFT, REFERENCE)
        assert len(running.heard) == before


def test_of_what_costs_a_cent_nothing_is_ordered_for_no_price_is_far_below_it() -> None:
    market = FakeMarket()
    market.last = 0.02
    market.bars = [each._replace(low=0.01, close=0.02) for each in market.bars]
    with gateway(market=market) as running, broker_of(running) as broker:
        with pytest.raises(NotSent, match="no price that is far below it"):
            broker.line().place(MAIN, MSFT, REFERENCE)
        assert placed(running, broker) == []


def test_what_was_made_to_read_has_no_line() -> None:
    with (
        gateway() as running,
        broker_of(running, sends_orders=False) as broker,
        pytest.raises(ConfigError, match="made to read"),
    ):
        broker.line()


def test_an_account_that_is_not_managed_and_a_reference_of_a_ticket_are_refused() -> None:
    with gateway() as running, broker_of(running) as broker:
        line = broker.line()
        with pytest.raises(ConfigError):
            line.place(replace(MAIN, number="DU9999999"), MSFT, REFERENCE)
        with pytest.raises(ValueError, match="reference of a probe"):
            line.place(MAIN, MSFT, "SK1-0123456789ab-1")
        assert placed(running, broker) == []


def test_to_close_the_line_is_to_end_the_connection() -> None:
    with gateway() as running, broker_of(running) as broker:
        with closing(broker.line()):
            assert broker.standing.is_ready
        assert not broker.standing.is_ready


def test_the_survey_tells_lists_and_zone_without_a_line() -> None:
    with gateway() as running, broker_of(running, sends_orders=False) as broker:
        survey = broker.survey(7)
        lists = survey.lists(MAIN)
        assert {each.instrument.con_id for each in lists.snapshot.positions} >= {265598, 272093}
        assert survey.zone(MSFT) == "US/Eastern"
        assert broker.server_version == 176
        assert placed(running, broker) == []


def test_nothing_of_the_order_can_be_changed() -> None:
    order = ProbeOrder(MAIN, MSFT, Decimal(100), Decimal(60), REFERENCE)
    with pytest.raises(dataclasses.FrozenInstanceError):
        order.limit = Decimal(100)  # type: ignore[misc]
