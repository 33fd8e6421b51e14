"""On which side of its average a close lies where floating point cannot tell: whole numbers."""

from __future__ import annotations

from math import lcm
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core import grid
from sellkit.core.running import exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Closes = NDArray[np.float64]
    Sides = NDArray[np.int8]

# An EMA is followed in units of 2^-160 of a whole price. A step rounds down by less than one unit
# and forgets a share of what was lost before, so the loss never passes `length` units.
_BITS: Final = 160


def settle_simple(closes: Closes, length: int, sides: Sides, first: int) -> None:
    """Put the exact answer where an SMA's side is 0, from bar `first` on; shape (n,)."""
    for bar in (np.flatnonzero(sides[first:] == 0) + first).tolist():
        whole = _whole(closes[bar + 1 - length : bar + 1])
        sides[bar] = _sign(whole[-1] * length - sum(whole))


def settle_exponential(closes: Closes, length: int, sides: Sides, first: int) -> None:
    """Put the exact answer where an EMA's side is 0, from bar `first` on; shape (n,).

    After a bar of the same close the side is the same: one step takes an EMA part of the way to
    the close, and never past it. So a price that stands still costs nothing.
    """
    doubtful = np.flatnonzero(sides[first:] == 0) + first
    repeated = (doubtful > first) & (closes[doubtful] == closes[doubtful - 1])
    asked = doubtful[~repeated].tolist()
    if asked:
        sides[asked] = _exponential_sides(_whole(closes[: asked[-1] + 1]), length, asked)
    for bar in doubtful[repeated].tolist():
        sides[bar] = sides[bar - 1]


def _exponential_sides(whole: Sequence[int], length: int, asked: Sequence[int]) -> list[int]:
    wanted, found = set(asked), []
    value = (sum(whole[:length]) << _BITS) // length
    for bar in range(length - 1, len(whole)):
        scaled = whole[bar] << _BITS
        if bar >= length:
            value += 2 * (scaled - value) // (length + 1)
        if bar in wanted:
            gap = scaled - value
            is_known = not 0 <= gap <= length
            found.append(_sign(gap) if is_known else _exact_side(whole[: bar + 1], length))
    return found


def _exact_side(whole: Sequence[int], length: int) -> int:
    # With e = numerator / scale, one step of the EMA is ((length - 1) * numerator + 2 * close *
    # scale) / ((length + 1) * scale): the whole average stays a ratio of two whole numbers.
    numerator, scale = sum(whole[:length]), length
    for close in whole[length:]:
        numerator = (length - 1) * numerator + 2 * close * scale
        scale *= length + 1
    return _sign(whole[-1] * scale - numerator)


def _whole(closes: Closes) -> list[int]:
    """Closes in one unit that makes all of them whole: ticks, or a decimal as fine as they are."""
    ticks = grid.ticks(closes)
    if ticks is not None:
        return [int(each) for each in ticks]
    fractions = [exact(close) for close in closes.tolist()]
    unit = lcm(*(each.denominator for each in fractions))
    return [int(each * unit) for each in fractions]


def _sign(difference: int) -> int:
    return (difference > 0) - (difference < 0)
