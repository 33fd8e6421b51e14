"""Tables computed of bars, one file a series, each replaced as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

from sellkit.adapters.bar_store import tables
from sellkit.adapters.bar_store.layout import FORMER, VERSION
from sellkit.adapters.bar_store.rows import TIME
from sellkit.adapters.bar_store.tables import Opened
from sellkit.core.bars import INSTANT
from sellkit.errors import InvalidBars

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

KIND: Final = "averages"
_STATE: Final = "sellkit.state"
_TYPES: Final = {"float64": pa.float64(), "int64": pa.int64()}


def write(path: Path, table: pd.DataFrame) -> None:
    """Replace a series' table, and the text `attrs["state"]` that goes with it.

    Raises
    ------
    InvalidBars
        The index is not bar starts, or a column is neither float64 nor int64.
    """
    kinds = {str(kind) for kind in table.dtypes}
    if str(table.index.dtype) != INSTANT or kinds - set(_TYPES):
        raise InvalidBars(f"averages of {path.stem} are not float64 or int64 columns by bar start")
    fields = [pa.field("start", TIME)]
    fields += [pa.field(name, _TYPES[str(kind)]) for name, kind in table.dtypes.items()]
    plain = table.rename_axis("start").reset_index()
    plain.attrs = {}
    arrow = pa.Table.from_pandas(plain, schema=pa.schema(fields), preserve_index=False)
    told = {"series": path.stem}
    state = table.attrs.get("state")
    tables.write(path, KIND, arrow, told if state is None else {**told, "state": str(state)})


def read(path: Path) -> pd.DataFrame | None:
    """The stored table, or None."""
    try:
        opened = Opened(path)
    except FileNotFoundError:
        return None
    opened.require({"kind": KIND, "series": path.stem}, {FORMER: None, VERSION: None})
    fields = {field.name: field.type for field in opened.schema}
    others = {each for name, each in fields.items() if name != "start"}
    if fields.get("start") != TIME or others - set(_TYPES.values()):
        raise opened.unusable("columns are not float64 or int64 by bar start")
    frame: pd.DataFrame = opened.table().to_pandas().set_index("start")
    if _STATE in opened.told:
        frame.attrs["state"] = opened.told[_STATE]
    return frame
