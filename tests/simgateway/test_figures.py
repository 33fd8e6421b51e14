"""Figures that nobody can reckon with: refused where they enter, harmless where they got in."""

from __future__ import annotations

import datetime as dt
import json
import logging
import sqlite3
import warnings
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.control import Control
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.keeping.state_file import FILE_NAME
from sellkit.simgateway.orders.habits import OrderHabits
from sellkit.simgateway.orders.order import CANCELLED, SUBMITTED, Order, Terms
from sellkit.simgateway.scenario_file import load_scenario
from sellkit.simgateway.server import serve
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.trading import (
    ACCOUNT,
    NOON,
    OF_MSFT,
    SCENARIO,
    answers,
    held,
    pass_time,
    plain,
    trading,
)
from tests.simgateway.wire import WireClient, order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sellkit.simgateway.gateway import Gateway

MSFT_BOUGHT = {"symbol": "MSFT", "side": "BUY"}
HUGE, TINY, ENDLESS = Decimal("1e30"), Decimal("1e-30"), Decimal("Infinity")


@pytest.mark.parametrize("figure", [1e30, -1e30, 1000000000001, 1e-30])
@pytest.mark.parametrize(
    ("action", "arguments", "key"),
    [
        ("place", MSFT_BOUGHT, "quantity"),
        ("place", {**MSFT_BOUGHT, "quantity": 1, "orderType": "LMT"}, "lmtPrice"),
        ("place", {**MSFT_BOUGHT, "quantity": 1, "orderType": "STP"}, "auxPrice"),
        ("hold", {"symbol": "MSFT", "avgCost": 1}, "position"),
        ("hold", {"symbol": "MSFT", "position": 1}, "avgCost"),
        ("fill", {"permId": 1}, "quantity"),
        ("fill", {"permId": 1}, "price"),
        ("correct", {"execId": "x"}, "price"),
        ("price", {"symbol": "MSFT"}, "factor"),
        ("price", {"symbol": "MSFT"}, "to"),
        ("rate", {"currency": "EUR"}, "dollars"),
    ],
)
def test_a_figure_beyond_the_bounds_is_refused_in_one_line(
    refusing: Control, action: str, arguments: dict[str, object], key: str, figure: float
) -> None:
    with pytest.raises(ConfigError) as refused:
        refusing.ask(action, **arguments, **{key: figure})
    what = "must be at most 1000000000000" if abs(figure) > 1 else "0.000000000001 in size"
    assert what in str(refused.value)
    assert f"'{key}' in the request" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.fixture(scope="module")
def refusing() -> Iterator[Control]:
    clock = VirtualClock(NOON, 0)
    with serve(SCENARIO, market=FakeMarket(), clock=clock, control_port=0) as gateway:
        assert gateway.control is not None
        with Control(gateway.control.address) as control:
            yield control


@pytest.mark.parametrize("figure", [HUGE, TINY, ENDLESS])
def test_the_terminal_refuses_such_figures_too(figure: Decimal) -> None:
    one = Decimal(1)
    with trading() as (gateway, _market):
        terminal = gateway.terminal
        for enter in (
            lambda: terminal.place("MSFT", "BUY", figure),
            lambda: terminal.place("MSFT", "BUY", one, "LMT", limit_price=figure),
            lambda: terminal.place("MSFT", "BUY", one, "STP", aux_price=figure),
            lambda: terminal.hold("MSFT", figure, one),
            lambda: terminal.hold("MSFT", one, figure),
            lambda: terminal.fill(1, figure),
            lambda: terminal.fill(1, price=figure),
            lambda: terminal.correct("x", figure),
        ):
            with pytest.raises(ConfigError, match="must be"):
                enter()
        assert gateway.exchange.orders() == []


@pytest.mark.parametrize("figure", [1e30, 1e-30])
@pytest.mark.parametrize("key", ["totalQuantity", "lmtPrice"])
def test_a_scenarios_order_is_refused_with_such_a_figure(
    tmp_path: Path, key: str, figure: float
) -> None:
    stock = {"symbol": "AAPL", "conId": 265598, "primaryExchange": "NASDAQ"}
    resting = {"symbol": "AAPL", "kind": "manual", "action": "BUY", "orderType": "LMT"}
    resting |= {"totalQuantity": 1, "lmtPrice": 1, key: figure}
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps({"symbols": [stock], "orders": [resting]}))
    with pytest.raises(ConfigError, match=rf"'{key}' in orders\[1\] of .* must be .* in size"):
        load_scenario(path)


