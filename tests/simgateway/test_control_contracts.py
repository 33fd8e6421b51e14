"""Contracts that share a symbol, told apart by their number over the control channel."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.control import Control
from sellkit.simgateway.server import serve
from tests.simgateway.trading import NOON
from tests.simgateway.world import CASH, MARGIN, OPTION, RY_CA, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.gateway import Gateway

RY = 20009


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with serve(world(), clock=VirtualClock(NOON, 0), control_port=0) as running:
        yield running


@pytest.fixture(scope="module")
def control(gateway: Gateway) -> Iterator[Control]:
    assert gateway.control is not None
    with Control(gateway.control.address) as opened:
        yield opened


def test_an_order_is_placed_in_the_contract_with_the_number(
    gateway: Gateway, control: Control
) -> None:
    for con_id, known in ((None, RY), (RY_CA, RY_CA), (RY, RY)):
        placed = control.place("RY", "BUY", 1, con_id=con_id, orderType="LMT", lmtPrice=1)
        order = gateway.exchange.book.by_number(placed["perm_id"])
        assert order.terms.security.con_id == known


def test_a_position_is_set_in_the_contract_with_the_number(
    gateway: Gateway, control: Control
) -> None:
    control.hold("RY", 7, 90, con_id=RY_CA, account=CASH)
    held = {h.security.con_id: h.quantity for h in gateway.exchange.holdings(CASH)}
    assert (held.get(RY_CA), held.get(RY)) == (7, None)


def test_the_price_of_the_contract_with_the_number_is_moved(
    gateway: Gateway, control: Control
) -> None:
    now = gateway.clock.now()
    before = gateway.market.quote("RY", now).last
    assert control.set_price("RY", 55, con_id=RY_CA) == pytest.approx(55, abs=0.02)
    assert gateway.market.quote("RY.TSE", now).last == pytest.approx(55, abs=0.02)
    assert control.move_price("RY", 2, con_id=RY_CA) == pytest.approx(110, abs=0.04)
    assert gateway.market.quote("RY", now).last == before
    assert control.move_price("AAPL", 2, con_id=OPTION) == 25
    option = gateway.exchange.directory.get(OPTION)
    assert option is not None
    assert option.price == Decimal(25)


def test_the_contract_with_the_number_is_split(gateway: Gateway, control: Control) -> None:
    control.hold("RY", 5, 90, con_id=RY, account=MARGIN)
    control.hold("RY", 5, 90, con_id=RY_CA, account=MARGIN)
    with pytest.raises(ConfigError, match="fits several contracts"):
        control.corporate_action("RY", split="2:1")
    control.corporate_action("RY", con_id=RY_CA, split="2:1")
    held = {h.security.con_id: h.quantity for h in gateway.exchange.holdings(MARGIN)}
    assert (held[RY], held[RY_CA]) == (5, 10)


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("place", {"side": "BUY", "quantity": 1}),
        ("hold", {"position": 1, "avgCost": 1}),
        ("price", {"factor": 2}),
    ],
)
@pytest.mark.parametrize(
    ("contract", "why"),
    [
        ({"conId": 5}, "'conId' in the request is the number of no contract in this gateway: 5"),
        ({"conId": RY, "symbol": "AAPL"}, "'symbol' in the request is not that of the contract"),
        ({"conId": "x"}, "'conId' in the request must be a whole number"),
        ({}, "the key 'symbol' is missing"),
    ],
)
def test_a_contract_that_is_none_is_refused_in_one_line(
    control: Control,
    action: str,
    arguments: dict[str, object],
    contract: dict[str, object],
    why: str,
) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        control.ask(action, **arguments, **contract)
    assert "\n" not in str(refused.value)


def test_a_bust_of_an_unknown_symbol_is_refused(control: Control) -> None:
    with pytest.raises(ConfigError, match="'symbol' in the request is not in the scenario: 'NONE'"):
        control.bust("NONE")
    assert control.bust() == 0
