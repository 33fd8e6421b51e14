"""Puts the schedule under the system's service manager."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from sellkit.adapters.systemd_unit import SystemdUnit
    from sellkit.config import Overrides, Settings

_FLAGS = ("host", "port", "client_id", "account", "data_dir", "log_dir", "concurrency")


def plan_unit(chosen: Overrides, *, is_live: bool) -> SystemdUnit:
    """The unit that would run this schedule; nothing is written.

    What `SELLKIT_*` variables say here is left out: a service has its own environment.

    Parameters
    ----------
    chosen
        What flags say instead of the settings.
    is_live
        Whether it sends orders, where the account is armed at that time.

    Raises
    ------
    ConfigError
        A setting cannot be used, or the account is not chosen by its alias.
    """
    from sellkit.adapters.systemd_unit import schedule_unit
    from sellkit.config import load
    from sellkit.config.state_folder import unit_folder
    from sellkit.wiring.further import cron_entries

    settings = load(chosen)
    cron_entries(settings)
    words = [sys.executable, "-m", "sellkit", "schedule", "--loop"]
    words += [*(["--live"] if is_live else []), *_flags(settings, chosen)]
    return schedule_unit(unit_folder(), settings.profile, settings.root, words)


def plan_watchdog(chosen: Overrides) -> tuple[SystemdUnit, SystemdUnit]:
    """The unit that would look at this schedule's heartbeat, and its timer; nothing is written.

    Parameters
    ----------
    chosen
        As for `plan_unit`.

    Raises
    ------
    ConfigError
        A setting cannot be used, or the account is not chosen by its alias.
    """
    from sellkit.adapters.systemd_unit import watchdog_units
    from sellkit.config import load
    from sellkit.config.state_folder import unit_folder

    settings = load(chosen)
    words = [sys.executable, "-m", "sellkit", "watchdog", "--once", *_flags(settings, chosen)]
    return watchdog_units(unit_folder(), settings.profile, settings.root, words)


def write_unit(unit: SystemdUnit) -> None:
    """Write a unit where systemd looks for it.

    Raises
    ------
    ConfigError
        It cannot be written, or this system has no systemd.
    """
    from sellkit.adapters import durable_file

    if not sys.platform.startswith("linux"):
        raise ConfigError(
            "systemd is Linux's: let this system's own scheduler start it every five minutes; the "
            "README shows how for cron"
        )
    with durable_file.writing(unit.path.parent, "allow sellkit to write there"):
        durable_file.make_folder(unit.path.parent)
        durable_file.replace(unit.path, unit.text.encode())


def _flags(settings: Settings, chosen: Overrides) -> list[str]:
    """The flags that were given, with paths that hold anywhere."""
    account = chosen.account
    if account is not None and account not in settings.file.accounts:
        known = ", ".join(sorted(settings.file.accounts)) or "none"
        raise ConfigError(
            f"--account is not an alias of the settings, which have {known}: a unit holds no number"
        )
    absolute = settings.as_overrides(chosen)
    words = ["--profile", settings.profile]
    if settings.source is not None:
        words += ["--config", str(settings.source.resolve())]
    for name in _FLAGS:
        if getattr(chosen, name) is not None:
            words += [f"--{name.replace('_', '-')}", str(getattr(absolute, name))]
    return [*words, *(["--no-rth"] if chosen.rth is False else [])]
