"""Joins what a probe needs, and keeps what it found."""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError
from sellkit.wiring.account import resolve_account
from sellkit.wiring.alerts import AlertKeeper
from sellkit.wiring.live import is_named, open_halt, open_lease
from sellkit.wiring.log import open_log
from sellkit.wiring.parts import check_clock, open_journal, open_ledger
from sellkit.wiring.probed import open_probes, probed_gateway

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sellkit.adapters.ib.broker import IbBroker
    from sellkit.adapters.ib.probing import ProbingBroker
    from sellkit.config import Overrides, Settings
    from sellkit.core.instrument import Token
    from sellkit.core.portfolio import Account
    from sellkit.core.probing import ProbeRecord
    from sellkit.operate.probe import Place
    from sellkit.operate.probe_account import ProbeTerms
    from sellkit.ports import Clock, Progress
    from sellkit.ports.probing import ProbeLine

_SOURCE: Final = "probe"
_REFERENCE_BYTES: Final = 6
# Beside the schedule's clock and `sellkit watch`, which have the next two.
_OTHERS: Final = 3


def probe(
    chosen: Overrides,
    progress: Progress,
    *,
    instrument: str = "",
    is_patient: bool = False,
    places_order: bool = False,
) -> ProbeRecord:
    """Probe the profile's gateway, and keep the result.

    Parameters
    ----------
    instrument
        The token of the one to ask about; empty chooses one.
    is_patient
        Wait for the end of a half-hour, and ask around it.
    places_order
        Place and cancel one far order for one share; on a paper or simulated account alone.

    Raises
    ------
    ConfigError
        A setting cannot be used, or an order may not be placed there.
    BrokerError
        The gateway cannot be reached.
    JournalError
        The journal cannot be written.
    """
    from sellkit.config import load
    from sellkit.core.instrument import Token
    from sellkit.operate.probe import Probe, refuse_unknown_exchange

    token = Token.parse(instrument) if instrument else None
    if token is not None:
        refuse_unknown_exchange(token)
    settings = load(chosen)
    open_log(settings)
    profile = settings.connection
    viewer = max(profile.client_id, profile.viewer_client_id) + _OTHERS
    with ExitStack() as stack:
        broker = _connect(settings, viewer)
        stack.callback(broker.close)
        account = resolve_account(settings, broker.account_numbers)
        gateway = probed_gateway(settings, broker, account)
        place = _place(settings, broker, account, stack) if places_order else None
        terms = _terms(settings, account, token, is_patient=is_patient)
        asking = Probe(broker, broker.survey(viewer), broker.clock, terms, progress, place)
        record = asking.run(gateway, open_probes(settings).read())
    _keep(settings, record)
    return record


def _keep(settings: Settings, record: ProbeRecord) -> None:
    """Into the journal first: what counts for live mode is known there."""
    details = {
        "address": record.gateway.address,
        "gateway": record.gateway.kind,
        "account": record.gateway.account,
        "server_version": record.gateway.server_version,
        "is_passed": record.is_passed,
        "outcomes": {each.question: each.outcome for each in record.findings},
    }
    with closing(open_journal(settings)) as journal:
        journal.record_event("probe", record.ended_at, "the gateway was asked", details)
    open_probes(settings).write(record)


def _terms(
    settings: Settings, account: Account, token: Token | None, *, is_patient: bool
) -> ProbeTerms:
    from sellkit.core.limits import Foreign
    from sellkit.operate.probe_account import ProbeTerms

    profile, bars = settings.connection, settings.file.bars
    return ProbeTerms(
        account=account,
        is_named=is_named(settings),
        profile=settings.profile,
        expected=profile.gateway,
        port=profile.port,
        orders_client_id=profile.client_id,
        viewer_client_id=profile.viewer_client_id,
        anchor=bars.hour_anchor,
        final_after_seconds=bars.final_after_seconds,
        token=token,
        is_patient=is_patient,
        binds=settings.file.orders.foreign is Foreign.BIND,
    )


def _place(settings: Settings, broker: IbBroker, account: Account, stack: ExitStack) -> Place:
    """What places the order; the lease on the account is held until the stack ends.

    Raises
    ------
    ConfigError
        The gateway may touch money, everything is halted, or another process sends orders.
    """
    from sellkit.core.probe_order import PROBE_REFERENCE, takes_probe_orders
    from sellkit.operate.probe_order import OrderProbe

    if not takes_probe_orders(broker.kind, account, broker.account_numbers):
        raise ConfigError(
            f"--order places an order, and this is a {broker.kind} gateway: it is for paper and "
            "simulated ones alone; leave it out to probe this one by reading"
        )
    halt = open_halt(settings).halt()
    if halt is not None:
        raise ConfigError(f"{halt}; `sellkit resume` ends it, and --order needs that")
    lease = open_lease(settings, account)
    if not lease.take():
        raise ConfigError(f"{lease.trouble}: it may send orders; wait, or end it")
    stack.callback(lease.release)
    keeper = AlertKeeper(settings.data_dir / "journal.sqlite", _SOURCE)
    keeper.end()
    return OrderProbe(
        connect=partial(_line, settings),
        account=account,
        clock=broker.clock,
        reference=f"{PROBE_REFERENCE}{secrets.token_hex(_REFERENCE_BYTES)}",
        note=partial(_note, settings, broker.clock),
        alarm=partial(_alarm, keeper),
        timer=time.monotonic,
        patience_seconds=settings.file.orders.cancel_seconds,
    ).run


def _line(settings: Settings) -> ProbeLine:
    """A connection as the account's client for orders, which comes back after a loss."""
    broker = _connect(settings, settings.connection.client_id, sends_orders=True)
    with ExitStack() as stack:
        stack.callback(broker.close)
        broker.wait_until_ready(settings.file.requests.patience_seconds)
        stack.pop_all()
    return broker.line()


def _connect(settings: Settings, client_id: int, *, sends_orders: bool = False) -> ProbingBroker:
    """Whatever stands there is probed: that it is not what the profile expects is an answer."""
    from sellkit.adapters.clock import SystemClock
    from sellkit.adapters.ib.probing import ProbingBroker
    from sellkit.adapters.ib.returning import Returning

    profile, requests = settings.connection, settings.file.requests
    rules, ledger = open_ledger(settings)
    clock = SystemClock() if profile.clock == "system" else None
    broker = ProbingBroker.connect(
        host=profile.host,
        port=profile.port,
        client_id=client_id,
        clock=clock,
        connect_timeout_seconds=requests.connect_timeout_seconds,
        request_timeout_seconds=requests.timeout_seconds,
        pacing=rules,
        ledger=ledger,
        returning=Returning() if sends_orders else None,
        sends_orders=sends_orders,
    )
    with ExitStack() as stack:
        stack.callback(broker.close)
        if not sends_orders:
            check_clock(clock, broker)
        stack.pop_all()
    return broker


def _note(settings: Settings, clock: Clock, details: Mapping[str, object]) -> None:
    with closing(open_journal(settings)) as journal:
        journal.record_event("probe order", clock.now(), "a far order of one share", details)


def _alarm(keeper: AlertKeeper, text: str) -> None:
    from sellkit.adapters.clock import SystemClock
    from sellkit.core.alerts import Alert, AlertKind

    keeper.keep(Alert(AlertKind.ORDER_UNFINISHED, text, SystemClock().now()))
