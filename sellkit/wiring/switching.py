"""Arming, disarming, halting, resuming: what a person switches, carried out and journalled."""

from __future__ import annotations

import datetime as dt
import getpass
import re
import secrets
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sellkit.core.arming import LONGEST_ARMING, Arming, Halt
from sellkit.core.portfolio import Account, GatewayKind, is_paper_number
from sellkit.errors import ConfigError
from sellkit.wiring.live import open_switches
from sellkit.wiring.moment import parse_moment
from sellkit.wiring.parts import desk_options, open_journal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sellkit.config import Overrides, Settings
    from sellkit.ports.switches import Switches

_SPAN: Final = re.compile(r"(\d{1,3})([hd])")
_ID_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class PlannedArming:
    """An arming that nobody has confirmed yet.

    Attributes
    ----------
    account
        The one to be typed.
    arming
        The record that would be written.
    not_covered
        What it does not allow, a line each.
    """

    settings: Settings
    account: Account
    arming: Arming
    not_covered: tuple[str, ...]

    def carry_out(self) -> None:
        """Journal the arming and write its record.

        Raises
        ------
        ConfigError
            The secret is missing or short, or the record cannot be written; nothing is armed.
        JournalError
            The journal cannot be written; nothing is armed.
        """
        arming = self.arming
        details = {
            "arming_id": arming.arming_id,
            "profile": arming.profile,
            "account": arming.account,
            "until": arming.until.isoformat(),
            "max_notional": str(arming.max_notional),
        }
        _note(self.settings, arming.armed_at, "arm", details)
        open_switches(self.settings).arm(arming)


def plan_arming(chosen: Overrides, until: str, max_notional: str) -> PlannedArming:
    """Read what is to be armed; nothing is written.

    Parameters
    ----------
    until
        An ISO time with its zone, or a span from now: `6h`, `2d`.
    max_notional
        How much may be sold altogether.

    Raises
    ------
    ConfigError
        The account is not named, the gateway does not fit it, the secret is missing, or a value
        cannot be used.
    """
    from sellkit.config import load
    from sellkit.wiring.runs import open_clock

    settings = load(chosen)
    account, gateway = named_account(settings), _expected(settings)
    open_switches(settings).secret()  # before anybody types for nothing
    if gateway is not GatewayKind.SIMULATED and is_paper_number(account.number) is (
        gateway is GatewayKind.LIVE
    ):
        raise ConfigError(
            f"{account} is {'a paper' if gateway is GatewayKind.LIVE else 'no paper'} account by "
            f"its number, and the profile {settings.profile} expects a {gateway} gateway"
        )
    amount = _amount(max_notional)
    with open_clock(settings) as clock:
        now = clock.now()
    arming = Arming(
        arming_id=secrets.token_hex(_ID_BYTES),
        profile=settings.profile,
        account=account.alias,
        fingerprint=account.fingerprint,
        gateway=gateway,
        armed_at=now,
        until=parse_until(until, now),
        max_notional=amount,
    )
    return PlannedArming(settings, account, arming, tuple(_not_covered(settings, arming)))


def parse_until(text: str, now: dt.datetime) -> dt.datetime:
    """The end of an arming, aware UTC.

    Raises
    ------
    ConfigError
        It is no time or span, lies in the past, or more than five days ahead.
    """
    span = _SPAN.fullmatch(text.strip())
    if span:
        hours = int(span[1]) * (24 if span[2] == "d" else 1)
        until = now + dt.timedelta(hours=hours)
    else:
        told = parse_moment(text)
        if told is None:
            raise ConfigError("--until is empty; write a time with its zone, or 6h, or 2d")
        until = told
    if until <= now:
        raise ConfigError(f"--until {text} is not after the present, {now:%Y-%m-%d %H:%M} UTC")
    if until - now > LONGEST_ARMING:
        raise ConfigError(
            f"--until {text} is more than {LONGEST_ARMING.days} days ahead: arm for less, and again"
        )
    return until


def disarm(chosen: Overrides, *, is_every: bool) -> tuple[str, ...]:
    """Remove the arming of the account, or every one; the aliases that were armed."""
    from sellkit.config import load

    settings = load(chosen)
    account = None if is_every else named_account(settings)
    found = open_switches(settings).disarm(account)
    for alias in found:
        _note(settings, _machine_now(), "disarm", {"account": alias})
    return found


