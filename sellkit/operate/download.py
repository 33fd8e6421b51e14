"""Bring the stored bars up to date: only what is missing, many instruments at once."""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sellkit.core.bars import BarSize, slots_until
from sellkit.core.counting import counted
from sellkit.operate import refetch
from sellkit.operate.fetch import Fetching, Outcome, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sellkit.core.assignments import Assignment
    from sellkit.core.instrument import Instrument
    from sellkit.core.market_time import Calendar
    from sellkit.operate.options import DeskOptions
    from sellkit.ports import BarStore, Broker, Clock, Progress

IDENTICAL_GAP: Final = dt.timedelta(seconds=15)
"""Interactive Brokers refuses the same question sooner."""

_SEGMENTS: Final = 64
"""So many pieces are folded after a download; fewer cost a reader nothing worth mentioning."""

_QUIET: Final = range(5, 25)
"""Minutes of each half-hour in which no bar is about to end or has just ended."""

_WORTH_SAYING: Final = 5.0
_TWO_MINUTES: Final = 120.0


@dataclass(frozen=True, slots=True, repr=False)
class DownloadReport:
    """What became of every series.

    Attributes
    ----------
    outcomes
        One for each series.
    """

    outcomes: tuple[Outcome, ...]

    @property
    def problems(self) -> dict[int, str]:
        """By contract, why bars could not be had."""
        return {
            each.series.instrument.con_id: why
            for each in self.outcomes
            if (why := each.problem or each.late) is not None
        }

    def __repr__(self) -> str:
        fetched = sum(each.fetched for each in self.outcomes)
        requests = sum(each.requests for each in self.outcomes)
        asked = f"{counted(requests, 'request')} for {len(self.outcomes)} series"
        total = f"{counted(fetched, 'bar')} fetched by {asked}"
        failed = [
            f"{each.series.instrument} {each.series.key.bar_size}: {each.problem}"
            for each in self.outcomes
            if each.problem is not None
        ]
        return "\n".join([total, *failed])


def plan(
    instrument: Instrument,
    calendar: Calendar,
    assignment: Assignment | None,
    options: DeskOptions,
    as_of: dt.datetime,
) -> tuple[Series, Series]:
    """The daily and the half-hourly series that an instrument needs at `as_of`.

    Daily bars go back `history_days`, half-hours as far as `history_hours` hours are folded from;
    either goes back further where the assigned EMA needs it. A split takes effect with a session's
    opening: the newest half-hour is told anew after it, and shows that for the days, too.
    """
    needed = {BarSize.D1: 0, BarSize.H1: options.history_hours}
    if assignment is not None:
        size = assignment.timeframe.bar_size
        bars = assignment.average.bars_needed(options.limits.max_seed_weight)
        needed[size] = max(needed[size], bars)
    days = slots_until(
        as_of, BarSize.D1, calendar, since=as_of - dt.timedelta(days=options.history_days)
    )
    if len(days) < needed[BarSize.D1]:
        days = slots_until(as_of, BarSize.D1, calendar, count=needed[BarSize.D1])
    hours = slots_until(
        as_of, BarSize.H1, calendar, anchor=options.anchor, count=needed[BarSize.H1]
    )
    halves = slots_until(as_of, BarSize.M30, calendar, since=hours[0].start) if hours else []
    keys = [options.key(instrument.con_id, size) for size in (BarSize.D1, BarSize.M30)]
    opened = calendar.latest_opened(as_of).open_utc
    return (
        Series(instrument, calendar, keys[0], days, options.lag),
        Series(instrument, calendar, keys[1], halves, options.lag, since=opened),
    )


def bring_up_to_date(
    series: Sequence[Series],
    broker: Broker,
    store: BarStore,
    progress: Progress,
    options: DeskOptions,
    clock: Clock,
    *,
    is_present: bool,
) -> DownloadReport:
    """Fetch what is missing: days before half-hours, what is held first, the newest first.

    A series whose bars cannot be had carries the reason; the others go on. An instrument whose
    stored prices the source tells differently now, after a split, is fetched anew as a whole; its
    old bars stay, frozen, until the new ones are whole.
    Interrupted at any point, what had come is in the store, and the next call asks for the rest.

    Raises
    ------
    NotConnected
        The connection ended; what had come is in the store.
    """
    crew = _Crew(broker, store, progress, options, clock, is_present)
    frozen = refetch.frozen_instruments(series, store)
    usual = [each for each in series if each.key.con_id not in frozen]
    outcomes = crew.fetch("downloading bars", usual)
    changed = {each.series.key.con_id: each.ratio for each in outcomes if each.ratio is not None}
    anew = [each for each in series if each.key.con_id in frozen | set(changed)]
    refetch.freeze(anew, changed, store, clock.now())
    kept = [each for each in outcomes if each.series.key.con_id not in changed]
    gathered = refetch.gather(anew, store, crew.fetch_anew)
    if clock.now().minute % 30 in _QUIET:
        store.compact(over=_SEGMENTS)
    return DownloadReport((*kept, *gathered))


