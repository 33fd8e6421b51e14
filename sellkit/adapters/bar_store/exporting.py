"""Bars as files for other programs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from sellkit.adapters import durable_file
from sellkit.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def export(bars: pd.DataFrame, path: Path) -> Path:
    """Write a bar frame as CSV or parquet, by the file's suffix; whole or not at all.

    Times are UTC. Prices are written so that they read back exactly.

    Raises
    ------
    ConfigError
        The file cannot be written there.
    """
    sink = io.BytesIO()
    if path.suffix == ".csv":
        bars.to_csv(sink, index_label="start", date_format="%Y-%m-%dT%H:%M:%S.%fZ")
    else:
        bars.rename_axis("start").reset_index().to_parquet(sink, index=False)
    try:
        durable_file.make_folder(path.parent)
        durable_file.replace(path, sink.getvalue())
    except OSError as error:
        why = error.strerror or str(error)
        raise ConfigError(f"{path} cannot be written ({why}); choose another --to") from error
    return path
