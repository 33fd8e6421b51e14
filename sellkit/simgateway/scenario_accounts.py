"""Reads the accounts of a scenario file: their names, kinds and cash, and the exchange rates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from sellkit.simgateway.currencies import DOLLAR, Funds, Rates
from sellkit.simgateway.scenario import DEFAULT_ACCOUNT, DEFAULT_CASH

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from sellkit.simgateway.table import Table

_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


class Owners(NamedTuple):
    """The accounts: their numbers, their cash, and those of them that may borrow.

    `cash` is that of each account without `funds`.
    """

    accounts: tuple[str, ...]
    cash: Decimal
    funds: tuple[Funds, ...]
    margin_accounts: frozenset[str]


def read_accounts(table: Table) -> Owners:
    """The accounts that a scenario's table describes.

    They are named by `account`, by tables `[[accounts]]`, or by both; `cash` is the shorthand for
    every account that states none.

    Raises
    ------
    ConfigError
        A key is unknown or wrong.
    """
    names = table.texts("account")
    amount = table.number("cash")
    cash = DEFAULT_CASH if amount is None else amount
    funds: list[Funds] = []
    on_margin: set[str] = set()
    for one in table.tables("accounts"):
        own, is_margin = _read_account(one, cash)
        if own.account in [each.account for each in funds]:
            one.fail("account", f"stands there already: {own.account}")
        if names and own.account not in names:
            one.fail("account", f"is not among the accounts {', '.join(names)}: {own.account}")
        funds.append(own)
        on_margin |= {own.account} if is_margin else set()
    accounts = names or tuple(own.account for own in funds) or (DEFAULT_ACCOUNT,)
    named = frozenset(table.texts("margin_accounts"))
    if unknown := named.difference(accounts):
        table.fail("margin_accounts", f"names no account: {', '.join(sorted(unknown))}")
    return Owners(accounts, cash, tuple(funds), named | on_margin)


def _read_account(table: Table, cash: Decimal) -> tuple[Funds, bool]:
    account = table.required_text("account")
    currency = _currency(table, "currency", table.text("currency") or DOLLAR)
    amounts = table.table("cash")
    own = {currency: cash} if amounts is None else _amounts(amounts)
    is_margin = table.flag("margin") or False
    table.end()
    return Funds(account, currency, own), is_margin


def _amounts(table: Table) -> dict[str, Decimal]:
    return {_currency(table, key, key): table.required_number(key) for key in table.names()}


def read_rates(table: Table | None) -> Rates:
    """The rates of the table `[rates]`: dollars for one unit of each currency.

    Raises
    ------
    ConfigError
        A key is no currency, or a rate is not above zero.
    """
    dollars: dict[str, Decimal] = {}
    if table is None:
        return Rates()
    for key in table.names():
        rate = table.positive(key)
        if rate is None:
            raise table.missing(key)
        if _currency(table, key, key) == DOLLAR and rate != 1:
            table.fail(key, f"is what rates are counted in, so it is 1, not {rate}")
        dollars[key] = rate
    return Rates(dollars)


def check_rates(table: Table, rates: Rates, currencies: Iterable[str]) -> None:
    """Refuse a currency that is used without a rate.

    Raises
    ------
    ConfigError
        There is one.
    """
    for currency in sorted(set(currencies)):
        if not rates.knows(currency):
            table.fail(
                "rates", f"lacks {currency}, which is used; write the dollars for one {currency}"
            )


def _currency(table: Table, key: str, text: str) -> str:
    if not _CURRENCY.fullmatch(text):
        table.fail(key, f"must be a currency of three capital letters, not {text!r}")
    return text
