"""Bars and averages as parquet, one file a series, each whole or absent.

    <folder>/origin.json                            whom the data belong to
    <folder>/bars/265598-30m-TRADES-rth-clock.parquet
    <folder>/averages/265598-1h-TRADES-rth-clock.parquet
    <folder>/absent/265598-30m-TRADES-rth-clock.json   what the source has no bar for

A file carries its schema's version and its series in the metadata and a checksum on every page, so
one that is torn, exchanged or written by another program is told from a good one when it is read.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from sellkit.adapters import absent_bars, durable_file
from sellkit.adapters.origin_stamp import OriginStamp
from sellkit.adapters.series_name import key_of, name_of
from sellkit.core.bars import COLUMNS, INSTANT, PRICES, checked, empty_bars, merge
from sellkit.errors import ConfigError, InvalidBars

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pandas as pd

    from sellkit.core.bars import SeriesKey
    from sellkit.core.coverage import Absence
    from sellkit.core.portfolio import Origin

VERSION: Final = "1"
_BARS: Final = "bars"
_AVERAGES: Final = "averages"
_ABSENT: Final = "absent"
_STATE: Final = b"sellkit.state"

_TIME: Final = pa.timestamp("us", tz="UTC")
_BAR_SCHEMA: Final = pa.schema(
    [
        pa.field("start", _TIME),
        *(pa.field(name, pa.float64()) for name in [*PRICES, "volume"]),
        pa.field("fetched_at", _TIME),
    ]
)
_REBUILD: Final = "`sellkit data rebuild` starts the store anew"
_ELSEWHERE: Final = "allow sellkit to read and write there, or choose another --data-dir"


class ParquetBarStore:
    """The `BarStore` in the data folder of one profile.

    Parameters
    ----------
    folder
        The profile's data folder; made when something is written first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp = OriginStamp(folder)
        self._turn = threading.Lock()

    def claim(self, origin: Origin) -> None:
        """Stamp an empty store, or check the stamp of a used one."""
        if self._stamp.exists():
            self._stamp.check(origin)
            return
        with self._writing():
            if self._stamp.exists():
                self._stamp.check(origin)
            elif self.keys():
                raise self._stamp.foreign("holds bars, but no stamp says whose they are")
            else:
                self._stamp.write(origin)

    def read(self, key: SeriesKey) -> pd.DataFrame:
        """The stored bar frame; empty for a series never written."""
        path = self._path(_BARS, key)
        frame = self._read(path, _BARS)
        return empty_bars() if frame is None else _checked(frame, path)

    def add(self, key: SeriesKey, bars: pd.DataFrame) -> pd.DataFrame:
        """Merge bars into a series, the later fetch winning, and return the whole series."""
        path = self._path(_BARS, key)
        checked(bars, f"the source of {path.stem}")
        if bars.empty:
            return self.read(key)
        with self._writing():
            whole = checked(merge(self.read(key), bars), path.stem).rename_axis("start")
            self._write(path, _BARS, whole, _BAR_SCHEMA)
        return whole

    def drop(self, key: SeriesKey) -> None:
        """Remove one series with all that is kept for it, so that it can be fetched anew."""
        with self._writing():
            self._path(_AVERAGES, key).unlink(missing_ok=True)
            self._absent_path(key).unlink(missing_ok=True)
            self._path(_BARS, key).unlink(missing_ok=True)

    def absent(self, key: SeriesKey) -> Mapping[dt.datetime, Absence]:
        """By bar start, aware UTC, that the source answered without giving a bar."""
        return absent_bars.read(self._absent_path(key))

    def note_absent(self, key: SeriesKey, found: Mapping[dt.datetime, Absence]) -> None:
        """Remember such answers, each in place of what was known of its bar start."""
        path = self._absent_path(key)
        with self._writing():
            absent_bars.write(path, {**absent_bars.read(path), **found})

    def read_averages(self, key: SeriesKey) -> pd.DataFrame | None:
        """The stored table of averages; None when there is none that can be used.

        Averages are computed of the bars beside them, so a torn table is as good as none.
        """
        try:
            return self._read(self._path(_AVERAGES, key), _AVERAGES)
        except InvalidBars:
            return None

    def write_averages(self, key: SeriesKey, table: pd.DataFrame) -> None:
        """Replace a series' table of averages.

        Raises
        ------
        InvalidBars
            The index is not bar starts, or a column is neither float64 nor int64.
        """
        path = self._path(_AVERAGES, key)
        kinds = {str(kind) for kind in table.dtypes}
        if str(table.index.dtype) != INSTANT or kinds - {"float64", "int64"}:
            raise InvalidBars(
                f"averages of {path.stem} are not float64 or int64 columns by bar start"
            )
        columns = [(name, pa.from_numpy_dtype(kind)) for name, kind in table.dtypes.items()]
        with self._writing():
            schema = pa.schema([("start", _TIME), *columns])
            self._write(path, _AVERAGES, table.rename_axis("start"), schema)

    def keys(self) -> tuple[SeriesKey, ...]:
        """Every series that has bars, by name."""
        found = (key_of(path.stem) for path in sorted((self._folder / _BARS).glob("*.parquet")))
        return tuple(key for key in found if key is not None)

    def clear(self) -> None:
        """Remove every series, every table of averages, what a crash left behind, and the stamp."""
        if not self._folder.exists():
            return
        with self._writing():
            for path in [*self._files(_ABSENT), *self._files(_BARS), *self._files(_AVERAGES)]:
                path.unlink()
            # The stamp goes last: until all is gone, what is left still belongs to somebody.
            self._stamp.remove()

    def _absent_path(self, key: SeriesKey) -> Path:
        return self._folder / _ABSENT / f"{name_of(key)}.json"

    def _files(self, kind: str) -> list[Path]:
        """The store's own files in a folder, and those that never got their name."""
        folder = self._folder / kind
        files = (*folder.glob("*.parquet"), *folder.glob("*.json"))
        named = [path for path in files if key_of(path.stem) is not None]
        return [*named, *folder.glob(".*.tmp")]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._turn, durable_file.writing(self._folder, _ELSEWHERE):
            durable_file.make_folder(self._folder)
            with durable_file.locked(self._folder / ".lock"):
                yield

    def _path(self, kind: str, key: SeriesKey) -> Path:
        return self._folder / kind / f"{name_of(key)}.parquet"

    def _write(self, path: Path, kind: str, frame: pd.DataFrame, schema: pa.Schema) -> None:
        table = pa.Table.from_pandas(frame.reset_index(), schema=schema, preserve_index=False)
        told = {_STATE: frame.attrs["state"].encode()} if "state" in frame.attrs else {}
        table = table.replace_schema_metadata(_metadata(kind, path.stem) | told)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
        durable_file.make_folder(path.parent)
        durable_file.replace(path, sink.getvalue().to_pybytes())

    def _read(self, path: Path, kind: str) -> pd.DataFrame | None:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            why = error.strerror or str(error)
            raise ConfigError(f"{path} cannot be read ({why}): {_ELSEWHERE}") from error
        return _decode(data, path, kind)


