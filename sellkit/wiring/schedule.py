"""Joins the parts of a schedule, and looks at what is due and what was."""

from __future__ import annotations

import datetime as dt
import logging
import sys
import time
from contextlib import ExitStack, closing
from itertools import islice
from typing import TYPE_CHECKING, Final

from sellkit.core.firing import Timing, begin_of
from sellkit.core.schedule import HOURLY, Timetable, all_dues
from sellkit.errors import SellkitError
from sellkit.wiring.courier import telling
from sellkit.wiring.evidence import note_notebook
from sellkit.wiring.fresh_settings import FreshSettings
from sellkit.wiring.further import cron_entries
from sellkit.wiring.heartbeat import beating, say_next
from sellkit.wiring.instance import only_one
from sellkit.wiring.moment import new_run_id
from sellkit.wiring.parts import desk_options, keep_budget, open_journal
from sellkit.wiring.runs import open_clock, scheduled_calendars
from sellkit.wiring.slots import end_told, say_ended, say_missed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sellkit.adapters.sqlite_journal import SqliteJournal
    from sellkit.config import Overrides, Settings
    from sellkit.core.firing import Slot
    from sellkit.core.market_time import Calendar
    from sellkit.core.schedule import Due, Following
    from sellkit.operate.concluding import Concluding
    from sellkit.operate.scheduler import Watchers
    from sellkit.ports.launching import Launcher
    from sellkit.wiring.instance import Instance

log = logging.getLogger(__name__)

_HOURS: Final = "the hours of the assigned exchanges"
_WORK: Final = "schedule"


def run_schedule(
    chosen: Overrides,
    *,
    is_live: bool,
    rounds: int | None,
    announce: Callable[[dt.datetime], None],
) -> Slot | None:
    """Run a schedule until interrupted, or until so many slots have ended; the last of them.

    Raises
    ------
    ConfigError
        A setting cannot be used.
    ScheduleRuns
        Another process runs this schedule.
    NoCalendar
        A calendar ends.
    """
    from sellkit.config import load
    from sellkit.wiring.log import open_log

    settings = load(chosen)
    open_log(settings)
    pinned = settings.as_overrides(chosen)  # another profile or folder is for another schedule
    while True:
        fresh = FreshSettings(settings, pinned)
        last = _keep(settings, fresh, pinned, is_live, rounds, announce)
        if fresh.found is None:
            return last
        log.warning("settings_changed", extra={"source": str(settings.source)})
        settings = fresh.found


def _keep(
    settings: Settings,
    fresh: FreshSettings,
    chosen: Overrides,
    is_live: bool,
    rounds: int | None,
    announce: Callable[[dt.datetime], None],
) -> Slot | None:
    """Run a schedule to its end, or until the settings are others; the last slot that ended."""
    from sellkit.operate.scheduler import Scheduler, Works

    entries = cron_entries(settings)
    with ExitStack() as stack:
        instance = stack.enter_context(only_one(settings))
        for around in (telling, beating, end_told):
            stack.enter_context(around(settings))
        clock = stack.enter_context(open_clock(settings))
        journal = stack.enter_context(closing(open_journal(settings)))
        works = Works(
            clock=clock,
            book=journal.slots,
            launcher=_launcher(settings, chosen, is_live=is_live),
            concluding=_concluding(settings, journal),
            timetable=_Timetables(settings, journal, entries),
            definitions={HOURLY: _HOURS, **_definitions(settings)},
            timing=timing_of(settings),
            watchers=_watchers(settings, instance, announce),
            steady=time.monotonic,
            new_run_id=new_run_id,
            is_outdated=fresh,
        )
        scheduler = Scheduler(works)
        scheduler.run(rounds)
        return scheduler.last_ended


