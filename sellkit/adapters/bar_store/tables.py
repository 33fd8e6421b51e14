"""Parquet files that say what they are, and are refused when they are not it.

A file carries its schema's version, its kind and its series in the metadata and a checksum on every
page, so one that is torn, exchanged or written by another program is told from a good one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from sellkit.adapters import durable_file
from sellkit.adapters.bar_store.layout import FORMER, VERSION
from sellkit.adapters.bar_store.rows import NUMBERS, TIME
from sellkit.errors import ConfigError, InvalidBars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ELSEWHERE: Final = "allow sellkit to read and write there, or choose another --data-dir"
REBUILD: Final = "`sellkit data repair` puts it aside and fetches its bars anew"

SERIES: Final = pa.field("series", pa.dictionary(pa.int32(), pa.string()))
_BAR_FIELDS: Final = [
    pa.field("start", TIME),
    *(pa.field(name, pa.float64()) for name in NUMBERS),
    pa.field("fetched_at", TIME),
]
BARS: Final = pa.schema([SERIES, *_BAR_FIELDS])
FORMER_BARS: Final = pa.schema(_BAR_FIELDS)
REVISIONS: Final = pa.schema([SERIES, *_BAR_FIELDS, pa.field("replaced_at", TIME)])
QUARANTINE: Final = pa.schema([SERIES, *_BAR_FIELDS, pa.field("reason", pa.string())])


def write(path: Path, kind: str, table: pa.Table, told: Mapping[str, str] | None = None) -> None:
    """Replace a file; `told` goes into its metadata beside version and kind."""
    durable_file.make_folder(path.parent)
    durable_file.replace(path, encoded(kind, table, told))


def encoded(kind: str, table: pa.Table, told: Mapping[str, str] | None = None) -> bytes:
    """A table as a file of parquet."""
    facts = {"version": VERSION, "kind": kind, **(told or {})}
    metadata = {f"sellkit.{name}": value for name, value in facts.items()}
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata(metadata),
        sink,
        compression="zstd",
        compression_level=1,
        use_dictionary=["series"],
        write_page_checksum=True,
    )
    data: bytes = sink.getvalue().to_pybytes()
    return data


class Opened:
    """A file read into memory, and what it says of itself.

    Raises
    ------
    FileNotFoundError
        There is none.
    InvalidBars
        It is torn, or no parquet.
    ConfigError
        It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            why = error.strerror or str(error)
            raise ConfigError(f"{path} cannot be read ({why}): {ELSEWHERE}") from error
        try:
            self._file = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
            self.schema: pa.Schema = self._file.schema_arrow
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self.torn(error) from error
        self.size = len(data)
        self.rows: int = self._file.metadata.num_rows
        self.told = {
            name.decode(errors="replace"): value.decode(errors="replace")
            for name, value in (self.schema.metadata or {}).items()
        }

    def require(self, told: Mapping[str, str], schemas: Mapping[str, pa.Schema]) -> None:
        """Refuse another kind of file, another series, a version or columns that are not known."""
        version = self.told.get("sellkit.version", "nothing")
        if version not in schemas:
            wanted = VERSION if VERSION in schemas else " or ".join(schemas)
            raise self.unusable(f"sellkit.version is {version}, not {wanted}")
        for name, wanted in told.items():
            found = self.told.get(f"sellkit.{name}", "nothing")
            if found != wanted:
                raise self.unusable(f"sellkit.{name} is {found}, not {wanted}")
        schema = schemas[version]
        if schema is not None and not self.schema.remove_metadata().equals(schema):
            types = f"columns are {self.schema.names}, not {schema.names} of their types"
            raise self.unusable(types)

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The columns asked for, or all."""
        try:
            return self._file.read(columns=columns, use_threads=False)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self.torn(error) from error

    def torn(self, error: Exception) -> InvalidBars:
        """The refusal of what cannot be read."""
        return self.unusable(f"torn or not parquet ({str(error).splitlines()[0]})")

    def unusable(self, why: str) -> InvalidBars:
        """The refusal, with what to do."""
        return unusable(self.path, why)


def unusable(path: Path, why: str) -> InvalidBars:
    """The refusal of a file, with what to do."""
    return InvalidBars(f"{path} cannot be used: {why}; it was left as it is, {REBUILD}")


def one_series(name: str, length: int) -> pa.DictionaryArray:
    """A column that says the same series all along."""
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), length), [name])


EVERY_VERSION: Final = {FORMER: FORMER_BARS, VERSION: BARS}
