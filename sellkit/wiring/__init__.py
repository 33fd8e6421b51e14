"""Joins the parts: the only place that knows every adapter."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sellkit import __version__
from sellkit.errors import ConfigError
from sellkit.wiring.alerts import open_alerts
from sellkit.wiring.moment import new_run_id, parse_moment
from sellkit.wiring.parts import (
    connect,
    desk_options,
    open_book,
    open_journal,
    say_problems,
    terminal_progress,
)
from sellkit.wiring.runs import open_clock, run_notebook, scheduled_exchanges

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.adapters.ib.broker import IbBroker
    from sellkit.config import Overrides, Settings
    from sellkit.ports import Progress, RunHeader
    from sellkit.wiring.desk import WiredDesk

__all__ = [
    "open_alerts",
    "open_book",
    "open_clock",
    "open_desk",
    "open_emptied_desk",
    "open_journal",
    "run_notebook",
    "scheduled_exchanges",
    "terminal_progress",
]

DRY_RUN: Final = "DRY RUN"


def open_desk(
    *,
    profile: str = "",
    as_of: str = "",
    dry_run: bool = True,
    account: str = "",
    run_id: str = "",
    overrides: Overrides | None = None,
    all_positions: bool = False,
    progress: Progress | None = None,
) -> WiredDesk:
    """Connect to the gateway of a profile and lay out everything a run needs.

    Parameters
    ----------
    profile
        Name of a profile in the settings; empty takes the settings' own choice.
    as_of
        ISO time with its zone, `2025-11-28T13:00-05:00`; empty is the present.
    dry_run
        Orders are only prepared. The other way does not exist yet.
    account
        Alias of the account; empty takes the settings' own, or the only one.
    run_id
        Identity of the run in the journal; with one the run is opened there at once.
    overrides
        What flags say instead of the settings.
    all_positions
        Download also for positions without an assignment.
    progress
        Where long work shows how far it is; plain lines when left out.

    Returns
    -------
    WiredDesk
        Connected; `close()` it, or use it in a `with` block.

    Raises
    ------
    ConfigError
        A setting or a parameter cannot be used; nothing was connected.
    BrokerError
        The gateway cannot be reached or does not answer.
    ForeignOrigin
        The profile's data belong to another gateway or account.
    """
    from sellkit.config import Overrides

    if not dry_run:
        raise ConfigError(
            "live mode is not available: orders are only prepared; leave dry_run=True"
        )
    moment = parse_moment(as_of)
    chosen = Overrides(profile=profile or None, account=account or None)
    asked = _Asked(moment, run_id, progress, all_positions)
    return _open((overrides or Overrides()).over(chosen), asked)


def open_emptied_desk(
    overrides: Overrides, *, all_positions: bool, progress: Progress
) -> WiredDesk:
    """As `open_desk`, with every stored bar and average removed.

    Nothing is removed before the gateway is connected and the bars are known to be its account's.
    """
    return _open(overrides, _Asked(None, "", progress, all_positions, is_emptied=True))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is wanted of a desk beside the settings."""

    moment: dt.datetime | None
    run_id: str
    progress: Progress | None
    all_positions: bool
    is_emptied: bool = False


def _open(overrides: Overrides, asked: _Asked) -> WiredDesk:
    from sellkit.config import load
    from sellkit.logs import configure

    settings = load(overrides)
    configure(settings.log_dir, asked.run_id)
    say_problems(open_book(settings))
    with ExitStack() as stack:
        broker = connect(settings, is_run=bool(asked.run_id))
        stack.callback(broker.close)
        desk = _lay_out(settings, broker, asked)
        if asked.run_id:
            desk.begin()
        stack.pop_all()
    return desk


def _lay_out(settings: Settings, broker: IbBroker, asked: _Asked) -> WiredDesk:
    from sellkit.adapters.bar_store import ParquetBarStore
    from sellkit.adapters.signal_log import JsonLinesSignalLog
    from sellkit.core.portfolio import Origin
    from sellkit.operate.desk import Parts
    from sellkit.present.progress import LineProgress
    from sellkit.wiring.account import resolve_account
    from sellkit.wiring.desk import WiredDesk

    account = resolve_account(settings, broker.account_numbers)
    store = ParquetBarStore(settings.data_dir)
    origin = Origin(broker.kind, account.alias, account.fingerprint)
    store.claim(origin)
    if asked.is_emptied:
        store.clear()
        store.claim(origin)
    parts = Parts(
        broker=broker,
        clock=broker.clock,
        store=store,
        book=open_book(settings),
        journal=open_journal(settings),
        signal_log=JsonLinesSignalLog(settings.log_dir / "signals.jsonl"),
        progress=asked.progress or LineProgress(print),
    )
    options = replace(desk_options(settings), all_positions=asked.all_positions)
    header = _header(settings, broker, account.alias, asked)
    return WiredDesk(parts, account, options, header, asked.moment)


def _header(settings: Settings, broker: IbBroker, alias: str, asked: _Asked) -> RunHeader:
    from sellkit.ports import RunHeader

    now = broker.clock.now()
    return RunHeader(
        run_id=asked.run_id or new_run_id(),
        started_at=now,
        as_of=asked.moment or now,
        mode=DRY_RUN,
        profile=settings.profile,
        account=alias,
        gateway=broker.kind,
        version=__version__,
    )
