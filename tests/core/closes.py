"""Series of closes for tests of averages: random ones, and how to hold two results together."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from sellkit.core.grid import LARGEST, TICKS_PER_UNIT

LONG = 420


def walk(seed: int, count: int, start: float = 100.0) -> np.ndarray:
    """A random walk in whole cents."""
    steps = np.random.default_rng(seed).normal(0.0, 0.004, count)
    return np.round(start * np.exp(np.cumsum(steps)), 2)


@st.composite
def series(draw: st.DrawFn, shortest: int = 0, longest: int = LONG) -> np.ndarray:
    """Closes on the grid, off it, too large for it, or any of these in turn."""
    count = draw(st.integers(shortest, longest))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    start = draw(st.sampled_from([0.0007, 1.0, 97.31, 4_800.0, 700_000.0]))
    closes = start * np.exp(np.cumsum(random.normal(0.0, 0.01, count)))
    rounded = np.round(closes * TICKS_PER_UNIT) / TICKS_PER_UNIT
    share = draw(st.sampled_from([0.0, 0.0, 0.01, 0.3, 1.0]))
    mixed = np.where(random.random(count) < share, closes, rounded)
    if count and draw(st.integers(0, 9)) == 0:
        mixed[draw(st.integers(0, count - 1))] = LARGEST * draw(st.sampled_from([1.0, 2.5]))
    return mixed


def assert_same_bits(found: np.ndarray, wanted: np.ndarray) -> None:
    """Every bit of every number; NaN where NaN is."""
    assert found.shape == wanted.shape
    known = ~np.isnan(wanted)
    np.testing.assert_array_equal(~np.isnan(found), known)
    np.testing.assert_array_equal(found[known].view(np.int64), wanted[known].view(np.int64))
