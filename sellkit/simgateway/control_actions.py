"""What can be asked of a gateway over its control channel."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sellkit.core.market_time import calendar_for
from sellkit.errors import ConfigError
from sellkit.simgateway import control_orders, control_prices
from sellkit.simgateway.clock import VirtualClock
from sellkit.simgateway.control_market import MARKET_ACTIONS
from sellkit.simgateway.corporate_actions import read_action
from sellkit.simgateway.currencies import DOLLAR, Rates
from sellkit.simgateway.downtime_plan import LoggedOut, read_nightly_reset
from sellkit.simgateway.fault_file import read_rule
from sellkit.simgateway.state import show_clock, show_gateway, show_received, show_session
from sellkit.simgateway.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.simgateway.gateway import Gateway

_PLACE: Final = Path("the request")
_RECORDED: Final = 100
_LONGEST_STEP: Final = 366 * 86_400.0


def perform(gateway: Gateway, action: str, arguments: dict[str, object]) -> object:
    """Do what was asked for; runs on the gateway's thread.

    Returns
    -------
    object
        What JSON can carry, Decimals and times as text.

    Raises
    ------
    ConfigError
        The action is unknown, or an argument is unknown, missing or wrong.
    SellkitError, Refused
        It cannot be done.
    """
    found = _ACTIONS.get(action)
    if found is None:
        raise ConfigError(f"there is no action {action!r}; known are {', '.join(_ACTIONS)}")
    # What is due may change the symbol that is asked for.
    gateway.keep_pace()
    note = _note(gateway, arguments)
    result = found(gateway, Table(arguments, "", _PLACE))
    return {**result, "note": note} if note and isinstance(result, dict) else result


def _note(gateway: Gateway, arguments: dict[str, object]) -> str | None:
    """What to say of a symbol that was written although its contract has another one by now."""
    rule = arguments.get("rule")
    symbol = (rule if isinstance(rule, dict) else arguments).get("symbol")
    name = symbol.strip().upper() if isinstance(symbol, str) else ""
    found = gateway.exchange.directory.known_symbols().get(name)
    if found is None or found.symbol == name:
        return None
    return f"{name} is called {found.symbol} now"


def action_names() -> tuple[str, ...]:
    """Everything that can be asked for."""
    return tuple(_ACTIONS)


def _inject(gateway: Gateway, table: Table) -> object:
    rule_table = table.table("rule")
    table.end()
    if rule_table is None:
        raise table.missing("rule")
    directory = gateway.exchange.directory
    known = directory.known_symbols()
    rule = read_rule(rule_table, tuple(sorted(known)), gateway.clock.now())
    origins = {symbol: directory.origin(each) for symbol, each in known.items()}
    number = gateway.faults.add(rule.known_by(origins))
    gateway.outage.strike_due()
    return {"number": number}


def _clear(gateway: Gateway, table: Table) -> object:
    table.end()
    return {"cleared": gateway.faults.clear()}


def _clock(gateway: Gateway, table: Table) -> object:
    instant, seconds, speed = table.instant("set"), table.seconds("advance"), table.seconds("speed")
    table.end()
    if instant is not None and seconds is not None:
        table.fail("set", "stands beside 'advance'; give one of them")
    if seconds is not None and seconds > _LONGEST_STEP:
        table.fail("advance", f"must be at most {_LONGEST_STEP:.0f}, not {seconds:g}")
    clock = gateway.clock
    if (instant, seconds, speed) == (None, None, None):
        return show_clock(clock)
    if not isinstance(clock, VirtualClock):
        raise ConfigError("the gateway tells the machine's time; only a virtual clock can be moved")
    now = clock.now()
    goal = now + dt.timedelta(seconds=seconds or 0) if instant is None else instant
    if goal < now:
        time = now.isoformat(timespec="seconds")
        table.fail("set", f"lies before the gateway's time, {time}; what has happened stays")
    _check_calendars(gateway, goal)
    if speed is not None:
        clock.set_speed(speed)
    if (instant, seconds) != (None, None):
        clock.set(goal)
    gateway.outage.strike_due()
    _tell(gateway)
    return show_clock(clock)


def _check_calendars(gateway: Gateway, instant: dt.datetime) -> None:
    for exchange in {listing.exchange for listing in gateway.scenario.listings()}:
        calendar_for(exchange).on(instant.date())


def _price(gateway: Gateway, table: Table) -> object:
    moved = control_prices.price(gateway, table)
    _tell(gateway)
    return moved


def _corporate_action(gateway: Gateway, table: Table) -> object:
    at = table.instant("at") or gateway.clock.now()
    action = read_action(table, gateway.exchange.directory.all(), at)
    gateway.reorganisation.add(action)
    _tell(gateway)
    return {"at": at.isoformat(), "waiting": len(gateway.reorganisation.waiting)}


def _rate(gateway: Gateway, table: Table) -> object:
    currency, dollars = table.required_text("currency").upper(), table.positive("dollars")
    table.end()
    if dollars is None:
        raise table.missing("dollars")
    ledger = gateway.exchange.ledger
    if currency == DOLLAR or not ledger.rates.knows(currency):
        table.fail("currency", f"has no rate that could change: {currency}")
    ledger.rates = Rates({**ledger.rates.dollars, currency: dollars})
    _tell(gateway)
    return {"currency": currency, "dollars": dollars}


def _tell(gateway: Gateway) -> None:
    """Send at once what has changed in the prices, and let orders meet them."""
    gateway.valuer.forget()
    gateway.tell_prices()
    gateway.let_orders_trade()


def _drop(gateway: Gateway, table: Table) -> object:
    table.end()
    return {"dropped": gateway.clients.drop()}


def _sessions(gateway: Gateway, table: Table) -> object:
    table.end()
    return [show_session(session) for session in gateway.sessions]


def _record(gateway: Gateway, table: Table) -> object:
    last = table.count("last") or _RECORDED
    is_on, file = table.flag("on"), table.text("file")
    table.end()
    recorder = gateway.recorder
    if file is not None and is_on is False:
        table.fail("file", "stands beside on = false")
    if is_on or file is not None:
        recorder.begin(None if file is None else Path(file))
    elif is_on is False:
        recorder.end()
    requests = [show_received(each) for each in list(gateway.requests)[-last:]]
    return {
        "received": gateway.received,
        "recording": recorder.is_on,
        "file": None if recorder.path is None else str(recorder.path.absolute()),
        "messages": recorder.latest(last) or requests,
    }


def _reset(gateway: Gateway, table: Table) -> object:
    gateway.downtime.reset(read_nightly_reset(table, at_needed=False))
    return {"downtime": gateway.downtime.shown}


def _logout(gateway: Gateway, table: Table) -> object:
    how = table.choice("until_login", tuple(LoggedOut)) or LoggedOut.REFUSE
    table.end()
    gateway.downtime.log_out(LoggedOut(how))
    return {"downtime": gateway.downtime.shown}


def _login(gateway: Gateway, table: Table) -> object:
    table.end()
    return {"was_logged_out": gateway.downtime.log_in()}


def _state(gateway: Gateway, table: Table) -> object:
    table.end()
    return show_gateway(gateway)


_ACTIONS: Final[dict[str, Callable[[Gateway, Table], object]]] = {
    "inject": _inject,
    "clear": _clear,
    "clock": _clock,
    "price": _price,
    "place": control_orders.place,
    "cancel": control_orders.cancel,
    "fill": control_orders.fill,
    "kill": control_orders.kill,
    "correct": control_orders.correct,
    "hold": control_orders.hold,
    "rollback": control_orders.roll_back,
    "reset": _reset,
    "logout": _logout,
    "login": _login,
    "corporate_action": _corporate_action,
    "rate": _rate,
    "drop": _drop,
    "sessions": _sessions,
    "record": _record,
    "state": _state,
    **MARKET_ACTIONS,
}
