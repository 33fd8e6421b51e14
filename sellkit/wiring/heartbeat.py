"""The heartbeat of a schedule: written after each run, and every minute while it waits."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.errors import RunFailed, SellkitError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sellkit.adapters.heartbeat_file import WatchdogFile
    from sellkit.config import Settings
    from sellkit.core.heartbeat import Heartbeat, Late

log = logging.getLogger(__name__)

_BEAT_SECONDS: Final = 60.0


def slot_over(
    settings: Settings,
    *,
    due: dt.datetime,
    outcome: str,
    run_id: str = "",
    next_due: dt.datetime | None = None,
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
    run_id
        The run, "" when none was begun.
    next_due
        When the next one is due; None leaves what was said before.
    """
    said: dict[str, object] = {"last_due": due, "outcome": outcome, "run_id": run_id}
    if next_due is not None:
        said["next_due"] = next_due
    _beat(settings, **said)


def say_next(settings: Settings, next_due: dt.datetime) -> None:
    """Say what a schedule waits for; as `slot_over`, it raises nothing."""
    _beat(settings, next_due=next_due)


@contextmanager
def heard_of(settings: Settings, run_id: str, *, is_wanted: bool) -> Iterator[list[str]]:
    """Around a run that no schedule of sellkit started: it is heard of when it has ended.

    Also when it failed; one that could not even be started is not, and is missed.

    Parameters
    ----------
    settings
        The profile's.
    run_id
        The run.
    is_wanted
        Whether it tells of the present.

    Yields
    ------
    list of str
        Takes the outcome of a run that came to its end.
    """
    outcome: list[str] = []
    try:
        yield outcome
    except RunFailed:
        outcome.append("failed")
        raise
    finally:
        if is_wanted and outcome:
            _run_over(settings, outcome[-1], run_id)


def _run_over(settings: Settings, outcome: str, run_id: str) -> None:
    """It stands for the last hour; the gateway's time is for schedules alone."""
    from sellkit.adapters.clock import SystemClock
    from sellkit.core.heartbeat import latest_due
    from sellkit.core.schedule import Timetable, next_due
    from sellkit.wiring.parts import desk_options
    from sellkit.wiring.runs import scheduled_calendars

    if settings.connection.clock != "system":
        return
    now, anchor = SystemClock().now(), settings.file.bars.hour_anchor
    early = desk_options(settings).limits.early
    try:
        known = tuple(scheduled_calendars(settings))
        due = latest_due(known, now, anchor, early)
        following = next_due(Timetable(known, anchor, early), now).at
    except SellkitError as error:
        log.critical("heartbeat_not_written", extra={"reason": str(error)})
        return
    if due is not None:
        slot_over(settings, due=due, outcome=outcome, run_id=run_id, next_due=following)


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


def remembering(settings: Settings) -> WatchdogFile:
    """What a watchdog of a profile has told; one that goes on keeps it over all its looks."""
    from sellkit.adapters.heartbeat_file import WatchdogFile

    return WatchdogFile(settings.data_dir)


def look(settings: Settings, memory: WatchdogFile | None = None) -> Looked:
    """Look at the heartbeat of a profile once, and tell of it what is to be told.

    Parameters
    ----------
    settings
        The profile's.
    memory
        That of the look before, by the same process.

    Raises
    ------
    ConfigError
        Its folder cannot be written to; what is late has been told all the same.
    """
    from sellkit.adapters.clock import SystemClock
    from sellkit.adapters.heartbeat_file import HeartbeatFile
    from sellkit.core.heartbeat import Late, lateness
    from sellkit.operate.watchdog import Watchdog
    from sellkit.wiring.channels import open_notifier, speaker
    from sellkit.wiring.parts import desk_options
    from sellkit.wiring.runs import scheduled_calendars

    file, now = settings.file, SystemClock().now()
    grace = dt.timedelta(minutes=file.alerts.watchdog_minutes)
    early = desk_options(settings).limits.early

    def judge(beat: Heartbeat | None) -> Late | None:
        anchor = file.bars.hour_anchor
        try:
            return lateness(beat, now, scheduled_calendars(settings), grace, anchor, early)
        except SellkitError as error:  # it may be what stops the schedule, too
            return Late(now, f"nobody can tell what is due: {error}", is_silence=True)

    heartbeat, kept = HeartbeatFile(settings.data_dir), memory or remembering(settings)
    dog = Watchdog(
        memory=kept,
        beat=heartbeat.read,
        judge=judge,
        notifier=open_notifier(settings),
        channels=list(file.alerts.channels),
        name=speaker(settings),
    )
    late = dog.look()
    if kept.trouble is not None:
        raise kept.trouble
    return Looked(late=late, beat=heartbeat.read())
