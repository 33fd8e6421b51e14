"""The heartbeat of a schedule: written after each run, and every minute while it waits."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.errors import SellkitError
from sellkit.wiring.courier import say_failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.config import Settings
    from sellkit.core.heartbeat import Heartbeat, Late

log = logging.getLogger(__name__)

_BEAT_SECONDS: Final = 60.0


def after_slot(
    settings: Settings,
    *,
    due: dt.datetime,
    outcome: str,
    next_due: dt.datetime | None = None,
    run_id: str = "",
    failure: str = "",
) -> None:
    """Say that what was due is over, however it ended; a schedule calls it after each slot.

    It raises nothing: what cannot be written stands in the log, and is late to a watchdog.

    Parameters
    ----------
    settings
        The profile's.
    due
        What the slot was for, aware UTC.
    outcome
        `decided`, `undecided`, `uncertain`, `failed`, `missed`, `overrun` or the like.
    next_due
        When the next one is due; None leaves what was said before.
    run_id
        The run, "" when none was begun.
    failure
        What a person has to hear beside that, "" for nothing; `run_notebook` tells itself of a run
        that failed, and nobody else of one that was ended from outside.
    """
    said: dict[str, object] = {"last_due": due, "outcome": outcome, "run_id": run_id}
    if next_due is not None:
        said["next_due"] = next_due
    _beat(settings, **said)
    if failure:
        say_failed(settings, failure)


def say_next(settings: Settings, next_due: dt.datetime) -> None:
    """Say what a schedule waits for; as `after_slot`, it raises nothing."""
    _beat(settings, next_due=next_due)


@contextmanager
def beating(settings: Settings) -> Iterator[None]:
    """Around a schedule that goes on: its heartbeat is renewed every minute, on a thread.

    Parameters
    ----------
    settings
        The profile's.
    """
    over = threading.Event()
    thread = threading.Thread(target=_keep, args=(settings, over), daemon=True, name="heartbeat")
    _beat(settings, is_kept=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        _beat(settings, is_kept=False)


def _keep(settings: Settings, over: threading.Event) -> None:
    while not over.wait(_BEAT_SECONDS):
        _beat(settings)


def _beat(settings: Settings, **said: object) -> None:
    from sellkit.adapters.clock import SystemClock
    from sellkit.adapters.heartbeat_file import HeartbeatFile

    is_own_time = settings.connection.clock != "system"
    try:
        now = {"at": SystemClock().now(), "is_own_time": is_own_time}
        HeartbeatFile(settings.data_dir).beat({**now, **said})
    except SellkitError as error:
        log.critical("heartbeat_not_written", extra={"reason": str(error)})


@dataclass(frozen=True, slots=True)
class Looked:
    """What a watchdog found.

    Attributes
    ----------
    beat
        The last heartbeat.
    late
        What is missed.
    """

    beat: Heartbeat | None
    late: Late | None


def look(settings: Settings) -> Looked:
    """Look at the heartbeat of a profile once, and tell of it what is to be told.

    Parameters
    ----------
    settings
        The profile's.

    Raises
    ------
    ConfigError
        Its folder cannot be written to.
    NoCalendar
        The calendar does not reach so far.
    """
    from sellkit.adapters.clock import SystemClock
    from sellkit.adapters.heartbeat_file import HeartbeatFile, WatchdogFile
    from sellkit.core.heartbeat import lateness
    from sellkit.operate.watchdog import Watchdog
    from sellkit.wiring.channels import open_notifier, speaker
    from sellkit.wiring.parts import desk_options
    from sellkit.wiring.runs import scheduled_calendars

    file, now = settings.file, SystemClock().now()
    grace = dt.timedelta(minutes=file.alerts.watchdog_minutes)
    early = desk_options(settings).limits.early

    def judge(beat: Heartbeat | None) -> Late | None:
        return lateness(
            beat, now, scheduled_calendars(settings), grace, file.bars.hour_anchor, early
        )

    heartbeat = HeartbeatFile(settings.data_dir)
    dog = Watchdog(
        memory=WatchdogFile(settings.data_dir),
        beat=heartbeat.read,
        judge=judge,
        notifier=open_notifier(settings),
        channels=list(file.alerts.channels),
        name=speaker(settings),
    )
    return Looked(late=dog.look(), beat=heartbeat.read())
