"""Lets alerts go out beside what a command does: on a thread, which never holds it up for long."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from sellkit.errors import JournalError, RunFailed, SellkitError
from sellkit.wiring.channels import channels, open_notifier, speaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.adapters.sqlite_journal import SqliteJournal
    from sellkit.config import Settings
    from sellkit.operate.attending import Attendance
    from sellkit.operate.courier import Courier, Told

log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 60.0


def open_courier(settings: Settings, journal: SqliteJournal) -> Courier:
    """What carries the alerts of a journal to a person.

    Parameters
    ----------
    settings
        The profile's.
    journal
        Its journal.
    """
    from sellkit.adapters.clock import SystemClock
    from sellkit.core.outbox import Rules
    from sellkit.operate.courier import Courier

    asked = settings.file.alerts
    return Courier(
        outbox=journal.outbox,
        notifier=open_notifier(settings),
        channels=channels(settings),
        name=speaker(settings),
        now=SystemClock().now,
        rules=Rules(
            batch=dt.timedelta(minutes=asked.batch_minutes),
            repeat=dt.timedelta(minutes=asked.repeat_minutes),
        ),
        accounts=settings.file.accounts,
    )


def open_attendance(settings: Settings, journal: SqliteJournal) -> Attendance:
    """What looks at connections, the disk and the week beside the runs."""
    from sellkit.adapters.clock import SystemClock
    from sellkit.operate.attending import Attendance
    from sellkit.wiring.answering import answers
    from sellkit.wiring.runs import scheduled_calendars
    from sellkit.wiring.upkeep import login_window
    from sellkit.wiring.vitals import free_bytes

    asked, is_own_time = settings.file.alerts, settings.connection.clock != "system"

    def free() -> float:
        return free_bytes(settings.data_dir) / 1e6

    return Attendance(
        journal=journal,
        now=SystemClock().now,
        calendars=None if is_own_time else scheduled_calendars(settings),
        disconnected=dt.timedelta(minutes=asked.disconnected_minutes),
        free_megabytes=free,
        least_megabytes=asked.low_disk_megabytes,
        login=login_window(settings.connection),
        login_notice=dt.timedelta(hours=asked.login_notice_hours),
        is_known=journal.outbox.is_known,
        answers=lambda: answers(settings),
    )


def deliver(settings: Settings) -> Told:
    """Look at what no run notices, and tell all that has not been told, here and now.

    Parameters
    ----------
    settings
        The profile's.

    Raises
    ------
    JournalError
        It cannot be read or written.
    """
    from sellkit.wiring.parts import open_journal

    with closing(open_journal(settings)) as journal:
        return _deliver(settings, journal, is_last=True, looks=True)


def _deliver(settings: Settings, journal: SqliteJournal, *, is_last: bool, looks: bool) -> Told:
    from sellkit.operate.courier import Told

    if not (settings.data_dir / "journal.sqlite").exists():
        return Told()  # the first run makes it: one that is made before passes for a lost one
    if looks:
        _look(settings, journal)
    seconds = settings.file.alerts.deliver_seconds
    return open_courier(settings, journal).deliver(is_last=is_last, at_most_seconds=seconds)


def _look(settings: Settings, journal: SqliteJournal) -> None:
    """What cannot be looked at, as assignments that cannot be read, silences nothing else."""
    try:
        open_attendance(settings, journal).look()
    except SellkitError as error:
        log.warning("not_looked_after", extra={"reason": str(error)})


@contextmanager
def telling(settings: Settings) -> Iterator[None]:
    """Around what a command does: what comes up is told meanwhile, and the rest at its end.

    The end waits for `alerts.deliver_seconds` at most; nothing that goes wrong here reaches the
    command.

    Parameters
    ----------
    settings
        The profile's.
    """
    if not settings.file.alerts.channels:
        _let_go(settings)
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_tell, args=(settings, over), daemon=True, name="alerts")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(settings.file.alerts.deliver_seconds)
        if thread.is_alive():
            log.warning("alerts_not_told_in_time")


def _let_go(settings: Settings) -> None:
    """Note, once, that channels which were there are not any more."""
    from sellkit.wiring.parts import open_journal

    try:
        with closing(open_journal(settings)) as journal:
            _deliver(settings, journal, is_last=False, looks=False)
    except SellkitError as error:
        log.warning("channels_not_noted", extra={"reason": str(error)})


def _tell(settings: Settings, over: threading.Event) -> None:
    from sellkit.wiring.parts import open_journal

    rounds, is_over = 0, False
    with closing(open_journal(settings)) as journal:
        while not is_over:
            is_over = over.wait(_POLL_SECONDS if rounds else 0.0)
            looks = rounds % round(_LOOK_SECONDS / _POLL_SECONDS) == 0
            try:
                _deliver(settings, journal, is_last=is_over, looks=looks)
            except SellkitError as error:
                log.warning("alerts_not_told", extra={"reason": str(error)})
            rounds += 1


@contextmanager
def failures_told(settings: Settings, run_id: str, *, is_scheduled: bool) -> Iterator[None]:
    """Around a run: that it failed is an alert until another one comes to its end.

    Parameters
    ----------
    settings
        The profile's.
    run_id
        The run.
    is_scheduled
        Whether nobody is looking: then it is one, too, that nothing could be started.
    """
    try:
        yield
    except RunFailed as error:
        say_failed(settings, f"run {run_id} failed: {error}")
        raise
    except SellkitError as error:
        if is_scheduled:
            say_failed(settings, f"run {run_id} could not be started: {error}")
        raise
    else:
        _end_failures(settings)


def say_failed(settings: Settings, text: str) -> None:
    """Raise the alert about a run that failed; where it cannot be kept it stands in the log.

    Who started the run at a terminal reads the error there: the log's own line stays in its file.
    """
    from sellkit.adapters.clock import SystemClock
    from sellkit.core.alerts import Alert, AlertKind
    from sellkit.core.redaction import Redaction
    from sellkit.operate.attending import RUNS
    from sellkit.wiring.parts import open_journal

    plain = Redaction(settings.file.accounts)(text)
    log.warning("run_failed", extra={"text": plain})
    now = SystemClock().now()
    try:
        with closing(open_journal(settings)) as journal:
            journal.renew_alerts(now, (), [(RUNS, Alert(AlertKind.RUN_FAILED, plain, now))])
    except JournalError as error:
        log.critical("alert_not_kept", extra={"reason": str(error)})


def _end_failures(settings: Settings) -> None:
    from sellkit.operate.attending import RUNS
    from sellkit.wiring.alerts import AlertKeeper

    try:
        AlertKeeper(settings.data_dir / "journal.sqlite", RUNS).end()
    except JournalError as error:
        log.critical("alert_not_ended", extra={"reason": str(error)})