@dataclass(frozen=True, slots=True)
class _Crew:
    """Fetches many series at once."""

    broker: Broker
    store: BarStore
    progress: Progress
    options: DeskOptions
    clock: Clock
    is_present: bool

    def fetch(self, label: str, series: Iterable[Series]) -> list[Outcome]:
        now = self.clock.now()
        works = [
            Fetching(each, self.broker, self.store, now, is_present=self.is_present)
            for each in series
        ]
        self._work(label, works)
        if self.is_present:
            self._wait_for_late(works, now)
        return [each.outcome() for each in works]

    def fetch_anew(self, store: BarStore, series: Sequence[Series]) -> list[Outcome]:
        """As `fetch`, into another store, for prices that have changed."""
        crew = replace(self, store=store)
        return crew.fetch("prices have changed, downloading anew", series)

    def _wait_for_late(self, works: Sequence[Fetching], began: dt.datetime) -> None:
        """Ask for bars that have just ended and did not come, until their time is over.

        The rounds begin 15 seconds apart, the last not later than the deadline. A first round that
        took longer is followed by one more at once. On a clock that stands still there are no more
        rounds than on one that runs.

        Parameters
        ----------
        began
            When the first round did; aware UTC.
        """
        asked_at = began
        for asked in itertools.count(1):
            late = [(each, slot) for each in works if (slot := each.late_slot()) is not None]
            if not late:
                return
            left = max(slot.end for _, slot in late) + self.options.late_bars
            if max(asked_at + IDENTICAL_GAP, began + asked * IDENTICAL_GAP) > left:
                for each, slot in late:
                    each.give_up(slot, asked)
                return
            gap = IDENTICAL_GAP.total_seconds()
            self.clock.sleep_until(asked_at + IDENTICAL_GAP, at_most_seconds=gap)
            asked_at = self.clock.now()
            for each, slot in late:
                each.ask_again(slot)
            self._work("waiting for bars that are late", [each for each, _ in late])

    def _work(self, label: str, works: Sequence[Fetching]) -> None:
        total = sum(len(each.missing) for each in works)
        if not total:
            return
        self.progress.start(f"{label}: {self._extent(works)}", total)
        queue = _Queue(works)
        with ThreadPoolExecutor(self.options.concurrency, thread_name_prefix="download") as pool:
            hands = [
                pool.submit(queue.empty, self.progress) for _ in range(self.options.concurrency)
            ]
            try:
                for hand in hands:
                    hand.result()
            finally:
                queue.stop()
                pool.shutdown()
                self.progress.stop()

    def _extent(self, works: Iterable[Fetching]) -> str:
        requests = sum(each.requests_ahead() for each in works)
        seconds = self.broker.seconds_for(requests)
        noun = "request" if requests == 1 else "requests"
        about = "" if seconds < _WORTH_SAYING else f", about {_duration(seconds)}"
        return f"{requests:,} {noun}{about}"


class _Queue:
    """Series with something missing, the one whose turn it is first.

    A series is in one pair of hands at a time, for one request; then another's turn may come.
    """

    def __init__(self, works: Iterable[Fetching]) -> None:
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        self._waiting = [(each.rank, at, each) for at, each in enumerate(works) if each.missing]
        heapq.heapify(self._waiting)

    def empty(self, progress: Progress) -> None:
        """Work until nothing is waiting."""
        try:
            while (taken := self._take()) is not None:
                at, work = taken
                work.step(progress)
                self._give_back(at, work)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Let everybody end after the request under way."""
        self._stopped.set()

    def _take(self) -> tuple[int, Fetching] | None:
        with self._turn:
            if self._stopped.is_set() or not self._waiting:
                return None
            _, at, work = heapq.heappop(self._waiting)
            return at, work

    def _give_back(self, at: int, work: Fetching) -> None:
        if work.missing:
            with self._turn:
                heapq.heappush(self._waiting, (work.rank, at, work))


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < _TWO_MINUTES else f"{seconds / 60:.0f} min"
