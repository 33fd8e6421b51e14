"""What a person has to hear of, whether anybody is looking or not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt


class AlertKind(StrEnum):
    """What an alert is about. Each is said once until it has been cleared."""

    UPSTREAM_LOST = "upstream lost"
    FARM_BROKEN = "farm broken"
    PORT_CHANGED = "port changed"
    CLIENT_ID_IN_USE = "client id in use"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    NOT_SYNCED = "not synced"
    UNREADABLE = "unreadable"
    TOO_MANY_MESSAGES = "too many messages"
    COMPETING_SESSION = "competing session"
    READ_ONLY = "read-only"
    OTHER_GATEWAY = "other gateway"
    NO_CONNECTION = "no connection for a run"
    WITHHELD_EXIT = "withheld exit"
    ORDER_UNCERTAIN = "order uncertain"
    ORDER_REJECTED = "order rejected"
    ORDER_UNFINISHED = "order unfinished"
    BOUND_ORDER = "bound order"
    UNPROTECTED = "unprotected"
    PROTECTION_GONE = "protection gone"
    POSITION_FLIPPED = "position flipped"
    UNEXPLAINED = "unexplained"
    JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert.

    Attributes
    ----------
    kind
        What it is about.
    text
        What happened and what to do, in one line; it holds no account number.
    at
        When, by this machine's clock; aware UTC.
    """

    kind: AlertKind
    text: str
    at: dt.datetime
