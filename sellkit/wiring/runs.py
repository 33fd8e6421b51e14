"""Runs the hourly notebook, and what the schedule needs beside a desk."""

from __future__ import annotations

import datetime as dt
import logging
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sellkit.errors import ConfigError, JournalError
from sellkit.wiring.courier import failures_told, telling
from sellkit.wiring.evidence import note_notebook
from sellkit.wiring.heartbeat import heard_of
from sellkit.wiring.log import open_log
from sellkit.wiring.moment import checked_run_id, parse_moment
from sellkit.wiring.parts import connect, open_book, open_journal, open_runner, say_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sellkit.adapters.sqlite_journal import SqliteJournal
    from sellkit.config import Overrides, Settings
    from sellkit.core.market_time import Calendar
    from sellkit.core.tickets import TicketRecord
    from sellkit.operate.hourly import RunResult
    from sellkit.ports import Clock

log = logging.getLogger(__name__)

HOURLY_RUN: Final = "hourly_run.ipynb"


def run_notebook(
    overrides: Overrides,
    *,
    as_of: str = "",
    extra: Mapping[str, object] | None = None,
    is_live: bool = False,
    confirms: str = "",
    prepare: bool = False,
    run_id: str = "",
) -> RunResult:
    """Execute the hourly notebook in a kernel of its own and keep it.

    Parameters
    ----------
    overrides
        What flags say; handed to the kernel through `SELLKIT_*` variables.
    as_of
        As for `open_desk`.
    extra
        Further parameters of the notebook.
    is_live
        Whether it may send orders.
    confirms
        As for `open_desk`.
    prepare
        Whether it waits for the end of the hour that has begun.
    run_id
        Its identity; empty for a new one.

    Raises
    ------
    ConfigError
        A setting, a flag or a parameter cannot be used; nothing was started.
    RunFailed
        The run did not reach its end; its notebook is kept, and its exit code is the cause's.
    """
    from sellkit.config import load

    parse_moment(as_of)
    settings = load(overrides)
    run_id = checked_run_id(run_id)
    open_log(settings, run_id)
    own = {"profile": settings.profile, "as_of": as_of, "run_id": run_id, "confirms": confirms}
    parameters = _with({**own, "dry_run": not is_live, "prepare": prepare}, extra or {})
    is_scheduled = settings.is_returning
    is_own = not (is_scheduled or as_of)  # a schedule says itself what its runs were for
    with (
        # the schedule, of which nobody looks at a run, tells all the time
        nullcontext() if is_scheduled else telling(settings),
        heard_of(settings, run_id, is_wanted=is_own) as outcome,
        failures_told(settings, run_id, is_scheduled=is_scheduled),
    ):
        settings.as_overrides(overrides).export()
        result = _execute(settings, run_id, parameters)
        outcome.append(result.outcome)
        return result


def _execute(settings: Settings, run_id: str, parameters: Mapping[str, object]) -> RunResult:
    from sellkit.adapters.clock import SystemClock
    from sellkit.operate.hourly import hourly_run, kept_at

    book = open_book(settings)
    say_problems(book)
    before = book.load().assignments
    clock = SystemClock()
    output = kept_at(settings.data_dir / "runs", clock.now(), run_id)
    journal = open_journal(settings)
    with closing(journal), _evidence_kept(settings, journal, clock, run_id, output):
        notebook = settings.notebooks_dir / HOURLY_RUN
        runner = open_runner(settings)
        result = hourly_run(runner, journal, clock, notebook, output, parameters)
        result = replace(result, orders=_orders(journal, run_id))
    after = book.load().assignments
    fresh = tuple(str(each) for token, each in after.items() if token not in before)
    return replace(result, assigned=fresh)


def check_confirmable(overrides: Overrides, run_id: str) -> None:
    """Refuse a run that cannot be confirmed, before anything is started.

    Parameters
    ----------
    overrides
        What flags say instead of the settings.
    run_id
        The run that is to be confirmed.

    Raises
    ------
    ConfigError
        As for `confirming.many_of`.
    """
    from sellkit.config import load
    from sellkit.wiring.confirming import many_of

    with closing(open_journal(load(overrides))) as journal:
        many_of(journal, None, run_id)


def _orders(journal: SqliteJournal, run_id: str) -> tuple[TicketRecord, ...]:
    """Every attempt that a run began."""
    run = next(each for each in journal.runs() if each["run_id"] == run_id)
    since = dt.datetime.fromisoformat(str(run["started_at"]))
    told = journal.book.ticket_records(str(run["account"]), since)
    return tuple(each for each in told if each.run_id == run_id)