def halt(chosen: Overrides, reason: str) -> Halt:
    """Halt every process; the halt that is in force, which may be an earlier one.

    It is not journalled yet: it has to hold where the journal cannot be written, too.
    """
    from sellkit.config import load

    return _halted(open_switches(load(chosen)), reason)


def halt_without_settings(chosen: Overrides, reason: str) -> Halt:
    """As `halt`, where the settings cannot be used: in the folder that does not hang on them."""
    from sellkit.adapters.switch_files import SwitchFiles
    from sellkit.config import Overrides
    from sellkit.config.state_folder import state_folder

    named = chosen.over(Overrides.from_environment()).state_dir
    folder = state_folder() if named is None else Path(named).expanduser().absolute()
    return _halted(SwitchFiles(folder, None), reason)


def note_halt(chosen: Overrides, reason: str) -> None:
    """Journal a halt.

    Raises
    ------
    JournalError
        The journal cannot be written; the halt is in force all the same.
    """
    from sellkit.config import load

    settings = load(chosen)
    details = {"profile": settings.profile, "reason": reason}
    _note(settings, _machine_now(), "halt", details)


def current_halt(chosen: Overrides) -> Halt | None:
    """The halt that is in force."""
    from sellkit.config import load

    return open_switches(load(chosen)).halt()


def resume(chosen: Overrides, reason: str) -> None:
    """End the halt."""
    from sellkit.config import load

    settings = load(chosen)
    _note(settings, _machine_now(), "resume", {"profile": settings.profile, "reason": reason})
    open_switches(settings).clear_halt()


def named_account(settings: Settings) -> Account:
    """The account by its alias; live mode takes no other way to name it.

    Raises
    ------
    ConfigError
        None is named, or the name is not in the settings.
    """
    aliases, wanted = settings.file.accounts, settings.connection.account
    known = ", ".join(sorted(aliases)) or "none"
    if wanted is None:
        raise ConfigError(f"name the account with --account ALIAS; the settings have {known}")
    if wanted not in aliases:
        raise ConfigError(
            "--account is not an alias of the settings, which live mode needs; they have "
            f"{known}: add it under [accounts]"
        )
    return Account(wanted, aliases[wanted])


def _halted(switches: Switches, reason: str) -> Halt:
    wanted = Halt(_machine_now(), f"a person ({_who()})", reason)
    switches.set_halt(wanted)
    return switches.halt() or wanted


def _expected(settings: Settings) -> GatewayKind:
    found = settings.connection.gateway
    if found is None:
        raise ConfigError(
            f"the profile {settings.profile} does not say which gateway it expects: set gateway "
            'to "paper" or "live"'
        )
    return found


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0:
        raise ConfigError(f"--max-notional {text} is not a number above 0, written as 50000")
    return amount


def _not_covered(settings: Settings, arming: Arming) -> list[str]:
    limits = desk_options(settings).limits
    lines = [
        f"any account but {arming.account}, and any profile but {arming.profile}",
        f"anything after {arming.until:%Y-%m-%d %H:%M} UTC, or beyond {arming.max_notional:,f} "
        "altogether",
        "short positions, options, futures, and fractions of a share",
        "positions on which orders rest that sellkit did not place",
        f"a process whose {_secret_name()} is another one or not set, or a run without --live",
        "a gateway that has not passed the probe",
        "any order that one of the gates withholds: each passes all of them, every time",
    ]
    lines += [f"anything, before {name} is set in the settings" for name in limits.unset]
    halted = open_switches(settings).halt()
    return lines if halted is None else [*lines, f"anything, while it is {halted}"]


def _secret_name() -> str:
    from sellkit.adapters.switch_files import SECRET

    return SECRET


def _note(settings: Settings, at: dt.datetime, what: str, details: Mapping[str, object]) -> None:
    with closing(open_journal(settings)) as journal:
        journal.record_event(what, at, f"by {_who()}", details)


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account of the system without a name
        return "somebody"


def _machine_now() -> dt.datetime:
    from sellkit.adapters.clock import SystemClock

    return SystemClock().now()
