"""However far the clock goes at once, orders live through all of the time in between."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock, parse_instant
from sellkit.simgateway.control import Control
from sellkit.simgateway.corporate_actions import CorporateAction
from sellkit.simgateway.market import Market, Quote
from sellkit.simgateway.server import serve
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.trading import ACCOUNT, SCENARIO

if TYPE_CHECKING:
    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.orders.ledger import Execution
    from sellkit.simgateway.scenario import Scenario

EVENING = parse_instant("2025-11-25T18:30:00")
OPENING = parse_instant("2025-11-26T09:30:00")
NOON = parse_instant("2025-11-26T12:00:00")
CLOSE = parse_instant("2025-11-26T16:00:00")
MINUTE = dt.timedelta(minutes=1)


class Dipping(FakeMarket):
    """A market whose price is 100 but for the time between two moments."""

    def __init__(self, start: dt.datetime, end: dt.datetime, price: float) -> None:
        super().__init__()
        self.start, self.end, self.price = start, end, price

    def quote(self, symbol: str, now: dt.datetime) -> Quote:
        self.last = self.price if self.start <= now < self.end else 100.0
        return super().quote(symbol, now)


@contextmanager
def steered(
    at: dt.datetime,
    *,
    market: FakeMarket | None = None,
    scenario: Scenario = SCENARIO,
    state: Path | None = None,
    speed: float = 0,
) -> Iterator[tuple[Gateway, Control]]:
    clock = VirtualClock(at, speed)
    with serve(
        scenario, market=market or FakeMarket(), clock=clock, control_port=0, state=state
    ) as gateway:
        assert gateway.control is not None
        with Control(gateway.control.address) as control:
            yield gateway, control


def fills(gateway: Gateway) -> list[Execution]:
    return gateway.terminal.on_loop(lambda: list(gateway.exchange.ledger.executions))


def hand(control: Control, side: str, **terms: Any) -> None:
    control.place("MSFT", side, 10, account=ACCOUNT, **terms)


def test_an_order_for_the_open_fills_at_the_open_and_not_where_the_step_ends() -> None:
    with steered(EVENING) as (gateway, control):
        hand(control, "BUY", orderType="MKT")
        control.set_clock(NOON)
        (fill,) = fills(gateway)
    assert fill.time == OPENING


def test_a_stop_that_is_touched_within_a_step_is_filled_there() -> None:
    market = Dipping(NOON + 5 * MINUTE, NOON + 7 * MINUTE, 90.0)
    with steered(NOON, market=market) as (gateway, control):
        hand(control, "SELL", orderType="STP", auxPrice=95)
        control.set_clock(CLOSE - MINUTE)
        (fill,) = fills(gateway)
    assert (fill.time, fill.price) == (NOON + 5 * MINUTE, Decimal("89.99"))


def test_a_days_order_ends_at_its_close_and_not_on_the_next_day() -> None:
    market = Dipping(CLOSE, CLOSE + dt.timedelta(days=1), 80.0)
    with steered(NOON, market=market) as (gateway, control):
        hand(control, "BUY", orderType="LMT", lmtPrice=90, tif="DAY")
        control.set_clock(CLOSE + 60 * MINUTE)
        (order,) = control.state()["completed_orders"]
        control.set_clock(OPENING + dt.timedelta(days=2))
        assert fills(gateway) == []
    assert order["status"] == "Cancelled"


def test_a_halt_holds_orders_within_a_step() -> None:
    market = Dipping(NOON + 5 * MINUTE, NOON + 7 * MINUTE, 90.0)
    scenario = SCENARIO
    with steered(NOON, market=market, scenario=scenario) as (gateway, control):
        hand(control, "SELL", orderType="STP", auxPrice=95)
        control.ask(
            "halt",
            symbol="MSFT",
            **{"from": (NOON + 4 * MINUTE).isoformat()},
            until=(NOON + 10 * MINUTE).isoformat(),
        )
        control.set_clock(CLOSE - MINUTE)
        assert fills(gateway) == []


def test_a_fast_clock_is_lived_through_as_well() -> None:
    market = Dipping(NOON + 5 * MINUTE, NOON + 7 * MINUTE, 90.0)
    with steered(NOON, market=market) as (gateway, control):
        hand(control, "SELL", orderType="STP", auxPrice=95)
        control.set_speed(3600)
        deadline = time.monotonic() + 10
        while not (found := fills(gateway)) and time.monotonic() < deadline:
            control.clock()
    (fill,) = found
    assert NOON + 5 * MINUTE <= fill.time < NOON + 7 * MINUTE
    assert fill.price == Decimal("89.99")


def test_an_order_does_not_trade_before_it_was_placed() -> None:
    market = Dipping(NOON - 5 * MINUTE, NOON, 80.0)
    with steered(NOON - 10 * MINUTE, market=market) as (gateway, control):
        control.set_clock(NOON)
        hand(control, "BUY", orderType="LMT", lmtPrice=90)
        control.advance(600)
        assert fills(gateway) == []


def test_the_time_never_goes_back() -> None:
    with steered(NOON) as (_, control):
        with pytest.raises(ConfigError, match="lies before the gateway's time"):
            control.set_clock(NOON - MINUTE)
        assert control.clock()["now"] == NOON.isoformat()


def split(at: dt.datetime) -> Scenario:
    action = CorporateAction(at=at, con_id=272093, ratio=Fraction(4))
    return replace(SCENARIO, corporate_actions=(action,))


def test_a_split_that_is_due_at_the_start_has_struck_when_a_client_comes() -> None:
    scenario = split(NOON - MINUTE)
    (before,) = [h for h in scenario.holdings if h.security.con_id == 272093][:1]
    with steered(NOON, scenario=scenario, market=None) as (gateway, _):
        held = {h.security.con_id: h.quantity for h in gateway.exchange.holdings(before.account)}
    assert held[272093] == 4 * before.quantity


def test_a_split_strikes_in_time_also_while_the_gateway_is_down(tmp_path: Path) -> None:
    # Nothing is filled after the split at a price from before it, nor the other way round.
    night = parse_instant("2025-11-27T03:00:00")
    scenario = split(night)
    with steered(NOON, scenario=scenario, market=Market.of(scenario), state=tmp_path) as (
        gateway,
        control,
    ):
        price = gateway.market.quote("MSFT", NOON).last
        hand(control, "SELL", orderType="STP", auxPrice=round(price / 2, 2), tif="GTC")
    later = parse_instant("2025-12-01T12:00:00")
    with steered(later, scenario=scenario, market=Market.of(scenario), state=tmp_path) as (
        gateway,
        control,
    ):
        assert fills(gateway) == []
        assert control.state()["orders"] == []


def test_halts_corrections_and_rights_outlive_the_gateway(tmp_path: Path) -> None:
    bar_end = parse_instant("2025-11-26T11:00:00")
    with steered(NOON, market=Market.of(SCENARIO), state=tmp_path) as (gateway, control):
        control.halt("MSFT")
        control.correct_bar("AAPL", bar_end, 0.5)
        told = control.ask("market_data", symbol="NVDA", subscription="none")
        told = control.ask("market_data", competing=True)
        (halt,), (correction,) = gateway.halts.all, gateway.market.corrections.all  # type: ignore[attr-defined]
    with steered(NOON + MINUTE, market=Market.of(SCENARIO), state=tmp_path) as (gateway, control):
        assert gateway.halts.all == (halt,)
        assert gateway.market.corrections.all == (correction,)  # type: ignore[attr-defined]
        assert control.ask("market_data") == told
        hand(control, "BUY", orderType="MKT")
        control.advance(600)
        assert fills(gateway) == []
        assert control.resume("MSFT") == 1
        assert len(fills(gateway)) == 1
    with steered(NOON + 20 * MINUTE, market=Market.of(SCENARIO), state=tmp_path) as (gateway, _):
        assert gateway.halts.at("MSFT", NOON + 20 * MINUTE) is None


def test_a_state_is_not_taken_back_to_an_earlier_time(tmp_path: Path) -> None:
    with steered(NOON, state=tmp_path):
        pass
    with (
        pytest.raises(ConfigError, match="was left at 2025-11-26T17:00:00") as refused,
        steered(NOON - 5 * MINUTE, state=tmp_path),
    ):
        pass
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)
