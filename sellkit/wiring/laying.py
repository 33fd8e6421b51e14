"""Lays out a desk on a gateway that is connected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sellkit import __version__
from sellkit.wiring.moment import new_run_id
from sellkit.wiring.parts import desk_options, open_book, open_journal

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.adapters.ib.broker import IbBroker
    from sellkit.adapters.sqlite_journal import SqliteJournal
    from sellkit.config import Settings
    from sellkit.core.portfolio import Account
    from sellkit.operate.live import Live
    from sellkit.ports import Progress, RunHeader
    from sellkit.wiring.desk import WiredDesk

DRY_RUN: Final = "DRY RUN"
LIVE: Final = "LIVE"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted of a desk beside the settings."""

    moment: dt.datetime | None
    run_id: str
    progress: Progress | None
    all_positions: bool
    is_emptied: bool = False
    is_live: bool = False
    looks_only: bool = False
    confirms: str = ""


def lay_out(settings: Settings, broker: IbBroker, asked: Asked) -> WiredDesk:
    """A desk on a gateway that is connected; the bars must be of its account.

    Raises
    ------
    ConfigError
        The login does not manage the account.
    ForeignOrigin
        The profile's data belong to another gateway or account.
    """
    from sellkit.adapters.bar_store import ParquetBarStore
    from sellkit.adapters.signal_log import JsonLinesSignalLog
    from sellkit.core.portfolio import Origin
    from sellkit.operate.parts import Parts
    from sellkit.present.progress import LineProgress
    from sellkit.wiring.account import resolve_account
    from sellkit.wiring.desk import WiredDesk
    from sellkit.wiring.live import orders_alarm

    account = resolve_account(settings, broker.account_numbers)
    store = ParquetBarStore(settings.data_dir)
    origin = Origin(broker.kind, account.alias, account.fingerprint)
    store.claim(origin)
    if asked.is_emptied:
        store.clear()
        store.claim(origin)
    journal = open_journal(settings)
    parts = Parts(
        broker=broker,
        clock=broker.clock,
        store=store,
        book=open_book(settings),
        journal=journal,
        signal_log=JsonLinesSignalLog(
            settings.log_dir / "signals.jsonl", settings.file.logs.keep_signals_days
        ),
        progress=asked.progress or LineProgress(print),
        alarm=orders_alarm(settings, broker.clock.now),
    )
    if asked.is_live:
        parts = replace(parts, live=_live(settings, broker, journal, account, asked))
    options = replace(desk_options(settings), all_positions=asked.all_positions)
    header = _header(settings, broker, account.alias, asked)
    folder = settings.data_dir / "charts"
    return WiredDesk(parts, account, options, header, asked.moment, charts_folder=folder)


def _live(
    settings: Settings, broker: IbBroker, journal: SqliteJournal, account: Account, asked: Asked
) -> Live:
    from sellkit.wiring.confirming import confirmed_tickets
    from sellkit.wiring.live import open_live

    confirmed = confirmed_tickets(journal, account, asked.confirms, broker.clock.now())
    looks_only = asked.looks_only
    return open_live(settings, broker, journal, account, confirmed=confirmed, looks_only=looks_only)


def _header(settings: Settings, broker: IbBroker, alias: str, asked: Asked) -> RunHeader:
    from sellkit.ports import RunHeader

    now = broker.clock.now()
    return RunHeader(
        run_id=asked.run_id or new_run_id(),
        started_at=now,
        as_of=asked.moment or now,
        mode=LIVE if asked.is_live else DRY_RUN,
        profile=settings.profile,
        account=alias,
        gateway=broker.kind,
        version=__version__,
    )
