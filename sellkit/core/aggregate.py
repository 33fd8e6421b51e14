"""Half-hours folded into hours, and the unbroken run of completed bars that a decision may use."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from sellkit.core.bars import COLUMNS, empty_bars, micros
from sellkit.core.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sellkit.core.bars import Slot

_MICROSECOND: Final = dt.timedelta(microseconds=1)
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def fold(half_hours: pd.DataFrame, slots: Sequence[Slot] | Slots) -> pd.DataFrame:
    """Fold 30-minute bars into the slots that they lie in.

    Parameters
    ----------
    half_hours
        A bar frame of 30-minute bars.
    slots
        Hourly slots in order, without overlap.

    Returns
    -------
    pandas.DataFrame
        One row for each slot that holds a bar, indexed by the slot's start: first open, highest
        high, lowest low, last close, summed volume, latest `fetched_at`, and `parts`, the number of
        half-hours found.
    """
    grid = Slots.of(slots)
    starts, ends = grid.starts, grid.ends
    if half_hours.empty or not len(starts):
        return empty_bars().assign(parts=np.empty(0, dtype=np.int64))
    begun = micros(half_hours.index)
    place = np.searchsorted(starts, begun, side="right") - 1
    inside = (place >= 0) & (begun < ends[place])
    kept, place = half_hours[inside], place[inside]
    if kept.empty:
        return empty_bars().assign(parts=np.empty(0, dtype=np.int64))
    first = np.flatnonzero(np.diff(place, prepend=-1))
    last = np.append(first[1:], len(place)) - 1
    index = pd.DatetimeIndex(starts[place[first]].astype("datetime64[us]"), name="start")
    fetched = np.maximum.reduceat(micros(kept["fetched_at"]), first)
    return pd.DataFrame(
        {
            "open": kept["open"].to_numpy()[first],
            "high": np.maximum.reduceat(kept["high"].to_numpy(), first),
            "low": np.minimum.reduceat(kept["low"].to_numpy(), first),
            "close": kept["close"].to_numpy()[last],
            "volume": np.add.reduceat(kept["volume"].to_numpy(), first),
            "fetched_at": pd.DatetimeIndex(fetched.astype("datetime64[us]")).tz_localize("UTC"),
            "parts": last - first + 1,
        },
        index=index.tz_localize("UTC"),
    )


@dataclass(frozen=True, slots=True)
class CompletedBars:
    """The unbroken run of completed bars that ends with the last one due.

    Attributes
    ----------
    due
        The slot of the last bar that has ended; None when the calendar holds none.
    frame
        The bars of the run, a bar frame; empty when the last bar due cannot be used. History
        counts from the last hole: a bar is left out when one after it is missing.
    problem
        Why the last bar due cannot be used, or None.
    """

    due: Slot | None
    frame: pd.DataFrame
    problem: str | None

    @property
    def closes(self) -> NDArray[np.float64]:
        """Of each bar of the run, shape (n,)."""
        found: NDArray[np.float64] = self.frame["close"].to_numpy()
        return found

    @property
    def fetched_at(self) -> dt.datetime:
        """When the last bar of the run was told; there has to be one."""
        told: dt.datetime = self.frame["fetched_at"].iloc[-1].to_pydatetime()
        return told

    def doubted(self, problem: str) -> CompletedBars:
        """The same bars, with a reason why nothing may be decided on them."""
        return replace(self, problem=problem)


def completed(
    bars: pd.DataFrame, slots: Sequence[Slot] | Slots, lag: dt.timedelta = dt.timedelta()
) -> CompletedBars:
    """Keep the bars on which a decision may rest.

    A bar counts when each of its half-hours is there and it was fetched once it was final.

    Parameters
    ----------
    bars
        A bar frame; `parts` is taken as complete where that column is absent.
    slots
        The slots that have ended, in order; the last one is the bar that decides.
    lag
        How long after its end a bar may still change.
    """
    grid = Slots.of(slots)
    return Completion.of(bars, grid, lag).until(len(grid.starts)).made()


@dataclass(frozen=True, slots=True, eq=False)
class Completion:
    """Which bars of a series count, for every moment that its slots reach over.

    Attributes
    ----------
    bars
        A bar frame.
    grid
        The slots that have ended by the latest moment, n of them.
    lag
        How long after its end a bar may still change.
    closes, fetched
        Of all bars of the frame; the latter in microseconds since 1970 UTC.
    place
        Where in the frame the bar of each slot stands, or would; shape (n,).
    whole, good
        Whether it has all of its half-hours, and whether it counts; shape (n,).
    begin
        For each slot, the first one of the unbroken run that ends with it; shape (n,).
    """

    bars: pd.DataFrame
    grid: Slots
    lag: dt.timedelta
    closes: NDArray[np.float64]
    fetched: NDArray[np.int64]
    place: NDArray[np.intp]
    whole: NDArray[np.bool_]
    good: NDArray[np.bool_]
    begin: NDArray[np.int64]

    @classmethod
    def of(cls, bars: pd.DataFrame, slots: Sequence[Slot] | Slots, lag: dt.timedelta) -> Completion:
        """Look at the bar of each slot."""
        grid = Slots.of(slots)
        begun, told = micros(bars.index), micros(bars["fetched_at"])
        place = np.searchsorted(begun, grid.starts)
        there = place < len(begun)
        there[there] = begun[place[there]] == grid.starts[there]
        whole = there
        if "parts" in bars:
            whole = there & (_take(bars["parts"].to_numpy(), place, there) == grid.parts)
        good = whole & (_take(told, place, there) >= grid.ends + lag // _MICROSECOND)
        after = np.arange(1, len(good) + 1, dtype=np.int64)
        begin = np.maximum.accumulate(np.where(good, 0, after))
        closes = bars["close"].to_numpy()
        return cls(bars, grid, lag, closes, told, place, whole, good, begin)

    def until(self, count: int) -> BarsUntil:
        """The unbroken run that may be judged when the first `count` slots have ended."""
        last = count - 1
        if not count:
            return BarsUntil(self, 0, None, "the session calendar has no completed bar")
        problem = None if self.good[last] else self._problem(last)
        return BarsUntil(self, count, self.grid.each[last], problem)

    def run(self, count: int) -> slice | NDArray[np.intp]:
        """Where in the frame the run stands that ends with slot number `count`, which counts."""
        place = self.place[self.begin[count - 1] : count]
        is_unbroken = place[-1] - place[0] + 1 == len(place)
        return slice(place[0], place[-1] + 1) if is_unbroken else place

    def ended(self, count: int) -> pd.DataFrame:
        """Every bar that begins before the end of the first `count` slots, usable or not."""
        if not count:
            return self.bars.iloc[:0]
        return self.bars.iloc[: np.searchsorted(micros(self.bars.index), self.grid.ends[count - 1])]

    def _problem(self, last: int) -> str:
        slot, found = self.grid.each[last], 0
        place = self.place[last]
        is_there = place < len(self.bars) and self.bars.index[place] == slot.start
        if is_there and "parts" in self.bars:
            found = int(self.bars["parts"].iloc[place])
        return _problem(slot, found, self.lag, is_whole=bool(self.whole[last]))


@dataclass(frozen=True, slots=True, eq=False)
class BarsUntil:
    """What `CompletedBars` says of one moment of many, with the frame made when it is wanted.

    Attributes
    ----------
    series, count
        Of which series, and how many of its slots have ended.
    due, problem
        As there.
    """

    series: Completion
    count: int
    due: Slot | None
    problem: str | None

    @property
    def frame(self) -> pd.DataFrame:
        """The bars of the run; see there."""
        if self.due is None or not self.series.good[self.count - 1]:
            return empty_bars()
        bars = self.series.bars
        # A slice of columns takes a tenth of the time of a list of them; `fold` puts `parts` last.
        kept = bars.iloc[:, : len(COLUMNS)] if "parts" in bars else bars
        return kept.iloc[self.series.run(self.count)]

    @property
    def closes(self) -> NDArray[np.float64]:
        """Of each bar of the run, shape (n,)."""
        if self.due is None or not self.series.good[self.count - 1]:
            return np.empty(0)
        return self.series.closes[self.series.run(self.count)]

    @property
    def fetched_at(self) -> dt.datetime:
        """When the last bar of the run was told; there has to be one."""
        told = int(self.series.fetched[self.series.place[self.count - 1]])
        return _EPOCH + told * _MICROSECOND

    def doubted(self, problem: str) -> BarsUntil:
        """The same bars, with a reason why nothing may be decided on them."""
        return replace(self, problem=problem)

    def made(self) -> CompletedBars:
        """The same with its frame."""
        return CompletedBars(self.due, self.frame, self.problem)


def _problem(slot: Slot, found: int, lag: dt.timedelta, *, is_whole: bool) -> str:
    when = f"the bar {slot.start:%Y-%m-%d %H:%M} to {slot.end:%H:%M} UTC"
    if is_whole:
        final = f"it was final, {lag.total_seconds():g} s after its end" if lag else "its end"
        return f"{when} was fetched before {final}"
    if not found:
        return f"{when} is missing"
    return f"{when} is incomplete: {found} of {slot.parts} half-hours"


def _take(
    values: NDArray[np.int64], place: NDArray[np.intp], there: NDArray[np.bool_]
) -> NDArray[np.int64]:
    found = np.zeros(len(place), dtype=np.int64)
    found[there] = values[place[there]]
    return found
