"""The slots of a series with their bounds as arrays, made once for all series that share them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sellkit.core.bars import Slot


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """Slots in order, without overlap.

    Attributes
    ----------
    each
        The slots, n of them.
    starts, ends
        Microseconds since 1970 UTC, int64, shape (n,).
    parts
        Half-hours in each, shape (n,).
    """

    each: Sequence[Slot]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    parts: NDArray[np.int64]

    @classmethod
    def of(cls, slots: Sequence[Slot] | Slots) -> Slots:
        """The slots with their bounds; what has them already is returned as it is."""
        if isinstance(slots, Slots):
            return slots
        return cls(
            slots,
            pd.DatetimeIndex([slot.start for slot in slots]).as_unit("us").asi8,
            pd.DatetimeIndex([slot.end for slot in slots]).as_unit("us").asi8,
            np.array([slot.parts for slot in slots], dtype=np.int64),
        )
