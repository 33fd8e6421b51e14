"""Gathers what the gates of live mode see. It allows nothing by itself: the gates judge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sellkit.core.arming import Halt
from sellkit.core.live_facts import LiveFacts, ProbeStanding, is_sent, sold
from sellkit.core.market_time import LONGEST_SESSION
from sellkit.core.proof import BETWEEN

if TYPE_CHECKING:
    from sellkit.core.portfolio import Account, GatewayKind
    from sellkit.core.reports import BrokerRecords
    from sellkit.ports import Broker, Clock, Journal
    from sellkit.ports.switches import AccountLease, Switches
    from sellkit.ports.ticket_book import TicketBook

_NO_TIME: Final = dt.timedelta()
# The gateway tells whole seconds, rounded down.
_RESOLUTION: Final = dt.timedelta(seconds=1)
# Between its intent and its claim a ticket waits for cancels, or for a run after a crash.
_LONGEST_WAIT: Final = dt.timedelta(days=1)


@dataclass(slots=True)
class Reconciled:
    """When this process last held the journal against the gateway; orders use that up.

    Attributes
    ----------
    epoch
        Over which connection; None when it was not done since the last orders.
    doubted_at
        When a ticket was left whose fate is open (aware UTC); None when none was.
    """

    epoch: int | None = None
    doubted_at: dt.datetime | None = None

    def is_due(self, epoch: int, now: dt.datetime) -> bool:
        """Whether it is to be done again before a decision over this connection.

        What was never done is not made up for, because nothing is sent then.
        """
        if self.epoch is None:
            return False
        is_time = self.doubted_at is not None and now - self.doubted_at >= BETWEEN
        return is_time or self.epoch != epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Where the facts of live mode come from; one for each run that is to send.

    Attributes
    ----------
    account, is_named
        Whose orders, and whether a setting or a flag names it.
    profile, expected, port
        The profile, the kind of gateway that it expects, and its port.
    broker, clock, machine
        The gateway; the clock that sellkit lives by; and this machine's.
    is_clock_judged
        Whether this machine's clock is held against the gateway's. Not where sellkit lives by the
        time of a simulated gateway, which may be any.
    switches, lease, tickets, journal
        Arming and halt, the lease on the account, its tickets, and those that were deferred.
    probe
        What the probe said of this gateway.
    confirmed
        The ids of tickets that a person wants though many signal at once.
    reconciled
        Whether the journal was held against the gateway.
    """

    account: Account
    is_named: bool
    profile: str
    expected: GatewayKind | None
    port: int
    broker: Broker
    clock: Clock
    machine: Clock
    is_clock_judged: bool
    switches: Switches
    lease: AccountLease
    tickets: TicketBook
    journal: Journal
    probe: Callable[[], ProbeStanding]
    confirmed: frozenset[str] = frozenset()
    reconciled: Reconciled = field(default_factory=Reconciled)

    def live_facts(self, records: BrokerRecords | None) -> LiveFacts:
        """Everything as it is now, for all tickets of the account.

        It reads two small files and some rows of the journal, and asks the gateway for its time.

        Parameters
        ----------
        records
            The gateway's four lists as last read; None refuses, because they were not.

        Raises
        ------
        JournalError
            The tickets cannot be read.
        BrokerError
            The gateway did not tell its time.
        """
        now = self.clock.now()
        alias, day = self.account.alias, day_began(now)
        seen = self.switches.arming(self.account)
        armed_at = day if seen.arming is None else seen.arming.armed_at
        earliest = min(day, armed_at)
        began = self.tickets.ticket_records(alias, earliest - _LONGEST_WAIT)
        today = [each for each in began if is_sent(each, day)]
        return LiveFacts(
            is_named=self.is_named,
            is_managed=self.account.number in self.broker.account_numbers,
            profile=self.profile,
            expected=self.expected,
            port=self.port,
            gateway=self.broker.kind,
            arming=seen,
            halt=self.switches.halt(),
            lease_trouble=self.lease.trouble,
            probe=self.probe(),
            clock_skew=self._skew(),
            records_epoch=None if records is None else records.epoch,
            reconciled_epoch=self.reconciled.epoch,
            unsettled=self.tickets.unsettled(alias),
            orders_today=len(today),
            notional_today=sold(today),
            notional_armed=sold(each for each in began if is_sent(each, armed_at)),
            confirmed=self.confirmed,
        )

    def deferred(self) -> Mapping[str, dt.datetime]:
        """By ticket id, the opening that a ticket of an earlier session was deferred to."""
        since = self.clock.now() - LONGEST_SESSION
        return self.journal.deferrals(self.account.alias, since)

    def stopped(self) -> str:
        """Why nothing may be sent any more, whatever was judged before; "" while it may.

        It asks nobody but the disk, so that it can be asked between the claim and the order.
        """
        halt = self.switches.halt()
        trouble = str(halt) if halt else self.lease.trouble
        return trouble or self.switches.arming(self.account).trouble or ""

    def stop(self, reason: str) -> None:
        """Halt every process that sends orders, until a person resumes.

        Raises
        ------
        ConfigError
            The halt cannot be written.
        JournalError
            It is in force, and the journal has no row of it.
        """
        at = self.machine.now()
        self.switches.set_halt(Halt(at, "sellkit", reason))
        details = {"account": self.account.alias, "reason": reason}
        self.journal.record_event("halt", at, "by sellkit", details)

    def _skew(self) -> dt.timedelta:
        """How far this machine's clock lies outside of what the gateway's answer allows."""
        if not self.is_clock_judged:
            return _NO_TIME
        before = self.machine.now()
        theirs = self.broker.server_time()
        after = self.machine.now()
        if before > theirs + _RESOLUTION:
            return before - theirs - _RESOLUTION
        return min(after - theirs, _NO_TIME)


def day_began(now: dt.datetime) -> dt.datetime:
    """When the day began that limits of a day count from; aware UTC."""
    midnight = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return min(midnight, now - LONGEST_SESSION)
