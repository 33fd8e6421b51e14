"""What is to be said of stored bars beside the bars themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    from sellkit.core.bars import SeriesKey


@dataclass(frozen=True, slots=True)
class Freeze:
    """A series that is being fetched anew: it may be read, and nothing may be decided on it.

    Attributes
    ----------
    since
        When it was found to be told differently; aware UTC.
    ratio
        By which factor prices are told differently now.
    reason
        In words.
    """

    since: dt.datetime
    ratio: float
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a store.

    Attributes
    ----------
    where
        The file, from the store's folder on.
    what
        What is wrong, and what to do.
    """

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What is stored of one series.

    Attributes
    ----------
    bars
        How many.
    first, last
        The earliest and the latest start; aware UTC, None without bars.
    fetched_at
        The latest fetch among them.
    size
        Bytes of its base; bars that lie in segments have no size of their own.
    in_segments
        Rows that `compact` has still to fold.
    """

    key: SeriesKey
    bars: int
    first: dt.datetime | None
    last: dt.datetime | None
    fetched_at: dt.datetime | None
    size: int
    in_segments: int
