"""The fourteen averages of many whole series, compiled where the extra `research` is installed.

The compiled form answers every bit of what `core.whole` answers; it is only quicker.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from sellkit.core import whole
from sellkit.core.assignments import ALL_AVERAGES
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Closes = NDArray[np.float64]

_ROWS = len(ALL_AVERAGES)


def compiled_averages(histories: Sequence[Closes] | Closes) -> list[Closes]:
    """All averages of each series, compiled.

    Parameters
    ----------
    histories
        The closes of each series, shape (n,); the lengths may differ. An array of shape (series, n)
        spares a copy.

    Returns
    -------
    list
        Shape (14, n) each, in the order of `ALL_AVERAGES`; NaN before there are enough bars. A
        series with a price off the grid of 1/10,000 is left to `core.whole`.

    Raises
    ------
    ConfigError
        numba is not installed.
    """
    if find_spec("numba") is None:
        raise ConfigError(
            "the compiled averages need numba, which is not installed here: "
            "`pip install 'sellkit[research]'` adds it, and `sellkit.core.whole.averages` gives "
            "the same numbers without it"
        )
    kernel = import_module("sellkit.research.kernel")
    lengths = np.array([len(each) for each in histories], dtype=np.int64)
    ends = np.cumsum(lengths)
    if isinstance(histories, np.ndarray):
        closes = np.ravel(histories)
    else:
        closes = np.concatenate([*histories, np.empty(0)], dtype=np.float64)
    values = np.empty(_ROWS * len(closes))
    done = kernel.follow(closes, ends, values)
    bounds = zip((ends - lengths).tolist(), ends.tolist(), strict=True)
    found = [values[_ROWS * begin : _ROWS * end].reshape(_ROWS, -1) for begin, end in bounds]
    left = np.flatnonzero(~done).tolist()
    for place, each in zip(left, whole.averages([histories[i] for i in left]), strict=True):
        found[place] = each
    return found
