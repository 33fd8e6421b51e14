"""What can be asked over the control channel about the market: who sees it, and what happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError
from sellkit.simgateway import messages
from sellkit.simgateway.answers.quotes import judge_anew
from sellkit.simgateway.control_contract import names_in_market
from sellkit.simgateway.fault_actions import TEXTS
from sellkit.simgateway.framing import encode
from sellkit.simgateway.market import Market
from sellkit.simgateway.market_terms import Subscription, UntilFinal
from sellkit.simgateway.scenario_market import (
    SUBSCRIPTIONS,
    read_correction,
    read_halt,
    read_symbol,
)
from sellkit.simgateway.subscriptions import BUST_EVENT, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from sellkit.simgateway.gateway import Gateway
    from sellkit.simgateway.session import Session
    from sellkit.simgateway.table import Table


def halt(gateway: Gateway, table: Table) -> object:
    """Let a contract stand still, from now on or from a later moment."""
    now = gateway.clock.now()
    begun = read_halt(table, names_in_market(gateway), table.instant("from") or now)
    table.end()
    if begun.start < now:
        table.fail("from", f"must not lie in the past, where it has traded: {begun.start}")
    gateway.halts.begin(begun)
    _tell(gateway)
    return {
        "symbol": begun.symbol,
        "from": begun.start.isoformat(),
        "until": None if begun.end is None else begun.end.isoformat(),
        "kind": begun.kind.name.lower(),
    }


def resume(gateway: Gateway, table: Table) -> object:
    """Let a contract trade again."""
    symbol = read_symbol(table, names_in_market(gateway))
    table.end()
    ended = gateway.halts.end(symbol, gateway.clock.now())
    _tell(gateway)
    return {"symbol": symbol, "ended": ended}


def correct_bar(gateway: Gateway, table: Table) -> object:
    """Tell the close of the bars that end at one moment anew, from now on or a later moment on."""
    known = table.instant("at") or gateway.clock.now()
    correction = read_correction(table, names_in_market(gateway), known)
    table.end()
    if known < correction.bar_end:
        table.fail("at", f"must not be before the bar ends, {correction.bar_end}")
    _market(gateway).corrections.add(correction)
    _tell(gateway)
    return {
        "symbol": correction.symbol,
        "bar_end": correction.bar_end.isoformat(),
        "known_from": known.isoformat(),
    }


def bars(gateway: Gateway, table: Table) -> object:
    """How long after its end a bar is not final, and what is told of it meanwhile."""
    seconds = table.seconds("final_after_seconds")
    until_final = table.choice("until_final", tuple(UntilFinal))
    table.end()
    market = _market(gateway)
    if seconds is not None:
        market.final_after_seconds = seconds
    if until_final is not None:
        market.until_final = UntilFinal(until_final)
    return {
        "final_after_seconds": market.final_after_seconds,
        "until_final": market.until_final,
    }


def market_data(gateway: Gateway, table: Table) -> object:
    """Who may see what: a subscription, a session elsewhere, or delayed prices."""
    rights = gateway.rights
    subscription = table.choice("subscription", SUBSCRIPTIONS)
    symbol, exchange = table.text("symbol"), table.text("exchange")
    competing, delayed = table.flag("competing"), table.flag("delayed_enabled")
    table.end()
    if subscription is None and (symbol or exchange):
        raise table.missing("subscription")
    if symbol and exchange:
        table.fail("symbol", "stands beside 'exchange'; give one of them")
    directory = gateway.exchange.directory
    known = directory.known_symbols()
    _check_known(table, "symbol", symbol, known)
    _check_known(table, "exchange", exchange, {one.primary_exchange for one in directory.all()})
    if subscription is not None and symbol:
        rights.symbols[directory.origin(known[symbol.upper()])] = Subscription(subscription)
    elif subscription is not None and exchange:
        rights.exchanges[exchange.upper()] = Subscription(subscription)
    elif subscription is not None:
        rights.subscription = Subscription(subscription)
    rights.competing = rights.competing if competing is None else competing
    rights.delayed_enabled = rights.delayed_enabled if delayed is None else delayed
    for session in gateway.sessions:
        judge_anew(session)
    _tell(gateway)
    return show_rights(gateway)


def show_rights(gateway: Gateway) -> dict[str, object]:
    """Who may see what, as plain values."""
    return gateway.rights.state()


def bust(gateway: Gateway, table: Table) -> object:
    """End bars that are kept up to date with a bust event, of a symbol or of all."""
    symbol = table.text("symbol")
    table.end()
    directory = gateway.exchange.directory
    known = directory.known_symbols()
    _check_known(table, "symbol", symbol, known)
    wanted = None if symbol is None else directory.origin(known[symbol.upper()])
    ended = 0
    for session in gateway.sessions:
        for request_id, stream in list(session.bar_streams.items()):
            if wanted in (None, directory.origin(stream.security)):
                _bust(session, request_id)
                ended += 1
    return {"ended": ended}


def _bust(session: Session, request_id: int) -> None:
    notice = messages.error(session.version, request_id, BUST_EVENT, TEXTS[BUST_EVENT])
    session.queue(encode(notice))
    settle(session, BUST_EVENT, request_id)


def _check_known(table: Table, key: str, value: str | None, known: Container[str]) -> None:
    if value is not None and value.upper() not in known:
        table.fail(key, f"is not in the scenario: {value!r}")


def _market(gateway: Gateway) -> Market:
    if not isinstance(gateway.market, Market):
        raise ConfigError("this gateway's market cannot be changed")
    return gateway.market


def _tell(gateway: Gateway) -> None:
    """Send at once what has changed, and let orders meet it."""
    gateway.valuer.forget()
    gateway.tell_prices()
    gateway.let_orders_trade()


MARKET_ACTIONS: Final[dict[str, Callable[[Gateway, Table], object]]] = {
    "halt": halt,
    "resume": resume,
    "correct_bar": correct_bar,
    "bars": bars,
    "market_data": market_data,
    "bust": bust,
}
