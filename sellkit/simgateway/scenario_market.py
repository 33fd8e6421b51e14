"""Reads what a scenario says of its market: who may see it, when it stands still, what is late.

A table `[market_data]`; `MarketTerms` explains each key and has the defaults:

    subscription    live, delayed, none, not_for_api, partly, partly_for_api: for everything
    exchanges, symbols    tables of the same, by primary exchange and by symbol
    competing, delayed_enabled, delayed_seconds
    history         refused, delayed, open: bars of what may not be seen live
    history_code    162, 354 or 10187, with which they are refused
    lines, snapshot_seconds, bar_seconds, bars_survive_outage
    until_final     missing, provisional: a bar within `bars_final_after_seconds`
    flat_when_halted
    throttle        a table: slow_after, slow_seconds, drop_after

A table `[[halts]]` for each halt: symbol, from, until (absent: until somebody ends it), kind
(regulatory, volatility). A table `[[corrections]]` for each close that is told anew: symbol,
bar_end, factor, after_seconds.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from sellkit.simgateway.corporate_actions import original_symbols
from sellkit.simgateway.corrections import Correction
from sellkit.simgateway.halts import Halt, HaltKind
from sellkit.simgateway.market_terms import (
    MarketTerms,
    Subscription,
    Throttle,
    UnpaidHistory,
    UntilFinal,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sellkit.simgateway.scenario import Scenario
    from sellkit.simgateway.table import Table

HALT_KINDS: Final = {kind.name.lower(): kind for kind in HaltKind}
SUBSCRIPTIONS: Final = tuple(Subscription)

_FLAGS: Final = ("competing", "delayed_enabled", "bars_survive_outage", "flat_when_halted")
_SECONDS: Final = ("delayed_seconds", "snapshot_seconds", "bar_seconds")
_HISTORY_CODES: Final = (162, 354, 10187)


def read_market(table: Table, scenario: Scenario) -> MarketTerms:
    """The market's part of a scenario.

    Parameters
    ----------
    table
        The scenario file's top.
    scenario
        The rest of it; its contracts must be known.

    Raises
    ------
    ConfigError
        A key is unknown, missing or wrong, or is about something that the scenario does not have.
    """
    given: dict[str, object] = {}
    own = table.table("market_data")
    if own is not None:
        given = _read_terms(own, scenario)
        own.end()
    priced = scenario.price_names
    known = original_symbols(scenario.corporate_actions, scenario.securities)
    names = {symbol: priced[one.con_id] for symbol, one in known.items() if one.con_id in priced}
    names |= {name: name for name in priced.values()}
    halts = tuple(_read_halt(each, names) for each in table.tables("halts"))
    corrections = tuple(_read_correction(each, names) for each in table.tables("corrections"))
    return MarketTerms(halts=halts, corrections=corrections, **given)  # type: ignore[arg-type]


def _read_terms(table: Table, scenario: Scenario) -> dict[str, object]:
    found: dict[str, object] = {key: table.flag(key) for key in _FLAGS}
    found |= {key: table.seconds(key) for key in _SECONDS}
    found["lines"] = table.count("lines")
    subscription = table.choice("subscription", SUBSCRIPTIONS)
    found["subscription"] = None if subscription is None else Subscription(subscription)
    securities = scenario.securities
    found["exchanges"] = _by_name(table, "exchanges", {one.primary_exchange for one in securities})
    found["symbols"] = _by_symbol(table, scenario)
    history = table.choice("history", tuple(UnpaidHistory))
    found["history"] = None if history is None else UnpaidHistory(history)
    until_final = table.choice("until_final", tuple(UntilFinal))
    found["until_final"] = None if until_final is None else UntilFinal(until_final)
    code = table.integer("history_code")
    if code is not None and code not in _HISTORY_CODES:
        table.fail("history_code", f"must be one of {_HISTORY_CODES}, not {code}")
    found["history_code"] = code
    found["throttle"] = _read_throttle(table.table("throttle"))
    return {key: value for key, value in found.items() if value is not None}


def _by_name(table: Table, key: str, names: Iterable[str]) -> dict[str, Subscription] | None:
    """A subscription for some of the names that the scenario has."""
    own = table.table(key)
    if own is None:
        return None
    chosen = {name: own.choice(name, SUBSCRIPTIONS) for name in sorted(names)}
    own.end()
    return {name: Subscription(text) for name, text in chosen.items() if text is not None}


def _by_symbol(table: Table, scenario: Scenario) -> dict[str, Subscription] | None:
    """A subscription for some contracts, by the symbols that they have at first."""
    known = original_symbols(scenario.corporate_actions, scenario.securities)
    written = _by_name(table, "symbols", known)
    if written is None:
        return None
    found = {known[name].symbol: chosen for name, chosen in written.items()}
    if len(found) < len(written):
        table.fail("symbols", "names a contract twice, by an earlier and a later symbol")
    return found


def _read_throttle(table: Table | None) -> Throttle | None:
    if table is None:
        return None
    slow_after, slow_seconds = table.count("slow_after"), table.seconds("slow_seconds")
    drop_after = table.count("drop_after")
    table.end()
    if slow_after is None:
        raise table.missing("slow_after")
    if drop_after is not None and drop_after < slow_after:
        table.fail("drop_after", f"must not be below 'slow_after', that is {slow_after}")
    seconds = Throttle(slow_after=slow_after).slow_seconds if slow_seconds is None else slow_seconds
    return Throttle(slow_after=slow_after, slow_seconds=seconds, drop_after=drop_after)


def _read_halt(table: Table, names: Mapping[str, str]) -> Halt:
    start = table.instant("from")
    if start is None:
        raise table.missing("from")
    halt = read_halt(table, names, start)
    table.end()
    return halt


def read_halt(table: Table, names: Mapping[str, str], start: dt.datetime) -> Halt:
    """A halt that begins at `start`; the table may hold further keys.

    Parameters
    ----------
    names
        What the contracts that have prices may be called, and their names in the market.

    Raises
    ------
    ConfigError
        A key is missing or has a wrong value.
    """
    symbol = read_symbol(table, names)
    end, kind = table.instant("until"), table.choice("kind", tuple(HALT_KINDS)) or "regulatory"
    if end is not None and end <= start:
        table.fail("until", f"must be later than the halt's start, not {end}")
    return Halt(symbol, start, end, HALT_KINDS[kind])


def read_symbol(table: Table, names: Mapping[str, str]) -> str:
    """The name in the market of a contract that has prices.

    Raises
    ------
    ConfigError
        It is missing, or has none.
    """
    symbol = table.required_text("symbol").upper()
    if symbol not in names:
        table.fail("symbol", f"has no price in this gateway: {symbol}")
    return names[symbol]


def _read_correction(table: Table, names: Mapping[str, str]) -> Correction:
    seconds = table.seconds("after_seconds")
    correction = read_correction(table, names, None)
    table.end()
    if seconds is None:
        raise table.missing("after_seconds")
    known = correction.bar_end + dt.timedelta(seconds=seconds)
    return Correction(correction.symbol, correction.bar_end, correction.factor, known)


def read_correction(
    table: Table, names: Mapping[str, str], known_from: dt.datetime | None
) -> Correction:
    """A correction that is known from a moment on, None for the bar's end; see `read_halt`.

    Raises
    ------
    ConfigError
        A key is missing or has a wrong value.
    """
    symbol, end, factor = (
        read_symbol(table, names),
        table.instant("bar_end"),
        table.positive("factor"),
    )
    if end is None:
        raise table.missing("bar_end")
    if factor is None:
        raise table.missing("factor")
    if end.second or end.microsecond:
        table.fail("bar_end", f"must be a whole minute, as no bar ends at {end}")
    return Correction(symbol, end, float(factor), end if known_from is None else known_from)
