"""The schedule's loop: begins each slot once, follows its run to the end, and forgets none."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sellkit.core.firing import Slot, SlotOutcome, begin_of, owed, plan
from sellkit.core.schedule import HOURLY, dues, dues_until
from sellkit.errors import OldCalendar
from sellkit.operate.running_slot import RunningSlot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sellkit.core.firing import Timing
    from sellkit.core.schedule import Due, Timetable
    from sellkit.operate.concluding import Concluding
    from sellkit.ports import Clock
    from sellkit.ports.launching import Launcher
    from sellkit.ports.slot_book import SlotBook

log = logging.getLogger(__name__)

_LATE: Final = dt.timedelta(minutes=1)
"""So much behind its time a run is late: the process was held up, or the machine was asleep."""
_AHEAD: Final = dt.timedelta(seconds=30)
_FAR: Final = dt.timedelta(hours=1)
_RENEWAL: Final = dt.timedelta(days=14)
_AGED: Final = dt.timedelta(days=1)
"""An older schedule ends so long before its calendars: in a new process they reach further."""
_NAP_SECONDS: Final = 5.0
_SHORT_NAP_SECONDS: Final = 0.5
_REFRESH_SECONDS: Final = 20.0
_GRACE: Final = "it was found later than schedule.grace_seconds"
_NEWER: Final = "a newer one had come when it was found"


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who is told what a schedule does.

    Attributes
    ----------
    announce
        Told when the next run will begin, before the wait.
    prepare
        Called shortly before each hourly run, so that others leave it the budget of requests.
    ended
        Told each slot whose run has ended, or that was never begun.
    missed
        Told the slots that were let pass.
    """

    announce: Callable[[dt.datetime], None]
    prepare: Callable[[], None]
    ended: Callable[[Slot], None]
    missed: Callable[[tuple[Due, ...]], None]


@dataclass(frozen=True, slots=True)
class Works:
    """What a schedule works with.

    Attributes
    ----------
    timetable
        Asked again and again: assignments and deferred tickets change it.
    definitions
        By entry what it is; one that is defined anew has no slots before.
    steady
        The machine's steady clock, in seconds: by it a run takes too long.
    new_run_id
        Makes the identity of a run.
    is_outdated
        Whether the settings that all of this was made from are others by now.
    """

    clock: Clock
    book: SlotBook
    launcher: Launcher
    concluding: Concluding
    timetable: Callable[[], Timetable]
    definitions: Mapping[str, str]
    timing: Timing
    watchers: Watchers
    steady: Callable[[], float]
    new_run_id: Callable[[], str]
    is_outdated: Callable[[], bool]