def _metadata(kind: str, series: str) -> dict[bytes, bytes]:
    told = {"sellkit.version": VERSION, "sellkit.kind": kind, "sellkit.series": series}
    return {name.encode(): value.encode() for name, value in told.items()}


def _decode(data: bytes, path: Path, kind: str) -> pd.DataFrame:
    try:
        file = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
        problem = _mismatch(file.schema_arrow, kind, path.stem)
        frame: pd.DataFrame | None = None if problem else file.read().to_pandas()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unusable(path, f"torn or not parquet ({str(error).splitlines()[0]})") from error
    if frame is None:
        raise _unusable(path, problem or "empty")
    state = file.schema_arrow.metadata.get(_STATE)
    if state is not None:
        frame.attrs["state"] = state.decode()
    return frame.set_index("start")


def _mismatch(schema: pa.Schema, kind: str, series: str) -> str | None:
    told = schema.metadata or {}
    for name, wanted in _metadata(kind, series).items():
        if told.get(name) != wanted:
            found = told.get(name, b"nothing").decode(errors="replace")
            return f"{name.decode()} is {found}, not {wanted.decode()}"
    plain = schema.remove_metadata()
    fields = {field.name: field.type for field in plain}
    if kind == _BARS:
        told_columns = f"columns are {list(fields)}, not {['start', *COLUMNS]} of their types"
        return None if plain.equals(_BAR_SCHEMA) else told_columns
    others = {each for name, each in fields.items() if name != "start"}
    if fields.get("start") != _TIME or others - {pa.float64(), pa.int64()}:
        return "columns are not float64 or int64 by bar start"
    return None


def _checked(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    try:
        return checked(frame, path.name)
    except InvalidBars as error:
        raise _unusable(path, str(error)) from error


def _unusable(path: Path, why: str) -> InvalidBars:
    return InvalidBars(f"{path} cannot be used: {why}; it was left as it is, {_REBUILD}")
