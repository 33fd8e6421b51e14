"""Where bars and moments stand: side by side, so that nights and half days leave no gap."""

from __future__ import annotations

import bisect
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from sellkit.core.bars import Anchor, BarSize, day_label, session_slots
from sellkit.core.market_time import calendar_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_TICKS: Final = 8
_A_YEAR: Final = dt.timedelta(days=330)
_INSTANT: Final = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The places of an axis: one for each bar, and behind them one for each later moment.

    Attributes
    ----------
    starts
        Of the bars, aware UTC; daily ones are labels.
    labels
        What the places are called, each once: those of the bars, then those of later moments.
    is_daily
        Whether a bar is a whole session.
    exchange
        On whose clock the labels are.
    """

    starts: Sequence[dt.datetime]
    labels: tuple[str, ...]
    is_daily: bool
    exchange: str

    @classmethod
    def of(
        cls,
        index: pd.Index,
        exchange: str,
        *,
        is_daily: bool,
        later: Iterable[dt.datetime] = (),
    ) -> Timeline:
        """The places of bars, and of those moments that lie behind the last of them."""
        starts = [each.to_pydatetime() for each in pd.DatetimeIndex(index)]
        if not starts:
            return cls((), (), is_daily, exchange)
        bare = cls(starts, (), is_daily, exchange)
        form = "%d %b %Y" if is_daily else "%d %b %H:%M"
        if not is_daily and starts[-1] - starts[0] > _A_YEAR:
            form = "%d %b %Y %H:%M"
        labels = [f"{bare._local(each):{form}}" for each in starts]
        behind = sorted(each for each in later if bare.is_later(each))
        labels += dict.fromkeys(bare.moment(each) for each in behind)
        return cls(starts, tuple(labels), is_daily, exchange)

    @property
    def bars(self) -> int:
        """How many places are bars'."""
        return len(self.starts)

    def place(self, instant: dt.datetime) -> int | None:
        """The bar in which an instant lies, or its own place behind; None where there is none."""
        if self.is_later(instant):
            label = self.moment(instant)
            return self.labels.index(label) if label in self.labels else None
        at = bisect.bisect_right(self.starts, self._start(instant)) - 1
        return at if at >= 0 else None

    def ended(self, end: dt.datetime) -> int | None:
        """The place of the bar that ended at an instant, of whichever size."""
        return self.place(end - _INSTANT)

    def is_later(self, instant: dt.datetime) -> bool:
        """Whether an instant lies behind the last bar."""
        if self.is_daily:
            return self._start(instant) > self.starts[-1]
        return instant >= self._last_end()

    def moment(self, instant: dt.datetime) -> str:
        """What the place of a moment is called that no bar has."""
        calendar = calendar_for(self.exchange)
        return f"{calendar.local(instant):%d %b %H:%M}"

    def ticks(self, most: int = MOST_TICKS) -> list[tuple[int, str]]:
        """Places where a session, or with daily bars a month, begins; each with its label."""
        dates = [self._local(start).date() for start in self.starts]
        keys = [(each.year, each.month) if self.is_daily else each for each in dates]
        firsts = [i for i in range(1, len(keys)) if keys[i] != keys[i - 1]] or [0]
        firsts = firsts[:: -(-len(firsts) // most)]
        form = "%b %Y" if self.is_daily else "%d %b"
        return [(i, f"{dates[i]:{form}}") for i in firsts]

    def _start(self, instant: dt.datetime) -> dt.datetime:
        """What a bar that held the instant would start with."""
        if not self.is_daily:
            return instant
        return day_label(calendar_for(self.exchange).local(instant).date())

    def _local(self, start: dt.datetime) -> dt.datetime:
        """A bar's start on the exchange's clock; a daily bar's start is a date, no instant."""
        return start if self.is_daily else calendar_for(self.exchange).local(start)

    def _last_end(self) -> dt.datetime:
        start, calendar = self.starts[-1], calendar_for(self.exchange)
        session = calendar.latest_opened(start)
        for anchor in (self._anchor(), Anchor.CLOCK, Anchor.SESSION):
            slots = session_slots(session, BarSize.H1, calendar, anchor)
            found = next((slot.end for slot in slots if slot.start == start), None)
            if found is not None:
                return found
        return start + dt.timedelta(hours=1)

    def _anchor(self) -> Anchor:
        """Hours that lie on the session begin at half past more than once a session."""
        local = [self._local(each) for each in self.starts]
        halves = sum(each.minute != 0 for each in local)
        return Anchor.SESSION if halves > len({each.date() for each in local}) else Anchor.CLOCK