class Scheduler:
    """Begins what is due; what it knows is in the book, so that another one goes on from there."""

    def __init__(self, works: Works) -> None:
        self._works = works
        self._begun_at = works.steady()
        self._running: list[RunningSlot] = []
        self._after: dict[str, dt.datetime] = {}
        self._last: dict[str, Slot | None] = {}
        self._timetable: Timetable | None = None
        self._read_at, self._is_stale = 0.0, False
        self._wake: dict[str, dt.datetime] = {}
        self._announced: dt.datetime | None = None
        self._prepared: dt.datetime | None = None
        self._begun = self._ended = 0
        self._now: dt.datetime | None = None
        self.last_ended: Slot | None = None

    def run(self, rounds: int | None = None) -> None:
        """Go on until interrupted, or so many slots have ended; what runs then is ended in order.

        It leaves off as well where it is outdated and nothing runs; another one goes on from there.

        Raises
        ------
        NoCalendar
            A calendar does not reach so far; `OldCalendar` where a schedule begun now has one that
            does.
        """
        try:
            self._resume()
            while rounds is None or self._ended < rounds:
                self._look(rounds)
                if not self._running and self._works.is_outdated():
                    return
                if rounds is None or self._ended < rounds:
                    self._rest()
        finally:
            self._end_all()

    def _resume(self) -> None:
        """Take over what a former schedule began: its runs may be at work still."""
        works = self._works
        self._now = works.clock.now()
        for slot in works.book.unended():
            found = works.launcher.find(str(slot.run_id))
            if found is not None:
                log.warning("run_taken_over", extra={"run": slot.run_id})
                self._running.append(RunningSlot(slot, found, works.steady()))
            else:
                self._conclude(slot, None, None)
        self._ended = 0  # those were not of this schedule

    def _look(self, rounds: int | None) -> None:
        """One round: follow what runs, begin what is due."""
        self._now = now = self._works.clock.now()
        for running in tuple(self._running):
            if running.follow(self._works.steady(), self._works.timing.timeout_seconds):
                self._running.remove(running)
                self._conclude(running.slot, running.launched.exit_code, running.ended_as)
        timetable = self._current(now)
        self._refuse_age(timetable, now)
        self._wake = {}
        busy = {each.slot.due.entry for each in self._running}
        for entry in timetable.names:
            if entry not in busy:
                may_begin = rounds is None or max(self._begun, self._ended) < rounds
                self._consider(timetable, entry, now, may_begin=may_begin)

    def _current(self, now: dt.datetime) -> Timetable:
        """The timetable; where other exchanges count than before, their past does not."""
        steady, former = self._works.steady(), self._timetable
        if former is not None and not self._is_stale and steady < self._read_at + _REFRESH_SECONDS:
            return former
        found, self._read_at, self._is_stale = self._works.timetable(), steady, False
        for entry in found.names:
            if entry not in self._after:
                definition = self._works.definitions.get(entry, "")
                self._after[entry] = self._works.book.watch(entry, definition, now)
                self._last[entry] = self._works.book.latest(entry)
        if former is not None and former.calendars != found.calendars:
            pending = now - self._works.timing.delay - _AHEAD
            self._after[HOURLY] = max(self._after[HOURLY], pending)
        self._timetable = found
        return found

    def _refuse_age(self, timetable: Timetable, now: dt.datetime) -> None:
        """End while nothing runs; one begun near a calendar's own end goes on for a day."""
        last, age = timetable.last_date, self._works.steady() - self._begun_at
        if not self._running and last - now.date() < _RENEWAL and age >= _AGED.total_seconds():
            raise OldCalendar(
                f"sessions are known up to {last} in this process, and further in a new one: start "
                "the schedule again, as a service does by itself"
            )

    def _consider(
        self, timetable: Timetable, entry: str, now: dt.datetime, *, may_begin: bool
    ) -> None:
        """Begin the newest slot of an entry that has come, let older ones pass, or wait."""
        timing, after = self._works.timing, self._after[entry]
        first = next(dues(timetable, entry, after), None)
        if first is None:
            return
        reach = max(first.at, now + timing.lead)
        found = plan(dues_until(timetable, entry, after, reach), now, timing)
        if found.missed:
            self._miss(found.missed, _NEWER if found.due else _GRACE)
            self._consider(timetable, entry, now, may_begin=may_begin)
            return
        if self._try_again(entry, found.due, now) or not may_begin:
            return
        if found.due is None or found.begin is None:
            return
        if found.begin <= now:
            self._start(found.due, now)
            return
        self._wait_for(entry, found.begin, now)

    def _try_again(self, entry: str, following: Due | None, now: dt.datetime) -> bool:
        """Begin a slot once more that was not judged, while no newer one has come."""
        timing, last = self._works.timing, self._last.get(entry)
        why = owed(last, timing) if last else ""
        if last is None or not why or now - last.due.at > timing.grace:
            return False
        if following is not None and begin_of(following, now, timing) <= now:
            return False
        is_unbegun = last.end is not None and last.end.outcome is SlotOutcome.UNBEGUN
        at = now if is_unbegun else max(now, last.due.at)
        begin = begin_of(last.due, at, timing)
        if begin > now:
            self._wait_for(entry, begin, now)
        else:
            self._start(last.due, now, last.attempt + 1, why)
        return True

    def _wait_for(self, entry: str, begin: dt.datetime, now: dt.datetime) -> None:
        self._wake[entry] = begin
        if entry == HOURLY and begin - _AHEAD <= now and self._prepared != begin:
            self._prepared = begin
            self._works.watchers.prepare()

    def _miss(self, passed: tuple[Due, ...], why: str) -> None:
        entry, now = passed[0].entry, self._works.clock.now()
        self._works.book.miss(passed, now, why)
        self._after[entry] = passed[-1].at
        log.critical("slots_missed", extra={"entry": entry, "number": len(passed), "why": why})
        self._works.watchers.missed(passed)

    def _start(self, due: Due, now: dt.datetime, attempt: int = 1, why: str = "") -> None:
        """On the disk first: whatever happens next, the slot is not begun again unseen."""
        works, extra = self._works, {"entry": due.entry, "due": due.at.isoformat()}
        if due.entry == HOURLY and self._prepared is None:
            works.watchers.prepare()
        log.info("run_due", extra=extra) if attempt == 1 else log.critical("run_again", extra=extra)
        late = now - begin_of(due, max(now, due.at), works.timing)
        if late > _LATE:
            # It is fired all the same: the age of the bar withholds what is too old to act on.
            log.critical("run_late", extra={**extra, "late": str(late)})
        run_id = works.new_run_id()
        number = works.book.begin(due, attempt, now, run_id, why)
        slot = Slot(number, due, attempt, now, why, run_id)
        self._after[due.entry] = max(self._after[due.entry], due.at)
        self._last[due.entry], self._prepared = slot, None
        self._begun += attempt == 1
        prepare = due.entry == HOURLY and now < due.at
        launched = works.launcher.start(slot, prepare=prepare)
        self._running.append(RunningSlot(slot, launched, works.steady()))

    def _conclude(self, slot: Slot, code: int | None, ended_as: SlotOutcome | None) -> None:
        works, now = self._works, self._now or self._works.clock.now()
        end = works.concluding.end_of(slot, code, ended_as, now)
        works.book.end(slot.number, now, end)
        works.launcher.clear(str(slot.run_id))
        ended = replace(slot, end=end, ended_at=now)
        self._last[slot.due.entry] = self.last_ended = ended
        self._is_stale = True  # it may have deferred tickets to an opening
        is_owed = owed(ended, works.timing) and now - slot.due.at <= works.timing.grace
        self._ended += not is_owed
        works.watchers.ended(ended)

    def _rest(self) -> None:
        """Sleep until something begins, or for moments while something runs."""
        now = self._now or self._works.clock.now()
        begin = min(self._wake.values(), default=None)
        watchers = self._works.watchers
        if begin is not None and not self._running and begin != self._announced:
            self._announced = begin
            watchers.announce(begin)
        if self._running:
            nap = _SHORT_NAP_SECONDS
            self._works.clock.sleep_until(now + dt.timedelta(seconds=nap), nap)
            return
        until = begin or now + _FAR
        ahead = until - _AHEAD
        self._works.clock.sleep_until(ahead if now < ahead else until, _NAP_SECONDS)

    def _end_all(self) -> None:
        """End what runs, in good order where that is possible; each end is recorded."""
        for running in self._running:
            running.launched.stop()
        for running in tuple(self._running):
            running.finish()
            self._running.remove(running)
            ended_as = running.ended_as or SlotOutcome.INTERRUPTED
            self._conclude(running.slot, running.launched.exit_code, ended_as)
