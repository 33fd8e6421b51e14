"""Finds the account that is meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sellkit.core.portfolio import Account
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.config import Settings

_NUMBER: Final = re.compile(r"[A-Za-z]*\d+[A-Za-z]?")


def resolve_account(settings: Settings, numbers: Sequence[str]) -> Account:
    """The account that is meant, out of those that the login manages.

    An account without an alias in the settings is called as the profile is.

    Raises
    ------
    ConfigError
        The one named is not managed by the login, or none is named and there are several.
    """
    aliases = settings.file.accounts
    wanted = settings.connection.account
    if wanted is None and len(numbers) == 1:
        wanted = numbers[0]
    if wanted is None:
        raise ConfigError(
            f"this login manages {len(numbers)} accounts ({_masked(numbers)}); name them under "
            "[accounts] in the settings and choose one with --account ALIAS"
        )
    number = aliases.get(wanted, wanted)
    if number not in numbers:
        known = ", ".join(sorted(aliases)) or "none"
        raise ConfigError(
            f"account {_shown(wanted)!r} is not managed by this login, which has "
            f"{_masked(numbers)}; aliases in the settings: {known}; check --account and [accounts]"
        )
    names = [alias for alias, each in aliases.items() if each == number]
    return Account(names[0] if names else settings.profile, number)


def _masked(numbers: Sequence[str]) -> str:
    return ", ".join(f"{each[:2]}...{each[-2:]}" for each in numbers)


def _shown(wanted: str) -> str:
    """What was asked for; masked when it is a number, because messages end up in notebooks."""
    return _masked([wanted]) if _NUMBER.fullmatch(wanted) else wanted
