"""The fourteen averages of many series at once, one bar of each at a time.

The state is a few arrays with one column a series, so a bar of a thousand series costs about as
much as a dozen passes over seven rows. Sums are whole ticks kept as float64, which holds them
exactly (`grid.LARGEST`). The operations are those of `running`, in its order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core import grid, indicators
from sellkit.core.assignments import ALL_AVERAGES, LENGTHS
from sellkit.core.running import CLOSE_CALL, LONGEST, WEIGHTS, exact
from sellkit.core.whole import followed_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from numpy.typing import NDArray

    from sellkit.core.running import RunningAverages

    Closes = NDArray[np.float64]
    Counts = NDArray[np.int64]
    Answers = NDArray[np.bool_]

_ROWS: Final = len(LENGTHS)
_LENGTHS: Final = np.array(LENGTHS)[:, None]
_DIVISORS: Final = _LENGTHS * float(grid.TICKS_PER_UNIT)
_WEIGHTS: Final = np.array(WEIGHTS)[:, None]


class BatchAverages:
    """What the next bar of each series needs, and the averages at its last one.

    Parameters
    ----------
    series
        How many; they may have different numbers of bars behind them.

    Attributes
    ----------
    values
        Shape (14, series), rows in the order of `ALL_AVERAGES`; NaN with too few bars. Never
        written again: each call of `advance` makes a new one.
    bars_used
        Bars so far of each series, shape (series,).
    """

    def __init__(self, series: int) -> None:
        self.values: Closes = np.full((2 * _ROWS, series), np.nan)
        self.bars_used: Counts = np.zeros(series, dtype=np.int64)
        self._recent: Closes = np.zeros((LONGEST, series))
        self._whole: Closes = np.zeros((LONGEST, series))
        # A close goes to the row of its number plus this, round and round.
        self._offset: Counts = np.zeros(series, dtype=np.int64)
        # The number of the last close off the grid, or of the first one that was not looked at.
        self._last_off: Counts = np.zeros(series, dtype=np.int64)
        self._sums: Closes = np.zeros((_ROWS, series))
        self._carry: Closes = np.zeros((_ROWS, series))
        self._set_out()

    @classmethod
    def of(cls, states: Sequence[RunningAverages]) -> Self:
        """The states of single series, side by side."""
        batch = cls(len(states))
        for column, state in enumerate(states):
            batch._put(column, state)
        values = [state.values() for state in states]
        batch.values = np.array(values, dtype=np.float64).reshape(-1, 2 * _ROWS).T.copy()
        batch._set_out()
        return batch

    @classmethod
    def over(cls, histories: Sequence[Closes]) -> Self:
        """The state after whole series of any lengths."""
        return cls.of([state for _, state in followed_all(histories)])

    def seed_weights(self) -> Closes:
        """The share that each value still owes to its seed, shape (14, series)."""
        return indicators.seed_weights(self.bars_used)

    def advance(self, closes: Closes, which: NDArray[np.intp] | None = None) -> Closes:
        """Take one more bar of every series, or of some.

        Parameters
        ----------
        closes
            Shape (series,), or (len(which),).
        which
            The series that have a bar, each once; all when left out.

        Returns
        -------
        numpy.ndarray
            The new `values`.
        """
        if which is None:
            self._step(closes)
            return self.values
        part = BatchAverages(len(which))
        _copy(self, part, which, slice(None))
        part._set_out()
        part._step(closes)
        _copy(part, self, slice(None), which)
        self._set_out()
        return self.values

    def is_strictly_below(self, prices: Closes, history: Callable[[int], Closes]) -> Answers:
        """Whether each series' price lies strictly below each of its averages, exactly.

        Parameters
        ----------
        prices
            Shape (series,).
        history
            Answers all closes of one series up to the last bar; asked only for a series whose
            price is all but equal to one of its EMAs.

        Returns
        -------
        numpy.ndarray
            Shape (14, series); False where there are too few bars.
        """
        whole, on_grid = grid.units(prices)
        below = prices < self.values
        simple = below[:_ROWS]
        enough = self.bars_used >= _LENGTHS
        in_ticks = on_grid & (self.bars_used - self._last_off >= _LENGTHS)
        simple[in_ticks] = (whole * _LENGTHS < self._sums)[in_ticks]
        doubtful = np.abs(prices - self.values) <= CLOSE_CALL * np.abs(prices)
        doubtful[:_ROWS] &= ~in_ticks
        for row, column in np.argwhere(doubtful & np.tile(enough, (2, 1))).tolist():
            price = float(prices[column])
            if row < _ROWS:
                window = self._window(column, LENGTHS[row])
                below[row, column] = exact(price) * len(window) < sum(map(exact, window))
            else:
                closes = history(column)
                below[row, column] = indicators.is_strictly_below(closes, ALL_AVERAGES[row], price)
        return below

    def _set_out(self) -> None:
        """Find what the next steps may leave out."""
        series = len(self.bars_used)
        self.values.flags.writeable = False
        rows = self._rows()
        self._row = int(rows[0]) if series and (rows == rows[0]).all() else None
        self._youngest = int(self.bars_used.min(initial=LONGEST))
        on_grid = self.bars_used - self._last_off
        rough = on_grid < np.minimum(self.bars_used, LONGEST)
        self._rough = int((LONGEST - on_grid)[rough].max(initial=0))
        self._change: Closes = np.empty((_ROWS, series))
        # Written out, for numpy takes twice as long over arrays that it has to spread.
        self._weights: Closes = np.repeat(_WEIGHTS, series, axis=1)
        self._divisors: Closes = np.repeat(_DIVISORS, series, axis=1)

    def _step(self, closes: Closes) -> None:
        whole, on_grid = grid.units(closes)
        self._sums += self._gained(whole)
        self._keep(closes, whole)
        self.bars_used = self.bars_used + 1
        self._youngest += 1
        self._rough -= 1
        if not on_grid.all():
            self._last_off = np.where(on_grid, self._last_off, self.bars_used)
            self._rough = LONGEST
        values = np.empty((2 * _ROWS, len(closes)))
        np.divide(self._sums, self._divisors, out=values[:_ROWS])
        if self._rough > 0:
            self._mend(values)
        self._follow(closes, values[_ROWS:])
        if self._youngest <= LONGEST:
            self._begin(values)
        values.flags.writeable = False
        self.values = values

    def _rows(self) -> Counts:
        """The row that the next close of each series goes to."""
        rows: Counts = (self.bars_used + self._offset) % LONGEST
        return rows

    def _gained(self, whole: Closes) -> Closes:
        """The ticks that come, less those that leave their windows, shape (7, series)."""
        if self._row is not None:
            for place, length in enumerate(LENGTHS):
                leaving = self._whole[(self._row - length) % LONGEST]
                np.subtract(whole, leaving, out=self._change[place])
            return self._change
        rows = (self._rows() - _LENGTHS) % LONGEST
        gained: Closes = whole - np.take_along_axis(self._whole, rows, axis=0)
        return gained

    def _keep(self, closes: Closes, whole: Closes) -> None:
        if self._row is not None:
            self._recent[self._row] = closes
            self._whole[self._row] = whole
            self._row = (self._row + 1) % LONGEST
        else:
            rows, columns = self._rows(), np.arange(len(closes))
            self._recent[rows, columns] = closes
            self._whole[rows, columns] = whole

    def _follow(self, closes: Closes, stepped: Closes) -> None:
        """One step of every EMA, as `RunningAverages.advance` takes it."""
        change, carry, previous = self._change, self._carry, self.values[_ROWS:]
        np.subtract(closes, previous, out=change)
        change *= self._weights
        change += carry
        np.add(previous, change, out=stepped)
        np.subtract(stepped, previous, out=carry)
        np.subtract(change, carry, out=carry)

    def _mend(self, values: Closes) -> None:
        """Give windows with a price off the grid their own average."""
        rough = (self.bars_used - self._last_off < _LENGTHS) & (self.bars_used >= _LENGTHS)
        for row, column in np.argwhere(rough).tolist():
            values[row, column] = grid.mean(self._window(column, LENGTHS[row]))

    def _begin(self, values: Closes) -> None:
        """Hide what has too few bars, and seed an EMA at its bar."""
        values[:_ROWS][self.bars_used < _LENGTHS] = np.nan
        seeded = self.bars_used == _LENGTHS
        values[_ROWS:][seeded] = values[:_ROWS][seeded]
        self._carry[self.bars_used <= _LENGTHS] = 0.0

    def _window(self, column: int, length: int) -> list[float]:
        rows = (self._rows()[column] - np.arange(length, 0, -1)) % LONGEST
        closes: list[float] = self._recent[rows, column].tolist()
        return closes

    def _put(self, column: int, state: RunningAverages) -> None:
        kept = len(state.recent)
        # The last close always goes to the last row, so that series of any lengths step together.
        self._recent[LONGEST - kept :, column] = list(state.recent)
        self._whole[LONGEST - kept :, column] = list(state.whole)
        self.bars_used[column] = state.count
        self._offset[column] = -state.count
        self._last_off[column] = state.count - state.on_grid
        self._sums[:, column] = state.sums
        self._carry[:, column] = state.carry


_Columns = slice | np.ndarray
_STATE: Final = (
    *("values", "bars_used", "_recent", "_whole"),
    *("_offset", "_last_off", "_sums", "_carry"),
)


def _copy(source: BatchAverages, target: BatchAverages, taken: _Columns, put: _Columns) -> None:
    """Copy columns of one state over those of another."""
    for name in _STATE:
        array = getattr(target, name).copy()
        array[..., put] = getattr(source, name)[..., taken]
        setattr(target, name, array)
