"""Arming, disarming, halting, resuming: what a person switches, carried out and journalled."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from sellkit.core.arming import LONGEST_ARMING, Arming
from sellkit.core.limits import Foreign
from sellkit.core.portfolio import Account, GatewayKind, is_paper_number
from sellkit.errors import ConfigError
from sellkit.wiring.acts import note
from sellkit.wiring.live import open_halt, open_sender, open_switches
from sellkit.wiring.moment import parse_moment
from sellkit.wiring.moving import moved_here
from sellkit.wiring.parts import desk_options

if TYPE_CHECKING:
    from sellkit.config import Overrides, Settings

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
    moved
        What it changes about which profile sends for the account, in words; None where nothing.
    """

    settings: Settings
    account: Account
    arming: Arming
    not_covered: tuple[str, ...]
    moved: str | None = None

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
        sender = open_sender(self.settings, self.account)
        if self.moved is not None:
            details["moved"] = self.moved
        note(self.settings, arming.armed_at, "arm", details)
        if self.moved is None:
            sender.claim()
        else:
            sender.move()
        open_switches(self.settings).arm(arming)


def plan_arming(
    chosen: Overrides, until: str, max_notional: str, *, is_moved: bool = False
) -> PlannedArming:
    """Read what is to be armed; nothing is written.

    Parameters
    ----------
    until
        An ISO time with its zone, or a span from now: `6h`, `2d`.
    max_notional
        How much may be sold altogether.
    is_moved
        Whether this profile is to send for the account where another one did.

    Raises
    ------
    ConfigError
        The account is not named, the gateway does not fit it, the secret is missing, a value
        cannot be used, or another profile sends for the account and still does.
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
    with open_clock(settings, is_patient=False) as clock:
        now = clock.now()
    moved = moved_here(open_sender(settings, account), now, is_wanted=is_moved)
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
    return PlannedArming(settings, account, arming, tuple(_not_covered(settings, arming)), moved)


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
        told = parse_moment(text, "--until")
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
        _not_covered_of_others(limits.foreign),
        f"a process whose {_secret_name()} is another one or not set, or a run without --live",
        "a gateway that has not passed the probe",
        "any order that one of the gates withholds: each passes all of them, every time",
    ]
    lines += [f"anything, before {name} is set in the settings" for name in limits.unset]
    halted = open_halt(settings).halt()
    return lines if halted is None else [*lines, f"anything, while it is {halted}"]


def _not_covered_of_others(foreign: Foreign) -> str:
    if foreign is Foreign.BIND:
        return (
            "positions on which orders of other API clients rest; but it does cover that orders "
            'placed by hand are bound, all of the login, and cancelled before a close ("bind")'
        )
    return "positions on which orders rest that sellkit did not place"


def _secret_name() -> str:
    from sellkit.adapters.switch_files import SECRET

    return SECRET
