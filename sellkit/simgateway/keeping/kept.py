"""Reads what a state's file keeps, and leaves out what Interactive Brokers forgets.

Executions and ended orders of earlier days are forgotten; what was not transmitted was never kept.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sellkit.errors import ConfigError
from sellkit.simgateway.keeping.plain import decode
from sellkit.simgateway.keeping.state_file import Row
from sellkit.simgateway.orders.hours import midnight
from sellkit.simgateway.reorganisation import successor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sellkit.simgateway.keeping.state_file import StateFile
    from sellkit.simgateway.orders.ledger import Execution
    from sellkit.simgateway.orders.order import Order
    from sellkit.simgateway.scenario import Scenario, Security

ORDER: Final = "order"
EXECUTION: Final = "execution"
BOOKS: Final = "books"
ACCOUNTS: Final = "accounts"
CLOCK: Final = "clock"
LEDGER: Final = "ledger "
ACTIONS: Final = "corporate_actions"
HALTS: Final = "halts"
CORRECTIONS: Final = "corrections"
RIGHTS: Final = "rights"
_NEEDED: Final = {CLOCK, ACTIONS, "numbers", "next_ids", "charges", "moves", "prices"}

# The machine's clock may have been set since.
_SLACK: Final = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a state holds.

    Attributes
    ----------
    moment
        The last one of the gateway's clock.
    orders, executions
        Those that are not forgotten, in the order in which they came.
    next_execution
        The number of the next one.
    books, ledger
        Everything else, as the parts of the gateway gave it.
    forgotten
        The rows that are no longer kept.
    """

    moment: dt.datetime
    orders: tuple[Order, ...]
    executions: tuple[Execution, ...]
    next_execution: int
    books: Mapping[str, Any]
    ledger: Mapping[str, Any]
    forgotten: tuple[Row, ...]


def read(file: StateFile, scenario: Scenario, now: dt.datetime) -> Kept | None:
    """What a file keeps; None for a new one.

    Parameters
    ----------
    now
        The present, whose day is the one that is remembered.

    Raises
    ------
    ConfigError
        It belongs to other accounts or contracts than the scenario's, lies after the present, or
        cannot be read.
    """
    bodies = {(row.kind, row.key): row.body or "" for row in file.rows()}
    if (BOOKS, ACCOUNTS) not in bodies:
        return None
    try:
        _check_accounts(file.path, decode(bodies[BOOKS, ACCOUNTS], {}), scenario)
        securities = _contracts(scenario, bodies.get((BOOKS, ACTIONS), "[[], []]"))
        values = {key: decode(body, securities) for key, body in bodies.items()}
        kept = _sorted_out(values, midnight(now))
        ahead = kept.moment - now > _SLACK
    except KeyError as error:
        raise ConfigError(
            f"the state in {file.path} holds conId {error}, which the scenario does not know; give "
            "the scenario that it was made with, or another --state"
        ) from error
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise unreadable(file.path, error) from error
    if ahead:
        raise ConfigError(
            f"the state in {file.path} was left at {kept.moment.isoformat(timespec='seconds')}, "
            f"which lies after {now.isoformat(timespec='seconds')}; leave --at out, give a later "
            "one, or another --state"
        )
    return kept


def _contracts(scenario: Scenario, actions: str) -> dict[int, Security]:
    """Every contract that the state may be about: those of the scenario, and what became of them.

    `actions` is what was done to contracts and what waits to be, as it is kept.
    """
    known = {each.con_id: each for each in scenario.securities}
    done, _waiting = decode(actions, {})
    for action in done:
        if action.con_id in known:
            new = successor(known[action.con_id], action)
            known[new.con_id] = new
    return known


def unreadable(path: Path, error: Exception) -> ConfigError:
    """The error for a state whose file is whole and whose content is not."""
    return ConfigError(f"the state in {path} cannot be read ({error}); move it away to begin anew")


def _check_accounts(path: Path, kept: list[str], scenario: Scenario) -> None:
    own = sorted(scenario.accounts)
    if kept != own:
        raise ConfigError(
            f"the state in {path} belongs to {', '.join(kept)}, not to {', '.join(own)}; give the "
            "scenario that it was made with, or another --state"
        )


def _sorted_out(values: Mapping[tuple[str, str], Any], start: dt.datetime) -> Kept:
    books = {key: value for (kind, key), value in values.items() if kind == BOOKS}
    if missing := _NEEDED.difference(books):
        raise ValueError(f"{', '.join(sorted(missing))} is missing")
    orders: dict[int, Order] = _numbered(values, ORDER)
    executions: dict[int, Execution] = _numbered(values, EXECUTION)
    old_orders = [n for n, order in orders.items() if not _is_remembered(order, start)]
    old_executions = [n for n, execution in executions.items() if execution.time < start]
    forgotten = [Row(ORDER, str(number), None) for number in old_orders]
    forgotten += [Row(EXECUTION, str(number), None) for number in old_executions]
    return Kept(
        moment=books[CLOCK][0],
        orders=tuple(orders[number] for number in sorted(orders.keys() - set(old_orders))),
        executions=tuple(executions[n] for n in sorted(executions.keys() - set(old_executions))),
        next_execution=max(executions, default=0) + 1,
        books=books,
        ledger={k.removeprefix(LEDGER): v for k, v in books.items() if k.startswith(LEDGER)},
        forgotten=tuple(forgotten),
    )


def _numbered(values: Mapping[tuple[str, str], Any], kind: str) -> dict[int, Any]:
    return {int(key): value for (own, key), value in values.items() if own == kind}


def _is_remembered(order: Order, start: dt.datetime) -> bool:
    return order.is_working or (order.ended_at is not None and order.ended_at >= start)