def _with(own: Mapping[str, object], extra: Mapping[str, object]) -> Mapping[str, object]:
    taken = ", ".join(sorted(own.keys() & extra.keys()))
    if taken:
        raise ConfigError(f"--parameter may not set {taken}: sellkit sets it; use the flags")
    return {**own, **extra}


@contextmanager
def _evidence_kept(
    settings: Settings, journal: SqliteJournal, clock: Clock, run_id: str, output: Path
) -> Iterator[None]:
    """Around a run: its notebook's hash is journalled however it ends, and the day's backup made.

    A run that was not even started leaves no notebook, and changes nothing.
    """
    is_first = journal.evidence.is_first()
    try:
        yield
    finally:
        if output.exists():
            note_notebook(journal, settings.data_dir, run_id, output, is_first=is_first)
            _back_up(journal, clock)


def _back_up(journal: SqliteJournal, clock: Clock) -> None:
    try:
        journal.evidence.back_up(clock.now())
    except JournalError as error:  # the run is over and well without it
        log.critical("journal_not_backed_up", extra={"error": str(error)})


def refuse_unless_opened(overrides: Overrides) -> None:
    """See that a session has just opened, before a run at an opening is started.

    Parameters
    ----------
    overrides
        What flags say instead of the settings.

    Raises
    ------
    ConfigError
        None of the assigned exchanges' did within `orders.max_bar_age_seconds`.
    """
    from sellkit.config import load
    from sellkit.core.schedule import has_just_opened, next_opening

    settings = load(overrides)
    within = dt.timedelta(seconds=settings.file.orders.max_bar_age_seconds)
    calendars = scheduled_calendars(settings)
    with open_clock(settings, is_patient=False) as clock:
        now = clock.now()
    if not has_just_opened(calendars, now, within):
        following = next_opening(calendars, now)
        raise ConfigError(
            f"no session of {', '.join(scheduled_exchanges(settings))} opened within the last "
            f"{within.total_seconds():.0f} seconds (orders.max_bar_age_seconds); the next one "
            f"opens at {following:%Y-%m-%d %H:%M} UTC"
        )


@contextmanager
def open_clock(settings: Settings, *, is_patient: bool = True) -> Iterator[Clock]:
    """The clock of a schedule: the machine's, or the gateway's, waited for when it is away.

    The machine's is corrected by the gateway's when it jumps.

    Parameters
    ----------
    settings
        The profile's.
    is_patient
        Whether it is waited for.

    Raises
    ------
    NotConnected
        The gateway, whose time it is, could not be reached within `requests.patience_seconds`.
    """
    from sellkit.adapters.clock import SteadfastClock, SystemClock
    from sellkit.adapters.judged_clock import JudgedClock

    if settings.connection.clock == "system":
        machine = SystemClock()
        yield JudgedClock(machine, lambda: _gateway_time(settings)) if is_patient else machine
        return
    chosen = replace(settings, is_returning=is_patient)
    client = _time_client(settings)
    with closing(connect(chosen, client_id=client, keeps_alerts=is_patient)) as broker:
        yield SteadfastClock(broker.clock) if is_patient else broker.clock


def _gateway_time(settings: Settings) -> dt.datetime:
    """What the gateway's clock says, whatever the machine's does."""
    told = settings.connection.model_copy(update={"clock": "broker"})
    chosen = replace(settings, connection=told, is_returning=False)
    client = _time_client(settings)
    with closing(connect(chosen, client_id=client, keeps_alerts=False)) as broker:
        return broker.server_time()


def _time_client(settings: Settings) -> int:
    """The run itself and the viewers have the other ids; this one only asks for the time."""
    return max(settings.connection.client_id, settings.connection.viewer_client_id) + 1


def scheduled_exchanges(settings: Settings) -> Sequence[str]:
    """The exchanges of the assigned instruments that have a calendar; NYSE while there are none."""
    from sellkit.core.market_time import has_calendar

    tokens = open_book(settings).load().assignments
    found = sorted({token.exchange for token in tokens if has_calendar(token.exchange)})
    return found or ["NYSE"]


def scheduled_calendars(settings: Settings) -> list[Calendar]:
    """The calendars of those exchanges, with the hours that bars are asked for.

    Parameters
    ----------
    settings
        The profile's.
    """
    from sellkit.core.market_time import calendar_for

    is_extended = not settings.file.history.rth
    return [calendar_for(each, extended=is_extended) for each in scheduled_exchanges(settings)]
