"""Makes each adapter from the settings."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError
from sellkit.wiring.alerts import alert_keeper
from sellkit.wiring.moment import refuse_skew
from sellkit.wiring.upkeep import patience_seconds, upkeep_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.adapters.bar_store import ParquetBarStore
    from sellkit.adapters.clock import SystemClock
    from sellkit.adapters.csv_assignments import CsvAssignments
    from sellkit.adapters.ib.broker import IbBroker
    from sellkit.adapters.ib.returning import Returning
    from sellkit.adapters.pacing_ledger import PacingLedger
    from sellkit.adapters.papermill_runner import PapermillRunner
    from sellkit.adapters.sqlite_journal import SqliteJournal
    from sellkit.config import Overrides, Settings
    from sellkit.config.schema import ProfileSettings
    from sellkit.core.pacing import PacingRules
    from sellkit.operate.holdings import Holding
    from sellkit.operate.options import DeskOptions
    from sellkit.ports import Progress
    from sellkit.wiring.alerts import AlertKeeper

log = logging.getLogger(__name__)

RESERVED_SECONDS: Final = 180.0
"""How long the budget is kept for the hourly run, should that not end before."""


def connect(
    settings: Settings,
    *,
    is_run: bool = False,
    client_id: int | None = None,
    is_watch: bool = False,
    sends_orders: bool = False,
    keeps_alerts: bool = True,
) -> IbBroker:
    """Connect to the profile's gateway.

    Where nobody looks, it is waited for and comes back; a person is told at once.

    Parameters
    ----------
    is_run
        Whether it is for a run, with the profile's own client id; what only looks has the viewer's.
    client_id
        Another one in place of either.
    is_watch
        Whether a person looks on: it comes back after a loss; its alerts are seen and not kept.
    sends_orders
        Whether orders may go out.
    keeps_alerts
        Whether its alerts are kept: not of one that asks once and is not made again, as only its
        client's next connection ends them.
    """
    from sellkit.adapters.clock import SystemClock
    from sellkit.adapters.ib.broker import IbBroker

    profile, requests = settings.connection, settings.file.requests
    rules, ledger = open_ledger(settings)
    own = _client_id(profile, is_run=is_run) if client_id is None else client_id
    clock = SystemClock() if profile.clock == "system" else None
    keeper = alert_keeper(settings, own) if keeps_alerts and not is_watch else None
    broker = IbBroker.connect(
        host=profile.host,
        port=profile.port,
        client_id=own,
        clock=clock,
        connect_timeout_seconds=requests.connect_timeout_seconds,
        request_timeout_seconds=requests.timeout_seconds,
        pacing=rules,
        ledger=ledger,
        returning=_returning(profile) if settings.is_returning or is_watch else None,
        expected=profile.gateway,
        sends_orders=sends_orders,
        on_alert=keeper.keep if keeper else None,
        on_clear=keeper.end if keeper else None,
    )
    with ExitStack() as stack:
        stack.callback(broker.close)
        _await_ready(broker, settings, keeper, is_watch=is_watch)
        check_clock(clock, broker)
        if is_run:
            ledger.reserve(RESERVED_SECONDS)
        stack.pop_all()
    return broker


def _returning(profile: ProfileSettings) -> Returning:
    from sellkit.adapters.ib.returning import Returning

    return Returning(upkeep=upkeep_of(profile))


def _client_id(profile: ProfileSettings, *, is_run: bool) -> int:
    return profile.client_id if is_run else profile.viewer_client_id


def _await_ready(
    broker: IbBroker, settings: Settings, keeper: AlertKeeper | None, *, is_watch: bool
) -> None:
    """Wait for a connection that comes back; where a person watches no longer than it takes."""
    from sellkit.adapters.clock import SystemClock

    if is_watch:
        broker.wait_until_ready(settings.file.requests.connect_timeout_seconds)
    elif settings.is_returning:
        with keeper.awaited() if keeper else nullcontext():
            broker.wait_until_ready(patience_seconds(settings, SystemClock().now()))


def open_store(chosen: Overrides) -> ParquetBarStore:
    """The stored bars of a profile, for looking at; no gateway is asked.

    Raises
    ------
    ConfigError
        Nothing is stored there yet.
    """
    from sellkit.adapters.bar_store import ParquetBarStore
    from sellkit.config import load

    settings = load(chosen)
    if not settings.data_dir.is_dir():
        raise ConfigError(
            f"no bars are stored in {settings.data_dir}; `sellkit status` downloads them"
        )
    return ParquetBarStore(settings.data_dir)


def present_of(chosen: Overrides, found: Sequence[Holding]) -> tuple[dt.datetime, dt.timedelta]:
    """The time up to which stored bars are due, and how long after its end a bar is final.

    Where the gateway tells the time nobody is asked: it is that of the latest fetch.
    """
    from sellkit.adapters.clock import SystemClock
    from sellkit.config import load

    settings = load(chosen)
    lag = dt.timedelta(seconds=settings.file.bars.final_after_seconds)
    told = [each.figures.fetched_at for each in found if each.figures.fetched_at is not None]
    if settings.connection.clock == "system" or not told:
        return SystemClock().now(), lag
    return max(told), lag


def open_ledger(settings: Settings) -> tuple[PacingRules, PacingLedger]:
    """The budget of requests, and where all processes at the profile's gateway count them."""
    from sellkit.adapters.pacing_ledger import PacingLedger
    from sellkit.core.pacing import PacingRules

    profile, requests = settings.connection, settings.file.requests
    rules = PacingRules(requests_per_second=requests.per_second, max_open=requests.open_at_once)
    path = settings.data_dir / "pacing.sqlite"
    return rules, PacingLedger(path, f"{profile.host}:{profile.port}", rules)


