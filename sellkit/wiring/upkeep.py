"""When a profile's gateway is away by plan, and how long it is waited for then."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sellkit.core.upkeep import LOGIN, RESTART, Upkeep, Window

if TYPE_CHECKING:
    from sellkit.config import Settings
    from sellkit.config.schema import ProfileSettings


def upkeep_of(profile: ProfileSettings) -> Upkeep:
    """The windows that a profile names.

    Parameters
    ----------
    profile
        Its settings, which were checked when they were read.
    """
    restart, lasts = profile.restart_at, dt.timedelta(minutes=profile.restart_minutes)
    daily = None if restart is None else Window.parse(RESTART, restart, lasts)
    return Upkeep.of([daily, login_window(profile)])


def login_window(profile: ProfileSettings) -> Window | None:
    """The weekly login that a profile names; None where it names none."""
    due = dt.timedelta(hours=profile.login_grace_hours)
    return None if profile.login_at is None else Window.parse(LOGIN, profile.login_at, due)


def patience_seconds(settings: Settings, now: dt.datetime) -> float:
    """How long a run waits for its gateway: through a restart that is under way, and as usual.

    Parameters
    ----------
    now
        The machine's time, aware UTC.
    """
    usual = settings.file.requests.patience_seconds
    ends = upkeep_of(settings.connection).restart_ends(now)
    return usual if ends is None else usual + (ends - now).total_seconds()
