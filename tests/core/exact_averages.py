"""Averages in whole numbers of any size: what every other form is held against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from sellkit.core.assignments import MaKind, MovingAverage
from sellkit.core.grid import TICKS_PER_UNIT

# An EMA is followed in units of 2^-160 of the price's own unit. A step rounds down by less than
# one such unit and forgets a share of what it lost before, so the loss never passes `length` units.
BITS = 160


def decimals(closes: np.ndarray) -> tuple[list[int], int]:
    """Closes as whole numbers of one decimal unit, and how many of these make 1."""
    fractions = [Fraction(repr(close)) for close in closes.tolist()]
    scale = TICKS_PER_UNIT
    while any((each * scale).denominator != 1 for each in fractions):
        scale *= 10
    return [int(each * scale) for each in fractions], scale


def exponential(whole: list[int], length: int) -> Iterator[int]:
    """The EMA at each bar from its seed on, in 2^-160 of the unit of `whole`."""
    value = (sum(whole[:length]) << BITS) // length
    yield value
    for close in whole[length:]:
        value += 2 * ((close << BITS) - value) // (length + 1)
        yield value


def largest_error(closes: np.ndarray, found: np.ndarray, length: int) -> float:
    """The largest relative difference of an EMA, closes on the grid, from the exact one."""
    whole = np.rint(closes * TICKS_PER_UNIT).astype(np.int64).tolist()
    worst = 0.0
    unit = 1 << 53
    exact = exponential(whole, length)
    for value, true in zip(found[length - 1 :].tolist(), exact, strict=True):
        told = (int(value * unit) * TICKS_PER_UNIT) << (BITS - 53)
        worst = max(worst, abs(told - true) / true)
    return worst


def below(closes: np.ndarray, averages: Iterable[MovingAverage]) -> np.ndarray:
    """Whether each close lies strictly below each average, shape (averages, n).

    False with too few bars.
    """
    whole, _ = decimals(closes)
    answers = []
    for average in averages:
        exact = _below_simple if average.kind is MaKind.SMA else _below_exponential
        before = [False] * min(average.length - 1, len(whole))
        answers.append(before + exact(whole, average.length))
    return np.array(answers)


def _below_simple(whole: list[int], length: int) -> list[bool]:
    answers = []
    total = sum(whole[: length - 1])
    for leaving, close in enumerate(whole[length - 1 :]):
        total += close
        answers.append(close * length < total)
        total -= whole[leaving]
    return answers


def _below_exponential(whole: list[int], length: int) -> list[bool]:
    answers: list[bool] = []
    if len(whole) < length:
        return answers
    for bar, value in enumerate(exponential(whole, length), length - 1):
        gap = (whole[bar] << BITS) - value
        # `value` lies up to `length` units below the average; only in between is it not known.
        is_known = not 0 <= gap <= length
        answers.append(gap < 0 if is_known else _is_below(whole[: bar + 1], length))
    return answers


def _is_below(whole: list[int], length: int) -> bool:
    value = Fraction(sum(whole[:length]), length)
    for close in whole[length:]:
        value += Fraction(2, length + 1) * (close - value)
    return whole[-1] < value
