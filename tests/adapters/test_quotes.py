"""Present prices over a connection: asked for once, in order, and every line given back."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from sellkit.adapters.ib.broker import IbBroker
from sellkit.core.instrument import Instrument, Token
from sellkit.core.portfolio import Account
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.control import Control
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.gateway import Gateway
from sellkit.simgateway.server import serve
from tests.build import utc

NOW = utc("2025-12-05 16:00")
SCENARIO = default_scenario()
AAPL = Instrument(265598, Token("NASDAQ", "AAPL"))
NOBODY = Instrument(99, Token("NYSE", "NOBODY"))


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with serve(SCENARIO, clock=VirtualClock(NOW, 0), control_port=0) as running:
        yield running


@pytest.fixture
def broker(gateway: Gateway) -> Iterator[IbBroker]:
    with IbBroker.connect(
        host="127.0.0.1", port=gateway.port, client_id=7, request_timeout_seconds=2.0
    ) as opened:
        yield opened


def inject(gateway: Gateway, **rule: object) -> None:
    assert gateway.control is not None
    with Control(gateway.control.address) as control:
        control.inject(rule)


def held(broker: IbBroker) -> list[Instrument]:
    positions = broker.snapshot(Account("main", SCENARIO.accounts[0])).positions
    return [each.instrument for each in positions]


def lines(gateway: Gateway) -> int:
    """How many subscriptions the gateway keeps, when it has read all that was sent."""
    return sum(len(each.streams) for each in gateway.sessions)


def test_every_line_is_given_back(gateway: Gateway, broker: IbBroker) -> None:
    asked = held(broker)
    for _ in range(3):
        broker.quotes(asked)
    broker.server_time()
    assert lines(gateway) == 0
    names = [each.name for each in gateway.requests]
    assert names.count("reqMktData") == names.count("cancelMktData") == 3 * len(asked)


def test_live_prices_are_asked_for_whatever_was_wanted_before(
    gateway: Gateway, broker: IbBroker
) -> None:
    broker.quotes([AAPL])
    names = [each.name for each in gateway.requests]
    assert names.index("reqMarketDataType") < names.index("reqMktData")
    (kind,) = (each for each in gateway.requests if each.name == "reqMarketDataType")
    assert kind.fields[-1] == "1"


def test_a_line_is_given_back_although_nothing_was_told_in_time(
    gateway: Gateway, broker: IbBroker
) -> None:
    for message in ("tickPrice", "marketDataType"):
        inject(gateway, message=message, do="drop")
    (quote,) = broker.quotes([AAPL]).values()
    assert quote.trouble == (
        "prices of NASDAQ:AAPL did not come, so that nobody knows whether they are live"
    )
    broker.server_time()
    assert lines(gateway) == 0


def test_live_prices_without_a_last_trade_are_live_all_the_same(
    gateway: Gateway, broker: IbBroker
) -> None:
    inject(gateway, message="tickPrice", do="corrupt", field=4, value="99")
    (quote,) = broker.quotes([AAPL]).values()
    assert (quote.trouble, quote.bid, quote.last) == (None, None, None)


@pytest.mark.parametrize(("kind", "why"), [("regulatory", ""), ("volatility", " for its")])
def test_a_halt_is_a_trouble_of_its_prices(
    gateway: Gateway, broker: IbBroker, kind: str, why: str
) -> None:
    assert gateway.control is not None
    with Control(gateway.control.address) as control:
        control.halt("AAPL", kind=kind)
        (quote,) = broker.quotes([AAPL]).values()
        assert f"trading in NASDAQ:AAPL is halted{why}" in str(quote.trouble)
        control.resume("AAPL")
        (quote,) = broker.quotes([AAPL]).values()
    assert quote.trouble is None


def test_prices_come_although_those_of_another_are_refused(broker: IbBroker) -> None:
    found = broker.quotes([NOBODY, AAPL])
    assert "(200: " in str(found[NOBODY.con_id].trouble)
    assert found[AAPL.con_id].trouble is None
    assert Decimal(0) < (found[AAPL.con_id].price or Decimal(0))


def test_more_instruments_than_lines_are_asked_for_one_after_the_other(
    gateway: Gateway, broker: IbBroker
) -> None:
    assert gateway.rights.terms.lines == 100
    found = broker.quotes([AAPL] + [Instrument(each, NOBODY.token) for each in range(1, 130)])
    assert len(found) == 130
    assert "101" not in "".join(str(each.trouble) for each in found.values())


def test_nothing_of_a_question_stays_with_the_library(broker: IbBroker) -> None:
    broker.quotes([AAPL])
    wrapper = broker._bridge.connection._errands.way.link.ib.wrapper  # type: ignore[union-attr]
    assert (wrapper.tickers, wrapper.reqId2Ticker) == ({}, {})
