"""Bars as plain arrays, between pandas on one side and Arrow on the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from sellkit.core.bars import COLUMNS, INSTANT, PRICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TIME: Final = pa.timestamp("us", tz="UTC")
NUMBERS: Final = [*PRICES, "volume"]
_ORDER: Final = ["start", *COLUMNS]


@dataclass(frozen=True, slots=True)
class Rows:
    """Bars of one series, or of many one after the other.

    Attributes
    ----------
    start, fetched
        Microseconds since 1970 UTC, int64, shape (n,).
    numbers
        Open, high, low, close and volume, each float64, shape (n,).
    """

    start: NDArray[np.int64]
    numbers: tuple[NDArray[np.float64], ...]
    fetched: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, place: slice | NDArray[np.int64] | NDArray[np.bool_]) -> Self:
        numbers = tuple(each[place] for each in self.numbers)
        return type(self)(self.start[place], numbers, self.fetched[place])

    @property
    def close(self) -> NDArray[np.float64]:
        """The closes."""
        return self.numbers[3]

    @classmethod
    def of_frame(cls, frame: pd.DataFrame) -> Self:
        """The rows of a bar frame."""
        fetched = pd.DatetimeIndex(frame["fetched_at"]).asi8
        numbers = tuple(frame[name].to_numpy() for name in NUMBERS)
        return cls(pd.DatetimeIndex(frame.index).asi8, numbers, fetched)

    @classmethod
    def of_table(cls, table: pa.Table) -> Self:
        """The rows of a table whose columns have the names and types of a bar's."""
        found = {name: table.column(name).combine_chunks() for name in _ORDER}
        numbers = tuple(found[name].to_numpy(zero_copy_only=False) for name in NUMBERS)
        return cls(_whole(found["start"]), numbers, _whole(found["fetched_at"]))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All parts, one after the other."""
        if len(parts) == 1:
            return parts[0]
        numbers = tuple(
            np.concatenate([part.numbers[at] for part in parts]) for at in range(len(NUMBERS))
        )
        return cls(
            np.concatenate([part.start for part in parts]),
            numbers,
            np.concatenate([part.fetched for part in parts]),
        )

    @classmethod
    def none(cls) -> Self:
        """No rows."""
        empty = np.empty(0, dtype=np.int64)
        return cls(empty, tuple(np.empty(0) for _ in NUMBERS), empty)

    def frame(self) -> pd.DataFrame:
        """A bar frame of these rows."""
        columns: dict[str, object] = dict(zip(NUMBERS, self.numbers, strict=True))
        columns["fetched_at"] = _instants(self.fetched)
        return pd.DataFrame(columns, index=_instants(self.start).rename("start"), copy=True)

    def arrays(self) -> list[pa.Array]:
        """Start, the numbers and the time of the fetch, as Arrow has them."""
        return [
            pa.array(self.start).view(TIME),
            *(pa.array(each) for each in self.numbers),
            pa.array(self.fetched).view(TIME),
        ]


@dataclass(frozen=True, slots=True)
class Merged:
    """What is told of each bar in the end, and what was told before.

    Attributes
    ----------
    rows
        One for each start, rising: the later fetch, and of equal fetches the later row.
    earlier
        Rows in place of which another price or volume was told later.
    replaced
        When it was, in microseconds since 1970 UTC; one for each of `earlier`.
    """

    rows: Rows
    earlier: Rows
    replaced: NDArray[np.int64]


def latest(rows: Rows) -> Rows:
    """One row for each start, rising: the later fetch, and of equal fetches the later row."""
    if len(rows) < 2 or bool((np.diff(rows.start) > 0).all()):
        return rows
    rows = rows[np.lexsort((rows.fetched, rows.start))]
    return rows[np.append(rows.start[1:] != rows.start[:-1], True)]


def merged(rows: Rows) -> Merged:
    """As `latest`, with what it leaves out where it says something else."""
    if len(rows) < 2:
        return Merged(rows, Rows.none(), Rows.none().start)
    rows = rows[np.lexsort((rows.fetched, rows.start))]
    is_told_again = rows.start[1:] == rows.start[:-1]
    differs = np.zeros(len(is_told_again), dtype=np.bool_)
    for each in rows.numbers:
        differs |= each[1:] != each[:-1]
    lost = np.flatnonzero(is_told_again & differs)
    final = rows[np.append(~is_told_again, True)]
    return Merged(final, rows[lost], rows.fetched[lost + 1])


def _whole(array: pa.Array) -> NDArray[np.int64]:
    found: NDArray[np.int64] = array.view(pa.int64()).to_numpy(zero_copy_only=False)
    return found


def _instants(micros: NDArray[np.int64]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(micros.view("M8[us]"), dtype=INSTANT)
