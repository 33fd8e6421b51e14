"""Lines of a few letters: how something moved, for where no picture can stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.present import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCKS: Final = "▁▂▃▄▅▆▇█"


def sparks(tracks: NDArray[np.float64]) -> list[str]:
    """A line for each row, with its last value in percent behind: `▄▄▅▆█ +3.10 %`.

    All rows have one scale, and 0 in it, so that they can be compared. Empty for a row of NaN.

    Parameters
    ----------
    tracks
        Shape (rows, points), as `research.tracks` answers them.
    """
    known = tracks[np.isfinite(tracks)]
    low, high = min(0.0, known.min(initial=0.0)), max(0.0, known.max(initial=0.0))
    return [_spark(row, float(low), float(high)) for row in tracks]


def _spark(row: NDArray[np.float64], low: float, high: float) -> str:
    if not np.isfinite(row).all():
        return ""
    parts = (row - low) / ((high - low) or 1.0)
    places = np.minimum((parts * len(_BLOCKS)).astype(np.int64), len(_BLOCKS) - 1)
    line = "".join(_BLOCKS[place] for place in places.tolist())
    return f"{line} {words.percent(100 * float(row[-1]))} %"
