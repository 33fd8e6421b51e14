"""Fetch what one series lacks, and see that it still fits what is stored."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from sellkit.core.adjustment import price_ratio
from sellkit.core.bars import BarSize, SeriesKey, Slot, empty_bars
from sellkit.core.coverage import missing_slots, noted, worth_asking
from sellkit.core.pacing import Urgency
from sellkit.core.windows import Ground, unanswered
from sellkit.errors import (
    AnsweredElsewhere,
    BrokerError,
    InvalidBars,
    NoBars,
    NotConnected,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.core.instrument import Instrument
    from sellkit.core.market_time import Calendar
    from sellkit.core.windows import BarRequest, Window
    from sellkit.ports import BarStore, Broker, Progress

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Series:
    """One series to bring up to date.

    Attributes
    ----------
    due
        The slots that should be there, in order.
    lag
        How long after its end a bar may still change.
    since
        When all prices may have changed last, as by a split; aware UTC. None where another series
        of the instrument tells.
    is_held
        Whether a position is held: its bars come before those of others.
    urgency
        What its bars are for.
    """

    instrument: Instrument
    # A notebook shows what came of a download: calendar and slots would be megabytes of it.
    calendar: Calendar = field(repr=False)
    key: SeriesKey
    due: Sequence[Slot] = field(repr=False)
    lag: dt.timedelta = dt.timedelta()
    since: dt.datetime | None = None
    is_held: bool = True
    urgency: Urgency = Urgency.BACKFILL


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
    ratio
        By which factor the source tells the stored prices differently now, and nothing was joined
        to them; None when it does not.
    late
        That the newest bar had not come when its time was over, or None; the others are there.
    """

    series: Series
    fetched: int
    requests: int
    problem: str | None
    ratio: float | None = None
    late: str | None = None


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
        *,
        is_present: bool,
    ) -> None:
        self._series = series
        self._broker = broker
        self._store = store
        self._now = now
        self._is_present = is_present
        self._stored = store.read(series.key)
        held = pd.DatetimeIndex(self._stored.index)
        self._ground = Ground(series.due, held, series.key.bar_size, series.calendar)
        lacking = self._not_stored(self._stored)
        self._absent = store.absent(series.key) if lacking else {}
        self.missing: Sequence[Slot] = worth_asking(lacking, self._absent, now, series.lag)
        self._due = pd.DatetimeIndex([slot.start for slot in series.due], dtype="M8[us, UTC]")
        self._fetched = self._requests = 0
        self._problem: str | None = None
        self._ratio: float | None = None
        self._refusal: str | None = None
        self._late: str | None = None
        self._lacking: set[dt.datetime] = set()

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """What comes first: days, then what is held, then the newest."""
        is_intraday = self._series.key.bar_size is not BarSize.D1
        newest = self.missing[-1].end.timestamp() if self.missing else 0.0
        return is_intraday, not self._series.is_held, -newest

    def requests_ahead(self) -> int:
        """How many requests bring all that is missing, when each answer is whole."""
        return len(self._ground.windows(self.missing))

    def late_slot(self) -> Slot | None:
        """The newest slot due, when the source answered and did not have its bar yet."""
        if self._problem is not None or self._ratio is not None or not self._requests:
            return None
        newest = self._series.due[-1]
        return newest if newest.start in self._lacking else None

    def ask_again(self, slot: Slot) -> None:
        """Let a slot be missing once more; the answer without it does not count."""
        self._lacking.discard(slot.start)
        self.missing = [slot]

    def give_up(self, slot: Slot, asked: int) -> None:
        """Note that a slot's bar was asked for so many times, and is not waited for any longer."""
        if asked > 1:
            what = f"the {self._series.key.bar_size} bar to {slot.end:%H:%M} UTC"
            self._late = f"{what} did not come in time, asked for {asked} times"
            self._say("bar_late", self._late)

    def step(self, progress: Progress) -> None:
        """Ask for the newest window of what is missing."""
        before = len(self.missing)
        self._ask_newest()
        progress.advance(before - len(self.missing), of=str(self._series.instrument))

    def outcome(self) -> Outcome:
        """What has become of the series so far."""
        problem = self._problem or self._refusal
        return Outcome(
            self._series, self._fetched, self._requests, problem, self._ratio, self._late
        )

    def _ask_newest(self) -> None:
        series = self._series
        window = self._ground.newest_window(self.missing)
        size, rth = series.key.bar_size, series.key.rth
        request = window.request(series.instrument, size, rth=rth, urgency=series.urgency)
        try:
            answer = self._ask(request)
        except AnsweredElsewhere:
            self._look_again()
            return
        if self._problem is not None:
            self._fail(self._problem)
            return
        self._requests += 1
        # The forming bar, and bars off the grid, are not among those due.
        kept = answer[answer.index.isin(self._due)]
        if self._is_unjoined(window, kept):
            # Its first bar stays a hole until an answer has shown that both sides fit together.
            if len(window.slots) == 1:
                self._fail("the gateway's answers do not reach back to what is stored")
                return
            window = replace(window, slots=window.slots[1:])
            kept = kept[kept.index >= window.slots[0].start]
        ratio = price_ratio(self._stored, kept)
        if ratio is not None:
            self._say("prices_changed", f"stored prices are told {ratio:.6g} times as high now")
            self._ratio = ratio
            self.missing = ()
            return
        kept = self._added(kept)
        left = unanswered(self.missing, window, answer)
        self._settle(left, kept)
        self.missing = left

    def _look_again(self) -> None:
        """What is missing may have come to the store by another process."""
        lacking = set(self._not_stored(self._store.read(self._series.key)))
        self.missing = [slot for slot in self.missing if slot in lacking]

    def _not_stored(self, stored: pd.DataFrame) -> list[Slot]:
        """What a frame lacks; in the present its newest bar is told in each session, at least."""
        series = self._series
        since = series.since if self._is_present else None
        return missing_slots(stored, series.due, series.lag, since)

    def _added(self, bars: pd.DataFrame) -> pd.DataFrame:
        """Store bars; those of them that can be."""
        if bars.empty:
            return bars
        refused = self._store.add_many({self._series.key: bars}).get(self._series.key)
        if refused is None:
            return bars
        first = f"{refused.index[0]:%Y-%m-%d %H:%M} UTC: {refused['reason'].iloc[0]}"
        self._refusal = f"{len(refused)} of the bars told cannot be and were put aside, {first}"
        self._say("bars_refused", self._refusal)
        return bars.drop(refused.index)

    def _fail(self, problem: str) -> None:
        self._problem = problem
        self._say("bars_missing", problem)
        self.missing = ()

    def _is_unjoined(self, window: Window, kept: pd.DataFrame) -> bool:
        """Whether bars are stored beside the window, and the answer repeats none of them."""
        if window.joint is None:
            return False
        session, held = window.joint.session, self._ground.held
        first = pd.Timestamp(min(window.joint.start, session.open_utc))
        beside = held[(held >= first) & (held < pd.Timestamp(session.close_utc))]
        return not beside.isin(kept.index).any()

    def _settle(self, left: Sequence[Slot], kept: pd.DataFrame) -> None:
        open_starts = {slot.start for slot in left}
        came = set(kept.index)
        settled = [slot for slot in self.missing if slot.start not in open_starts]
        lacking = [slot for slot in settled if slot.start not in came]
        self._lacking |= {slot.start for slot in lacking}
        self._fetched += len(settled) - len(lacking)
        # One empty answer on an empty store may be a gateway that has not woken up yet.
        if self._is_present and (self._fetched or not self._stored.empty):
            found = noted(self._absent, lacking, self._now)
            if found:
                self._store.note_absent(self._series.key, found)

    def _ask(self, request: BarRequest) -> pd.DataFrame:
        """One answer; a reason why this instrument's bars cannot be had becomes its problem.

        The one place where an error of the gateway becomes a value: a single instrument that fails
        must not keep the others from being decided. A lost connection concerns all and is raised.
        """
        try:
            return self._broker.bars(request)
        except NoBars:
            return empty_bars()
        except (NotConnected, AnsweredElsewhere):
            raise
        except (BrokerError, InvalidBars) as error:
            self._problem = str(error)
            return empty_bars()

    def _say(self, event: str, reason: str) -> None:
        log.warning(event, extra={"token": str(self._series.instrument), "reason": reason})
