"""Random numbers by name and place: each is a pure function of its key and its number.

Nothing is drawn in sequence, so any stretch can be made alone, in any order and any process, and
no version of a library changes it. The mixing function is splitmix64's finaliser (Steele, Lea and
Flood 2014, "Fast splittable pseudorandom number generators").
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt

from sellkit.simgateway.timetable import Integers

Bits = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_LANES: Final = np.uint64(0x0000FFFF0000FFFF)
_LOW_HALF: Final = np.uint64(0xFFFFFFFF)
_LOW_QUARTER: Final = np.uint64(0xFFFF)
_SIXTEEN: Final = 1 << 16

# Four uniform 16-bit numbers sum to a bell of this standard deviation around this mean.
BELL_DEVIATION: Final = _SIXTEEN / 3**0.5
_BELL_MEAN: Final = 2 * (_SIXTEEN - 1)


class Chance:
    """The random numbers of one key.

    Parameters
    ----------
    key
        Whatever tells this series from others: a seed, a symbol, a purpose.
    """

    def __init__(self, *key: object) -> None:
        digest = hashlib.blake2b("\0".join(map(str, key)).encode(), digest_size=8).digest()
        self._key = np.uint64(int.from_bytes(digest, "big"))

    def bits(self, numbers: Integers) -> Bits:
        """64 bits for each number."""
        mixed = (numbers.astype(np.uint64) + self._key) * _GOLDEN
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        return mixed ^ (mixed >> np.uint64(31))

    def bells(self, numbers: Integers) -> Integers:
        """Whole numbers around 0, nearly normal, of deviation `BELL_DEVIATION`; sums are exact."""
        bits = self.bits(numbers)
        pairs = (bits & _LANES) + ((bits >> np.uint64(16)) & _LANES)
        total = (pairs & _LOW_HALF) + (pairs >> np.uint64(32))
        return total.astype(np.int64) - _BELL_MEAN

    def normals(self, numbers: Integers) -> Floats:
        """Nearly normal numbers of mean 0 and deviation 1, within 3.5 of it."""
        return self.bells(numbers) / BELL_DEVIATION

    def shares(self, numbers: Integers) -> tuple[Floats, Floats, Floats]:
        """Three independent numbers in [0, 1) for each number."""
        bits = self.bits(numbers)
        return (
            (bits & _LOW_QUARTER) / _SIXTEEN,
            ((bits >> np.uint64(16)) & _LOW_QUARTER) / _SIXTEEN,
            ((bits >> np.uint64(32)) & _LOW_QUARTER) / _SIXTEEN,
        )

    def share(self) -> float:
        """One number in [0, 1) for the key itself."""
        return float(self.shares(np.zeros(1, np.int64))[0][0])
