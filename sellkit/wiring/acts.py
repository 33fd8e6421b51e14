"""Journals what a person switched, and who."""

from __future__ import annotations

import getpass
from contextlib import closing
from typing import TYPE_CHECKING

from sellkit.wiring.parts import open_journal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from sellkit.config import Settings


def note(settings: Settings, at: dt.datetime, what: str, details: Mapping[str, object]) -> None:
    """Journal an act of a person.

    Raises
    ------
    JournalError
        The journal cannot be written.
    """
    with closing(open_journal(settings)) as journal:
        journal.record_event(what, at, f"by {who()}", details)


def who() -> str:
    """Who is at the keyboard, by the system's name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account of the system without a name
        return "somebody"


def machine_now() -> dt.datetime:
    """This machine's time, aware UTC."""
    from sellkit.adapters.clock import SystemClock

    return SystemClock().now()
