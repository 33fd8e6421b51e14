"""Sets the log up: a file for each day, former ones archived, nothing in it that is nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sellkit.adapters.daily_file import DailyFile
    from sellkit.config import Settings
    from sellkit.core.redaction import Redaction


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

    return Redaction(settings.file.accounts, secrets_in_reach())
