"""Bring the stored bars up to date: only what is missing, many instruments at once."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sellkit.core.bars import BarSize, SeriesKey, Slot, empty_bars, slots_until
from sellkit.core.coverage import missing_slots, next_window, request_for, unanswered
from sellkit.errors import BrokerError, InvalidBars, NoBars, NotConnected

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from sellkit.core.assignments import Assignment
    from sellkit.core.coverage import BarRequest
    from sellkit.core.instrument import Instrument
    from sellkit.core.market_time import Calendar
    from sellkit.operate.options import DeskOptions
    from sellkit.ports import BarStore, Broker, Progress

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Series:
    """One series to bring up to date.

    Attributes
    ----------
    due
        The slots that should be there, in order.
    """

    instrument: Instrument
    # A notebook shows what came of a download: calendar and slots would be megabytes of it.
    calendar: Calendar = field(repr=False)
    key: SeriesKey
    due: Sequence[Slot] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one series.

    Attributes
    ----------
    fetched
        Bars that were missing and came.
    requests
        Questions that were answered, with bars or with none.
    problem
        Why the rest could not be had, or None.
    """

    series: Series
    fetched: int
    requests: int
    problem: str | None


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
    series: Iterable[Series], broker: Broker, store: BarStore, progress: Progress, concurrency: int
) -> DownloadReport:
    """Fetch what is missing, daily series before intraday ones.

    A series whose bars cannot be had carries the reason; the others go on.

    Raises
    ------
    NotConnected
        The connection ended; what had come is in the store.
    """
    ordered = sorted(series, key=lambda each: each.key.bar_size is not BarSize.D1)
    pending = [(each, missing_slots(store.read(each.key), each.due)) for each in ordered]
    jobs = [(each, missing) for each, missing in pending if missing]
    done = [Outcome(each, 0, 0, None) for each, missing in pending if not missing]
    if not jobs:
        return DownloadReport(tuple(done))
    progress.start("downloading bars", sum(len(missing) for _, missing in jobs))
    stop = threading.Event()
    with ThreadPoolExecutor(concurrency, thread_name_prefix="download") as pool:
        futures = [
            pool.submit(_fetch, each, missing, broker, store, progress, stop)
            for each, missing in jobs
        ]
        try:
            done.extend(future.result() for future in futures)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
            progress.stop()
    return DownloadReport(tuple(done))


def _fetch(
    series: Series,
    missing: list[Slot],
    broker: Broker,
    store: BarStore,
    progress: Progress,
    stop: threading.Event,
) -> Outcome:
    fetched = requests = 0
    problem = None
    while missing and not stop.is_set():
        window = next_window(missing, series.key.bar_size)
        answer, problem = _ask(_request(series, window), broker)
        if problem is not None:
            break
        requests += 1
        wanted = _kept(answer, missing)
        if len(wanted):
            store.add(series.key, wanted)
        fetched += len(wanted)
        left = unanswered(missing, window, answer)
        progress.advance(len(missing) - len(left), of=str(series.instrument))
        missing = left
    if problem is not None:
        progress.advance(len(missing), of=str(series.instrument))
        log.warning("bars_missing", extra={"token": str(series.instrument), "reason": problem})
    return Outcome(series, fetched, requests, problem)


def _request(series: Series, window: Sequence[Slot]) -> BarRequest:
    sessions = series.calendar.between(window[0].session.date, window[-1].session.date)
    size, rth = series.key.bar_size, series.key.rth
    return request_for(window, series.instrument, size, len(sessions), rth=rth)


def _ask(request: BarRequest, broker: Broker) -> tuple[pd.DataFrame, str | None]:
    """One answer, or the reason why this instrument's bars cannot be had.

    The one place where an error of the gateway becomes a value: a single instrument that fails
    must not keep the others from being decided. A lost connection concerns all and is raised.
    """
    try:
        return broker.bars(request), None
    except NoBars:
        return empty_bars(), None
    except NotConnected:
        raise
    except (BrokerError, InvalidBars) as error:
        return empty_bars(), str(error)


def _kept(answer: pd.DataFrame, missing: Sequence[Slot]) -> pd.DataFrame:
    """The bars that were asked for: the forming bar, and bars off the grid, are not among them."""
    return answer[answer.index.isin([slot.start for slot in missing])]
