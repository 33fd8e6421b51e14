"""Sets the log up: a file for each day, former ones archived, nothing in it that is nobody's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.adapters.daily_file import DailyFile
    from sellkit.config import Settings
    from sellkit.core.redaction import Redaction

_LONG: Final = 16


def open_log(settings: Settings, run_id: str = "", *, is_quiet: bool = False) -> None:
    """Send this process's events to the log of a profile.

    Parameters
    ----------
    settings
        The profile's.
    run_id
        The run that they belong to.
    is_quiet
        Nothing to standard error.

    Raises
    ------
    ConfigError
        The folder cannot be written to.
    """
    from sellkit.logs import configure

    configure(
        settings.log_dir,
        run_id,
        is_quiet=is_quiet,
        lines=log_file(settings),
        hide=redaction(settings),
    )


def log_file(settings: Settings) -> DailyFile:
    """The log, to be written or read."""
    from sellkit.adapters.daily_file import DailyFile
    from sellkit.logs import NAME

    return DailyFile(settings.log_dir / NAME, keep_days=settings.file.logs.keep_days)


def redaction(settings: Settings) -> Redaction:
    """What takes out of a text the accounts of the settings and every secret in reach."""
    from sellkit.config.secret import secrets_in_reach
    from sellkit.core.redaction import Redaction

    hidden = secrets_in_reach()
    return Redaction(
        settings.file.accounts, hidden | {part for each in hidden for part in _of(each)}
    )


def _of(address: str) -> Iterator[str]:
    """The parts of an address that are secret by themselves: its password, and long tokens.

    A short one, a topic's name for instance, is a word of any other text, too.
    """
    try:
        split = urlsplit(address)
    except ValueError:
        return
    if split.password:
        yield split.password
    yield from (each for each in re.split(r"[/:@?&=,]+", address) if len(each) >= _LONG)
