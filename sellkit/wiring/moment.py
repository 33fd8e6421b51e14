"""The moment and the identity of a run."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from typing import Final

from sellkit.errors import ConfigError

_RUN_ID_BYTES: Final = 4
_RUN_ID: Final = re.compile(r"[0-9a-f]{8}")

# The gateway tells whole seconds, rounded down; beyond that and two seconds the bar of an hour
# could be taken as completed before it is.
_MAX_AHEAD: Final = dt.timedelta(seconds=3)
_MAX_BEHIND: Final = dt.timedelta(seconds=-2)


def refuse_skew(ours: dt.datetime, theirs: dt.datetime) -> None:
    """See that this machine's clock and the gateway's agree.

    Raises
    ------
    ConfigError
        They differ by more than two seconds.
    """
    ahead = ours - theirs
    if _MAX_BEHIND <= ahead <= _MAX_AHEAD:
        return
    raise ConfigError(
        f"this machine's clock says {ours:%Y-%m-%d %H:%M:%S} UTC and the gateway's "
        f"{theirs:%Y-%m-%d %H:%M:%S}: set this machine's clock, or live by the gateway's with "
        'clock = "broker" in the profile'
    )


def parse_moment(text: str, name: str = "as_of") -> dt.datetime | None:
    """An ISO time with its zone as aware UTC; None for an empty text.

    Parameters
    ----------
    name
        What an error calls the text.

    Raises
    ------
    ConfigError
        Not a time, or one without a zone: nobody should have to guess whose 10 o'clock is meant.
    """
    if not text.strip():
        return None
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(
            f"{name} {text!r} is not a time; write 2025-11-28T13:00-05:00 or 2025-11-28T18:00Z"
        ) from None
    if moment.tzinfo is None:
        raise ConfigError(
            f"{name} {text!r} has no zone; write it with one, as 2025-11-28T13:00-05:00 or "
            "2025-11-28T18:00Z"
        )
    return moment.astimezone(dt.UTC)


def new_run_id() -> str:
    """Eight hex digits."""
    return secrets.token_hex(_RUN_ID_BYTES)


def checked_run_id(text: str) -> str:
    """An identity that was given, or a new one for an empty text.

    Raises
    ------
    ConfigError
        It has not the form of one.
    """
    if text and not _RUN_ID.fullmatch(text):
        raise ConfigError(f"the run id {text!r} is not eight hex digits, as 1a2b3c4d")
    return text or new_run_id()
