"""The rule over history as one writes it with numpy and with pandas: floats, and whole arrays.

They sell after a close below and buy back after one that is not, at the next open, with the same
costs, and tell the same figures as a study does. A tie is whatever rounding makes of it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from sellkit.core.assignments import LENGTHS
from sellkit.research.series import Costs

CHUNK = 50
"""Instruments at once: of 10, 25, 50, 100 and 200 the quickest on the machine that was measured."""

FIGURES = 7
_WEIGHTS = np.array([2 / (length + 1) for length in LENGTHS])[:, None]


def numpy_sides(closes: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """By average its length and which closes lie below, shape (bars - length + 1, instruments).

    `closes` has the shape (bars, instruments).
    """
    totals = np.vstack([np.zeros((1, closes.shape[1])), np.cumsum(closes, axis=0)])
    for length in LENGTHS:
        means = (totals[length:] - totals[:-length]) / length
        yield length, closes[length - 1 :] < means
    emas = np.empty((closes.shape[0], len(LENGTHS), closes.shape[1]))
    value = np.repeat(closes[:1], len(LENGTHS), axis=0)
    for bar, close in enumerate(closes):
        value = value + _WEIGHTS * (close - value)
        if bar + 1 in LENGTHS:
            value[LENGTHS.index(bar + 1)] = totals[bar + 1] / (bar + 1)
        emas[bar] = value
    for place, length in enumerate(LENGTHS):
        yield length, closes[length - 1 :] < emas[length - 1 :, place]


def numpy_exits(closes: np.ndarray, chunk: int = CHUNK) -> np.ndarray:
    """How often each average was crossed from above, shape (instruments, 14)."""
    found = np.empty((len(closes), 2 * len(LENGTHS)))
    for begin in range(0, len(closes), chunk):
        some = np.ascontiguousarray(closes[begin : begin + chunk].T)
        for place, (_, below) in enumerate(numpy_sides(some)):
            found[begin : begin + chunk, place] = (below[1:] & ~below[:-1]).sum(axis=0)
    return found


def numpy_figures(
    opens: np.ndarray, closes: np.ndarray, costs: Costs, chunk: int = CHUNK
) -> np.ndarray:
    """The figures of a study, shape (instruments, 14, figures)."""
    found = np.empty((len(closes), 2 * len(LENGTHS), FIGURES))
    for begin in range(0, len(closes), chunk):
        rows = slice(begin, begin + chunk)
        some, firsts = (np.ascontiguousarray(each[rows].T) for each in (closes, opens))
        for place, (length, below) in enumerate(numpy_sides(some)):
            found[rows, place] = _traded(firsts, some, below, length, costs)
    return found


def _traded(
    opens: np.ndarray, closes: np.ndarray, below: np.ndarray, length: int, costs: Costs
) -> np.ndarray:
    half, fee = costs.half_spread, costs.per_share
    held = np.ones(closes.shape, dtype=bool)
    held[length:] = ~below[:-1]
    sold, bought = np.zeros_like(held), np.zeros_like(held)
    sold[1:], bought[1:] = held[:-1] & ~held[1:], ~held[:-1] & held[1:]
    steps = np.ones(closes.shape)
    np.divide(closes[1:], closes[:-1], out=steps[1:], where=held[1:])
    steps[0] = closes[0] / opens[0]
    proceeds = (opens[1:] * (1 - half) - fee) / closes[:-1]
    np.copyto(steps[1:], proceeds, where=sold[1:])
    np.copyto(steps, closes / (opens * (1 + half) + fee), where=bought)
    worth = np.cumprod(steps, axis=0)
    fallen = (1 - worth / np.maximum.accumulate(worth, axis=0)).max(axis=0)
    paid = ((sold | bought) * (opens * half + fee)).sum(axis=0) / opens[0]
    exits, out = sold.sum(axis=0), (~held).sum(axis=0)
    pending = below[-1] & held[-1]
    return np.stack(
        [exits, _whipsaws(opens, sold, bought), out, paid, worth[-1], fallen, pending], axis=1
    )


def _whipsaws(opens: np.ndarray, sold: np.ndarray, bought: np.ndarray) -> np.ndarray:
    """Purchases at no less than what was sold at; the n-th purchase follows the n-th sale."""
    sales, purchases = np.nonzero(sold.T), np.nonzero(bought.T)
    sold_at, bought_at = opens[sales[::-1]], opens[purchases[::-1]]
    first_sale = np.searchsorted(sales[0], np.arange(opens.shape[1]))
    first_purchase = np.searchsorted(purchases[0], np.arange(opens.shape[1]))
    number = np.arange(len(purchases[0])) - first_purchase[purchases[0]]
    is_dearer = bought_at >= sold_at[first_sale[purchases[0]] + number]
    return np.bincount(purchases[0], weights=is_dearer, minlength=opens.shape[1])


def pandas_exits(closes: np.ndarray) -> np.ndarray:
    """How often each average was crossed from above; the EMA without the SMA's seed."""
    found = []
    for each in closes:
        prices = pd.Series(each)
        averages = [prices.rolling(length).mean() for length in LENGTHS]
        averages += [
            prices.ewm(span=length, adjust=False, min_periods=length).mean() for length in LENGTHS
        ]
        below = [prices < average for average in averages]
        found.append([int((each & ~each.shift(fill_value=False)).sum()) for each in below])
    return np.array(found)
