"""What a watch knows at one minute: each position as `status` tells it, and how old that is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.counting import counted
from sellkit.core.portfolio import Side
from sellkit.core.signals import Decision

if TYPE_CHECKING:
    from decimal import Decimal

    from sellkit.core.bars import Slot
    from sellkit.core.instrument import Token
    from sellkit.core.pacing import Usage
    from sellkit.core.portfolio import OpenOrder
    from sellkit.core.snapshot import SnapshotRow

MINUTE: Final = dt.timedelta(minutes=1)
_STOPPING: Final = ("STP", "TRAIL")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WatchedRow:
    """A position as it was last known.

    Attributes
    ----------
    row
        What `status` would tell of it.
    bar
        The last completed bar that is known; None when there is none.
    refreshed_at
        When what is shown was asked for; None when nothing has come since the watch began, and
        what is shown is what was stored before. Aware UTC.
    trouble
        Why it could not be refreshed since, or ""; what is shown is then as old as it says.
    advice
        What a person can do about a row that cannot be judged, or "".
    withheld
        What stands against its order in live mode beside the verdict and the switches; empty where
        nothing does, and where that was not asked.
    """

    row: SnapshotRow
    bar: Slot | None
    refreshed_at: dt.datetime | None
    trouble: str = ""
    advice: str = ""
    withheld: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{self.row!r}{f' · {self.trouble}' if self.trouble else ''}"

    @property
    def con_id(self) -> int:
        """The contract, by which minutes and orders are tied to a position."""
        return self.row.position.instrument.con_id

    @property
    def token(self) -> Token:
        return self.row.position.instrument.token

    @property
    def decision(self) -> Decision:
        return self.row.signal.decision

    @property
    def is_stale(self) -> bool:
        """Whether the last refresh failed, so that older values are shown."""
        return bool(self.trouble)

    @property
    def stops(self) -> tuple[Decimal, ...]:
        """Stop prices of the orders on this very contract that would end the position."""
        found = (each.stop_price for each in self._ending)
        return tuple(each for each in found if each is not None)

    @property
    def untold_stops(self) -> tuple[str, ...]:
        """Types of such orders whose price was not told, as of a trail that has not begun."""
        untold = (each.order_type for each in self._ending if each.stop_price is None)
        return tuple(each for each in untold if each.upper().startswith(_STOPPING))

    @property
    def _ending(self) -> tuple[OpenOrder, ...]:
        ending = Side.SELL if self.row.position.quantity > 0 else Side.BUY
        return tuple(each for each in self.row.open_orders if each.side is ending)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What a person has to know of it: trouble, or else doubt and what to do about it."""
        if self.trouble:
            return (self.trouble,)
        doubts = self.row.signal.reasons if self.decision is Decision.UNDECIDED else ()
        return tuple(each for each in (*doubts, self.advice) if each)

    def age(self, now: dt.datetime) -> dt.timedelta | None:
        """How old what is shown is; None when it has not been refreshed at all."""
        if self.refreshed_at is None:
            return None
        return max(now - self.refreshed_at, dt.timedelta())


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Watched:
    """All positions at one minute; nothing in it changes later.

    Attributes
    ----------
    account
        The account's alias.
    minute
        How many minutes have begun since the watch did, this one included.
    due
        The beginning of this minute, aware UTC.
    refreshed_at
        When the positions were last asked for; None when they never came.
    rows
        In display order.
    orders
        Every open order of the account, also one on a contract that is not held.
    skipped
        Minutes that began without a refresh since the watch did.
    requests
        Questions for bars in this minute.
    seconds
        How long its refresh took.
    usage
        The budget of requests; None when it could not be read.
    trouble
        What keeps all rows from being refreshed, or "".
    """

    account: str
    minute: int
    due: dt.datetime
    refreshed_at: dt.datetime | None = None
    rows: tuple[WatchedRow, ...] = ()
    orders: tuple[OpenOrder, ...] = ()
    skipped: int = 0
    requests: int = 0
    seconds: float = 0.0
    usage: Usage | None = None
    trouble: str = ""

    @property
    def stale(self) -> tuple[WatchedRow, ...]:
        """The rows that could not be refreshed."""
        return tuple(each for each in self.rows if each.is_stale)

    def __repr__(self) -> str:
        told = [f"{self.account}, minute {self.minute}, {self.due:%Y-%m-%d %H:%M} UTC: "]
        told[0] += self.trouble or f"{counted(len(self.rows), 'position')}, {len(self.stale)} stale"
        return "\n".join([*told, *(f"{each.decision:<9} {each.token}" for each in self.rows)])


def minute_of(instant: dt.datetime) -> dt.datetime:
    """The beginning of the minute in which an instant lies."""
    return instant.replace(second=0, microsecond=0)
