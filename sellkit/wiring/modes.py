"""Every switch of live mode, and what would be allowed now, as far as no gateway is asked."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.errors import ConfigError
from sellkit.wiring.live import open_halt, open_lease, open_sender, open_switches
from sellkit.wiring.parts import desk_options, open_journal
from sellkit.wiring.probed import known_standing
from sellkit.wiring.switching import named_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
    place
        The file that it stands in; None of one that is no file.
    """

    name: str
    state: str
    trouble: str | None = None
    place: Path | None = None


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
    return (*found, _secret(), _halt(settings), _limits(settings), _state(settings))


def _of_account(settings: Settings, account: Account, now: dt.datetime | None) -> Iterator[Switch]:
    switches = open_switches(settings)
    seen, place = switches.arming(account), switches.arming_path(account)
    if seen.arming is None:
        yield Switch("arming", "not armed", seen.trouble, place)
    else:
        arming = seen.arming
        is_gateway_time = settings.connection.clock == "broker"
        moment = now or (arming.armed_at if is_gateway_time else _now())
        doubt = arming.doubt(moment, account, settings.profile, settings.connection.gateway)
        clock = " by the gateway's time" if is_gateway_time else ""
        until = f"{arming.until:%Y-%m-%d %H:%M} UTC{clock}"
        state = f"armed until {until}, for {arming.max_notional:,f} altogether"
        yield Switch("arming", state, doubt, place)
    yield _sender(settings, account)
    lease = open_lease(settings, account)
    is_free = lease.is_free()
    trouble = None if is_free else lease.trouble
    yield Switch("lease", "free" if is_free else "held", trouble, lease.path)
    yield _tickets(settings, account)
    yield _probe(settings, account)


def _sender(settings: Settings, account: Account) -> Switch:
    sender = open_sender(settings, account)
    former = sender.former()
    if former is not None:
        state = f"the profile {former[0]}"
    else:
        state = "this profile" if sender.path.exists() else "nobody yet"
    return Switch("sender", state, sender.trouble, sender.path)


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
    passed = standing.passed_at
    state = "not passed" if passed is None else f"passed {passed:%Y-%m-%d %H:%M} UTC"
    return Switch("probe", state, standing.trouble, settings.data_dir / "probe.json")


def _secret() -> Switch:
    from sellkit.adapters.switch_files import SECRET
    from sellkit.config.secret import live_secret, secret_places

    if live_secret() is None:
        remedy = f"set {SECRET}, or write the file live_secret, where live runs start"
        return Switch("secret", "not set", remedy)
    return Switch("secret", f"{secret_places().get('live_secret', SECRET)} is set")


def _halt(settings: Settings) -> Switch:
    switches = open_halt(settings)
    halt, place = switches.halt(), switches.halt_path
    if halt is None:
        return Switch("halt", "none", None, place)
    return Switch("halt", "halted", f"{halt}; `sellkit resume` ends it", place)


def _state(settings: Settings) -> Switch:
    if settings.state_dir.is_relative_to(settings.data_dir):
        return Switch("state", f"{settings.state_dir}, of this profile alone")
    who = "all of your processes on this machine"
    return Switch("state", f"{settings.state_dir}, of {who} (SELLKIT_STATE_DIR names another)")


def _limits(settings: Settings) -> Switch:
    limits = desk_options(settings).limits
    if limits.unset:
        unset = f"set {', '.join(limits.unset)} in the settings"
        return Switch("limits", "not all set", unset, settings.source)
    state = (
        f"shares up to {limits.max_shares:,f} and {limits.max_notional:,f} an order, "
        f"orders up to {limits.max_orders} and {limits.max_daily_notional:,f} a day"
    )
    return Switch("limits", state, None, settings.source)


def _now() -> dt.datetime:
    from sellkit.adapters.clock import SystemClock

    return SystemClock().now()
