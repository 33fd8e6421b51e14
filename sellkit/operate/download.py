"""Bring the stored bars up to date: only what is missing, many instruments at once."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sellkit.core.bars import BarSize, slots_until
from sellkit.operate.fetch import Fetching, Outcome, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sellkit.core.assignments import Assignment
    from sellkit.core.instrument import Instrument
    from sellkit.core.market_time import Calendar
    from sellkit.operate.options import DeskOptions
    from sellkit.ports import BarStore, Broker, Progress


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
            each.series.instrument.con_id: each.problem
            for each in self.outcomes
            if each.problem is not None
        }

    def __repr__(self) -> str:
        fetched = sum(each.fetched for each in self.outcomes)
        requests = sum(each.requests for each in self.outcomes)
        total = f"{fetched:,} bars fetched by {requests} requests for {len(self.outcomes)} series"
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
    either goes back further where the assigned EMA needs it.
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
    return (
        Series(instrument, calendar, options.key(instrument.con_id, BarSize.D1), days),
        Series(instrument, calendar, options.key(instrument.con_id, BarSize.M30), halves),
    )


def bring_up_to_date(
    series: Sequence[Series],
    broker: Broker,
    store: BarStore,
    progress: Progress,
    concurrency: int,
    now: dt.datetime,
    *,
    is_present: bool,
) -> DownloadReport:
    """Fetch what is missing, daily series before intraday ones.

    A series whose bars cannot be had carries the reason; the others go on. An instrument whose
    stored prices the source tells differently now, after a split, is fetched anew as a whole.

    Raises
    ------
    NotConnected
        The connection ended; what had come is in the store.
    """
    crew = _Crew(broker, store, progress, concurrency, now, is_present)
    outcomes = crew.fetch("downloading bars", series)
    changed = {each.series.instrument.con_id for each in outcomes if each.is_changed}
    if not changed:
        return DownloadReport(tuple(outcomes))
    again = [each for each in series if each.instrument.con_id in changed]
    for each in again:
        store.drop(each.key)
    kept = [each for each in outcomes if each.series.instrument.con_id not in changed]
    return DownloadReport((*kept, *crew.fetch("prices have changed, downloading anew", again)))


@dataclass(frozen=True, slots=True)
class _Crew:
    """Fetches many series at once."""

    broker: Broker
    store: BarStore
    progress: Progress
    concurrency: int
    now: dt.datetime
    is_present: bool

    def fetch(self, label: str, series: Iterable[Series]) -> list[Outcome]:
        ordered = sorted(series, key=lambda each: each.key.bar_size is not BarSize.D1)
        stop = threading.Event()
        works = [
            Fetching(each, self.broker, self.store, self.now, stop, is_present=self.is_present)
            for each in ordered
        ]
        total = sum(len(each.missing) for each in works)
        if not total:
            return [each.outcome() for each in works]
        self.progress.start(label, total)
        with ThreadPoolExecutor(self.concurrency, thread_name_prefix="download") as pool:
            futures = [pool.submit(each.run, self.progress) for each in works]
            try:
                return [future.result() for future in futures]
            finally:
                stop.set()
                pool.shutdown(cancel_futures=True)
                self.progress.stop()