def keep_budget(settings: Settings) -> None:
    """Let all but the hourly run, which is about to begin, wait with their requests.

    That it cannot be kept, as on a full disk, is no reason not to run; it stands in the log.
    """
    _, ledger = open_ledger(settings)
    try:
        ledger.reserve(RESERVED_SECONDS)
    except ConfigError as error:
        log.warning("budget_not_kept", extra={"reason": str(error)})
    finally:
        ledger.leave()


def check_clock(clock: SystemClock | None, broker: IbBroker) -> None:
    """See that a clock and the gateway's agree, and let it never run ahead of that one."""
    if clock is None:
        return
    before, theirs, after = clock.now(), broker.server_time(), clock.now()
    # A slow answer is no wrong clock: what they told may stem from any time in between.
    refuse_skew(min(max(theirs, before), after), theirs)
    clock.stay_behind(theirs)


def open_book(settings: Settings) -> CsvAssignments:
    """The assignments of a profile.

    Parameters
    ----------
    settings
        The profile's.
    """
    from sellkit.adapters.csv_assignments import CsvAssignments

    return CsvAssignments(settings.assignments_path)


def say_problems(book: CsvAssignments) -> None:
    """Read the assignments once, before anything is connected, and say which rows are no use.

    Raises
    ------
    ConfigError
        They cannot be read as a table at all.
    """
    for problem in book.load().problems:
        log.error("assignment_unusable", extra={"problem": problem})


def open_journal(settings: Settings) -> SqliteJournal:
    """The journal of a profile.

    Parameters
    ----------
    settings
        The profile's.
    """
    from sellkit.adapters.sqlite_journal import SqliteJournal

    return SqliteJournal(settings.data_dir / "journal.sqlite")


def desk_options(settings: Settings) -> DeskOptions:
    """How the settings make a desk work."""
    from sellkit.core.assignments import parse_choice
    from sellkit.core.limits import Limits
    from sellkit.operate.options import DeskOptions

    file, orders = settings.file, settings.file.orders
    default = file.assignments.default
    return DeskOptions(
        limits=Limits(
            max_shares=orders.max_shares,
            max_notional=orders.max_notional,
            max_bar_age=dt.timedelta(seconds=orders.max_bar_age_seconds),
            max_snapshot_age=dt.timedelta(seconds=orders.max_snapshot_age_seconds),
            max_seed_weight=file.signals.max_seed_weight,
            close_margin=dt.timedelta(seconds=orders.close_margin_seconds),
            max_quote_gap=orders.max_quote_gap,
            require_above_break_even=orders.require_above_break_even,
            at_close=orders.at_close,
            before_close=dt.timedelta(minutes=orders.before_close_minutes),
            foreign=orders.foreign,
            max_orders=orders.max_orders,
            max_daily_notional=orders.max_daily_notional,
            max_clock_skew=dt.timedelta(seconds=orders.max_clock_skew_seconds),
            order_type=orders.type,
            limit_offset=orders.limit_offset,
            many_exits=orders.many_exits,
            many_exits_part=orders.many_exits_part,
        ),
        daily_basis=file.signals.daily,
        anchor=file.bars.hour_anchor,
        rth=file.history.rth,
        history_days=file.history.days,
        history_hours=file.history.hours,
        concurrency=file.requests.concurrency,
        lag=dt.timedelta(seconds=file.bars.final_after_seconds),
        late_bars=dt.timedelta(seconds=file.bars.late_seconds),
        default_assignment=None if default is None else parse_choice(default),
    )


def terminal_progress() -> Progress:
    """A bar with the time left where a person watches, plain lines where none does."""
    from sellkit.present.progress import LineProgress, RichProgress

    if sys.stderr.isatty():
        return RichProgress()
    return LineProgress(lambda line: sys.stderr.write(f"{line}\n"))


def open_runner(settings: Settings) -> PapermillRunner:
    """What executes notebooks, below the settings' folder; a terminal shows what cells print."""
    from sellkit.adapters.lean_imports import IRI_PARSER, imported_without

    with imported_without(IRI_PARSER):
        from sellkit.adapters.papermill_runner import PapermillRunner

    return PapermillRunner(settings.root, echo=sys.stderr if sys.stderr.isatty() else None)
