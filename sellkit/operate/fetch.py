"""Fetch what one series lacks, and see that it still fits what is stored."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from sellkit.core.adjustment import price_ratio
from sellkit.core.bars import SeriesKey, Slot, day_label, empty_bars
from sellkit.core.coverage import (
    missing_slots,
    next_window,
    request_for,
    unanswered,
    worth_asking,
)
from sellkit.errors import BrokerError, InvalidBars, NoBars, NotConnected

if TYPE_CHECKING:
    import datetime as dt
    import threading
    from collections.abc import Sequence

    from sellkit.core.coverage import BarRequest
    from sellkit.core.instrument import Instrument
    from sellkit.core.market_time import Calendar
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
    is_changed
        The source tells the stored prices differently now; nothing was joined to them.
    """

    series: Series
    fetched: int
    requests: int
    problem: str | None
    is_changed: bool = False


class Fetching:
    """The work on one series.

    Each request reaches one session back into what is stored, so that a split shows before old
    and new prices are joined, and so that a bar that was corrected late is told anew.

    Parameters
    ----------
    now
        The present, aware UTC.
    is_present
        Whether the present is described. A look at the past remembers no bars as absent: it may
        lie before everything.
    stop
        Set when the work is to end after the request under way.

    Attributes
    ----------
    missing
        Slots still to be asked for, in order.
    """

    def __init__(
        self,
        series: Series,
        broker: Broker,
        store: BarStore,
        now: dt.datetime,
        stop: threading.Event,
        *,
        is_present: bool,
    ) -> None:
        self._series = series
        self._broker = broker
        self._store = store
        self._now = now
        self._is_present = is_present
        self._stop = stop
        self._stored = store.read(series.key)
        self._due = pd.DatetimeIndex([slot.start for slot in series.due], dtype="M8[us, UTC]")
        lacking = missing_slots(self._stored, series.due)
        absent = store.absent(series.key) if lacking else {}
        self.missing: Sequence[Slot] = worth_asking(lacking, absent, now)
        self._fetched = self._requests = 0
        self._problem: str | None = None
        self._is_changed = False

    def run(self, progress: Progress) -> Outcome:
        """Ask until nothing is missing, or something is wrong."""
        while self.missing and not self._is_changed and not self._stop.is_set():
            before = len(self.missing)
            self._step()
            progress.advance(before - len(self.missing), of=str(self._series.instrument))
        return self.outcome()

    def outcome(self) -> Outcome:
        """What has become of the series so far."""
        return Outcome(self._series, self._fetched, self._requests, self._problem, self._is_changed)

    def _step(self) -> None:
        series = self._series
        window = next_window(self.missing, series.key.bar_size, series.calendar)
        answer = self._ask(self._request(window))
        if self._problem is not None:
            self._fail(self._problem)
            return
        self._requests += 1
        # The forming bar, and bars off the grid, are not among those due.
        kept = answer[answer.index.isin(self._due)]
        if self._is_unjoined(window, kept):
            # Its first bar stays a hole until an answer has shown that both sides fit together.
            if len(window) == 1:
                self._fail("the gateway's answers do not reach back to what is stored")
                return
            window = window[1:]
            kept = kept[kept.index >= window[0].start]
        ratio = price_ratio(self._stored, kept)
        if ratio is not None:
            self._say("prices_changed", f"stored prices are told {ratio:.6g} times as high now")
            self._is_changed = True
            return
        if len(kept):
            self._store.add(series.key, kept)
        left = unanswered(self.missing, window, answer)
        self._settle(left, kept)
        self.missing = left

    def _fail(self, problem: str) -> None:
        self._problem = problem
        self._say("bars_missing", problem)
        self.missing = ()

    def _is_unjoined(self, window: Sequence[Slot], kept: pd.DataFrame) -> bool:
        """Whether bars are stored just before the window, and the answer repeats none of them."""
        first = window[0]
        previous = self._series.calendar.previous(first.session)
        since = first.session.open_utc if previous is None else day_label(previous.date)
        stored = self._stored.index
        before = stored[(stored >= since) & (stored < first.start)]
        return bool(len(before)) and before.intersection(kept.index).empty

    def _settle(self, left: Sequence[Slot], kept: pd.DataFrame) -> None:
        open_starts = {slot.start for slot in left}
        settled = [slot.start for slot in self.missing if slot.start not in open_starts]
        came = set(kept.index)
        absent = [start for start in settled if start not in came]
        self._fetched += len(settled) - len(absent)
        # One empty answer on an empty store may be a gateway that has not woken up yet.
        if absent and self._is_present and (self._fetched or not self._stored.empty):
            self._store.note_absent(self._series.key, absent, self._now)

    def _request(self, window: Sequence[Slot]) -> BarRequest:
        series = self._series
        first, last = window[0].session.date, window[-1].session.date
        overlap = 0 if self._stored.empty else 1
        sessions = len(series.calendar.between(first, last)) + overlap
        size, rth = series.key.bar_size, series.key.rth
        return request_for(window, series.instrument, size, sessions, rth=rth)

    def _ask(self, request: BarRequest) -> pd.DataFrame:
        """One answer; a reason why this instrument's bars cannot be had becomes its problem.

        The one place where an error of the gateway becomes a value: a single instrument that fails
        must not keep the others from being decided. A lost connection concerns all and is raised.
        """
        try:
            return self._broker.bars(request)
        except NoBars:
            return empty_bars()
        except NotConnected:
            raise
        except (BrokerError, InvalidBars) as error:
            self._problem = str(error)
            return empty_bars()

    def _say(self, event: str, reason: str) -> None:
        log.warning(event, extra={"token": str(self._series.instrument), "reason": reason})
