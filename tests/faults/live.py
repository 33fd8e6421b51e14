"""The part of sellkit that sends, as the faults find it: armed, probed, in a folder of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from sellkit.adapters.account_lease import FileLease
from sellkit.adapters.clock import SystemClock
from sellkit.adapters.ib.broker import IbBroker
from sellkit.adapters.sqlite_journal import SqliteJournal
from sellkit.adapters.switch_files import SwitchFiles
from sellkit.core.alerts import AlertKind
from sellkit.core.arming import Arming
from sellkit.core.limits import Limits
from sellkit.core.live_facts import LiveFacts, ProbeStanding
from sellkit.core.portfolio import Account, GatewayKind
from sellkit.core.reports import BrokerRecords
from sellkit.core.tickets import TicketRecord
from sellkit.operate.decision import HourlyDecision
from sellkit.operate.desk import Desk
from sellkit.operate.keys import Keys
from sellkit.operate.live import Live
from sellkit.operate.permission import Permission
from sellkit.operate.reconcile import Reconciliation
from sellkit.operate.trading import Patience
from sellkit.ports import Clock

SECRET = "a secret that is long enough"
PROFILE = "demo"
QUICK = Patience(idle=1, cancel=1, acknowledge=1, fill=2, settle=1, pause=0.05)
"""Real seconds, of which the gateway's virtual clock knows nothing."""


@dataclass(slots=True)
class Sent:
    """What came of a live run beside its decisions.

    Attributes
    ----------
    reconciled
        What former runs had left.
    facts
        What the gates of live mode saw when it decided.
    records
        Every attempt.
    """

    reconciled: Reconciliation | None = None
    facts: LiveFacts | None = None
    records: tuple[TicketRecord, ...] = ()

    def states(self) -> dict[str, list[str]]:
        """By symbol, the states in which its attempts ended."""
        found: dict[str, list[str]] = {}
        for each in self.records:
            found.setdefault(each.ticker.partition(":")[2], []).append(str(each.state))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedPermission(Permission):
    """Keeps what it gathered, for whoever judges again.

    Attributes
    ----------
    seen
        Oldest first.
    """

    seen: list[LiveFacts] = field(default_factory=list)

    def live_facts(self, records: BrokerRecords | None) -> LiveFacts:
        found = Permission.live_facts(self, records)  # a class with slots has no plain super()
        self.seen.append(found)
        return found


@dataclass(slots=True)
class Armoury:
    """What makes desks live, and what they told a person.

    Attributes
    ----------
    folder
        Where switches, leases and data lie.
    patience
        Of the runs to come.
    changes
        What the limits of the runs to come are besides the usual.
    machine
        This machine's clock, to be held against the gateway's; None holds none.
    confirmed
        The ids of tickets that a person wants though many signal at once.
    alarms
        Every alarm about orders, oldest first.
    """

    folder: Path
    patience: Patience = QUICK
    retries_proven_unsent: bool = False
    changes: dict[str, Any] = field(default_factory=dict)
    machine: Clock | None = None
    confirmed: frozenset[str] = frozenset()
    alarms: list[tuple[AlertKind, str]] = field(default_factory=list)
    keys: Keys = field(default_factory=Keys)

    @property
    def switches(self) -> SwitchFiles:
        return SwitchFiles(self.folder / "state", SECRET)

    def arm(self, account: Account, now: dt.datetime) -> None:
        """A person arms the account for eight hours."""
        self.switches.arm(
            Arming(
                arming_id="0badcafe",
                profile=PROFILE,
                account=account.alias,
                fingerprint=account.fingerprint,
                gateway=GatewayKind.SIMULATED,
                armed_at=now,
                until=now + dt.timedelta(hours=8),
                max_notional=Decimal(10_000_000),
            )
        )

    def live(
        self, broker: IbBroker, journal: SqliteJournal, account: Account, limits: Limits
    ) -> Live:
        """The part of a desk that sends; the lease is taken where it is free."""
        lease = FileLease(self.folder / "state", account, SystemClock().now)
        lease.take()
        permission = WatchedPermission(
            account=account,
            is_named=True,
            profile=PROFILE,
            expected=GatewayKind.SIMULATED,
            port=4002,
            broker=broker,
            clock=broker.clock,
            machine=self.machine or SystemClock(),
            is_clock_judged=self.machine is not None,
            switches=self.switches,
            lease=lease,
            tickets=journal.book,
            journal=journal,
            probe=lambda: ProbeStanding(broker.clock.now()),
            confirmed=self.confirmed,
        )
        return Live(
            route=broker.route(),
            tickets=journal.book,
            account=account,
            permission=permission,
            keys=self.keys,
            limits=self.limits(limits),
            patience=self.patience,
            alarm=self._alarm,
            retries_proven_unsent=self.retries_proven_unsent,
        )

    def limits(self, usual: Limits) -> Limits:
        """Limits that live mode accepts: every one of them is set."""
        loose = {"max_orders": 100, "max_daily_notional": Decimal(10_000_000)}
        return replace(usual, **(loose | self.changes))

    def kinds(self) -> list[AlertKind]:
        return [kind for kind, _ in self.alarms]

    def _alarm(self, kind: AlertKind, text: str) -> None:
        self.alarms.append((kind, text))


def carried_out(
    desk: Desk, sent: Sent, between: Callable[[HourlyDecision], None]
) -> HourlyDecision:
    """A whole live run; `between` happens between its decision and its orders."""
    desk.begin()
    sent.reconciled = desk.reconcile()
    desk.apply_default()
    desk.bring_up_to_date()
    decision = desk.record(desk.decide())
    assert desk.parts.live is not None
    assert isinstance(desk.parts.live.permission, WatchedPermission)
    sent.facts = desk.parts.live.permission.seen[-1]
    between(decision)
    sent.records = desk.submit(decision)
    return decision
