"""Every switch of live mode, and what would be allowed now, as far as no gateway is asked."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.errors import ConfigError
from sellkit.wiring.live import open_lease, open_switches
from sellkit.wiring.parts import desk_options, open_journal
from sellkit.wiring.probed import known_standing
from sellkit.wiring.switching import named_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.config import Overrides, Settings
    from sellkit.core.portfolio import Account


@dataclass(frozen=True, slots=True)
class Switch:
    """One of them.

    Attributes
    ----------
    name, state
        What it is, and how it stands, in words.
    trouble
        Why live mode would refuse for it; None where it would not.
    """

    name: str
    state: str
    trouble: str | None = None


def switches(chosen: Overrides) -> tuple[Switch, ...]:
    """How everything stands on this machine; nothing is connected or changed."""
    from sellkit.config import load

    return switches_of(load(chosen))


def switches_of(settings: Settings, now: dt.datetime | None = None) -> tuple[Switch, ...]:
    """As `switches`; `now` is the time of the profile's clock, where somebody knows it."""
    connection = settings.connection
    place = f"{connection.host}:{connection.port}"
    expected = connection.gateway
    trouble = None if expected else "set gateway in the profile"
    found = [
        Switch("profile", f"{settings.profile}, {expected or 'any'} gateway at {place}", trouble)
    ]
    try:
        account = named_account(settings)
    except ConfigError as error:
        found.append(Switch("account", "not named", str(error)))
    else:
        found += [Switch("account", str(account)), *_of_account(settings, account, now)]
    return (*found, _secret(), _halt(settings), _limits(settings))


def _of_account(settings: Settings, account: Account, now: dt.datetime | None) -> Iterator[Switch]:
    seen = open_switches(settings).arming(account)
    if seen.arming is None:
        yield Switch("arming", "not armed", seen.trouble)
    else:
        arming = seen.arming
        is_gateway_time = settings.connection.clock == "broker"
        moment = now or (arming.armed_at if is_gateway_time else _now())
        doubt = arming.doubt(moment, account, settings.profile, settings.connection.gateway)
        clock = " by the gateway's time" if is_gateway_time else ""
        until = f"{arming.until:%Y-%m-%d %H:%M} UTC{clock}"
        state = f"armed until {until}, for {arming.max_notional:,f} altogether"
        yield Switch("arming", state, doubt)
    lease = open_lease(settings, account)
    is_free = lease.is_free()
    yield Switch("lease", "free" if is_free else "held", None if is_free else lease.trouble)
    yield _tickets(settings, account)
    yield _probe(settings, account)


def _tickets(settings: Settings, account: Account) -> Switch:
    """Those that are not settled, as the journal of the profile has them."""
    if not (settings.data_dir / "journal.sqlite").exists():
        return Switch("tickets", "none yet")
    with closing(open_journal(settings)) as journal:
        unsettled = journal.book.unsettled(account.alias)
    if not unsettled:
        return Switch("tickets", "all settled")
    listed = ", ".join(f"{each.ticker} {each.state}" for each in unsettled)
    return Switch("tickets", f"not settled: {listed}; no order on these before `sellkit reconcile`")


def _probe(settings: Settings, account: Account) -> Switch:
    standing = known_standing(settings, account)
    if standing.passed_at is None:
        return Switch("probe", "not passed", standing.trouble)
    return Switch("probe", f"passed {standing.passed_at:%Y-%m-%d %H:%M} UTC", standing.trouble)


def _secret() -> Switch:
    from sellkit.adapters.switch_files import SECRET
    from sellkit.config.secret import live_secret

    if live_secret() is None:
        return Switch("secret", "not set", f"set {SECRET} where live runs start")
    return Switch("secret", f"{SECRET} is set")


def _halt(settings: Settings) -> Switch:
    halt = open_switches(settings).halt()
    if halt is None:
        return Switch("halt", "none")
    return Switch("halt", "halted", f"{halt}; `sellkit resume` ends it")


def _limits(settings: Settings) -> Switch:
    limits = desk_options(settings).limits
    if limits.unset:
        return Switch("limits", "not all set", f"set {', '.join(limits.unset)} in the settings")
    state = (
        f"{limits.max_shares:,f} shares and {limits.max_notional:,f} an order, "
        f"{limits.max_orders} orders and {limits.max_daily_notional:,f} a day"
    )
    return Switch("limits", state)


def _now() -> dt.datetime:
    from sellkit.adapters.clock import SystemClock

    return SystemClock().now()
