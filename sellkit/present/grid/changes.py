"""What a browser has to be told of a table: all of it once, and after that what has changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_USUAL: Final = "usual"

Wire = str | tuple[str, str]
"""A cell on its way: its text, with its tone where that is not plain."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row on its way.

    Attributes
    ----------
    key
        Which row; it stays the same from one minute to the next.
    cells
        In the order of the columns.
    at
        When its values were asked for, in milliseconds since 1970 UTC; None when nobody knows.
    is_stale
        Whether the last refresh failed.
    """

    key: str
    cells: tuple[Wire, ...]
    at: int | None
    is_stale: bool = False


class Told:
    """What browsers know of a table.

    Most rows were refreshed at the same moment, which is told once for all of them.

    Attributes
    ----------
    number
        Of the latest change: a browser that missed one sees it by that.
    """

    def __init__(self) -> None:
        self.number = 0
        self._lines: dict[str, Line] = {}
        self._at: int | None = None

    def whole(self) -> dict[str, Any]:
        """The table as it is now."""
        rows = {
            key: {"c": list(line.cells), **_age(line, self._at)}
            for key, line in self._lines.items()
        }
        return {"n": self.number, "at": self._at, "order": list(rows), "rows": rows}

    def take(self, lines: Sequence[Line]) -> dict[str, Any] | None:
        """Take in the present rows, in display order; what has changed, None when nothing has.

        Returns
        -------
        dict or None
            `n`; `at`, the moment that most rows share; and where there is something to tell:
            `order`, the keys of all rows; `gone`, those of rows that are no more; `rows`, by key
            the changed cells by place (`c`), the row's moment (`a`, "usual" for that of most) and
            whether it is stale (`s`).
        """
        former, former_at = self._lines, self._at
        self._lines = {line.key: line for line in lines}
        self._at = _usual(lines)
        rows = {}
        for line in lines:
            changed = _changed(former.get(line.key), line)
            age = _age(line, self._at)
            if age != _age(former.get(line.key), former_at):
                changed |= age
            if changed:
                rows[line.key] = changed
        gone = [key for key in former if key not in self._lines]
        told: dict[str, Any] = {"gone": gone} if gone else {}
        if rows:
            told["rows"] = rows
        if list(former) != list(self._lines):
            told["order"] = list(self._lines)
        if not told and self._at == former_at:
            return None
        self.number += 1
        return {"n": self.number, "at": self._at, **told}


def _usual(lines: Sequence[Line]) -> int | None:
    """The moment that most rows share."""
    found = Counter(line.at for line in lines).most_common(1)
    return found[0][0] if found else None


def _changed(former: Line | None, line: Line) -> dict[str, Any]:
    if former is None:
        return {"c": dict(enumerate(line.cells))}
    pairs = enumerate(zip(former.cells, line.cells, strict=True))
    cells = {place: after for place, (before, after) in pairs if before != after}
    return {"c": cells} if cells else {}


def _age(line: Line | None, usual: int | None) -> dict[str, Any]:
    """A row's moment and whether it is stale, as they are told."""
    if line is None:
        return {}
    return {"a": _USUAL if line.at == usual else line.at, "s": int(line.is_stale)}
