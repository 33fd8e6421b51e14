"""The fourteen averages of many whole series at once.

All EMAs step together, in the operations and the order of `running`, one row of time after the
other; the series may have different lengths, and end together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core import grid
from sellkit.core.assignments import LENGTHS
from sellkit.core.indicators import followed
from sellkit.core.running import LONGEST, WEIGHTS, RunningAverages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Closes = NDArray[np.float64]
    Followed = tuple[Closes, RunningAverages]

_ROWS: Final = len(LENGTHS)
_WEIGHTS: Final = np.array(WEIGHTS)[:, None]

# Of fewer series than this, one after the other is done sooner.
_TOGETHER: Final = 16


def averages(histories: Sequence[Closes]) -> list[Closes]:
    """All averages of each series, shape (14, n) each; NaN before there are enough bars."""
    return [values for values, _ in followed_all(histories)]


def followed_all(histories: Sequence[Closes]) -> list[Followed]:
    """Answer `indicators.followed` of every series, whatever their lengths."""
    if len(histories) < _TOGETHER:
        return [followed(closes) for closes in histories]
    simple = [grid.simple_averages(closes, LENGTHS) for closes in histories]
    emas, carry = _step_together(histories, simple)
    found = []
    for column, closes in enumerate(histories):
        values = np.empty((2 * _ROWS, len(closes)))
        values[:_ROWS] = simple[column]
        values[_ROWS:] = emas[len(emas) - len(closes) :, :, column].T
        found.append((values, _state(closes, values, carry[:, column])))
    return found


def _state(closes: Closes, values: Closes, carry: Closes) -> RunningAverages:
    state = RunningAverages()
    state.resume(closes[-LONGEST:].tolist(), len(closes))
    for place, length in enumerate(LENGTHS):
        if len(closes) >= length:
            state.ema[place] = float(values[_ROWS + place, -1])
            state.carry[place] = float(carry[place])
    return state


def _step_together(
    histories: Sequence[Closes], simple: Sequence[Closes]
) -> tuple[Closes, NDArray[np.float64]]:
    """Every EMA at every time, shape (time, 7, series), and what rounding took off the last."""
    times, series = max(map(len, histories)), len(histories)
    closes = np.zeros((times, series))
    for column, each in enumerate(histories):
        closes[times - len(each) :, column] = each
    seeds = _seeds(histories, simple, times)
    emas = np.empty((times, _ROWS, series))
    previous = np.full((_ROWS, series), np.nan)
    carry, change = np.zeros_like(previous), np.empty_like(previous)
    for time, row in enumerate(closes):
        stepped = emas[time]
        np.subtract(row, previous, out=change)
        change *= _WEIGHTS
        change += carry
        np.add(previous, change, out=stepped)
        np.subtract(stepped, previous, out=carry)
        np.subtract(change, carry, out=carry)
        for place, columns, values in seeds.get(time, ()):
            stepped[place, columns] = values
            carry[place, columns] = 0.0
        previous = stepped
    return emas, carry


def _seeds(
    histories: Sequence[Closes], simple: Sequence[Closes], times: int
) -> dict[int, list[tuple[int, list[int], list[float]]]]:
    """By time: which EMA of which series begins there, and with what."""
    found: dict[int, list[tuple[int, list[int], list[float]]]] = {}
    for place, length in enumerate(LENGTHS):
        columns: dict[int, list[int]] = {}
        for column, each in enumerate(histories):
            if len(each) >= length:
                columns.setdefault(times - len(each) + length - 1, []).append(column)
        for time, seeded in columns.items():
            values = [float(simple[column][place, length - 1]) for column in seeded]
            found.setdefault(time, []).append((place, seeded, values))
    return found
