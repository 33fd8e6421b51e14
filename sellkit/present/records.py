"""Plain records as a table in a notebook."""

from __future__ import annotations

import re
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Final

from sellkit.present import hypertext as h

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["records_table"]

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_PROSE_LENGTH: Final = 40
_NOTHING: Final = "nothing"


def records_table(records: Iterable[Mapping[str, object]]) -> h.Html:
    """A table with a column for each key, in the order in which they first come.

    Parameters
    ----------
    records
        Their values are shown as Python writes them, without the zeros behind a number's last
        digit; numbers stand to the right. Without a record the table says "nothing".
    """
    lines = [dict(each) for each in records]
    if not lines:
        return h.sheet(_NOTHING, f'<span class="quiet">{_NOTHING}</span>')
    names = list(dict.fromkeys(name for line in lines for name in line))
    is_number = {name: _are_numbers(line.get(name) for line in lines) for name in names}
    titles = [h.title(name, "number" if is_number[name] else "") for name in names]
    rows = [h.row([_cell(line.get(name), is_number=is_number[name]) for name in names])
            for line in lines]  # fmt: skip
    summary = "\n".join(", ".join(f"{key}: {_shown(line[key])}" for key in line) for line in lines)
    return h.sheet(summary, h.table(titles, rows))


def _cell(value: object, *, is_number: bool) -> str:
    text = _shown(value)
    kind = "number" if is_number else "prose" if len(text) > _PROSE_LENGTH else ""
    return h.td(h.bullets([text]), kind)


def _are_numbers(values: Iterable[object]) -> bool:
    """Whether a column holds nothing but numbers; what is absent or empty stands in no way."""
    given = [value for value in values if value not in (None, "")]
    return bool(given) and all(map(_is_number, given))


def _is_number(value: object) -> bool:
    """Whether it is a number, or a text that is one: JSON carries Decimals as texts."""
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def __dir__() -> list[str]:
    return list(__all__)
