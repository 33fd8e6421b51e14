"""Reads one contract of a scenario file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.simgateway.market_rules import CENT_RULE
from sellkit.simgateway.scenario import CENT, Security

if TYPE_CHECKING:
    from decimal import Decimal

    from sellkit.simgateway.market_rules import MarketRule
    from sellkit.simgateway.table import Table

_SEC_TYPES: Final = (
    *("STK", "OPT", "FUT", "FOP", "IND", "CASH", "BOND", "CFD"),
    *("CMDTY", "CRYPTO", "FUND", "WAR"),
)


def read_security(table: Table, rules: tuple[MarketRule, ...] = ()) -> Security:
    """The contract that a table describes; the table may hold further keys.

    Parameters
    ----------
    rules
        The market rules, beside the plain one of whole cents, that the contract may name.

    Raises
    ------
    ConfigError
        A key is missing or has a wrong value.
    """
    con_id = table.required_integer("conId")
    if con_id <= 0:
        table.fail("conId", f"must be above zero, not {con_id}")
    start_price, volatility = table.positive("startPrice"), table.positive("volatility")
    multiplier = table.positive("multiplier")
    numbers = table.counts("marketRuleIds")
    security = Security(
        con_id=con_id,
        symbol=table.required_text("symbol").upper(),
        sec_type=table.choice("secType", _SEC_TYPES) or "STK",
        currency=(table.text("currency") or "USD").upper(),
        primary_exchange=table.required_text("primaryExchange").upper(),
        local_symbol=table.text("localSymbol"),
        trading_class=table.text("tradingClass"),
        long_name=table.text("longName"),
        stock_type=table.text("stockType"),
        multiplier=None if multiplier is None else format(multiplier, "f"),
        last_trade_date=_expiry(table),
        strike=table.positive("strike"),
        right=table.choice("right", ("C", "P")),
        min_tick=_min_tick(table, numbers, rules),
        listed=table.date("listed"),
        start_price=None if start_price is None else float(start_price),
        volatility=None if volatility is None else float(volatility),
        price=table.positive("price"),
        price_magnifier=table.count("priceMagnifier") or 1,
        valid_exchanges=tuple(name.upper() for name in table.texts("validExchanges")),
        market_rules=numbers,
    )
    _check_price(table, security)
    return security


def _min_tick(table: Table, numbers: tuple[int, ...], rules: tuple[MarketRule, ...]) -> Decimal:
    """The smallest step of any rule, or else the one that is stated."""
    stated = table.positive("minTick")
    smallest = {rule.number: rule.smallest for rule in rules}
    smallest.setdefault(CENT_RULE, CENT)
    if unknown := sorted(set(numbers) - set(smallest)):
        table.fail("marketRuleIds", f"names no rule of 'market_rules': {unknown[0]}")
    if not numbers:
        return stated or CENT
    least = min(smallest[number] for number in numbers)
    if stated not in (None, least):
        table.fail("minTick", f"must be the smallest step of the rules, {least}, not {stated}")
    return least


def _expiry(table: Table) -> str | None:
    text = table.text("lastTradeDateOrContractMonth")
    if text is None:
        return None
    is_date = text.isascii() and text.isdigit() and len(text) in (6, 8)
    if not is_date or not 1 <= int(text[4:6]) <= 12:
        table.fail(
            "lastTradeDateOrContractMonth", f"must be like '20251219' or '202512', not {text!r}"
        )
    return text


def _check_price(table: Table, security: Security) -> None:
    if security.price is not None and security.is_priced:
        table.fail("price", "is for what the market makes no price for; use 'startPrice' here")
    exchanges = len(security.valid_exchanges) or 1
    if len(security.market_rules) not in (0, 1, exchanges):
        table.fail(
            "marketRuleIds",
            f"must be one number, or {exchanges} as there are exchanges in 'validExchanges'",
        )
