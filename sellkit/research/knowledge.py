"""What had been told of bars by a moment: a correction that came later was not known before.

Between two corrections nothing changes, so the time falls into ages, each with bars of its own. Of
most series there is one age only.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sellkit.core.bars import COLUMNS, micros

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Marks = NDArray[np.int64]

_BY_THEN: Final = dt.timedelta(minutes=2) // dt.timedelta(microseconds=1)
"""A run asks until its bars are there, and decides some seconds after the end of the last one."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """One series.

    Attributes
    ----------
    bars
        As they were told last, a bar frame.
    revised
        What was told of them before with another close, and `replaced_at`, by start and time of the
        fetch; None for nothing.
    """

    bars: pd.DataFrame
    revised: pd.DataFrame | None

    @classmethod
    def of(cls, bars: pd.DataFrame, revisions: pd.DataFrame | None) -> Told:
        """Leave out what was told with another volume or high alone, as most of it is.

        Parameters
        ----------
        bars
            As they were told last.
        revisions
            What was told of them before other numbers were, as a store keeps it.
        """
        if revisions is None or revisions.empty:
            return cls(bars, None)
        known = revisions[revisions.index.isin(bars.index)]
        closes, starts = known["close"].to_numpy(), micros(known.index)
        successors = bars["close"].loc[known.index].to_numpy().copy()
        again = np.flatnonzero(starts[1:] == starts[:-1])
        successors[again] = closes[again + 1]
        kept = known[closes != successors]
        return cls(bars, None if kept.empty else kept)

    def replacements(self) -> Marks:
        """When a bar was told with another close, microseconds since 1970 UTC."""
        if self.revised is None:
            return np.empty(0, dtype=np.int64)
        return micros(self.revised["replaced_at"])

    def at(self, mark: int) -> pd.DataFrame:
        """The bars with the numbers that they had before whatever was told later than a moment."""
        if self.revised is None:
            return self.bars
        later = self.revised[self.replacements() > mark]
        first = later[~later.index.duplicated()]
        if first.empty:
            return self.bars
        known = self.bars.copy()
        known.loc[first.index, COLUMNS] = first[COLUMNS]
        return known


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """What was known of an instrument, age by age.

    Attributes
    ----------
    halves, days
        Its series.
    bounds
        When one age passes into the next, microseconds since 1970 UTC.
    """

    halves: Told
    days: Told
    bounds: Marks

    @classmethod
    def of(cls, halves: Told, days: Told) -> Knowledge:
        """Look when anything was told anew."""
        return cls(halves, days, np.union1d(halves.replacements(), days.replacements()))

    def ages(self, moments: Marks) -> list[int]:
        """The age that each moment lies in; moments in microseconds since 1970 UTC."""
        found: list[int] = np.searchsorted(self.bounds, moments + _BY_THEN, side="right").tolist()
        return found

    def at(self, age: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Half-hours and days as they were known in an age."""
        if age == len(self.bounds):
            return self.halves.bars, self.days.bars
        before = int(self.bounds[age]) - 1
        return self.halves.at(before), self.days.at(before)
