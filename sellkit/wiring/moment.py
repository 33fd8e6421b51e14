"""The moment and the identity of a run."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Final

from sellkit.errors import ConfigError

_RUN_ID_BYTES: Final = 4


def parse_moment(text: str) -> dt.datetime | None:
    """An ISO time with its zone as aware UTC; None for an empty text.

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
            f"as_of {text!r} is not a time; write 2025-11-28T13:00-05:00 or 2025-11-28T18:00Z"
        ) from None
    if moment.tzinfo is None:
        raise ConfigError(
            f"as_of {text!r} has no zone; write {text.strip()}Z for UTC, or -05:00 behind it"
        )
    return moment.astimezone(dt.UTC)


def new_run_id() -> str:
    """Eight hex digits."""
    return secrets.token_hex(_RUN_ID_BYTES)
