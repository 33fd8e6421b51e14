"""Hours and days at once: the averages of many instruments in one state, taken on by one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from sellkit.core.assignments import Timeframe
from sellkit.core.batch import BatchAverages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sellkit.core.running import RunningAverages

_ORDER = tuple(Timeframe)


class HoursAndDays:
    """Both timeframes of each instrument, side by side in one batch.

    Parameters
    ----------
    batch
        The averages of all hourly series, then those of all daily ones, in the same order of
        instruments.
    """

    def __init__(self, batch: BatchAverages) -> None:
        self.batch = batch
        self._instruments = len(batch.bars_used) // len(_ORDER)

    @classmethod
    def of(cls, states: Mapping[Timeframe, Sequence[RunningAverages]]) -> Self:
        """The states of each instrument, in one order for both timeframes."""
        return cls(BatchAverages.of([each for frame in _ORDER for each in states[frame]]))

    def advance(self, closes: Mapping[Timeframe, Mapping[int, float]]) -> None:
        """Take the bars that ended: by timeframe, the close by the instrument's place."""
        ended = [
            (self._column(frame, place), close)
            for frame, of_instruments in closes.items()
            for place, close in of_instruments.items()
        ]
        if not ended:
            return
        columns, prices = zip(*sorted(ended), strict=True)
        taken = np.array(prices, dtype=np.float64)
        is_all = len(columns) == len(self.batch.bars_used)
        self.batch.advance(taken, None if is_all else np.array(columns, dtype=np.intp))

    def values(self, timeframe: Timeframe) -> NDArray[np.float64]:
        """The averages of one timeframe, shape (14, instruments), not to be written to."""
        return self.batch.values[:, self._columns(timeframe)]

    def bars_used(self, timeframe: Timeframe) -> NDArray[np.int64]:
        """Bars behind each instrument's averages, shape (instruments,)."""
        return self.batch.bars_used[self._columns(timeframe)]

    def seed_weights(self, timeframe: Timeframe) -> NDArray[np.float64]:
        """The share that each value still owes to its seed, shape (14, instruments)."""
        return self.batch.seed_weights()[:, self._columns(timeframe)]

    def _columns(self, timeframe: Timeframe) -> slice:
        begin = self._column(timeframe, 0)
        return slice(begin, begin + self._instruments)

    def _column(self, timeframe: Timeframe, place: int) -> int:
        return _ORDER.index(timeframe) * self._instruments + place
