"""Accounts and positions as the three clients get them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.clients.checks import ACCOUNT, MSFT, order, trading
from tests.simgateway.trading import SCENARIO

if TYPE_CHECKING:
    from tests.clients.driving import Client


def test_positions_have_their_contracts_quantities_and_costs(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        found = client.ask("positions")
    held = {one["symbol"]: (one["quantity"], one["cost"], one["exchange"]) for one in found}
    assert len(held) == 6
    assert held["AAPL"] == (100.0, 205.4, "NASDAQ")
    assert {one["account"] for one in found} == {ACCOUNT}


def test_a_short_position_and_one_of_a_fraction_are_told(client: Client) -> None:
    short = replace(SCENARIO.holdings[0], quantity=Decimal("-3.25"))
    with trading(scenario=replace(SCENARIO, holdings=(short,))) as (gateway, _):
        client.connect(gateway)
        (found,) = client.ask("positions")
    assert found["quantity"] == -3.25


def test_a_position_that_ends_is_told_as_zero(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        client.ask("place", order_id=900, contract=MSFT, order=order("SELL", 40))
        told = client.settle("position")
        assert (told[-1]["symbol"], told[-1]["quantity"]) == ("MSFT", 0.0)
        assert "MSFT" not in {one["symbol"] for one in client.ask("positions")}


def test_account_updates_bring_figures_and_the_portfolio(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        found = client.ask("account", account=ACCOUNT)
    assert found["values"]["TotalCashValue USD"] == "100000.00"
    assert found["values"]["ExchangeRate USD"]
    held = {one["symbol"]: one for one in found["portfolio"]}
    assert held["MSFT"]["value"] == 4000.0
    assert held["MSFT"]["primary"] == "NASDAQ"
    assert held["MSFT"]["unrealized"] == 4000.0 - 40 * 441.15


def test_a_fill_changes_the_cash_and_the_portfolio_unasked(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        client.ask("place", order_id=900, contract=MSFT, order=order("SELL", 10))
        (changed, *_) = client.settle("portfolio")
        cash = client.ask("account", account=ACCOUNT)["values"]["TotalCashValue USD"]
    assert (changed["quantity"], changed["realized"] < 0) == (30.0, True)
    assert float(cash) == 100_000 + 999.90 - 1.0


def test_the_summary_has_every_account_and_its_ledger(client: Client) -> None:
    scenario = replace(SCENARIO, accounts=(ACCOUNT, "DU2"))
    with trading(scenario=scenario) as (gateway, _):
        client.connect(gateway)
        rows = client.ask("summary")
    found = {(account, tag, currency): value for account, tag, value, currency in rows}
    assert found["DU2", "NetLiquidation", "USD"] == "100000.00"
    assert found["DU2", "CashBalance", "USD"] == "100000.00"
    assert float(found[ACCOUNT, "NetLiquidation", "USD"]) == 100_000 + 460 * 100


def test_the_figures_of_one_account_come_in_one_answer(client: Client) -> None:
    with trading() as (gateway, _):
        client.connect(gateway)
        assert client.ask("account_multi", account=ACCOUNT) > 10
