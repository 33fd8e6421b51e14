"""Reads a scenario from a TOML or JSON file, and refuses whatever it does not understand."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from sellkit.errors import ConfigError
from sellkit.simgateway.corporate_actions import original_symbols, read_actions
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.downtime_plan import read_nightly_reset, read_weekly_login
from sellkit.simgateway.fault_file import read_rules
from sellkit.simgateway.latency_file import read_latencies
from sellkit.simgateway.market_rules import read_market_rules
from sellkit.simgateway.scenario import (
    Holding,
    Scenario,
    Security,
)
from sellkit.simgateway.scenario_accounts import check_rates, read_accounts, read_rates
from sellkit.simgateway.scenario_habits import read_habits
from sellkit.simgateway.scenario_market import read_market
from sellkit.simgateway.scenario_orders import read_orders
from sellkit.simgateway.security_file import read_security
from sellkit.simgateway.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from sellkit.simgateway.currencies import Funds, Rates
    from sellkit.simgateway.market_rules import MarketRule

T = TypeVar("T")


def load_scenario(path: Path | None) -> Scenario:
    """The scenario of a file, or the small default portfolio without one.

    Raises
    ------
    ConfigError
        The file cannot be read, or a key, its place or its value is wrong.
    """
    if path is None:
        return default_scenario()
    table = Table(_parse(path), "", path)
    owners = read_accounts(table)
    accounts = owners.accounts
    rules = read_market_rules(table.tables("market_rules"))
    holdings = _holdings(table.tables("positions"), accounts, rules)
    symbols = _symbols(table.tables("symbols"), holdings, rules)
    securities = (*{h.security.con_id: h.security for h in holdings}.values(), *symbols)
    _check_names(securities, path)
    rates = read_rates(table.table("rates"))
    _check_rates(table, rates, securities, owners.funds)
    scenario = Scenario(
        accounts=accounts,
        holdings=holdings,
        symbols=symbols,
        orders=read_orders(table.tables("orders"), accounts, securities),
        latencies=read_latencies(table.tables("latency")),
        bars_final_after_seconds=table.seconds("bars_final_after_seconds") or 0.0,
        always_open=table.flag("always_open") or False,
        read_only=table.flag("read_only") or False,
        seed=1 if (seed := table.integer("seed")) is None else seed,
        cash=owners.cash,
        funds=owners.funds,
        rates=rates,
        market_rules=rules,
        corporate_actions=read_actions(table.tables("corporate_actions"), securities),
        margin_accounts=owners.margin_accounts,
        habits=read_habits(table.table("habits")),
        nightly_reset=_given(table.table("nightly_reset"), read_nightly_reset),
        weekly_login=_given(table.table("weekly_login"), read_weekly_login),
    )
    known = original_symbols(scenario.corporate_actions, securities)
    written = read_rules(table.tables("faults"), known)
    origins = {name: one.symbol for name, one in known.items()}
    faults = tuple(rule.known_by(origins) for rule in written)
    scenario = replace(scenario, faults=faults, market_data=read_market(table, scenario))
    table.end()
    return scenario


def _given(table: Table | None, read: Callable[[Table], T]) -> T | None:
    return None if table is None else read(table)


def _parse(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".json":
            return json.loads(text, parse_float=Decimal, object_pairs_hook=_without_twins)
        if path.suffix.lower() == ".toml":
            return tomllib.loads(text, parse_float=Decimal)
    except OSError as error:
        raise ConfigError(
            f"the scenario {path} cannot be read: {error.strerror or error}"
        ) from error
    except ValueError as error:
        raise ConfigError(f"the scenario {path} cannot be read: {error}") from error
    raise ConfigError(f"the scenario {path} must be a .toml or a .json file")


def _without_twins(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    table: dict[str, object] = {}
    for key, value in pairs:
        if key in table:
            raise ValueError(f"the key {key!r} stands twice in one table")
        table[key] = value
    return table


def _holdings(
    tables: Iterable[Table], accounts: tuple[str, ...], rules: tuple[MarketRule, ...]
) -> tuple[Holding, ...]:
    holdings: list[Holding] = []
    for table in tables:
        security = read_security(table, rules)
        account = table.choice("account", accounts) or accounts[0]
        holding = Holding(
            account,
            security,
            table.required_number("position"),
            table.required_number("avgCost"),
        )
        table.end()
        for other in holdings:
            if other.security.con_id != security.con_id:
                continue
            if other.account == account:
                table.fail("conId", f"is held twice in one account: {security.con_id}")
            if other.security != security:
                table.fail("conId", f"is described in two ways: {security.con_id}")
        holdings.append(holding)
    return tuple(holdings)


def _symbols(
    tables: Iterable[Table], holdings: Iterable[Holding], rules: tuple[MarketRule, ...]
) -> tuple[Security, ...]:
    taken = {holding.security.con_id for holding in holdings}
    symbols: list[Security] = []
    for table in tables:
        security = read_security(table, rules)
        table.end()
        if security.con_id in taken:
            table.fail("conId", f"stands there already: {security.con_id}")
        taken.add(security.con_id)
        symbols.append(security)
    return tuple(symbols)


def _check_rates(
    table: Table, rates: Rates, securities: tuple[Security, ...], funds: tuple[Funds, ...]
) -> None:
    used = {security.currency for security in securities}
    used |= {security.symbol for security in securities if security.is_currency_pair}
    for own in funds:
        used |= {own.currency, *own.cash}
    check_rates(table, rates, used)


def _check_names(securities: tuple[Security, ...], path: Path) -> None:
    seen: dict[tuple[str, str], int] = {}
    for security in securities:
        if not security.is_priced:
            continue
        name = (security.symbol, security.primary_exchange)
        if name in seen:
            raise ConfigError(
                f"{security.symbol} on {security.primary_exchange} stands twice in {path}, "
                f"as conId {seen[name]} and {security.con_id}"
            )
        seen[name] = security.con_id
