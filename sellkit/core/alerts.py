"""What a person has to hear of, whether anybody is looking or not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

ORDERS: Final = "orders"
"""Whose the alerts are that come of sending orders, or of a look at what became of them."""


class Ending(StrEnum):
    """What ends an alert, each kind in one way; what a person does comes before it."""

    CONNECTED = (
        "it ends when the client that it names is connected again: `sellkit run` connects the "
        "profile's client_id, `sellkit status` its viewer_client_id"
    )
    DECIDED = "it ends with the run that decides on the position again"
    SENT = "it ends with the next live run that decides on the position and withholds nothing"
    SETTLED = "it ends when `sellkit reconcile`, a live run or your word settles the ticket"
    EXPLAINED = "it ends when `sellkit reconcile`, or a live run, finds everything explained"
    COMPLETED = "it ends with the next run that comes to its end"
    ROOM = "it ends when there is room again"
    TOLD = "it tells of what has happened, and is over with that"
    SEEN = "it ends with the `sellkit reconcile` that finds everything settled"


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
    UNDECIDED = "undecided"
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
    DISCONNECTED = "disconnected"
    RUN_FAILED = "run failed"
    UNASSIGNED = "unassigned"
    LOW_DISK = "low disk"
    SIGNAL = "signal"
    ORDER = "order"
    FILL = "fill"
    LOGIN_DUE = "weekly login due"
    CONNECTED_AGAIN = "connected again"


class Level(StrEnum):
    """How loudly an alert is said."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    def is_at_least(self, other: Level) -> bool:
        """Whether it is as loud as another level."""
        order = list(Level)
        return order.index(self) >= order.index(other)


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


REMEDIES: Final[Mapping[AlertKind, tuple[str, Ending]]] = {
    AlertKind.UPSTREAM_LOST: (
        "the gateway has lost Interactive Brokers: wait some minutes, then see to its network",
        Ending.CONNECTED,
    ),
    AlertKind.FARM_BROKEN: (
        "their data are away: wait; restart the gateway where it lasts in a session",
        Ending.CONNECTED,
    ),
    AlertKind.PORT_CHANGED: (
        "write the gateway's new port into the profile, or set the old one again",
        Ending.CONNECTED,
    ),
    AlertKind.CLIENT_ID_IN_USE: (
        "end the other program of this client id, or give this one another",
        Ending.CONNECTED,
    ),
    AlertKind.UNREACHABLE: (
        "start the gateway, or log in to it; `sellkit doctor` asks the port",
        Ending.CONNECTED,
    ),
    AlertKind.SILENT: (
        "it takes connections and answers nothing: restart the gateway",
        Ending.CONNECTED,
    ),
    AlertKind.NOT_SYNCED: (
        "it does not tell its lists to their ends: restart the gateway where it lasts",
        Ending.CONNECTED,
    ),
    AlertKind.UNREADABLE: (
        "see that a gateway stands on that port, of a version that is known: `sellkit doctor`",
        Ending.CONNECTED,
    ),
    AlertKind.TOO_MANY_MESSAGES: (
        "end other programs that ask this gateway; sellkit has slowed down by itself",
        Ending.CONNECTED,
    ),
    AlertKind.COMPETING_SESSION: (
        "log out where else this login is in use: TWS, the web, the phone",
        Ending.CONNECTED,
    ),
    AlertKind.READ_ONLY: (
        "clear Read-Only API in the gateway, under Configure > Settings > API",
        Ending.CONNECTED,
    ),
    AlertKind.OTHER_GATEWAY: ("start the gateway that the profile names", Ending.CONNECTED),
    AlertKind.NO_CONNECTION: (
        "the hour was not decided: start the gateway or log in to it, then `sellkit run`",
        Ending.CONNECTED,
    ),
    AlertKind.UNDECIDED: (
        "nobody watches that position: mend what the alert says, or watch it by hand in TWS",
        Ending.DECIDED,
    ),
    AlertKind.WITHHELD_EXIT: ("mend what the alert says, or close by hand in TWS", Ending.SENT),
    AlertKind.ORDER_UNCERTAIN: (
        "look into TWS; `sellkit reconcile`, or, where that leaves it open, "
        "`sellkit tickets resolve`",
        Ending.SETTLED,
    ),
    AlertKind.ORDER_REJECTED: ("`sellkit explain CODE` says what a code means", Ending.SEEN),
    AlertKind.ORDER_UNFINISHED: ("see in TWS what is still held", Ending.SEEN),
    AlertKind.BOUND_ORDER: ("place what was cancelled anew in TWS if it is wanted", Ending.SEEN),
    AlertKind.UNPROTECTED: ("place what was cancelled anew in TWS if it is wanted", Ending.SEEN),
    AlertKind.PROTECTION_GONE: ("place it anew in TWS if it is wanted", Ending.SEEN),
    AlertKind.POSITION_FLIPPED: (
        "put the position right by hand in TWS; `sellkit resume` ends the halt",
        Ending.SEEN,
    ),
    AlertKind.UNEXPLAINED: ("`sellkit reconcile` shows both sides", Ending.EXPLAINED),
    AlertKind.JOURNAL: ("see to the disk; `sellkit audit verify`", Ending.SEEN),
    AlertKind.DISCONNECTED: (
        "nothing is decided meanwhile: see to the gateway, its login and the network",
        Ending.CONNECTED,
    ),
    AlertKind.RUN_FAILED: (
        "`sellkit runs open RUN` shows the error in its notebook; `sellkit run` decides anew",
        Ending.COMPLETED,
    ),
    AlertKind.UNASSIGNED: (
        "nobody watches that position: `sellkit assign` gives it an average",
        Ending.DECIDED,
    ),
    AlertKind.LOW_DISK: (
        "make room: without it nothing can be journalled, and nothing is sent",
        Ending.ROOM,
    ),
    AlertKind.SIGNAL: ("nothing, or look at the run's notebook", Ending.TOLD),
    AlertKind.ORDER: ("nothing", Ending.TOLD),
    AlertKind.FILL: ("nothing", Ending.TOLD),
    AlertKind.LOGIN_DUE: ("log in to the gateway by hand before the next session", Ending.TOLD),
    AlertKind.CONNECTED_AGAIN: ("nothing", Ending.TOLD),
}
"""What a person does about each kind of alert, and what ends it."""

