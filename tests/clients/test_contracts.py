"""Contracts as the three clients ask for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sellkit.simgateway.scenario import Security
from tests.clients.checks import AAPL, trading
from tests.simgateway.trading import SCENARIO

if TYPE_CHECKING:
    from tests.clients.driving import Client

TWINS = replace(
    SCENARIO,
    symbols=(
        Security(con_id=501, symbol="TWIN", primary_exchange="NYSE", long_name="Twin \\ Söhne"),
        Security(con_id=502, symbol="TWIN", primary_exchange="TSE", currency="CAD"),
    ),
)
APPLE = ("AAPL", "STK", "NASDAQ", "USD", "Apple Inc.")


def described(one: dict[str, object]) -> tuple[object, ...]:
    return tuple(one[name] for name in ("symbol", "sec_type", "primary", "currency", "long_name"))


def test_a_contract_is_found_by_its_number_alone(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        (found,) = client.ask("details", contract={"conId": 265598})
    assert described(found) == APPLE
    assert found["min_tick"] == 0.01
    assert (found["exchange"], found["trading_class"]) == ("SMART", "NMS")


def test_a_contract_is_found_by_symbol_type_exchange_and_currency(client: Client) -> None:
    wanted = {"symbol": "AAPL", "secType": "STK", "exchange": "SMART", "currency": "USD"}
    with trading() as (gateway, _):
        client.connect(gateway)
        (found,) = client.ask("details", contract=wanted)
    assert (found["con_id"], *described(found)) == (265598, *APPLE)
    assert found["liquid_hours"] == "20251128:0930-20251128:1300"
    assert "SMART" in found["exchanges"]


def test_details_without_an_exchange_come_from_each_exchange(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        found = client.ask("details", contract={"symbol": "AAPL", "secType": "STK"})
    assert {described(one) for one in found} == {APPLE}


def test_an_unknown_contract_is_error_200(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        assert client.ask("details", contract={"symbol": "NOSUCH", "secType": "STK"}) == []
        assert client.codes() == [200]
        assert client.ask("details", contract={"conId": 99}) == []
        assert client.codes() == [200]


def test_a_symbol_on_two_exchanges_is_made_clear_by_its_currency(client: Client) -> None:
    wanted = {"symbol": "TWIN", "secType": "STK", "exchange": "SMART", "currency": "CAD"}
    with trading(scenario=TWINS) as (gateway, _):
        client.connect(gateway)
        (found,) = client.ask("details", contract=wanted)
    assert (found["con_id"], found["primary"]) == (502, "TSE")


def test_a_name_keeps_its_backslash_and_its_umlaut(client: Client) -> None:
    with trading(scenario=TWINS) as (gateway, _):
        client.connect(gateway)
        (found,) = client.ask("details", contract={"conId": 501})
    assert found["long_name"] == "Twin \\ Söhne"


def test_an_ambiguous_contract_is_refused_where_one_is_needed(client: Client) -> None:
    twin = {"symbol": "TWIN", "secType": "STK", "exchange": "SMART"}
    with trading(scenario=TWINS) as (gateway, _):
        client.connect(gateway)
        assert client.ask("history", contract=twin, duration="1 D", size="1 hour", form=2) == []
        assert client.codes() == [200]


def test_matching_symbols_are_found_by_part_of_a_name(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        found = client.ask("matching", pattern="appl")
        nothing = client.ask("matching", pattern="zzz")
    assert [(one["symbol"], one["con_id"], one["currency"]) for one in found] == [
        ("AAPL", 265598, "USD")
    ]
    assert nothing == []


def test_a_market_rule_gives_the_step_of_the_contracts_price(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        (found,) = client.ask("details", contract=AAPL)
        steps = client.ask("rule", number=int(found["rules"].split(",")[0]))
    assert steps == [[0.0, 0.01]]
