"""The fourteen averages of one series, one bar at a time.

An EMA is kept as its value and the carry that rounding took off it (Kahan's compensated sum):
what one step `previous + weight * (close - previous)` loses, the next one makes good. (All of it,
though a `weight` of it belongs to the close: that errs by less than the value's own last digit.)
So the value stays within 2e-15 of the exact one however long the series is. Every form of the
averages takes these operations in this order, and therefore they agree to the last bit; none of
them may be fused or reordered.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from sellkit.core import grid
from sellkit.core.assignments import ALL_AVERAGES, LENGTHS, MaKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sellkit.core.assignments import MovingAverage

WEIGHTS: Final = tuple(2 / (length + 1) for length in LENGTHS)
LONGEST: Final = max(LENGTHS)

# A value and the average it stands for differ by less than this part of it, by a wide margin (some
# 1e-15); further away than this the values themselves decide a comparison.
CLOSE_CALL: Final = 1e-12

NAN: Final = float("nan")


@dataclass(slots=True)
class RunningAverages:
    """What the next bar needs, and the averages at the last one.

    Attributes
    ----------
    count
        Bars so far: the bars used by every value.
    recent
        The last closes, up to 200 of them.
    whole
        Their ticks, 0 for a price off the grid.
    on_grid
        How many closes in a row, up to the last one, lie on the grid; counted up to 200.
    sums
        For each length, the ticks in its window.
    ema, carry
        For each length, the value, NaN before the seed, and what rounding took off it.
    """

    count: int = 0
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=LONGEST))
    whole: deque[int] = field(default_factory=lambda: deque(maxlen=LONGEST))
    on_grid: int = 0
    sums: list[int] = field(default_factory=lambda: [0] * len(LENGTHS))
    ema: list[float] = field(default_factory=lambda: [NAN] * len(LENGTHS))
    carry: list[float] = field(default_factory=lambda: [0.0] * len(LENGTHS))

    def resume(self, closes: Sequence[float], count: int) -> None:
        """Take up the windows of `count` bars whose last closes, 200 or all, are these."""
        self.count = count - len(closes)
        for close in closes:
            self._take(close)

    def advance(self, close: float) -> None:
        """Take one more bar."""
        self._take(close)
        for place, length in enumerate(LENGTHS):
            if self.count > length:
                value, carry = self.ema[place], self.carry[place]
                change = (close - value) * WEIGHTS[place] + carry
                stepped = value + change
                self.ema[place], self.carry[place] = stepped, change - (stepped - value)
            elif self.count == length:
                self.ema[place] = self._simple(place)

    def advance_all(self, closes: Iterable[float]) -> None:
        """Take bars one after the other."""
        for close in closes:
            self.advance(close)

    def copy(self) -> RunningAverages:
        """The same state, to be carried on apart from this one."""
        return RunningAverages(
            self.count,
            self.recent.copy(),
            self.whole.copy(),
            self.on_grid,
            self.sums.copy(),
            self.ema.copy(),
            self.carry.copy(),
        )

    def values(self) -> tuple[float, ...]:
        """The fourteen averages in the order of `ALL_AVERAGES`; NaN with too few bars."""
        return (*map(self._simple, range(len(LENGTHS))), *self.ema)

    def value(self, average: MovingAverage) -> float:
        """One of them."""
        place = LENGTHS.index(average.length)
        return self._simple(place) if average.kind is MaKind.SMA else self.ema[place]

    def seed_weights(self) -> tuple[float, ...]:
        """The share that each of the fourteen still owes to its seed."""
        return tuple(each.seed_weight(self.count) for each in ALL_AVERAGES)

    def is_strictly_below(self, price: float, average: MovingAverage) -> bool | None:
        """Whether a price lies strictly below an average, exactly.

        None when that takes the whole series: the price is all but equal to an EMA.

        Raises
        ------
        ValueError
            There are fewer bars than the average's length.
        """
        length = average.length
        if self.count < length:
            raise ValueError(f"{average} needs {length} closes, got {self.count}")
        unit, on_grid = grid.unit(price)
        if average.kind is MaKind.SMA and on_grid and self.on_grid >= length:
            return unit * length < self.sums[LENGTHS.index(length)]
        value = self.value(average)
        if abs(price - value) > CLOSE_CALL * abs(price):
            return price < value
        if average.kind is MaKind.EMA:
            return None
        return exact(price) * length < sum(map(exact, list(self.recent)[-length:]))

    def _take(self, close: float) -> None:
        unit, on_grid = grid.unit(close)
        for place, length in enumerate(LENGTHS):
            leaving = self.whole[-length] if len(self.whole) >= length else 0
            self.sums[place] += unit - leaving
        self.on_grid = min(self.on_grid + 1, LONGEST) if on_grid else 0
        self.recent.append(close)
        self.whole.append(unit)
        self.count += 1

    def _simple(self, place: int) -> float:
        length = LENGTHS[place]
        if self.count < length:
            return NAN
        if self.on_grid >= length:
            return self.sums[place] / (length * grid.TICKS_PER_UNIT)
        return grid.mean(list(self.recent)[-length:])


def exact(price: float) -> Fraction:
    """The decimal that a price is written as, without rounding."""
    return Fraction(repr(float(price)))
