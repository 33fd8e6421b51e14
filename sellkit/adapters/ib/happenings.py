"""What happens to a connection, and what is then to be done: the words of `readiness`.

An event about a link carries the link's number, one about a wait or a question that of the turn
that began it, so that what comes late can be told from what is awaited.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sellkit.core.alerts import AlertKind
    from sellkit.core.portfolio import GatewayKind


class Answer(Enum):
    """How the question for the lists was answered."""

    COMPLETE = auto()
    DOUBTFUL = auto()
    """Refused, or with something in it that could not be read."""
    NONE = auto()
    """An end marker did not come in time."""


# --- events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opened:
    """A link completed its handshake and answered a first question."""

    link: int
    accounts: frozenset[str]
    kind: GatewayKind


@dataclass(frozen=True, slots=True)
class Refused:
    """A link could not be opened; `is_silent` when something took it and said nothing."""

    link: int
    reason: str
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """A link is gone."""

    link: int
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """The gateway said something unasked; the text holds no account number."""

    link: int
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A message could not be read, or what handled one failed."""

    link: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A list that somebody asked for did not come to its end."""

    link: int
    what: str


@dataclass(frozen=True, slots=True)
class Waited:
    """A wait is over."""

    turn: int


@dataclass(frozen=True, slots=True)
class Probed:
    """The gateway answered the question for its time within the time-out, or not."""

    turn: int
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Synced:
    """The lists were asked for; `problem` says what is wrong with the answer."""

    turn: int
    answer: Answer
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """One bar was asked for; whether it came, which it does not while a session competes."""

    turn: int
    has_data: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """The owner has had enough."""

    reason: str


Disturbance = Opened | Refused | Lost | Told | Unread | Unanswered | Closed
Event = Disturbance | Waited | Probed | Synced | Tried

# --- commands: at most one of those with a turn is under way, and a new one ends the one before ---


@dataclass(frozen=True, slots=True)
class Dial:
    """Open a link, and send at most so many messages a second over it."""

    turn: int
    link: int
    rate: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait for a number of seconds."""

    turn: int
    seconds: float


@dataclass(frozen=True, slots=True)
class BackOff:
    """Wait as long as is due after so many failures in a row."""

    turn: int
    failures: int


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask for the time."""

    turn: int


@dataclass(frozen=True, slots=True)
class Sync:
    """Ask for the positions and the open orders, each to its end marker."""

    turn: int


@dataclass(frozen=True, slots=True)
class Try:
    """Ask for one bar of something that is held."""

    turn: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close a link and end what is under way."""

    link: int


@dataclass(frozen=True, slots=True)
class Throttle:
    """Send at most so many messages a second over the present link."""

    rate: int


@dataclass(frozen=True, slots=True)
class Say:
    """Alert a person."""

    kind: AlertKind
    text: str


@dataclass(frozen=True, slots=True)
class CountSubscriptionsLost:
    """Whatever was subscribed to has to be subscribed to anew."""


@dataclass(frozen=True, slots=True)
class Clear:
    """The connection is ready: no alert is open any more."""


Task = Dial | Wait | BackOff | Probe | Sync | Try
Command = Task | Close | Throttle | Say | CountSubscriptionsLost | Clear
