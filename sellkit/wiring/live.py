"""Joins what a run needs that may send orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.operate.keys import Keys
from sellkit.wiring.probed import probe_standing

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from sellkit.adapters.account_lease import FileLease
    from sellkit.adapters.ib.broker import IbBroker
    from sellkit.adapters.sender_file import SenderFile
    from sellkit.adapters.sqlite_journal import SqliteJournal
    from sellkit.adapters.switch_files import SwitchFiles
    from sellkit.config import Settings
    from sellkit.core.alerts import AlertKind
    from sellkit.core.live_facts import ProbeStanding
    from sellkit.core.portfolio import Account
    from sellkit.operate.live import Live
    from sellkit.operate.permission import Permission
    from sellkit.operate.trading import Patience
    from sellkit.ports.switches import AccountLease

# Longer than a look at the switches takes, or a `sellkit reconcile` that finds nothing open.
_PATIENCE_SECONDS: Final = 3.0

KEYS: Final = Keys()
"""The contracts that this process works on, whichever of its desks does."""


def open_switches(settings: Settings) -> SwitchFiles:
    """Arming and halt, with the secret of this process's environment."""
    from sellkit.adapters.switch_files import SwitchFiles
    from sellkit.config.secret import live_secret

    return SwitchFiles(settings.state_dir, live_secret())


def open_halt(settings: Settings) -> SwitchFiles:
    """The halt, and disarming: neither needs the secret, so a refused one is not in their way.

    What is armed cannot be told by it.
    """
    from sellkit.adapters.switch_files import SwitchFiles

    return SwitchFiles(settings.state_dir, None)


def open_lease(settings: Settings, account: Account) -> FileLease:
    """The lease on an account; it is not taken yet."""
    from sellkit.adapters.account_lease import FileLease
    from sellkit.adapters.clock import SystemClock

    return FileLease(
        settings.state_dir,
        account,
        SystemClock().now,
        sender=open_sender(settings, account),
        patience_seconds=_PATIENCE_SECONDS,
    )


def open_sender(settings: Settings, account: Account) -> SenderFile:
    """Which profile sends for an account, as this one sees it."""
    from sellkit.adapters.clock import SystemClock
    from sellkit.adapters.sender_file import SenderFile

    journal = settings.data_dir / "journal.sqlite"
    now = SystemClock().now
    return SenderFile(settings.state_dir, account, settings.profile, journal, now)


def is_named(settings: Settings) -> bool:
    """Whether the account is one that the settings name, and was chosen by that name."""
    return settings.connection.account in settings.file.accounts


def open_permission(
    settings: Settings,
    broker: IbBroker,
    journal: SqliteJournal,
    account: Account,
    *,
    lease: AccountLease,
    probe: Callable[[], ProbeStanding],
    confirmed: frozenset[str] = frozenset(),
) -> Permission:
    """What gathers the facts of live mode for one run.

    Parameters
    ----------
    lease
        Taken already, or every ticket is refused.
    """
    from sellkit.adapters.clock import SystemClock
    from sellkit.core.portfolio import GatewayKind
    from sellkit.operate.permission import Permission

    profile = settings.connection
    is_simulated = broker.kind is GatewayKind.SIMULATED
    return Permission(
        account=account,
        is_named=is_named(settings),
        profile=settings.profile,
        expected=profile.gateway,
        port=profile.port,
        broker=broker,
        clock=broker.clock,
        machine=SystemClock(),
        is_clock_judged=not (is_simulated and profile.clock == "broker"),
        switches=open_switches(settings),
        lease=lease,
        tickets=journal.book,
        journal=journal,
        probe=probe,
        confirmed=confirmed,
    )


def patience(settings: Settings) -> Patience:
    """How long a run that sends waits for each kind of answer."""
    from sellkit.operate.trading import Patience

    orders = settings.file.orders
    return Patience(
        cancel=orders.cancel_seconds,
        acknowledge=orders.ack_seconds,
        fill=orders.fill_seconds,
        settle=orders.settle_seconds,
    )


def open_live(
    settings: Settings,
    broker: IbBroker,
    journal: SqliteJournal,
    account: Account,
    *,
    confirmed: frozenset[str] = frozenset(),
    looks_only: bool = False,
) -> Live:
    """The part of a desk that sends, with the lease on the account taken if it is free.

    What does not allow orders, as a lease that somebody else holds, is a reason of the gates. The
    first profile that may send for an account is the one that does.

    Raises
    ------
    JournalError
        The journal is behind the last run, or cannot be read.
    ConfigError
        The account had another alias when it last sent orders.
    """
    from sellkit.operate.live import Live
    from sellkit.wiring.naming import refuse_former_name
    from sellkit.wiring.parts import desk_options

    journal.evidence.refuse_if_behind()
    refuse_former_name(journal.book, account, broker.clock.now())
    lease = open_lease(settings, account)
    if lease.take() and not looks_only:
        open_sender(settings, account).claim()
    permission = open_permission(
        settings,
        broker,
        journal,
        account,
        lease=lease,
        probe=lambda: probe_standing(settings, broker, account),
        confirmed=confirmed,
    )
    return Live(
        route=broker.route(),
        tickets=journal.book,
        account=account,
        permission=permission,
        keys=KEYS,
        limits=desk_options(settings).limits,
        patience=patience(settings),
        alarm=orders_alarm(settings, permission.machine.now),
        retries_proven_unsent=settings.file.orders.retry_proven_unsent,
    )


def orders_alarm(
    settings: Settings, now: Callable[[], dt.datetime]
) -> Callable[[AlertKind, str], None]:
    """Says and keeps what a person has to hear of orders; a connection that is well ends none."""
    from sellkit.core.alerts import Alert
    from sellkit.wiring.alerts import order_alerts

    keeper = order_alerts(settings)
    return lambda kind, text: keeper.keep(Alert(kind, text, now()))
