"""What the gates of live mode see beside what every gate sees."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sellkit.core.lifecycle import TicketState

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from sellkit.core.arming import ArmingSeen, Halt
    from sellkit.core.portfolio import GatewayKind
    from sellkit.core.tickets import TicketRecord

_ENDED_IN_PART: Final = frozenset(
    {
        *(TicketState.CANCELLED, TicketState.EXPIRED, TicketState.REJECTED),
        *(TicketState.NOT_RECEIVED, TicketState.ABANDONED),
    }
)


@dataclass(frozen=True, slots=True)
class ProbeStanding:
    """Whether this gateway has passed the probe.

    Attributes
    ----------
    passed_at
        When it did, aware UTC; None when it did not.
    trouble
        Why that does not do, and what to do next; None exactly when it does.
    """

    passed_at: dt.datetime | None
    trouble: str | None = None

    def __post_init__(self) -> None:
        if self.passed_at is None and self.trouble is None:
            raise ValueError("a probe that has not been passed needs its reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFacts:
    """All that a gate of live mode may see. That it is there at all means that live was asked for.

    The farms of the gateway are not among it: while one is broken the connection is not ready, as
    `Facts.standing` says.

    Attributes
    ----------
    is_named
        Whether a setting or a flag names the account, rather than that it is the only one.
    is_managed
        Whether the login manages it.
    profile, expected, port
        The profile, the kind of gateway that it expects (None: any), and its port.
    gateway
        The kind that stands there.
    arming
        The arming of the account, or why there is none.
    halt
        The halt that is in force; None while there is none.
    lease_trouble
        Why this process does not hold the lease on the account; None when it does.
    probe
        Whether this gateway passed the probe.
    clock_skew
        By how much this machine's clock is ahead of the gateway's beyond what the two resolve;
        negative when it is behind.
    records_epoch
        The connection over which open orders, completed orders, executions and positions were read,
        each to its end marker; None when they were not.
    reconciled_epoch
        The connection over which the journal was held against the gateway since the last orders of
        this process; None when it was not.
    unsettled
        Every ticket of the account that has not ended.
    orders_today
        Orders of this account that were claimed in this day, by every process.
    notional_today, notional_armed
        What they may sell, of this day and under the present arming, in the instruments' currency;
        None when it cannot be told of one of them.
    confirmed
        The ids of tickets that a person wants though many signal at once.
    """

    is_named: bool
    is_managed: bool
    profile: str
    expected: GatewayKind | None
    port: int
    gateway: GatewayKind
    arming: ArmingSeen
    halt: Halt | None
    lease_trouble: str | None
    probe: ProbeStanding
    clock_skew: dt.timedelta
    records_epoch: int | None
    reconciled_epoch: int | None
    unsettled: tuple[TicketRecord, ...]
    orders_today: int
    notional_today: Decimal | None
    notional_armed: Decimal | None
    confirmed: frozenset[str] = frozenset()

    def unsettled_on(self, con_id: int) -> tuple[TicketRecord, ...]:
        """The tickets on one contract that have not ended."""
        return tuple(each for each in self.unsettled if each.con_id == con_id)


def is_sent(record: TicketRecord, since: dt.datetime) -> bool:
    """Whether an attempt counts as an order: it was claimed at `since` or later, and not given up.

    One that the gateway refused counts, and so does one that it never had.
    """
    is_given_up = record.state is TicketState.ABANDONED
    return record.claimed_at is not None and record.claimed_at >= since and not is_given_up


def sold(records: Iterable[TicketRecord]) -> Decimal | None:
    """What attempts may sell altogether; of those that have ended what they did sell.

    So the remainder of a partial fill is not counted twice. None when one cannot be told.
    """
    total = Decimal(0)
    for each in records:
        if each.notional is None:
            return None
        part = each.filled / each.quantity if each.state in _ENDED_IN_PART else Decimal(1)
        total += each.notional * part
    return total