def upcoming(chosen: Overrides, count: int) -> tuple[list[tuple[Due, dt.datetime]], Calendar]:
    """The next slots, each with when its run begins, and the calendar whose clock tells the time.

    Raises
    ------
    NoCalendar
        A calendar does not reach so far.
    """
    from sellkit.config import load

    settings = load(chosen)
    entries, timing = cron_entries(settings), timing_of(settings)
    with (
        closing(open_journal(settings)) as journal,
        open_clock(settings, is_patient=False) as clock,
    ):
        timetable, now = _Timetables(settings, journal, entries)(), clock.now()
    found = [
        (each, begin_of(each, now, timing)) for each in islice(all_dues(timetable, now), count)
    ]
    return found, timetable.calendars[0]


def past_slots(chosen: Overrides, count: int) -> tuple[Slot, ...]:
    """The last slots that were begun or missed, oldest first; no gateway is asked."""
    from sellkit.config import load

    with closing(open_journal(load(chosen))) as journal:
        return journal.slots.history(count)


def timing_of(settings: Settings) -> Timing:
    """How the settings keep slots; on a gateway's time, of any speed, a lead would mean nothing."""
    schedule, is_own = settings.file.schedule, settings.connection.clock == "system"
    return Timing(
        lead=dt.timedelta(seconds=schedule.lead_seconds if is_own else 0),
        delay=dt.timedelta(seconds=schedule.delay_seconds),
        grace=dt.timedelta(seconds=schedule.grace_seconds),
        timeout_seconds=schedule.timeout_seconds,
    )


class _Timetables:
    """What is due, as assignments and deferred tickets have it at the time."""

    def __init__(
        self, settings: Settings, journal: SqliteJournal, entries: Mapping[str, Following]
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._entries = entries
        self._calendars: tuple[Calendar, ...] = ()
        self._trouble = ""

    def __call__(self) -> Timetable:
        """Read anew; while a person is about to spoil the assignments, the exchanges as before."""
        try:
            self._calendars, self._trouble = tuple(scheduled_calendars(self._settings)), ""
        except SellkitError as error:
            if not self._calendars:
                raise
            self._say(str(error))
        options = desk_options(self._settings)
        return Timetable(
            calendars=self._calendars,
            anchor=options.anchor,
            early=options.limits.early,
            openings=self._journal.slots.openings(),
            entries=self._entries,
        )

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.error("assignments_unreadable", extra={"reason": trouble})
        self._trouble = trouble


def _definitions(settings: Settings) -> dict[str, str]:
    entries = settings.file.schedule.entries
    return {name: f"{each.cron} {each.zone}" for name, each in entries.items()}


def _launcher(settings: Settings, chosen: Overrides, *, is_live: bool) -> Launcher:
    from dataclasses import replace

    from sellkit.adapters.run_processes import RunProcesses

    def words(slot: Slot, prepare: bool) -> list[str]:
        of_run = ["--run-id", str(slot.run_id)]
        if slot.due.entry != HOURLY:
            return [sys.executable, "-m", "sellkit", "schedule", "fire", slot.due.entry, *of_run]
        flags = [*(["--live"] if is_live else []), *(["--prepare"] if prepare else [])]
        return [sys.executable, "-m", "sellkit", "run", *of_run, *flags]

    told = replace(settings.as_overrides(chosen), returning=True)
    return RunProcesses(settings.data_dir / _WORK, words, told.environment())


def _concluding(settings: Settings, journal: SqliteJournal) -> Concluding:
    from sellkit.adapters.run_folder import ProfileRuns
    from sellkit.operate.concluding import Concluding

    def note(run_id: str, path: str) -> None:
        known = {str(each["path"]) for each in journal.evidence.notebooks()}
        if path not in known:
            note_notebook(
                journal, settings.data_dir, run_id, settings.data_dir / path, is_first=False
            )

    return Concluding(journal, ProfileRuns(settings.data_dir), note)


def _watchers(
    settings: Settings, instance: Instance, announce: Callable[[dt.datetime], None]
) -> Watchers:
    from sellkit.operate.scheduler import Watchers

    def announced(begin: dt.datetime) -> None:
        announce(begin)
        say_next(settings, begin)

    def ended(slot: Slot) -> None:
        instance.take()
        say_ended(settings, slot)

    return Watchers(
        announce=announced,
        prepare=lambda: keep_budget(settings),
        ended=ended,
        missed=lambda missed: say_missed(settings, missed),
    )
