"""What of the bars that are added goes into the series, and what is put aside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from sellkit.adapters.bar_store.rows import Rows
from sellkit.core.bars import COLUMNS, INSTANT, BarSize, micros, shaped
from sellkit.core.sifting import possible, sifted, timely, unremarkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sellkit.adapters.bar_store.series_name import Named

_INDEX: Final = pd.DatetimeTZDtype("us", "UTC")
_TYPES: Final = [*["float64"] * 5, INSTANT]


@dataclass(frozen=True, slots=True)
class Incoming:
    """Bars to be added, parted.

    Attributes
    ----------
    good
        By name of series, what goes into it.
    bad
        By name of series, what is put aside.
    """

    good: Mapping[str, Rows]
    bad: Mapping[str, pd.DataFrame]


@dataclass(slots=True)
class Sieve:
    """Looks at all bars of a commit at once; only what stands out is looked at one by one.

    Attributes
    ----------
    read
        Gives the stored bar frame of a series.
    """

    read: Callable[[Named], pd.DataFrame]
    _lasts: dict[str, tuple[int, float]] = field(default_factory=dict)

    def part(self, frames: Mapping[Named, pd.DataFrame]) -> Incoming:
        """Part the bars of many series, none of them empty.

        Raises
        ------
        InvalidBars
            Columns, types or order are not those of a bar frame.
        """
        ends = np.cumsum([len(frame) for frame in frames.values()])
        whole = _together(frames, ends)
        is_plain = self._plain(list(frames), whole, ends)
        good: dict[str, Rows] = {}
        bad: dict[str, pd.DataFrame] = {}
        first = 0
        for (named, frame), end in zip(frames.items(), ends.tolist(), strict=True):
            good[named.name] = whole[first:end]
            if not is_plain[first:end].all():
                good[named.name], refused = self._one_by_one(named, frame)
                bad |= {named.name: refused} if len(refused) else {}
            first = end
        return Incoming({name: rows for name, rows in good.items() if len(rows)}, bad)

    def saw(self, name: str, rows: Rows) -> None:
        """Remember the last close of what a series now holds."""
        if not len(rows):
            return
        known = self._lasts.get(name)
        start = int(rows.start[-1])
        if known is None or start >= known[0]:
            self._lasts[name] = (start, float(rows.close[-1]))

    def forget(self) -> None:
        """Series were removed or exchanged."""
        self._lasts.clear()

    def _plain(
        self, named: Sequence[Named], rows: Rows, ends: np.ndarray[tuple[int], np.dtype[np.intp]]
    ) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        lengths = np.diff(ends, prepend=0)
        daily = np.repeat([each.key.bar_size is BarSize.D1 for each in named], lengths)
        before = np.concatenate([[np.nan], rows.close[:-1]])
        before[ends - lengths] = [self._last_close(each) for each in named]
        good = possible(rows.numbers) & timely(rows.start, rows.fetched, daily)
        with np.errstate(invalid="ignore"):
            good &= unremarkable(rows.numbers, before)
        return good

    def _last_close(self, named: Named) -> float:
        if named.name not in self._lasts:
            stored = self.read(named)
            if stored.empty:
                return np.nan
            self.saw(named.name, Rows.of_frame(stored.iloc[-1:]))
        return self._lasts[named.name][1]

    def _one_by_one(self, named: Named, frame: pd.DataFrame) -> tuple[Rows, pd.DataFrame]:
        stored = self.read(named)
        before = stored[stored.index < frame.index[0]].iloc[-1:]
        after = stored[stored.index > frame.index[-1]].iloc[:1]
        found = sifted(frame, named.key.bar_size, before, after)
        rows = Rows.of_frame(found.good)
        return rows[np.arange(len(rows))], found.bad


def _together(
    frames: Mapping[Named, pd.DataFrame], ends: np.ndarray[tuple[int], np.dtype[np.intp]]
) -> Rows:
    """All bars one after the other, copied; looking at each frame's columns by itself is slow."""
    if all(
        frame.columns.tolist() == COLUMNS and frame.index.dtype == _INDEX
        for frame in frames.values()
    ):
        whole = pd.concat(list(frames.values()))
        whole = whole.copy() if len(frames) == 1 else whole
        rises = np.diff(micros(whole.index)) > 0
        rises[ends[:-1] - 1] = True  # from one series to the next
        if rises.all() and [str(each) for each in whole.dtypes] == _TYPES:
            return Rows.of_frame(whole)
    for named, frame in frames.items():
        shaped(frame, f"the source of {named.name}")
    return Rows.of_frame(pd.concat(list(frames.values())).copy())
