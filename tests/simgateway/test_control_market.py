"""The market, steered over the control channel while clients are connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sellkit.errors import ConfigError
from sellkit.simgateway.clock import parse_instant
from sellkit.simgateway.control import Control
from tests.simgateway.fake_market import FakeMarket
from tests.simgateway.watching import codes, heard, ticks, watched
from tests.simgateway.wire import WireClient, bars, prices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.simgateway.gateway import Gateway


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with watched(control_port=0) as running:
        yield running


@pytest.fixture
def control(gateway: Gateway) -> Iterator[Control]:
    assert gateway.control is not None
    with Control(gateway.control.address) as opened:
        yield opened


@pytest.fixture
def client(gateway: Gateway) -> Iterator[WireClient]:
    with WireClient(gateway) as connected:
        yield connected.start()


def test_a_symbol_is_halted_and_resumed(
    gateway: Gateway, control: Control, client: WireClient
) -> None:
    client.send(*prices(7))
    heard(client)
    control.halt("AAPL", kind="volatility")
    assert ticks(heard(client), 45)[49] == "2.0"
    assert [one["symbol"] for one in control.state()["halts"]] == ["AAPL"]
    last = gateway.market.quote("AAPL", gateway.clock.now()).last
    control.advance(600)
    assert ticks(heard(client), 1) == {}
    assert gateway.market.quote("AAPL", gateway.clock.now()).last == last
    assert control.resume("AAPL") == 1
    assert ticks(heard(client), 45)[49] == "0.0"
    control.advance(60)
    assert gateway.market.quote("AAPL", gateway.clock.now()).last != last


def test_a_halt_can_have_its_time(control: Control, client: WireClient) -> None:
    client.send(*prices(7))
    heard(client)
    control.ask("halt", symbol="AAPL", **{"from": "2025-11-26T12:10:00"}, until="2025-11-26T12:20")
    assert heard(client) == []
    control.set_clock(parse_instant("2025-11-26T12:10:00"))
    assert ticks(heard(client), 45)[49] == "1.0"
    control.set_clock(parse_instant("2025-11-26T12:20:00"))
    assert ticks(heard(client), 45)[49] == "0.0"


def test_a_bar_is_corrected(control: Control, client: WireClient) -> None:
    asked = bars(7, end="20251126-16:00:00", size="1 hour", duration="1 D")
    before = float(client.ask(*asked)[-4])
    control.correct_bar("AAPL", parse_instant("2025-11-26T11:00:00"), 0.9)
    assert float(client.ask(*asked)[-4]) == pytest.approx(before * 0.9, abs=0.006)


def test_a_bar_is_made_late_while_clients_are_connected(
    control: Control, client: WireClient
) -> None:
    asked = bars(7, size="30 mins", duration="1 D")
    assert client.ask(*asked)[-8][9:14] == "12:00"
    assert control.set_bars(60)["until_final"] == "missing"
    assert client.ask(*asked)[-8][9:14] == "11:00"
    control.set_bars(until_final="provisional")
    assert client.ask(*asked)[-8][9:14] == "11:30"
    assert control.set_bars() == {"final_after_seconds": 60.0, "until_final": "provisional"}


def test_a_competing_session_comes_and_goes(control: Control, client: WireClient) -> None:
    client.send(*prices(7))
    heard(client)
    assert control.set_market_data(competing=True)["competing"]
    assert codes(heard(client)) == [(7, 10197)]
    control.advance(30)
    assert heard(client) == []
    control.set_market_data(competing=False)
    messages = heard(client)
    assert messages[0] == ("58", "1", "7", "1")
    assert 4 in ticks(messages, 1)


def test_a_running_stream_turns_delayed_or_ends_with_its_subscription(
    control: Control, client: WireClient
) -> None:
    client.send(59, 1, 3)
    client.send(*prices(7))
    heard(client)
    control.set_market_data(symbol="AAPL", subscription="delayed")
    messages = heard(client)
    assert codes(messages) == [(7, 10167)]
    assert ("58", "1", "7", "3") in messages
    assert 68 in ticks(messages, 1)
    control.set_market_data(exchange="NASDAQ", subscription="none")
    assert heard(client) == []
    found = control.set_market_data(symbol="AAPL", subscription="none")
    assert codes(heard(client)) == [(7, 354)]
    assert found["symbols"] == {"AAPL": "none"}
    assert found["exchanges"] == {"NASDAQ": "none"}
    assert control.set_market_data(subscription="none")["subscription"] == "none"
    assert client.ask(2, 2, 7)[3] == "300"


def test_a_bust_event_ends_the_kept_bars_of_a_symbol(
    gateway: Gateway, control: Control, client: WireClient
) -> None:
    client.ask(*bars(7, size="30 mins", duration="1 D", keep=1))
    heard(client)
    client.ask(*bars(8, size="30 mins", duration="1 D", keep=1))
    heard(client)
    assert control.bust("JPM") == 0
    assert control.bust("aapl") == 2
    assert codes(heard(client)) == [(7, 10225), (8, 10225)]
    client.ask(*bars(9, size="30 mins", duration="1 D", keep=1))
    heard(client)
    assert control.bust() == 1
    assert codes(heard(client)) == [(9, 10225)]
    control.advance(60)
    assert heard(client) == []
    assert gateway.open_history == 0


def test_a_fault_rule_turns_an_update_into_a_bust_event(
    gateway: Gateway, control: Control, client: WireClient
) -> None:
    control.inject({"message": "historicalDataUpdate", "nth": 1, "do": "error", "code": 10225})
    client.ask(*bars(7, size="30 mins", duration="1 D", keep=1))
    heard(client)
    control.advance(60)
    assert codes([client.receive()]) == [(7, 10225)]
    assert gateway.sessions[0].bar_streams == {}


@pytest.mark.parametrize(
    ("action", "arguments", "message"),
    [
        ("halt", {"symbol": "TSLA"}, "has no price in this gateway"),
        ("halt", {}, "'symbol' is missing"),
        ("halt", {"symbol": "AAPL", "from": "2025-11-26T11:00"}, "must not lie in the past"),
        ("halt", {"symbol": "AAPL", "kind": "news"}, "must be one of"),
        ("resume", {"symbol": "AAPL", "now": True}, "unknown key 'now'"),
        ("correct_bar", {"symbol": "AAPL", "factor": 2}, "'bar_end' is missing"),
        (
            "correct_bar",
            {"symbol": "AAPL", "factor": 2, "bar_end": "2025-11-26T16:00"},
            "must not be before the bar ends",
        ),
        ("bars", {"final_after_seconds": -1}, "must be 0 or more"),
        ("market_data", {"symbol": "AAPL"}, "'subscription' is missing"),
        ("market_data", {"symbol": "TSLA", "subscription": "live"}, "is not in the scenario"),
        ("market_data", {"exchange": "LSE", "subscription": "live"}, "is not in the scenario"),
        (
            "market_data",
            {"symbol": "AAPL", "exchange": "NYSE", "subscription": "live"},
            "stands beside 'exchange'",
        ),
        ("bust", {"of": "AAPL"}, "unknown key 'of'"),
        ("bust", {"symbol": "TSLA"}, "is not in the scenario: 'TSLA'"),
    ],
)
def test_what_cannot_be_is_refused(
    control: Control, action: str, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        control.ask(action, **arguments)


def test_a_market_of_another_make_takes_no_correction() -> None:
    with watched(market=FakeMarket(), control_port=0) as gateway:
        assert gateway.control is not None
        with (
            Control(gateway.control.address) as control,
            pytest.raises(ConfigError, match="cannot be changed"),
        ):
            control.ask("bars", final_after_seconds=5)
