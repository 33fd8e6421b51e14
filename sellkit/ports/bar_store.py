"""What sellkit asks of the place where bars are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Hashable, Mapping

    import pandas as pd

    from sellkit.core.bars import SeriesKey
    from sellkit.core.coverage import Absence
    from sellkit.core.custody import Figures, Finding, Freeze
    from sellkit.core.instrument import Token
    from sellkit.core.portfolio import Origin


class BarStore(Protocol):
    """Bars and averages on disk, one series a key, raw and computed apart."""

    def claim(self, origin: Origin) -> None:
        """Stamp an empty store, or check the stamp of a used one.

        A store that an earlier version wrote is brought up to date, and what a crash left
        unfinished is finished.

        Raises
        ------
        ForeignOrigin
            Another kind of gateway or another account wrote here.
        """
        ...

    def read(self, key: SeriesKey) -> pd.DataFrame:
        """The stored bar frame; empty for a series never written.

        Raises
        ------
        InvalidBars
            A file is torn, truncated or of another schema.
        """
        ...

    def marks(self, keys: Collection[SeriesKey]) -> Mapping[SeriesKey, Hashable]:
        """By series something that is another one whenever its bars may be others.

        It costs far less than reading them: whoever keeps bars in memory asks it first.
        """
        ...

    def add(self, key: SeriesKey, bars: pd.DataFrame) -> pd.DataFrame:
        """As `add_many` for one series; return the whole series."""
        ...

    def add_many(self, bars: Mapping[SeriesKey, pd.DataFrame]) -> Mapping[SeriesKey, pd.DataFrame]:
        """Merge bars into their series, the later fetch winning; durable on return.

        Bars that cannot be, as `core.sifting` has it, are put aside instead.

        Returns
        -------
        Mapping
            By series the rows put aside, with the column `reason`; only series that had any.

        Raises
        ------
        InvalidBars
            Columns or types are not a bar frame's, or its bars are out of order; nothing was added.
        """
        ...

    def drop(self, key: SeriesKey) -> None:
        """Remove one series with all that is kept for it, so that it can be fetched anew."""
        ...

    def absent(self, key: SeriesKey) -> Mapping[dt.datetime, Absence]:
        """By bar start, aware UTC, that the source answered without giving a bar."""
        ...

    def note_absent(self, key: SeriesKey, found: Mapping[dt.datetime, Absence]) -> None:
        """Remember such answers, each in place of what was known of its bar start."""
        ...

    def read_averages(self, key: SeriesKey) -> pd.DataFrame | None:
        """The table of averages with its `attrs["state"]`; None when there is none to use."""
        ...

    def write_averages(self, key: SeriesKey, table: pd.DataFrame) -> None:
        """Replace a series' table of averages: columns of float64 or int64, by bar start.

        A text in `table.attrs["state"]` is kept with it.
        """
        ...

    def name(self, tokens: Mapping[int, Token]) -> None:
        """Remember what contracts are called, beside those known."""
        ...

    def names(self) -> Mapping[int, Token]:
        """By contract, what it was last called."""
        ...

    def keys(self) -> tuple[SeriesKey, ...]:
        """Every series that has bars."""
        ...

    def clear(self) -> None:
        """Remove every series and all that is kept beside it."""
        ...

    def compact(self, over: int = 0) -> int:
        """Fold what was added piece by piece into whole series; return how many pieces there were.

        It does nothing when there are no more than `over`.

        It takes the time of rewriting every series that changed: not for the minutes around the
        hour. Bars are the same before, after and meanwhile.
        """
        ...

    def revisions(self, key: SeriesKey) -> pd.DataFrame:
        """What was told of bars before another price or volume was; with `replaced_at`."""
        ...

    def tellings(self, key: SeriesKey) -> pd.DataFrame:
        """Everything that is still known to have been told of a series, as one bar frame.

        By start and time of the fetch, so a start may come several times. What was told again with
        the same numbers is known until it is folded; from then on the later fetch stands alone.
        """
        ...

    def quarantined(self) -> pd.DataFrame:
        """All rows that were put aside, with the columns `series`, `start` and `reason`."""
        ...

    def freeze(self, key: SeriesKey, freeze: Freeze) -> None:
        """Note that a series is told differently now; it stays as it is until `thaw`."""
        ...

    def frozen(self) -> Mapping[SeriesKey, Freeze]:
        """The series that nothing may be decided on."""
        ...

    def refetched(self) -> BarStore:
        """Where the bars of frozen series are gathered meanwhile."""
        ...

    def thaw(self, key: SeriesKey) -> None:
        """Put the gathered series in place of the frozen one, which is kept apart.

        Nothing of a series that is not frozen: another process may have exchanged it meanwhile.

        Raises
        ------
        DataError
            Nothing was gathered.
        """
        ...

    def verify(self) -> tuple[Finding, ...]:
        """Read everything; what is wrong."""
        ...

    def mend(self) -> tuple[Finding, ...]:
        """Move what is damaged out of the way, to be fetched anew; what it was."""
        ...

    def figures(self) -> tuple[Figures, ...]:
        """What is stored, by series."""
        ...
