"""Names of series for files: readable, and each the name of one series only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sellkit.core.bars import Anchor, BarSize, SeriesKey
from sellkit.errors import InvalidBars

_SIZES: Final = {BarSize.M30: "30m", BarSize.H1: "1h", BarSize.D1: "1d"}
_NAME: Final = re.compile(r"(0|[1-9][0-9]*)-(30m|1h|1d)-([A-Z_]+)-(rth|all)-(clock|session)")


def name_of(key: SeriesKey) -> str:
    """A series' readable name: `265598-30m-TRADES-rth-clock`.

    Raises
    ------
    InvalidBars
        The key has a part that no name can hold.
    """
    hours = "rth" if key.rth else "all"
    name = f"{key.con_id}-{_SIZES[key.bar_size]}-{key.what_to_show}-{hours}-{key.anchor}"
    if _NAME.fullmatch(name) is None:
        raise InvalidBars(f"{key} cannot name a file: what to show is capitals and underscores")
    return name


def key_of(name: str) -> SeriesKey | None:
    """The series that a name stands for, or None when it names none."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    con_id, short, what, hours, anchor = found.groups()
    size = next(size for size, each in _SIZES.items() if each == short)
    return SeriesKey(int(con_id), size, what, hours == "rth", Anchor(anchor))


@dataclass(frozen=True, slots=True)
class Named:
    """A series and its name."""

    key: SeriesKey
    name: str

    @classmethod
    def of(cls, key: SeriesKey) -> Named:
        """A series with its name; InvalidBars as `name_of`."""
        return cls(key, name_of(key))
