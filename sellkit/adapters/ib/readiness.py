"""What is remembered of a connection, by which rules it is held, and whether it is ready."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from sellkit.adapters.ib import happenings as have

if TYPE_CHECKING:
    from sellkit.adapters.ib.happenings import Command
    from sellkit.adapters.ib.notices import Farm
    from sellkit.adapters.ib.returning import Returning
    from sellkit.core.alerts import AlertKind
    from sellkit.core.portfolio import GatewayKind

FASTEST: Final = 45
"""Messages a second at first, as the library has it; the gateway's own limit is 50."""

SLOWEST: Final = 5
"""Messages a second at the least: with fewer a probe would wait behind the rest for too long."""


class Stage(Enum):
    """What is being done. From `CUT` on a link is open, and only in `STANDING` may it be ready."""

    RESTING = auto()
    DIALLING = auto()
    CUT = auto()
    SETTLING = auto()
    PROBING = auto()
    SYNCING = auto()
    RETRYING = auto()
    STANDING = auto()
    TRYING = auto()
    ENDED = auto()


UNLINKED: Final = frozenset({Stage.RESTING, Stage.ENDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By what a connection is held.

    Attributes
    ----------
    address
        Host and port, for messages.
    client_id
        As whom, for messages; there is never another one.
    returning
        The patience.
    is_lasting
        Whether it comes back after a loss, and is tried again when it cannot be had at once.
    trusts_start
        Whether the first epoch may be used before its lists were read: somebody is about to read
        them himself.
    expected
        What has to stand at the other end; None is anything.
    sends_orders
        Whether orders are sent over it.
    """

    address: str
    client_id: int
    returning: Returning
    is_lasting: bool = True
    trusts_start: bool = False
    expected: GatewayKind | None = None
    sends_orders: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that is remembered of a connection.

    Attributes
    ----------
    link, turn
        Numbers of the latest link and of what is under way; what carries another one is late.
    awaits
        The kind of what is under way.
    epoch
        Links that completed their handshake.
    reason
        Why there is no link, or why the lists have to be read anew.
    failures
        In a row, since a probe last found the connection ready.
    upstream
        What the gateway said when it lost Interactive Brokers; "" while it has not.
    farms
        The data farms that are broken.
    competing
        What the gateway said of a competing session; "" when there is none. It is over when a bar
        came, when the market data's farm or Interactive Brokers is said to be back, and on a new
        link.
    read_only
        What the gateway said on this link when it refused something because it is read-only; ""
        while it has not. A gateway that is read-only and was asked for nothing else is well.
    unread
        Whether a message could not be read since the lists were last asked for.
    probes
        In a row, of which a limit has to be kept: unanswered while cut off, else answered while a
        session competes.
    rate, breaches
        Messages a second, and how often that was too much on this link.
    identity
        Accounts and kind of the first epoch.
    alerts
        Those that were said and not cleared.
    held_back, upkeep
        What was not said because it was to be expected, and of what it was a part; said should the
        connection not be ready again when that is over.
    """

    stage: Stage = Stage.RESTING
    link: int = 0
    turn: int = 0
    awaits: type[Command] = have.Wait
    epoch: int = 0
    reason: str = "it has not been opened yet"
    failures: int = 0
    upstream: str = ""
    farms: frozenset[Farm] = frozenset()
    competing: str = ""
    read_only: str = ""
    unread: bool = False
    probes: int = 0
    rate: int = FASTEST
    breaches: int = 0
    identity: tuple[frozenset[str], GatewayKind] | None = None
    alerts: frozenset[AlertKind] = frozenset()
    held_back: tuple[have.Say, ...] = ()
    upkeep: str = ""


def why_not(state: State, rules: Rules) -> str:
    """Why the connection is not ready; "" when it is."""
    if state.stage in UNLINKED or state.stage is Stage.DIALLING:
        return state.reason
    if state.upstream:
        return (
            f"the gateway on {rules.address} has lost Interactive Brokers ({state.upstream}); "
            "wait until it is back, then ask again"
        )
    if state.stage is not Stage.STANDING:
        return state.reason
    if state.farms:
        return f"the farm {', '.join(str(each) for each in sorted(state.farms))} is broken"
    return state.competing or state.read_only
