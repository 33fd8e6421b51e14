"""The lines below a status table that explain its signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sellkit.core.assignments import LENGTHS
from sellkit.present.columns import WARMING, is_warming

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sellkit.core.snapshot import SnapshotRow

_CROSSINGS: Final = (
    f"%{LENGTHS[0]} to %{LENGTHS[-1]}: % to cross, from the close to the average of that length"
)


def legend(rows: Sequence[SnapshotRow], *, all_averages: bool) -> tuple[str, ...]:
    """What the titles of the percentages mean, and the mark of a warming EMA where it is shown.

    Each fits 80 characters.
    """
    marked = [
        row
        for row in rows
        if row.last_close is not None
        and any(is_warming(row, each) for each in (row.readings if all_averages else row.family))
    ]
    return (_CROSSINGS, _warming(marked[0].max_seed_weight)) if marked else (_CROSSINGS,)


def _warming(limit: float) -> str:
    share = f"more than {limit * 100:g} % of it"
    return f"{WARMING} an EMA still warming up: {share} is the seed it began with"
