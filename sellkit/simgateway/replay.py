"""Recorded prices: folders of `SYMBOL.parquet`, one folder for each bar size.

A file has the columns ts (UTC start of the bar; of a daily one the session's date at 00:00),
open, high, low, close and volume. What lies outside the exchange's sessions, or has a price that is
not a number, is left out.

Of a recorded bar that has begun and not ended only the open can be told without a look into the
future: its four prices are then the open and its volume is 0. Neither averages nor trades are
recorded: an average is the mean of the four prices of the recorded bars, weighted by volume, and a
trade is reckoned for every 100 shares.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sellkit.errors import ConfigError, InvalidBars
from sellkit.simgateway.bar_sizes import BY_SHORT_NAME, Span
from sellkit.simgateway.rows import Rows
from sellkit.simgateway.timetable import Hours, Integers, Timetable

if TYPE_CHECKING:
    from sellkit.simgateway.chance import Floats
    from sellkit.simgateway.listing import Listing

Mask = npt.NDArray[np.bool_]
Placed = tuple[Integers, Integers, Mask]

_COLUMNS: Final = ("ts", "open", "high", "low", "close", "volume")
_DAY_SECONDS: Final = 86_400
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_FILES_KEPT: Final = 64


class Replay:
    """Prices read from folders.

    Parameters
    ----------
    folders
        Folder of each bar size; sizes are written `30m`, `1h`, `1d` and so on.
    hours
        The sessions of an exchange.

    Raises
    ------
    ConfigError
        An unknown size, or a folder without files.
    InvalidBars
        A file that is not parquet or lacks a column. Only the files' ends are looked at; bars are
        read when they are first asked for.
    """

    def __init__(self, folders: Mapping[str, Path], hours: Callable[[str], Hours]) -> None:
        self._hours = hours
        self._files = {_span(name): _files(Path(folder)) for name, folder in folders.items()}
        self._recorded = lru_cache(maxsize=_FILES_KEPT)(_read)

    def unit(self, listing: Listing) -> Fraction:
        """What the prices of rows are counted in: they are prices."""
        return Fraction(1)

    def finest(self, listing: Listing) -> Span | None:
        """The shortest bars recorded of a symbol, None where nothing is."""
        spans = [span for span, files in self._files.items() if listing.symbol in files]
        return min(spans, key=_fineness, default=None)

    def first_session(self, listing: Listing, *, rth: bool) -> int | None:
        """The session with the first bar, None where nothing is recorded."""
        spans = [span for span, files in self._files.items() if listing.symbol in files]
        firsts = [self._placed(listing, span, rth=rth).session[:1] for span in spans]
        return min((int(first[0]) for first in firsts if len(first)), default=None)

    def rows(
        self, listing: Listing, span: Span, sessions: range, now: float, *, rth: bool
    ) -> Rows | None:
        """Rows that fold into bars of `span`.

        They come from the finest recorded size that does; those of a day and more from daily files
        where the symbol has one.

        Parameters
        ----------
        listing, span, sessions, rth
            What is asked for.
        now
            Seconds after 1970; nothing later is told.

        Returns
        -------
        Rows or None
            None: nothing that fine is recorded of the symbol.
        """
        source = self._source(listing, span)
        if source is None:
            return None
        rows = self._placed(listing, source, rth=rth).of_sessions(sessions)
        rows = rows.part(slice(0, int(np.searchsorted(rows.minute, now / 60, "left"))))
        table = self._hours(listing.exchange).of(rth=rth)
        _, ends = table.bounds(source, rows.session, rows.minute)
        return _told(rows, ends * 60 > now)

    def _source(self, listing: Listing, span: Span) -> Span | None:
        serving = [
            own
            for own, files in self._files.items()
            if listing.symbol in files and own.folds_into(span)
        ]
        daily = [own for own in serving if own.is_dated]
        return min(daily or serving, key=_fineness, default=None)

    def _placed(self, listing: Listing, span: Span, *, rth: bool) -> Rows:
        """A file's bars on the sessions of their exchange."""
        seconds, columns = self._recorded(self._files[span][listing.symbol])
        table = self._hours(listing.exchange).of(rth=rth)
        if span.is_dated:
            session, minute, is_inside = _of_dates(seconds, table)
        else:
            session, minute, is_inside = _of_instants(seconds, table)
        opened, high, low, close, volume = (column[is_inside] for column in columns)
        shares = volume.astype(np.int64)
        return Rows(
            session=session[is_inside],
            minute=minute[is_inside],
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=shares,
            turnover=(opened + high + low + close) * volume,
            trades=-(-shares // 100),
        )


def _of_dates(seconds: Integers, table: Timetable) -> Placed:
    ordinals = seconds // _DAY_SECONDS + _EPOCH
    place = np.searchsorted(table.ordinals, ordinals, "left").astype(np.int64)
    session = np.minimum(place, len(table.opens) - 1)
    return session, table.opens[session], table.ordinals[session] == ordinals


def _of_instants(seconds: Integers, table: Timetable) -> Placed:
    minute = seconds // 60
    session = np.searchsorted(table.opens, minute, "right").astype(np.int64) - 1
    return session, minute, (session >= 0) & (minute < table.closes[session])


def _told(rows: Rows, is_forming: Mask) -> Rows:
    """Rows with nothing but the open of those that have not ended."""
    known = [
        np.where(is_forming, rows.open, prices) for prices in (rows.high, rows.low, rows.close)
    ]
    sums = [np.where(is_forming, 0, column) for column in (rows.volume, rows.turnover, rows.trades)]
    return Rows._make((rows.session, rows.minute, rows.open, *known, *sums))


def _fineness(span: Span) -> tuple[int, int]:
    return span.unit.value, span.length


def _span(name: str) -> Span:
    found = BY_SHORT_NAME.get(name)
    if found is None:
        raise ConfigError(
            f"bars of size {name!r} cannot be replayed; write one of {', '.join(BY_SHORT_NAME)}"
        )
    return found


def _files(folder: Path) -> dict[str, Path]:
    files = {path.stem: path for path in sorted(folder.glob("*.parquet"))}
    if not files:
        raise ConfigError(f"{folder} holds no SYMBOL.parquet file to replay; check the folder")
    for path in files.values():
        missing = set(_COLUMNS) - set(_schema(path).names)
        if missing:
            raise InvalidBars(f"{path} has no column {', '.join(sorted(missing))}")
    return files


def _schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise InvalidBars(f"{path} cannot be read as parquet: {error}") from error


def _read(path: Path) -> tuple[Integers, tuple[Floats, ...]]:
    """Start of each bar in seconds after 1970, rising, and the five columns."""
    try:
        table = pq.read_table(path, columns=list(_COLUMNS))
        # A zone changes how a timestamp is shown, not what it counts.
        stamps = table["ts"].cast(pa.timestamp("s", tz=table.schema.field("ts").type.tz))
        starts = stamps.cast(pa.int64()).to_numpy()
        prices = [table[name].cast(pa.float64()).to_numpy() for name in _COLUMNS[1:]]
    except (OSError, pa.ArrowException) as error:
        raise InvalidBars(f"{path} cannot be replayed: {error}") from error
    starts, first = np.unique(starts, return_index=True)
    columns = [column[first] for column in prices]
    is_whole = np.logical_and.reduce([np.isfinite(column) for column in columns])
    return starts[is_whole], tuple(column[is_whole] for column in columns)
