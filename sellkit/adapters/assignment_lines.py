"""The lines of a table's text, and the fields in them, as people and Excel write both."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

DELIMITERS: Final = (",", ";", "\t")
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
# Excel's own first line: it names the delimiter and is no row. Other programs pad it.
_EXCEL: Final = re.compile(r"""\s*"?sep=([^"]?)"?[\s,;]*""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `text` and `ending` together are what stands in the file."""

    text: str
    ending: str

    @property
    def is_row(self) -> bool:
        """Whether it is neither blank nor a comment."""
        return bool(self.text.strip(" \t,;\"'\f\v")) and not self.text.lstrip().startswith("#")


def lines_of(text: str) -> tuple[Line, ...]:
    """Every line with its ending; the last one may have none."""
    raw = _LINE.findall(text)
    texts = [each.rstrip("\r\n") for each in raw]
    return tuple(Line(text, each[len(text) :]) for text, each in zip(texts, raw, strict=True))


def excels_delimiter(lines: Sequence[Line]) -> str | None:
    """What Excel's first line, `sep=;` for instance, names; None where there is no such line."""
    found = _EXCEL.fullmatch(lines[0].text) if lines else None
    return None if found is None else found[1]


def fields_of(text: str, delimiter: str) -> tuple[str, ...]:
    """The fields of a line; a line that has none of the file's delimiter may use another."""
    if delimiter not in text:
        delimiter = max(DELIMITERS, key=text.count)
    try:
        fields = next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:  # a quote that never ends, for instance: the row's check reports the field
        fields = text.split(delimiter)
    while fields and not fields[-1].strip():
        fields.pop()  # Excel pads rows with empty fields
    return tuple(fields)


def joined(fields: Sequence[str], delimiter: str) -> str:
    """The text of a line."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow(fields)
    return text.getvalue()