def test_a_price_is_never_moved_beyond_the_bound() -> None:
    clock = VirtualClock(NOON, 0)
    with serve(default_scenario(), clock=clock, control_port=0) as gateway:
        assert gateway.control is not None
        with Control(gateway.control.address) as control, warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            for factor in (1e300, 1e12):
                with pytest.raises(ConfigError, match="'factor' in the request m") as refused:
                    control.move_price("AAPL", factor)
                assert "\n" not in str(refused.value)
            assert control.set_price("AAPL", 1e12) == 1e12
            with pytest.raises(ConfigError, match="makes a price above 1000000000000 of"):
                control.move_price("AAPL", 1.1)


def slip_in(gateway: Gateway, quantity: Decimal) -> Order:
    """An order by hand as one that nobody checked would stand in the book."""

    def put() -> Order:
        terms = Terms(
            account=ACCOUNT,
            security=gateway.exchange.named("MSFT"),
            action="SELL",
            quantity=quantity,
            order_type="MKT",
            time_in_force="GTC",
        )
        book = gateway.exchange.book
        placed = Order(terms=terms, order_id=0, client_id=0, perm_id=book.take_perm_id())
        return book.put(replace(placed, status=SUBMITTED, placed_at=NOON))

    return gateway.terminal.on_loop(put)


def test_an_order_beyond_reckoning_is_cancelled_and_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with trading() as (gateway, _market), caplog.at_level(logging.WARNING, "sellkit.simgateway"):
        cash = gateway.exchange.ledger.cash(ACCOUNT)
        bad, good = slip_in(gateway, HUGE), slip_in(gateway, Decimal(40))
        pass_time(gateway, 1)
        bad = gateway.exchange.book.now(bad)
        assert (bad.status, bad.filled) == (CANCELLED, 0)
        assert bad.completed_status.endswith("figures cannot be reckoned with.")
        assert gateway.exchange.book.now(good).filled == 40
        assert held(gateway) == 0
        assert [one.order.perm_id for one in gateway.exchange.ledger.executions] == [good.perm_id]
        assert gateway.exchange.ledger.cash(ACCOUNT) == {
            "USD": cash["USD"] + 40 * Decimal("99.99") - 1
        }
    (record,) = [one for one in caplog.records if one.name.startswith("sellkit")]
    assert record.getMessage() == "order_given_up"


def test_a_client_is_told_when_its_order_is_beyond_reckoning_and_stays_connected() -> None:
    most = Decimal(10) ** 12
    with trading() as (gateway, _market), WireClient(gateway) as client:
        gateway.terminal.hold("MSFT", most, most)
        plain(client)
        told = answers(client, *order(157, 1, "SELL", 3, of=OF_MSFT))
        (error,) = (one for one in told if one[0] == "4")
        assert error[3:5] == (
            "202",
            "Order Canceled - reason: Its figures cannot be reckoned with.",
        )
        assert held(gateway) == most
        assert gateway.exchange.orders() == []
        wanted = order(157, 2, "SELL", 3, "LMT", of=OF_MSFT, changes={20: 120})
        assert [one for one in answers(client, *wanted) if one[0] == "4"] == []


def test_a_state_with_such_an_order_starts_and_ends_the_order(tmp_path: Path) -> None:
    scenario = replace(SCENARIO, habits=OrderHabits(fill_after_seconds=60))
    with serve(
        scenario, market=FakeMarket(), clock=VirtualClock(NOON, 0), state=tmp_path
    ) as gateway:
        # It is closed before an order is old enough to trade, so it is kept as it is.
        bad = slip_in(gateway, HUGE)
    later = VirtualClock(NOON + dt.timedelta(hours=1), 0)
    with serve(SCENARIO, market=FakeMarket(), clock=later, state=tmp_path) as gateway:
        assert gateway.exchange.book.now(bad).status == CANCELLED


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("moves", '[["MSFT",2.0,1e300]]'),
        ("moves", '[["MSFT",2.0,1e18]]'),
        ("clock", '[{"$time":"9999-12-31T23:59:30+00:00"},0]'),
    ],
)
def test_a_state_that_cannot_be_reckoned_with_is_refused_in_one_line(
    tmp_path: Path, key: str, body: str
) -> None:
    def start() -> None:
        with serve(default_scenario(), clock=VirtualClock(NOON, 0), state=tmp_path):
            pass

    start()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as database:
        database.execute("UPDATE kept SET body = ? WHERE key = ?", (body, key))
        database.commit()
    with pytest.raises(ConfigError, match=r"cannot be read|was left at") as refused:
        start()
    assert "\n" not in str(refused.value)