_CRITICAL: Final = frozenset(
    {
        *(AlertKind.WITHHELD_EXIT, AlertKind.ORDER_UNCERTAIN, AlertKind.ORDER_REJECTED),
        *(AlertKind.UNPROTECTED, AlertKind.PROTECTION_GONE, AlertKind.POSITION_FLIPPED),
        *(AlertKind.UNEXPLAINED, AlertKind.JOURNAL, AlertKind.DISCONNECTED),
        *(AlertKind.RUN_FAILED, AlertKind.OTHER_GATEWAY),
    }
)
_INFO: Final = frozenset(
    {AlertKind.SIGNAL, AlertKind.ORDER, AlertKind.FILL, AlertKind.CONNECTED_AGAIN}
)
IN_DRY_RUNS: Final = " in dry runs"
"""How the source of an alert ends that only runs tell which send nothing."""


def level(kind: str, source: str) -> Level:
    """How loudly an alert is said; nothing that a dry run withholds is critical.

    Parameters
    ----------
    kind
        What it is about; of an earlier sellkit's kinds nothing is known any more.
    source
        Whose it is.
    """
    if kind in _INFO:
        return Level.INFO
    is_critical = kind in _CRITICAL and not source.endswith(IN_DRY_RUNS)
    return Level.CRITICAL if is_critical else Level.WARNING


def words(text: str) -> str:
    """A text without its figures: another price is no other reason."""
    return re.sub(r"\d[\d.,:]*", "#", text)


def todo(kind: str) -> str:
    """What a person does about an alert, in short."""
    return REMEDIES[AlertKind(kind)][0] if kind in REMEDIES else "see what it says"


def remedy(kind: AlertKind) -> str:
    """What to do about an alert, and what ends it, in one line."""
    todo, ending = REMEDIES[kind]
    return f"{todo}; {ending}"


def kinds_that_end(ending: Ending) -> frozenset[AlertKind]:
    """The kinds of alerts that end in one way."""
    return frozenset(kind for kind, (_, each) in REMEDIES.items() if each is ending)
