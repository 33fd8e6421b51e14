"""Splits and changed symbols: what they are, and how a table describes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.scenario_orders import security_named

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from sellkit.simgateway.scenario import Security
    from sellkit.simgateway.table import Table

_RATIO: Final = re.compile(r"([1-9]\d{0,5}):([1-9]\d{0,5})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorporateAction:
    """What becomes of a contract at one moment.

    Attributes
    ----------
    at
        The moment, aware UTC.
    con_id
        The contract.
    ratio
        New shares for each old one: 4 for a split of 4:1.
    symbol
        The new symbol, None for the old one.
    new_con_id
        The contract's new number, under which alone it is known from then on; None keeps it.
    """

    at: dt.datetime
    con_id: int
    ratio: Fraction = Fraction(1)
    symbol: str | None = None
    new_con_id: int | None = None


def read_actions(
    tables: Iterable[Table], securities: tuple[Security, ...]
) -> tuple[CorporateAction, ...]:
    """What the tables `[[corporate_actions]]` describe, in order of time.

    Raises
    ------
    ConfigError
        A key is unknown, missing or wrong.
    """
    actions: list[CorporateAction] = []
    for table in tables:
        at = table.instant("at")
        if at is None:
            raise table.missing("at")
        actions.append(read_action(table, securities, at))
    return tuple(sorted(actions, key=lambda action: action.at))


def read_action(table: Table, securities: tuple[Security, ...], at: dt.datetime) -> CorporateAction:
    """What one table describes, its moment apart.

    Raises
    ------
    ConfigError
        A key is unknown or wrong, or none says what happens.
    """
    security = security_named(table, securities)
    split, symbol = table.text("split"), table.text("symbol_change")
    new_con_id = table.count("new_conId")
    table.end()
    found = _RATIO.fullmatch(split or "1:1")
    if found is None:
        table.fail("split", f"must be new shares to old ones like '4:1', not {split!r}")
    if split is not None and security.sec_type != "STK":
        table.fail("split", f"is for stocks; {security.symbol} is {security.sec_type}")
    if (split, symbol, new_con_id) == (None, None, None):
        raise table.missing("split")
    if new_con_id in [each.con_id for each in securities]:
        table.fail("new_conId", f"belongs to a contract already: {new_con_id}")
    ratio = Fraction(int(found[1]), int(found[2]))
    return CorporateAction(
        at=at,
        con_id=security.con_id,
        ratio=ratio,
        symbol=None if symbol is None else symbol.upper(),
        new_con_id=new_con_id,
    )


def original_symbols(
    actions: Iterable[CorporateAction], securities: Iterable[Security]
) -> dict[str, Security]:
    """Every symbol that contracts have, at first or later, with the first contract it means.

    One that a contract has at first does not mean another that takes it over later.
    """
    contracts = {one.con_id: one for one in securities}
    later: dict[str, Security] = {}
    known = {one.symbol: one for one in reversed(contracts.values())}
    for action in sorted(actions, key=lambda each: each.at):
        contract = contracts.get(action.con_id)
        if contract is None:
            continue  # an earlier action gave the contract another number
        if action.symbol is not None:
            later.setdefault(action.symbol, contract)
        if action.new_con_id is not None:
            contracts[action.new_con_id] = contracts.pop(action.con_id)
    return later | known
