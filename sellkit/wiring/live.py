"""Joins what a run needs that may send orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sellkit.adapters.account_lease import FileLease
    from sellkit.adapters.switch_files import SwitchFiles
    from sellkit.config import Settings
    from sellkit.core.live_facts import ProbeStanding
    from sellkit.core.portfolio import Account
    from sellkit.operate.desk import Parts
    from sellkit.operate.permission import Permission
    from sellkit.operate.trading import Patience
    from sellkit.ports.switches import AccountLease
    from sellkit.ports.ticket_book import TicketBook


def open_switches(settings: Settings) -> SwitchFiles:
    """Arming and halt, with the secret of this process's environment."""
    from sellkit.adapters.switch_files import SwitchFiles
    from sellkit.config.secret import live_secret

    return SwitchFiles(settings.state_dir, live_secret())


def open_lease(settings: Settings, account: Account) -> FileLease:
    """The lease on an account; it is not taken yet."""
    from sellkit.adapters.account_lease import FileLease
    from sellkit.adapters.clock import SystemClock

    return FileLease(settings.state_dir, account, SystemClock().now)


def is_named(settings: Settings) -> bool:
    """Whether the account is one that the settings name, and was chosen by that name."""
    return settings.connection.account in settings.file.accounts


def open_permission(
    settings: Settings,
    parts: Parts,
    account: Account,
    *,
    lease: AccountLease,
    tickets: TicketBook,
    probe: Callable[[], ProbeStanding],
    is_confirmed: bool = False,
) -> Permission:
    """What gathers the facts of live mode for one run.

    Parameters
    ----------
    parts
        Of the run's desk.
    lease
        Taken already, or every ticket is refused.
    """
    from sellkit.adapters.clock import SystemClock
    from sellkit.core.portfolio import GatewayKind
    from sellkit.operate.permission import Permission

    profile = settings.connection
    is_simulated = parts.broker.kind is GatewayKind.SIMULATED
    return Permission(
        account=account,
        is_named=is_named(settings),
        profile=settings.profile,
        expected=profile.gateway,
        port=profile.port,
        broker=parts.broker,
        clock=parts.clock,
        machine=SystemClock(),
        is_clock_judged=not (is_simulated and profile.clock == "broker"),
        switches=open_switches(settings),
        lease=lease,
        tickets=tickets,
        journal=parts.journal,
        probe=probe,
        is_confirmed=is_confirmed,
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
