"""Bars for tests of studies: random ones, with ties, gaps between close and open, and holes."""

from __future__ import annotations

import numpy as np

from sellkit.research.series import Bars, Series
from tests.core.closes import walk


def bars(seed: int, count: int, begin: int = 0, tick: float = 0.01) -> Bars:
    """A random walk on a grid of `tick`; each open lies a little off the close before."""
    random = np.random.default_rng(seed)
    closes = np.maximum(np.round(walk(seed, count) / tick), 1.0) * tick
    before = np.concatenate([[closes[0]], closes[:-1]]) if count else closes
    opens = np.round(before * np.exp(random.normal(0.0, 0.002, count)), 4)
    sessions = 18_000 + np.arange(count, dtype=np.int64)
    return Bars(opens, np.round(closes, 4), begin, sessions)


def instrument(seed: int, hours: int = 300, days: int = 250, begin: int = 0) -> Series:
    return Series(f"NYSE:S{seed}", bars(seed, hours, begin), bars(seed + 10_000, days, begin))


def assert_same_numbers(found: np.ndarray, wanted: np.ndarray) -> None:
    """Every bit of every number, NaN where NaN is."""
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    known = ~np.isnan(wanted)
    np.testing.assert_array_equal(found[known].view(np.int64), wanted[known].view(np.int64))
